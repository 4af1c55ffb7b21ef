#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cloisterctl flavor check: what it finds, and that the commands it prints mend it."""

import json
import os
import shlex
import unittest

import ctl

CASES = os.path.join(os.path.dirname(os.path.dirname(ctl.HERE)), 'nova', 'tests', 'flavors.json')
OURS, NOVAS = 'resources:CUSTOM_CC_CONTEXT', 'resources:MEM_ENCRYPTION_CONTEXT'
HOST = 'trait:CUSTOM_CC_HOST'
SNP, CUSTOM_SNP = 'trait:HW_CPU_X86_AMD_SEV_SNP', 'trait:CUSTOM_HW_CPU_X86_AMD_SEV_SNP'
SEV = 'trait:HW_CPU_X86_AMD_SEV'
UNCLEAR = {'unknown-word', 'bad-value', 'contradiction'}


def flavor(properties, name='web', **more):
    """One row of `openstack flavor list --long -f json`."""
    return {'ID': '7', 'Name': name, 'RAM': 2048, 'Disk': 20, 'Ephemeral': 0, 'VCPUs': 1,
            'Is Public': True, 'Swap': 0, 'RXTX Factor': 1.0, 'Properties': properties, **more}


def check(flavors, *args, nova=31):
    return ctl.run('flavor', 'check', '--nova-release', str(nova), *args,
                   stdin=json.dumps(flavors).encode())


def answer(flavors, nova=31):
    ran = check(flavors, '--json', nova=nova)
    value = json.loads(ran.out)
    assert ran.err == '' and ran.status == (3 if value['wrong'] else 0), (ran.status, ran.err)
    return value


def one(properties, nova=31):
    flavors = answer([flavor(properties)], nova)['flavors']
    return flavors[0] if flavors else None


def run_command(command, properties):
    """As openstack would, on the properties of flavor 'web'."""
    words = shlex.split(command)
    assert words[:2] == ['openstack', 'flavor'] and words[-1] == 'web', words
    after = dict(properties)
    options = words[3:-1]
    for option, value in zip(options[::2], options[1::2]):
        assert option == '--property', words
        if words[2] == 'set':
            key, _, value = value.partition('=')
            after[key] = value
        else:
            assert words[2] == 'unset', words
            del after[value]
    return after


def mended(properties, nova=31):
    for command in one(properties, nova)['commands']:
        properties = run_command(command, properties)
    return properties


def ids(found):
    return {finding['id'] for finding in found['findings']} if found else set()


class Requests(ctl.Case):
    def test_reads_as_the_driver_reads(self):
        """flavors.json is also what nova/virt/cloister/request.py is tested with."""
        with open(CASES, encoding='utf-8') as file:
            cases = json.load(file)
        for case in cases:
            with self.subTest(case):
                found, asks = one(case['specs'], case.get('nova', 31)), case['asks']
                if isinstance(asks, str):
                    self.assertTrue(ids(found) & UNCLEAR, found)
                    self.assertNotIn('no-resource', ids(found))
                elif asks is None:
                    self.assertEqual(ids(found), {'no-effect'} if case.get('warns') else set())
                else:
                    self.assertFalse(ids(found) & UNCLEAR, found)
                    self.assertEqual(found['policy'] or 'any', asks['policy'])
                    if 'technology' in asks:
                        self.assertEqual(found['technologies'], [asks['technology']])
                    self.assertEqual(found['verdict'], 'fine' if asks.get('novas') else 'wrong')

    def test_policy_says_which_technologies(self):
        self.assertEqual(one({'cc:policy': 'snp-strict'})['technologies'], ['sev-snp'])
        self.assertEqual(len(one({'cc:policy': 'any'})['technologies']), 4)
        self.assertEqual(ids(one({'cc:policy': 'snp', 'cc:technology': 'tdx'})), {'contradiction'})
        self.assertEqual(ids(one({'cc:policy': 'snp', 'hw:mem_encryption': 'true'})),
                         {'contradiction'})

    def test_operators_policy(self):
        """Unknown it is only noted; with its folder its technologies count."""
        properties = {'cc:policy': 'ours', OURS: '1'}
        found = one(properties)
        self.assertEqual((found['verdict'], found['technologies']), ('fine', []))
        self.assertEqual([note['id'] for note in found['notes']], ['policy-unknown'])
        with open(os.path.join(os.path.dirname(os.path.dirname(ctl.HERE)), 'templates', 'policies',
                               'snp.xml'), encoding='utf-8') as file:
            self.file('ours.xml', file.read().replace('name="snp"', 'name="ours"'))
        ran = check([flavor(properties)], '--policy-dir', self.folder)
        self.assertEqual(ran.status, 3, ran.err)
        self.assertIn("'web': no-trait: ", ran.out)


class Placement(ctl.Case):
    def expect(self, properties, wanted, nova=31):
        """What is missing is found, the commands add just that, and then it is fine."""
        found = one(properties, nova)
        self.assertEqual(found['verdict'], 'wrong')
        after = mended(properties, nova)
        self.assertEqual(after, wanted)
        again = one(after, nova)
        self.assertEqual((again['verdict'], again['findings'], again['commands']), ('fine', [], []))

    def test_ours_up_to_31(self):
        for nova in (26, 31):
            self.expect({'cc:policy': 'snp'},
                        {'cc:policy': 'snp', OURS: '1', CUSTOM_SNP: 'required'}, nova)
            self.expect({'cc:required': 'true'}, {'cc:required': 'true', OURS: '1'}, nova)
        es = 'trait:{}HW_CPU_X86_AMD_SEV_ES'
        self.expect({'cc:technology': 'sev-es', OURS: '1'},
                    {'cc:technology': 'sev-es', OURS: '1', es.format(''): 'required'}, 31)
        self.expect({'cc:technology': 'sev-es', OURS: '1'},
                    {'cc:technology': 'sev-es', OURS: '1', es.format('CUSTOM_'): 'required'}, 26)

    def test_novas_class_from_32_on(self):
        """A host without Cloister may have it: only the host's trait keeps off that."""
        self.expect({'cc:policy': 'snp'},
                    {'cc:policy': 'snp', NOVAS: '1', CUSTOM_SNP: 'required', HOST: 'required'}, 32)
        self.expect({'cc:policy': 'snp'},
                    {'cc:policy': 'snp', NOVAS: '1', SNP: 'required', HOST: 'required'}, 34)
        self.expect({'cc:required': '1', NOVAS: '1'},
                    {'cc:required': '1', NOVAS: '1', HOST: 'required'}, 34)

    def test_plain_sev_is_novas_in_each_release(self):
        for nova in (26, 31, 34):
            self.expect({'cc:policy': 'sev'},
                        {'cc:policy': 'sev', NOVAS: '1', SEV: 'required', HOST: 'required'}, nova)

    def test_novas_own_words(self):
        """Nova asks for the slot itself; a policy is kept by Cloister alone."""
        for nova in (26, 31, 34):
            self.assertEqual(one({'hw:mem_encryption': 'true'}, nova)['verdict'], 'fine')
        self.expect({'hw:mem_encryption': 'true', 'cc:policy': 'sev'},
                    {'hw:mem_encryption': 'true', 'cc:policy': 'sev', SEV: 'required',
                     HOST: 'required'})
        snp = {'hw:mem_encryption': 'true', 'hw:mem_encryption_model': 'amd-sev-snp',
               'cc:policy': 'snp'}
        self.expect(snp, {**snp, HOST: 'required'}, 34)
        self.expect({'hw:mem_encryption_model': 'amd-sev'},
                    {'hw:mem_encryption_model': 'amd-sev', 'hw:mem_encryption': 'true'})

    def test_either_name_of_a_trait(self):
        for trait in (SNP, CUSTOM_SNP):
            self.assertEqual(one({'cc:policy': 'snp', OURS: '1', trait: 'required'})['verdict'],
                             'fine')

    def test_class_of_another_release(self):
        self.expect({'cc:policy': 'snp', NOVAS: '1', CUSTOM_SNP: 'required'},
                    {'cc:policy': 'snp', OURS: '1', CUSTOM_SNP: 'required'})
        self.expect({'cc:policy': 'snp', OURS: '1', SNP: 'required', HOST: 'required'},
                    {'cc:policy': 'snp', NOVAS: '1', SNP: 'required', HOST: 'required'}, 34)
        self.expect({'hw:mem_encryption': '1', OURS: '1'}, {'hw:mem_encryption': '1'})

    def test_counts(self):
        for count in ('0', '2', 'one', ''):
            self.expect({'cc:required': '1', OURS: count}, {'cc:required': '1', OURS: '1'})
        self.expect({'cc:required': '1', OURS: '1', 'resources_CC:CUSTOM_CC_CONTEXT': '1'},
                    {'cc:required': '1', OURS: '1'})

    def test_groups(self):
        """The technology's trait has to be where the slot is, the host's where its memory is."""
        slot, trait = 'resources_CC:CUSTOM_CC_CONTEXT', 'trait_CC:CUSTOM_HW_CPU_X86_AMD_SEV_SNP'
        self.assertEqual(one({'cc:policy': 'snp', slot: '1', trait: 'required'})['verdict'], 'fine')
        self.expect({'cc:policy': 'snp', slot: '1', CUSTOM_SNP: 'required'},
                    {'cc:policy': 'snp', slot: '1', CUSTOM_SNP: 'required', trait: 'required'})
        self.expect({'cc:required': '1', 'resources_1:MEM_ENCRYPTION_CONTEXT': '1',
                     'trait_1:CUSTOM_CC_HOST': 'required'},
                    {'cc:required': '1', 'resources_1:MEM_ENCRYPTION_CONTEXT': '1',
                     'trait_1:CUSTOM_CC_HOST': 'required', HOST: 'required'}, 34)

    def test_contradicting_traits(self):
        fine = {'cc:policy': 'snp', OURS: '1', CUSTOM_SNP: 'required'}
        self.expect({**fine, 'trait:HW_CPU_X86_INTEL_TDX': 'required'}, fine)
        self.expect({**fine, SNP: 'forbidden'}, fine)
        self.assertEqual(one({**fine, 'trait:HW_CPU_X86_INTEL_TDX': 'forbidden'})['verdict'], 'fine')

    def test_nothing_invented(self):
        """Where only a person knows what was meant there is no command."""
        for properties in ({'cc:polcy': 'snp'}, {'cc:required': 'ture'},
                           {'cc:technology': 'tdx', 'hw:mem_encryption': '1'}):
            self.assertEqual(one(properties)['commands'], [])


class Output(ctl.Case):
    def test_text(self):
        ran = check([flavor({}), flavor({'cc:policy': 'snp'}, 'cc.snp'),
                     flavor({'cc:policy': 'snp', OURS: '1', SNP: 'required'}, 'good')])
        self.assertEqual((ran.status, ran.err), (3, ''))
        self.assertEqual(ran.out, (
            "'cc.snp': no-resource: it does not ask for a slot (resources:CUSTOM_CC_CONTEXT=1): it "
            "may be placed on a host without Cloister, where it boots in clear\n"
            "'cc.snp': no-trait: it does not require CUSTOM_HW_CPU_X86_AMD_SEV_SNP: it may be placed "
            "on a host that has no sev-snp\n"
            "  openstack flavor set --property resources:CUSTOM_CC_CONTEXT=1 --property "
            "trait:CUSTOM_HW_CPU_X86_AMD_SEV_SNP=required cc.snp\n"
            "3 flavors, 2 with words of protection, 1 to be mended (for Nova 31)\n"))

    def test_all_fine(self):
        ran = check([flavor({})])
        self.assertEqual((ran.status, ran.out),
                         (0, '1 flavors, 0 with words of protection, 0 to be mended (for Nova 31)\n'))
        self.assertEqual(check([]).status, 0)

    def test_from_a_file(self):
        path = self.file('flavors.json', json.dumps([flavor({'cc:policy': 'snp'})]))
        self.assertEqual(ctl.run('flavor', 'check', path).status, 3)
        self.assertEqual(ctl.run('flavor', 'check', '-', stdin=b'[]').status, 0)
        self.expect_failure(ctl.run('flavor', 'check', path + '.gone'), 2, 'flavors.json.gone')

    def test_names_of_strangers(self):
        """A command is for pasting: whatever the name is, the shell gives it to openstack whole."""
        for name in ('a b', "it's", '$(reboot)', '`reboot`', '; reboot', '*', '~', '#x', '!1', '\u00e9',
                     'a\\', '"', '-x', '--property', '>x'):
            with self.subTest(name=name):
                ran = check([flavor({'cc:required': '1'}, name)])
                line = [line for line in ran.out.splitlines() if line.startswith('  ')]
                self.assertEqual(len(line), 1, ran.out)
                words = shlex.split(line[0])
                self.assertEqual(words[-1], name)
                self.assertEqual(words[5:-1], ['--'] if name.startswith('-') else [])

    def test_names_that_a_terminal_would_obey(self):
        for name in ('a\x1b[31mb', 'a\nb', 'a\x9bb', 'a\u202eb', ''):
            with self.subTest(name=name):
                ran = check([flavor({'cc:required': '1'}, name)])
                self.assertTrue(all(c.isprintable() or c == '\n' for c in ran.out), ascii(ran.out))
                self.assertEqual(len(ran.out.splitlines()), 3, ran.out)
                self.assertTrue(ran.out.splitlines()[1].endswith(' 7'), ran.out)
                both = answer([flavor({'cc:required': '1'}, name, ID='\x1b')])['flavors'][0]
                self.assertEqual((both['commands'], both['name']), ([], name))

    def test_json(self):
        value = answer([flavor({}), flavor({'cc:policy': 'snp'})], 34)
        self.assertEqual((value['nova_release'], value['checked'], value['wrong']), (34, 2, 1))
        self.assertEqual(set(value['flavors'][0]), {'name', 'id', 'verdict', 'policy', 'technologies',
                                                    'findings', 'notes', 'commands'})


class Input(ctl.Case):
    def bad(self, text, *words):
        ran = ctl.run('flavor', 'check', stdin=text if isinstance(text, bytes) else text.encode())
        self.expect_failure(ran, 2, 'standard input', *words)

    def test_bad(self):
        self.bad('', 'standard input')
        self.bad('{}', 'no list of flavors')
        self.bad('[1]', 'element 0', 'no flavor')
        self.bad('[{"ID": "1"}]', 'Name')
        self.bad('[{"Name": "web"}]', '--long', "'web'")
        self.bad(json.dumps([flavor("cc:policy='snp'")]), '--long', 'older')
        self.bad(json.dumps([flavor(None)]), '--long')
        self.bad(json.dumps([flavor({'cc:required': True})]), 'cc:required', 'no string')
        self.bad(json.dumps([flavor({})])[:-1], 'standard input')
        self.bad('[' * 100, 'standard input')
        self.bad(b'[{"Name": "\xff"}]', 'standard input')
        self.bad(b'[' + b' ' * (9 * 1024 * 1024) + b']', 'standard input')

    def test_many(self):
        value = answer([flavor({'cc:required': '1'}, f'f{i}') for i in range(2000)])
        self.assertEqual((value['checked'], value['wrong']), (2000, 2000))

    def test_usage(self):
        self.expect_usage(ctl.run('flavor'), 'check [FILE] is missing')
        self.expect_usage(ctl.run('flavor', 'list'), 'write check')
        self.expect_usage(ctl.run('flavor', 'check', 'a', 'b'), "'b' is one argument too many")
        self.expect_usage(ctl.run('flavor', 'check', '--nova-release', '25'), 'from 26 on')
        self.expect_usage(ctl.run('flavor', 'check', '--nova-release', '0'), 'from 26 on')
        self.expect_usage(ctl.run('flavor', 'check', '--nova-release', 'zed'), '--nova-release')
        self.expect_usage(ctl.run('flavor', 'check', '--offline'), '--offline')


if __name__ == '__main__':
    ctl.main()
