#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cloisterctl over a socket: what it sends, and what it makes of any answer."""

import json
import os
import socket
import threading
import unittest

import ctl


class Server:
    """Answers each connection's first message with the same bytes."""

    def __init__(self, path, answer):
        self.path, self.answer, self.asked = path, answer, None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self):
        peer, _ = self.listener.accept()
        with peer:
            text = b''
            while not text.endswith(b'\0'):
                part = peer.recv(65536)
                if not part:
                    return
                text += part
            self.asked = json.loads(text[:-1])
            if self.answer is not None:
                peer.sendall(self.answer)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join(10)
        self.listener.close()
        os.unlink(self.path)


def reply(**parameters):
    return json.dumps({'parameters': parameters}).encode() + b'\0'


def failure(name, message):
    return json.dumps({'error': f'io.cloister.Error.{name}',
                       'parameters': {'message': message}}).encode() + b'\0'


class Daemon(ctl.Case):
    def ask(self, answer, command, *args, **more):
        path = os.path.join(self.folder, 'socket')
        with Server(path, answer) as server:
            ran = ctl.run(command, '--socket', path, *args, **more)
        return ran, server.asked

    def test_nobody_there(self):
        path = os.path.join(self.folder, 'none')
        for args in (['status'], ['domains'], ['policies'], ['capabilities'],
                     ['policies', 'show', 'snp'], ['rewrite', '--policy', 'snp', ctl.WEB],
                     ['verify', '--policy', 'snp', ctl.WEB]):
            with self.subTest(args=args):
                ran = ctl.run(args[0], '--socket', path, *args[1:])
                self.expect_failure(ran, 69, path, 'systemctl start')

    def test_rewrite(self):
        answer = dict(verdict='allow', technology='sev-snp', uuid=None, policy_digest='sha256:0',
                      reasons=[], notes=[dict(id='n', xpath=None, text='take note')],
                      xml='<domain>\u00e4</domain>')
        ran, asked = self.ask(reply(**answer), 'rewrite', '--policy', 'snp', '--technology',
                              'sev-snp', '--data', 'hostData=AAAA', ctl.WEB)
        self.assertEqual((ran.status, ran.out), (0, '<domain>\u00e4</domain>'))
        self.assertEqual(ran.err, 'note: n: take note\n')
        self.assertEqual(asked['method'], 'io.cloister.Launch.Rewrite')
        with open(ctl.WEB, encoding='utf-8') as file:
            self.assertEqual(asked['parameters'], dict(
                policy='snp', technology='sev-snp', data=dict(hostData='AAAA'), xml=file.read()))

        ran, _ = self.ask(reply(**answer), 'rewrite', '--policy', 'snp', '--json', ctl.WEB)
        self.assertEqual(json.loads(ran.out), answer)

    def test_verdicts(self):
        reasons = [dict(id='a', xpath='/domain/x', text='one'),
                   dict(id='b', xpath=None, text='two')]
        lines = 'a: /domain/x: one\nb: two\n'
        refusal = reply(verdict='refuse', technology=None, reasons=reasons, notes=[], xml=None)
        ran, _ = self.ask(refusal, 'rewrite', '--policy', 'snp', ctl.WEB)
        self.assertEqual((ran.status, ran.out, ran.err), (3, '', lines))
        ran, asked = self.ask(refusal, 'verify', '--policy', 'snp', ctl.WEB)
        self.assertEqual((ran.status, ran.out, ran.err), (3, lines, ''))
        self.assertEqual(asked['parameters']['stage'], 'definition')
        ran, _ = self.ask(reply(verdict='not-ours', reasons=[], notes=[]), 'verify', '--policy',
                          'snp', ctl.WEB)
        self.assertEqual(ran.status, 4)

    def test_stage(self):
        """By default it follows from the XML: what libvirt runs has an id."""
        answer = reply(verdict='allow', technology='sev', reasons=[], notes=[])
        with open(ctl.WEB, 'rb') as file:
            plain = file.read()
        live = plain.replace(b"<domain type='kvm'", b"<domain type='kvm' id='7'")
        for xml, args, stage in ((plain, [], 'definition'), (live, [], 'start'),
                                 (live, ['--stage', 'prepare'], 'prepare'),
                                 (plain, ['--stage', 'start'], 'start'),
                                 (live, ['--stage', 'definition'], 'definition')):
            ran, asked = self.ask(answer, 'verify', '--policy', 'sev', *args, '-', stdin=xml)
            self.assertEqual(ran.out, 'allow: sev under policy sev\n')
            self.assertEqual(asked['parameters']['stage'], stage)

    def test_answers_that_are_none(self):
        """Whatever comes, it is no success."""
        for answer in (None, b'', b'{}\0', b'[]\0', b'{"parameters":{}}\0', b'\0', b'x' * 100,
                       reply(verdict='allow'), reply(verdict='allow', xml=7),
                       reply(verdict='perhaps', xml='<domain/>'), b'{"parameters":[]}\0',
                       b'[' * 1000 + b'\0', reply(verdict='allow', xml='<domain/>')[:-1]):
            with self.subTest(answer=answer and answer[:60]):
                ran, _ = self.ask(answer, 'rewrite', '--policy', 'snp', ctl.WEB)
                self.assertNotEqual(ran.status, 0)
                self.assertEqual(ran.out, '')
                self.assertEqual(len(ran.lines), 1)

    def test_errors(self):
        for name, status in (('NotFound', 2), ('Invalid', 2), ('TooLarge', 2), ('Busy', 69),
                             ('Denied', 69), ('IO', 69), ('Corrupt', 69), ('Failed', 69)):
            with self.subTest(name=name):
                ran, _ = self.ask(failure(name, 'told you'), 'verify', '--policy', 'x', ctl.WEB)
                self.expect_failure(ran, status, 'told you')

    def test_not_utf8(self):
        ran = ctl.run('rewrite', '--socket', '/nonexistent', '--policy', 'snp', '-',
                      stdin=b'<domain>\xff</domain>')
        self.expect_failure(ran, 2, 'UTF-8')

    def test_status(self):
        ran, asked = self.ask(reply(version='1', gate=dict(unbound='veto', hook_folder='same'),
                                    policies_error=None, armed=True, started=86400), 'status',
                              env={'TZ': 'UTC'})
        self.assertEqual(asked['method'], 'io.cloister.Admin.Status')
        self.assertEqual(ran.out.splitlines(), ['version: 1', 'gate, unbound: veto',
                                                'gate, hook folder: same',
                                                'policies error: none', 'armed: yes',
                                                'started: 1970-01-02 00:00:00 +0000'])

    def test_domains(self):
        domain = dict(uuid='u-1', name='web-1', policy='snp', technology='sev-snp', state=None)
        ran, asked = self.ask(reply(domains=[domain], problems=['u-2 is broken']), 'domains')
        self.assertEqual(asked['method'], 'io.cloister.Admin.Domains')
        self.assertEqual([line.split() for line in ran.out.splitlines()],
                         [['UUID', 'NAME', 'POLICY', 'TECHNOLOGY', 'STATE', 'HOST', 'MEMORY'],
                          ['u-1', 'web-1', 'snp', 'sev-snp', '-', '-']])
        self.assertEqual(ran.err, 'note: u-2 is broken\n')

    def test_host_memory(self):
        gib = 2 ** 30
        for memory, said in ((dict(guest=4 * gib, expected=4 * gib + 2 ** 28, worst=8 * gib,
                                   pinned=4 * gib), '4.2 GiB, at worst 8.0 GiB'),
                             (dict(guest=gib, expected=gib, worst=gib, pinned=gib), '1.0 GiB'),
                             (dict(guest=gib, expected=-1, worst=gib, pinned=gib), '-')):
            domain = dict(uuid='u-1', host_memory=memory)
            ran, _ = self.ask(reply(domains=[domain], problems=[]), 'domains')
            line = ran.out.splitlines()[1].replace('\u00a0', ' ')
            self.assertEqual(line.split(maxsplit=5)[5], said)

    def test_policies(self):
        ran, asked = self.ask(reply(name='snp', text='<policy/>\n'), 'policies', 'show', 'snp')
        self.assertEqual((asked['method'], asked['parameters']),
                         ('io.cloister.Admin.Policy', dict(name='snp')))
        self.assertEqual(ran.out, '<policy/>\n')
        ran, _ = self.ask(reply(policies=[dict(name='a', title='t', technologies=['tdx', 'sev'])]),
                          'policies')
        self.assertEqual(ran.out.splitlines()[1], 'a       tdx, sev      t')


if __name__ == '__main__':
    ctl.main()
