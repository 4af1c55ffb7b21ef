# SPDX-License-Identifier: Apache-2.0
"""Nova's own checking of extra specs: "Without" ours, and "WithOurs". Run by test_validators.py.

Two runs, since a process reads its entry points once. /mnt/shared/site is what meson installs. In a
real installation it is Nova's own folder; here it is another, so Nova's package is told of it. The
entry point is found as anywhere: by its dist-info.
"""

import importlib.util
import sys
import unittest

SITE = "/mnt/shared/site"

import nova.monkey_patch  # noqa: E402, F401, before all else
import nova.api.validation.extra_specs  # noqa: E402

if sys.argv[1] == "WithOurs":
    sys.path.append(SITE)
    nova.api.validation.extra_specs.__path__.append(SITE + "/nova/api/validation/extra_specs")

from nova import exception  # noqa: E402
from nova.api.validation.extra_specs import base  # noqa: E402
from nova.api.validation.extra_specs import validators  # noqa: E402


def request_module():
    """By its path: nova.virt would be imported otherwise."""
    path = SITE + "/nova/virt/cloister/request.py"
    spec = importlib.util.spec_from_file_location("request", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Without(unittest.TestCase):
    """An API host without Cloister: it works, and the compute host refuses."""

    def test_takes_anything(self):
        self.assertNotIn("cc", validators.NAMESPACES)
        validators.validate("cc:polcy", "snp")


class WithOurs(unittest.TestCase):
    def test_loaded_by_entry_point(self):
        self.assertIn("cc", validators.NAMESPACES)
        self.assertIsInstance(validators.VALIDATORS["cc:policy"], base.ExtraSpecValidator)

    def test_right_ones_pass(self):
        for name, value in (("cc:policy", "snp-strict"), ("cc:policy", "any"),
                            ("cc:technology", "sev-es"), ("cc:required", "true"),
                            ("cc:required", "No"), ("ccx:policy", "whatever"),
                            ("resources:CUSTOM_CC_CONTEXT", "1"),
                            ("trait:CUSTOM_CC_HOST", "required")):
            with self.subTest(name=name, value=value):
                validators.validate(name, value)

    def test_wrong_ones_are_refused(self):
        for name, value, words in (
                ("cc:polcy", "snp", "cc:polcy"), ("cc:", "snp", "cc:"),
                ("cc:policyy", "snp", "cc:policyy"), ("cc:policy", "SNP", "SNP"),
                ("cc:policy", "", "format"), ("cc:policy", "../etc", "format"),
                ("cc:technology", "amd-sev-snp", "sev-snp"), ("cc:technology", "sgx", "tdx"),
                ("cc:required", "ture", "ture"), ("cc:required", "", "boolean")):
            with self.subTest(name=name, value=value):
                with self.assertRaisesRegex(exception.ValidationError, words):
                    validators.validate(name, value)

    def test_says_what_the_compute_host_says(self):
        """Both read the same words, and refuse the same values."""
        request = request_module()
        ours = {name for name in validators.VALIDATORS if name.startswith("cc:")}
        self.assertEqual(ours, {"cc:" + word for word in request.WORDS})
        self.assertEqual(validators.VALIDATORS["cc:policy"].value_regex, request.POLICY)
        self.assertEqual(tuple(validators.VALIDATORS["cc:technology"].value["enum"]),
                         request.TECHNOLOGIES)
        for value in ("true", "1", "T", "oN", "y", "false", "0", "F", "off", "n", " yes ", "ture",
                      "", "2", "none", "maybe"):
            for check in (lambda v: request.request_of({"cc:required": v}, {}),
                          lambda v: validators.validate("cc:required", v)):
                try:
                    check(value)
                    taken = True
                except (exception.ValidationError, request.RequestInvalid):
                    taken = False
                self.assertEqual(taken, value.strip().lower() in request._TRUE + request._FALSE,
                                 value)

    def test_nova_still_has_its_own(self):
        for name in ("hw:mem_encryption", "hw:cpu_policy"):
            self.assertIn(name, validators.VALIDATORS)
        with self.assertRaises(exception.ValidationError):
            validators.validate("hw:mem_encryptoin", "true")


if __name__ == "__main__":
    unittest.main(verbosity=1)
