# SPDX-License-Identifier: Apache-2.0
"""What flavor, image and metadata ask of a launch. flavors.json is the flavors' part of it, and
holds cloisterctl flavor check to the same answers (tests/golden/cli_flavor.py)."""

import json
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "virt" / "cloister"))
import request  # noqa: E402

TEMPLATES = HERE.parent.parent / "templates"
# nova.objects.fields.MemEncryptionModel.ALL by release; up to 31 there is none.
MODELS = {31: ("amd-sev",), 32: ("amd-sev", "amd-sev-es"),
          34: ("amd-sev", "amd-sev-es", "amd-sev-snp", "intel-tdx")}


class Case(unittest.TestCase):
    def setUp(self):
        self.warnings = []

    def ask(self, specs=None, image=None, nova=31, metadata=None):
        return request.request_of(specs or {}, image or {}, MODELS[nova], metadata,
                                  self.warnings.append)

    def refused(self, kind, word, specs=None, image=None, words="", **more):
        with self.assertRaises(request.RequestRefused) as caught:
            self.ask(specs, image, **more)
        self.assertIs(type(caught.exception), kind, str(caught.exception))
        self.assertIn(word, caught.exception.word)
        self.assertIn(words or word, str(caught.exception))
        self.assertTrue(str(caught.exception).isprintable())

    def conflict(self, *args, **more):
        self.refused(request.RequestConflict, *args, **more)

    def invalid(self, *args, **more):
        self.refused(request.RequestInvalid, *args, **more)


class Flavors(Case):
    def test_all(self):
        with open(HERE / "flavors.json", encoding="utf-8") as file:
            cases = json.load(file)
        kinds = {"invalid": request.RequestInvalid, "conflict": request.RequestConflict}
        for case in cases:
            with self.subTest(case):
                self.warnings.clear()
                nova, asks = case.get("nova", 31), case["asks"]
                if isinstance(asks, str):
                    with self.assertRaises(kinds[asks]):
                        self.ask(case["specs"], nova=nova)
                    continue
                asked = self.ask(case["specs"], nova=nova)
                self.assertEqual(bool(self.warnings), case.get("warns", False))
                if asks is None:
                    self.assertIsNone(asked)
                    continue
                self.assertEqual((asked.policy, asked.technology),
                                 (asks["policy"], asks.get("technology")))
                self.assertIs(asked.required, True)
                self.assertEqual(asked.data, {})
                self.assertTrue(asked.source)

    def test_typo_is_named_with_what_was_meant(self):
        self.invalid("cc:polcy", {"cc:polcy": "snp"}, words="cc:policy is meant")
        self.invalid("cc:x\x1b", {"cc:x\x1b[31m": "snp"}, words=r"cc:x\x1b[31m")

    def test_technologies_are_those_of_the_templates(self):
        names = {path.stem for path in (TEMPLATES / "technologies").glob("*.xml")}
        self.assertEqual(set(request.TECHNOLOGIES), names)
        self.assertLessEqual(set(request.TECHNOLOGY_OF_MODEL.values()), names)

    def test_policies_that_are_shipped_can_be_named(self):
        for path in (TEMPLATES / "policies").glob("*.xml"):
            self.assertEqual(self.ask({"cc:policy": path.stem}).policy, path.stem)


class Images(Case):
    def test_narrow_what_the_flavor_asks(self):
        for specs, image, policy, technology in (
                ({"cc:required": "1"}, {"cc_policy": "snp"}, "snp", None),
                ({"cc:policy": "any"}, {"cc_technology": "tdx"}, "any", "tdx"),
                ({"cc:technology": "tdx"}, {"cc_policy": "tdx", "cc_technology": "tdx"},
                 "tdx", "tdx"),
                ({"cc:policy": "snp"}, {"cc_policy": "any"}, "snp", None),
                ({"cc:policy": "snp"}, {"cc_required": "True"}, "snp", None),
                ({"hw:mem_encryption": "1"}, {"cc_policy": "sev"}, "sev", "sev")):
            with self.subTest(specs=specs, image=image):
                asked = self.ask(specs, image)
                self.assertEqual((asked.policy, asked.technology), (policy, technology))
                self.assertTrue(any(word.startswith("image ") for word in asked.source))

    def test_do_not_ask_alone(self):
        """The scheduler does not see their words: the server would be placed anywhere."""
        for image in ({"cc_policy": "snp"}, {"cc_technology": "tdx"}, {"cc_required": "true"}):
            self.conflict("image " + next(iter(image)), {}, image, words="only narrow")
            self.conflict("cc:required", {"cc:required": "false"}, image, words="is false")

    def test_do_not_contradict(self):
        self.conflict("cc_policy", {"cc:policy": "snp"}, {"cc_policy": "tdx"})
        self.conflict("cc_technology", {"cc:technology": "tdx"}, {"cc_technology": "sev"})
        self.conflict("cc_required", {"cc:policy": "snp"}, {"cc_required": "no"})
        self.conflict("cc_required", {}, {"cc_required": "no", "cc_policy": "snp"})
        self.conflict("hw_mem_encryption", {"cc:policy": "snp"}, {"hw_mem_encryption": "False"})

    def test_typos(self):
        self.invalid("cc_polcy", {"cc:required": "1"}, {"cc_polcy": "snp"}, words="cc_policy")
        self.invalid("cc:policy", {"cc:required": "1"}, {"cc:policy": "snp"}, words="cc_policy")
        self.invalid("cc_polcy", {}, {"cc_polcy": "snp"})
        self.invalid("cc_required", {}, {"cc_required": "jein"}, words="jein")
        self.assertIsNone(self.ask({}, {"account": "cc_", "os_distro": "debian", "ccache": "1"}))

    def test_novas_own_words(self):
        """Nova's scheduler reads these of an image too, so an image may ask with them alone."""
        self.assertEqual(self.ask({}, {"hw_mem_encryption": "True"}).technology, "sev")
        self.assertEqual(self.ask({}, {"hw_mem_encryption": True}).technology, "sev")
        self.assertEqual(self.ask({}, {"hw_mem_encryption": "1", "cc_policy": "sev"}).policy, "sev")
        tdx = {"hw_mem_encryption": "1", "hw_mem_encryption_model": "intel-tdx"}
        self.assertEqual(self.ask({}, tdx, nova=34).technology, "tdx")
        self.assertEqual(self.ask({"hw:mem_encryption": "1"},
                                  {"hw_mem_encryption_model": "amd-sev-es"}, nova=32).technology,
                         "sev-es")
        self.conflict("hw:mem_encryption", {"hw:mem_encryption": "0"}, {"hw_mem_encryption": "1"})
        self.conflict("hw_mem_encryption", {"hw:mem_encryption": "1"}, {"hw_mem_encryption": "0"})
        self.conflict("hw_mem_encryption_model",
                      {"hw:mem_encryption": "1", "hw:mem_encryption_model": "amd-sev-es"},
                      {"hw_mem_encryption_model": "amd-sev-snp"}, nova=34)
        self.conflict("cc:technology", {"cc:technology": "tdx"}, {"hw_mem_encryption": "1"})
        idle = {"hw_mem_encryption": "0", "hw_mem_encryption_model": "amd-sev"}
        self.assertIsNone(self.ask({}, idle))
        self.assertEqual(len(self.warnings), 1)
        self.assertIn("hw_mem_encryption_model", self.warnings[0])

    def test_model_of_a_later_nova(self):
        self.invalid("hw:mem_encryption_model",
                     {"hw:mem_encryption": "1", "hw:mem_encryption_model": "amd-sev-snp"},
                     words="cc:technology=sev-snp")


class Data(Case):
    HOST = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

    def test_taken(self):
        asked = self.ask({"cc:policy": "snp"}, metadata={"cc:hostData": self.HOST, "role": "db"})
        self.assertEqual(asked.data, {"hostData": self.HOST})

    def test_nothing_is_dropped(self):
        for key, words in (("cc:hostdata", "cc:hostData"), ("cc_hostData", "cc:hostData"),
                           ("CC:hostData", "cc:hostData"), ("cc:policy", "cc:"),
                           ("cc:idAuth", "does not fit"), ("cc:initdata", "does not fit"),
                           ("cc:dhCert", "does not fit")):
            self.invalid(key, {"cc:policy": "snp"}, metadata={key: self.HOST}, words=words)
        for value in ("", "not base64", "AAEC\n", "QUJD===", "\u00e4"):
            self.invalid("cc:hostData", {"cc:policy": "snp"}, metadata={"cc:hostData": value},
                         words="base64")

    def test_of_a_server_that_is_not_protected(self):
        self.conflict("cc:hostData", {}, metadata={"cc:hostData": self.HOST}, words="protection")
        self.assertIsNone(self.ask({}, metadata={"cc_mail": "x", "cc:team": "y", "role": "db"}))


if __name__ == "__main__":
    unittest.main()
