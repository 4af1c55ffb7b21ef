#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is no domain, or means harm: one clear line, the right exit status, nothing opened, bounded cost."""
import os
import resource
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CTL = os.path.abspath(sys.argv[1])
# An address space limit and a sanitizer do not go together.
PLAIN = len(sys.argv) < 3
GOOD = ("<domain type='kvm'><name>x</name><uuid>6b7c8bdb-10ce-4958-aa98-d861d0c4459e</uuid><memory>2097152</memory>"
        "<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>%s</domain>")


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    if PLAIN:
        resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))


class Hostile(unittest.TestCase):
    def run_on(self, data, verb='rewrite'):
        with tempfile.NamedTemporaryFile() as f:
            f.write(data if isinstance(data, bytes) else data.encode())
            f.flush()
            return subprocess.run([CTL, verb, '--offline', '--host', os.path.join(TOP, 'tests', 'hosts', 'milan-snp'),
                                   '--policy', 'snp', f.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  preexec_fn=limit, timeout=60)

    def refused(self, data, status, *words):
        for verb in ('rewrite', 'verify'):
            r = self.run_on(data, verb)
            said = (r.stderr if verb == 'rewrite' or status == 2 else r.stdout).decode()
            self.assertEqual(r.returncode, status, said)
            if verb == 'rewrite':
                self.assertEqual(r.stdout, b'')
            if status == 2:
                self.assertEqual(len(said.strip().splitlines()), 1, said)
            for word in words:
                self.assertIn(word, said)

    def test_the_frame_itself_is_good(self):
        r = self.run_on(GOOD % '<devices/>')
        self.assertEqual(r.returncode, 0, r.stderr)

    def test_external_entity(self):
        # Whoever opened this file would wait for a writer until the test's own time is up.
        with tempfile.TemporaryDirectory() as folder:
            canary = os.path.join(folder, 'secret')
            os.mkfifo(canary)
            text = '<!DOCTYPE d [<!ENTITY x SYSTEM "file://%s">]>' % canary + GOOD % '<title>&x;</title>'
            self.refused(text, 2, 'DOCTYPE')
            self.refused(GOOD % "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file://%s'/>" % canary +
                         '<x/>', 2)
            kept = self.run_on(GOOD % ("<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file://%s'/>"
                                       "<devices/>" % canary))
            self.assertEqual(kept.returncode, 0, kept.stderr)

    def test_billion_laughs(self):
        lol = ''.join('<!ENTITY l%d "%s">' % (n, '&l%d;' % (n - 1) * 10 if n else 'lol') for n in range(10))
        self.refused('<!DOCTYPE d [%s]>' % lol + GOOD % '<title>&l9;</title>', 2, 'DOCTYPE')

    def test_doctype_behind_comments(self):
        self.refused('<!-- a --><?pi x?>\n<!DOCTYPE domain>' + GOOD % '', 2, 'DOCTYPE')

    def test_ten_megabytes(self):
        self.refused(GOOD % ('<title>' + 'x' * (10 << 20) + '</title>'), 2, 'larger')

    def test_wrong_root(self):
        self.refused('<network><name>x</name></network>', 2, '<network>')
        self.refused("<domain xmlns='urn:x' type='kvm'/>", 2, 'namespace')

    def test_encodings(self):
        self.refused((GOOD % '').encode('utf-16'), 2, 'UTF-16')
        self.refused(b"<?xml version='1.0' encoding='ISO-8859-1'?>" + (GOOD % '').encode(), 2, 'encoding')
        self.refused((GOOD % '<title>\xe4</title>').encode('latin-1'), 2, 'UTF-8')
        self.refused((GOOD % '<title>\0</title>').encode(), 2, 'NUL')

    def test_a_thousand_levels(self):
        self.refused(GOOD % ('<a>' * 1000 + '</a>' * 1000), 2, '256 levels')

    def test_not_well_formed(self):
        for text in ('', '   ', 'domain', '<domain', GOOD % '<a>', GOOD % '<a b="1" b="2"/>', GOOD % '<q:a/>', '<domain/>x'):
            self.refused(text, 2)

    def test_launch_security_twice(self):
        one = "<launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity>"
        self.refused(GOOD % (one + one), 3, 'one-launch-security')

    def test_many_siblings_cost_little(self):
        disks = ''.join("<disk type='file'><target dev='vd%d' bus='virtio'/></disk>" % n for n in range(10000))
        r = self.run_on(GOOD % ('<devices>%s</devices>' % disks))
        self.assertEqual(r.returncode, 0, r.stderr[:300])
        self.assertEqual(r.stdout.count(b"iommu='on'"), 10001)

    def test_a_hundred_thousand_siblings(self):
        r = self.run_on(GOOD % ('<title/>' + '<n:a xmlns:n="urn:x"/>' * 100000))
        self.assertIn(r.returncode, (0, 2), r.stderr[:300])
        self.assertLessEqual(len(r.stderr.splitlines()), 4)

    def test_a_huge_attribute(self):
        for value in ('x' * 1000000, '&amp;' * 200000):
            r = self.run_on(GOOD % ("<devices><disk type='file'><source file='%s'/></disk></devices>" % value))
            self.assertIn(r.returncode, (0, 2), r.stderr[:300])
            self.assertLess(len(r.stderr), 8192)

    def test_a_reason_does_not_carry_a_megabyte(self):
        text = GOOD % ("<devices><emulator>%s</emulator></devices>" % ('/x' * 500000))
        for verb in ('rewrite', 'verify'):
            r = self.run_on(text, verb)
            self.assertLess(len(r.stdout) + len(r.stderr), 8192)
            self.assertNotEqual(r.returncode, 0)

    def test_odd_text_is_kept(self):
        odd = ("<devices><!-- <disk> --><disk type='file'\n\tdevice = \"disk\" ><source file='/a&amp;b>c'/>"
               "<target dev='vda' bus='virtio'/><![CDATA[ ]]><?x y?></disk ></devices>")
        r = self.run_on(GOOD % odd)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertIn(b"<!-- <disk> --><disk type='file'\n\tdevice = \"disk\" ><source file='/a&amp;b>c'/>", r.stdout)
        self.assertIn(b"<?x y?><driver iommu=\"on\"/></disk >", r.stdout)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
