# SPDX-License-Identifier: Apache-2.0
"""update_provider_tree() on Nova's own ProviderTree, with answers of a real cloister-hostd.

Run by test_inventory.py inside a root that has Nova; the answers are /mnt/shared/HOST.json. Where the
root's Nova makes children of its own (from 32 on), its own code makes them here too.
"""

import copy
import json
import sys
import types
import unittest
from unittest import mock

sys.path.insert(0, "/mnt/src/tests/stack")
import nova_xml  # noqa: E402

nova_xml.prepare()

import nova.virt  # noqa: E402

nova.virt.__path__.append("/mnt/src/nova/virt")

from nova import exception  # noqa: E402
from nova.compute import provider_tree  # noqa: E402
from nova.virt.cloister import inventory  # noqa: E402
from nova.virt.libvirt import driver as libvirt_driver  # noqa: E402

NODE = "compute-1.example.org"
ROOT = "0a1b2c3d-0001-4002-8003-000000000001"
GUEST = "0a1b2c3d-0002-4002-8003-00000000000%d"
ENSURE = "_ensure_memory_encryption_providers"
RESHAPE = "_update_provider_tree_for_memory_encryption"
MODELS = {"amd_sev": "HW_CPU_X86_AMD_SEV", "amd_sev_es": "HW_CPU_X86_AMD_SEV_ES",
          "amd_sev_snp": "HW_CPU_X86_AMD_SEV_SNP", "intel_tdx": "HW_CPU_X86_INTEL_TDX"}
MEM = inventory.NOVA_CLASS
OURS = inventory.OUR_CLASS
MAX_INT = 2 ** 31 - 1  # Nova 26's number of SEV guests where none is configured


def answer(host):
    with open(f"/mnt/shared/{host}.json", encoding="utf-8") as file:
        return json.load(file)


def pool_of(told, name):
    return next(pool for pool in told["pools"] if pool["pool"] == name)


def record(total, reserved=0):
    return {"total": total, "reserved": reserved, "min_unit": 1, "max_unit": 1, "step_size": 1,
            "allocation_ratio": 1.0}


class Host(unittest.TestCase):
    """One compute node in Placement: its tree, and what is allocated."""

    def setUp(self):
        self.tree = provider_tree.ProviderTree()
        self.tree.new_root(NODE, ROOT, generation=7)
        self.allocated = {}  # provider's name -> {class: amount}

    def nova(self, release, **models):
        """What Nova's update_provider_tree leaves behind, that detects @models (name=slots)."""
        base = {"VCPU": {"total": 64, "reserved": 0}}
        if release < 32:
            if models.get("amd_sev"):
                base[MEM] = record(models["amd_sev"])
            self.tree.update_inventory(NODE, base)
            return
        found = {model: dict(record(models.get(model, 0)), traits=[trait])
                 for model, trait in MODELS.items() if release >= 34 or "sev" in model[-6:]}
        if hasattr(libvirt_driver.LibvirtDriver, ENSURE):
            ensure = getattr(libvirt_driver.LibvirtDriver, ENSURE)
            ensure(mock.Mock(), found, self.tree, NODE)
        else:
            self.ensure(found)
        self.tree.update_inventory(NODE, base)

    def ensure(self, found):
        """As Nova's own does it, for roots whose Nova is older."""
        for model, told in found.items():
            name = f"{NODE}_{model}"
            if not told["total"]:
                if self.tree.exists(name):
                    self.tree.remove(name)
                continue
            if not self.tree.exists(name):
                self.tree.new_child(name, NODE)
            traits = told.pop("traits")
            self.tree.update_inventory(name, {MEM: told})
            self.tree.add_traits(name, "OWNER_NOVA", *traits)

    def used(self, provider_uuid):
        return self.allocated.get(self.tree.data(provider_uuid).name, {})

    def update(self, told, release, **options):
        options.setdefault("used", self.used)
        inventory.update_provider_tree(self.tree, NODE, told, release, **options)
        for name, used in self.allocated.items():
            for resource_class, amount in used.items():
                # Placement answers 409 to a PUT without it, and to a DELETE.
                self.assertIn(resource_class, self.tree.data(name).inventory, name)
                self.assertTrue(amount)

    def whole(self):
        """All that Nova compares, and so would send."""
        told = {}
        for provider_uuid in self.tree.get_provider_uuids():
            data = self.tree.data(provider_uuid)
            told[data.name] = (data.uuid, data.parent_uuid, data.generation, data.inventory,
                               data.traits)
        return copy.deepcopy(told)

    def again(self, told, release, models, **options):
        """A second round of Nova's and ours changes nothing."""
        before = self.whole()
        self.nova(release, **models)
        self.update(told, release, **options)
        self.assertEqual(before, self.whole())

    def names(self):
        return sorted(self.tree.data(u).name[len(NODE):] for u in self.tree.get_provider_uuids())

    def record(self, end, resource_class=MEM):
        return self.tree.data(NODE + end).inventory[resource_class]

    def room(self, end, resource_class=MEM):
        told = self.record(end, resource_class)
        return told["total"] - told["reserved"]

    def traits(self, end):
        return self.tree.data(NODE + end).traits - {"OWNER_NOVA"}

    def allocate(self, end, resource_class, amount):
        self.allocated.setdefault(NODE + end, {})[resource_class] = amount


class Before32(Host):
    def test_one_child_for_es_and_snp(self):
        for release in (26, 31):
            with self.subTest(release=release):
                self.setUp()
                self.nova(release, amd_sev=382)
                self.update(answer("milan-snp"), release)
                self.assertEqual(self.names(), ["", "_cc_sev-es"])
                self.assertEqual(self.tree.data(NODE + "_cc_sev-es").inventory,
                                 {OURS: record(127)})
                self.assertEqual(self.traits("_cc_sev-es"), {"CUSTOM_HW_CPU_X86_AMD_SEV_ES",
                                                             "CUSTOM_HW_CPU_X86_AMD_SEV_SNP"})
                self.assertEqual(self.record("")["reserved"], 0)
                self.assertEqual(self.traits(""), {inventory.HOST_TRAIT})
                self.again(answer("milan-snp"), release, {"amd_sev": 382})

    def test_traits_that_placement_knows(self):
        self.nova(31, amd_sev=382)
        self.update(answer("milan-snp"), 31, traits={"HW_CPU_X86_AMD_SEV_ES"})
        self.assertEqual(self.traits("_cc_sev-es"),
                         {"HW_CPU_X86_AMD_SEV_ES", "CUSTOM_HW_CPU_X86_AMD_SEV_SNP"})
        # Placement is upgraded: what flavors ask for by now stays beside it.
        self.update(answer("milan-snp"), 31, traits=set(MODELS.values()))
        self.assertEqual(self.traits("_cc_sev-es"),
                         {"HW_CPU_X86_AMD_SEV_ES", "HW_CPU_X86_AMD_SEV_SNP",
                          "CUSTOM_HW_CPU_X86_AMD_SEV_SNP"})

    def test_reserved(self):
        told = answer("milan-snp-leak")
        self.nova(31, amd_sev=382)
        pool_of(told, "sev")["reserved"] = 5
        self.update(told, 31)
        self.assertEqual(self.record("_cc_sev-es", OURS), record(127, 2))
        self.assertEqual(self.record("")["reserved"], 5)
        self.again(told, 31, {"amd_sev": 382})

    def test_slots_without_limit(self):
        self.nova(26, amd_sev=MAX_INT)
        self.update(answer("milan-snp"), 26)
        self.assertEqual(self.room(""), 382)

    def test_hiding(self):
        self.nova(31, amd_sev=907)
        self.update(answer("turin-hiding"), 31)
        self.assertEqual(self.names(), ["", "_cc_sev-es", "_cc_sev-snp"])
        self.assertEqual(self.room("_cc_sev-es", OURS), 67)
        self.assertEqual(self.room("_cc_sev-snp", OURS), 32)
        self.assertEqual(self.traits("_cc_sev-snp"), {"CUSTOM_HW_CPU_X86_AMD_SEV_SNP"})

    def test_tdx(self):
        self.nova(31)
        self.update(answer("spr-tdx-quote-ready"), 31)
        self.assertEqual(self.names(), ["", "_cc_tdx"])
        self.assertEqual(self.record("_cc_tdx", OURS), record(63))
        self.assertEqual(self.traits("_cc_tdx"),
                         {"CUSTOM_HW_CPU_X86_INTEL_TDX", "CUSTOM_CC_TDX_QUOTE_READY"})
        self.again(answer("spr-tdx-quote-ready"), 31, {})
        self.update(answer("spr-tdx"), 31)
        self.assertEqual(self.traits("_cc_tdx"), {"CUSTOM_HW_CPU_X86_INTEL_TDX"})

    def test_withdrawn(self):
        self.nova(31, amd_sev=382)
        self.update(answer("milan-snp"), 31)
        self.tree.add_traits(NODE + "_cc_sev-es", "CUSTOM_RACK_7")
        self.allocate("_cc_sev-es", OURS, 3)
        for told in (answer("min-asid-1"), inventory.NOTHING):
            self.nova(31, amd_sev=382)
            self.update(told, 31)
            self.assertEqual(self.record("_cc_sev-es", OURS), record(127, 127))
            self.assertEqual(self.traits("_cc_sev-es"), {"CUSTOM_RACK_7"})
        self.assertEqual(self.room(""), 0)
        self.again(inventory.NOTHING, 31, {"amd_sev": 382})
        self.nova(31, amd_sev=382)
        self.update(answer("milan-snp"), 31)
        self.assertEqual(self.room("_cc_sev-es", OURS), 127)
        self.assertEqual(self.room(""), 382)

    def test_nothing_to_tell(self):
        self.nova(31)
        before = self.whole()
        for told in (None, answer("plain-vm"), inventory.NOTHING):
            self.update(told, 31)
            self.assertEqual(before, self.whole())

    def test_host_trait(self):
        """Stays while hostd is away, goes with all that was published."""
        self.nova(34)
        self.tree.add_traits(NODE, "CUSTOM_RACK_7")
        for told, there in ((answer("milan-snp"), True), (None, True), (inventory.NOTHING, False)):
            self.update(told, 34)
            ours = {"CUSTOM_CC_HOST"} if there else set()
            self.assertEqual(self.traits(""), {"CUSTOM_RACK_7"} | ours)

    def test_others_children(self):
        self.tree.new_child(NODE + "_vgpu", NODE)
        self.tree.new_root("other", GUEST % 9)
        self.tree.new_child("other_cc_sev-es", "other")
        self.tree.update_inventory("other_cc_sev-es", {OURS: record(5)})
        self.tree.new_child(NODE + "_cc_x", NODE + "_vgpu")
        self.tree.update_inventory(NODE + "_cc_x", {OURS: record(5)})
        self.nova(31, amd_sev=382)
        self.update(inventory.NOTHING, 31)
        for name in ("other_cc_sev-es", NODE + "_cc_x"):
            self.assertEqual(self.tree.data(name).inventory, {OURS: record(5)})

    def test_same_uuid_after_service_delete(self):
        self.nova(31)
        self.update(answer("spr-tdx"), 31)
        first = self.tree.data(NODE + "_cc_tdx").uuid
        self.setUp()
        self.nova(31)
        self.update(answer("spr-tdx"), 31)
        self.assertEqual(first, self.tree.data(NODE + "_cc_tdx").uuid)


class From32(Host):
    def test_34_counts_snp_itself(self):
        models = {"amd_sev": 382, "amd_sev_snp": 127}  # Nova's ES is off where SNP is on
        self.nova(34, **models)
        self.update(answer("milan-snp-leak"), 34)
        self.assertEqual(self.names(), ["", "_amd_sev", "_amd_sev_snp"])
        self.assertEqual(self.room("_amd_sev_snp"), 125)
        self.assertEqual(self.room("_amd_sev"), 382)
        self.assertEqual(self.traits("_amd_sev_snp"), {"HW_CPU_X86_AMD_SEV_SNP"})
        self.again(answer("milan-snp-leak"), 34, models)

    def test_34_hiding(self):
        """Nova takes libvirt's 99 for SNP, where 32 are; it denies ES, and so do we."""
        models = {"amd_sev": 907, "amd_sev_snp": 99}
        self.nova(34, **models)
        self.update(answer("turin-hiding"), 34)
        self.assertEqual(self.names(), ["", "_amd_sev", "_amd_sev_snp"])
        self.assertEqual(self.record("_amd_sev_snp"), record(99, 67))
        self.again(answer("turin-hiding"), 34, models)

    def test_34_tdx(self):
        self.nova(34, intel_tdx=63)
        told = answer("spr-tdx-quote-ready")
        pool_of(told, "tdx")["reserved"] = 4
        self.update(told, 34)
        self.assertEqual(self.names(), ["", "_intel_tdx"])
        self.assertEqual(self.room("_intel_tdx"), 59)
        self.assertEqual(self.traits("_intel_tdx"),
                         {"HW_CPU_X86_INTEL_TDX", "CUSTOM_CC_TDX_QUOTE_READY"})
        self.again(told, 34, {"intel_tdx": 63})

    def test_34_does_not_detect(self):
        """nova-compute would not start again with a guest of it."""
        self.nova(34)
        self.update(answer("spr-tdx"), 34)
        self.assertEqual(self.names(), [""])

    def test_32_tdx_is_ours(self):
        for release in (32, 33):
            with self.subTest(release=release):
                self.setUp()
                self.nova(release)
                self.update(answer("spr-tdx"), release)
                self.assertEqual(self.names(), ["", "_cc_tdx"])
                self.assertEqual(self.tree.data(NODE + "_cc_tdx").inventory, {MEM: record(63)})
                self.assertEqual(self.traits("_cc_tdx"), {"CUSTOM_HW_CPU_X86_INTEL_TDX"})
                self.again(answer("spr-tdx"), release, {})

    def test_32_snp_beside_novas_es(self):
        """32 knows ES and not SNP: their pool is on one provider, for both, and that is ours."""
        models = {"amd_sev": 382, "amd_sev_es": 127}
        self.nova(32, **models)
        self.allocate("_amd_sev_es", MEM, 4)
        self.update(answer("milan-snp"), 32)
        self.assertEqual(self.names(), ["", "_amd_sev", "_amd_sev_es", "_cc_sev-es"])
        self.assertEqual(self.record("_amd_sev_es"), record(127, 127))
        self.assertEqual(self.room("_cc_sev-es"), 123)
        self.assertEqual(self.traits("_cc_sev-es"),
                         {"HW_CPU_X86_AMD_SEV_ES", "CUSTOM_HW_CPU_X86_AMD_SEV_SNP"})
        self.again(answer("milan-snp"), 32, models)

    def test_32_es_alone_is_novas(self):
        models = {"amd_sev": 410, "amd_sev_es": 99}
        told = answer("milan-iommu-pt")
        pool_of(told, "sev-es")["reserved"] = 1
        self.nova(32, **models)
        self.update(told, 32)
        self.assertEqual(self.names(), ["", "_amd_sev", "_amd_sev_es"])
        self.assertEqual(self.room("_amd_sev_es"), 98)
        self.again(told, 32, models)

    def test_32_hiding(self):
        models = {"amd_sev": 907, "amd_sev_es": 99}
        self.nova(32, **models)
        self.update(answer("turin-hiding"), 32)
        self.assertEqual(self.names(), ["", "_amd_sev", "_amd_sev_es", "_cc_sev-snp"])
        self.assertEqual(self.room("_amd_sev_es"), 67)
        self.assertEqual(self.room("_cc_sev-snp"), 32)

    def test_hostd_finds_none(self):
        """Nova counts what cannot be launched here."""
        models = {"amd_sev": 382, "amd_sev_snp": 127}
        self.nova(34, **models)
        self.allocate("_amd_sev_snp", MEM, 2)
        self.update(answer("min-asid-1"), 34)
        self.assertEqual(self.room("_amd_sev_snp"), 0)
        self.assertEqual(self.room("_amd_sev"), 382)
        self.again(answer("min-asid-1"), 34, models)


class Upgrade(Host):
    def on_31(self):
        self.nova(31, amd_sev=382)
        self.update(answer("milan-snp"), 31)
        self.allocate("_cc_sev-es", OURS, 3)
        self.allocate("", MEM, 2)

    def reshape(self, models):
        """What Nova from 32 on does when it first starts: allocations of the root move."""
        child = f"{NODE}_amd_sev"
        allocations = {
            GUEST % 1: {"allocations": {ROOT: {"resources": {MEM: 1, "VCPU": 2}}}},
            GUEST % 2: {"allocations": {ROOT: {"resources": {MEM: 1, "VCPU": 2}}}},
            GUEST % 3: {"allocations": {
                ROOT: {"resources": {"VCPU": 2}},
                self.tree.data(NODE + "_cc_sev-es").uuid: {"resources": {OURS: 3}}}},
        }
        if hasattr(libvirt_driver.LibvirtDriver, RESHAPE):
            self.reshape_by_nova(models, allocations)
        else:
            self.nova(34, **models)
            for consumer in list(allocations)[:2]:
                there = allocations[consumer]["allocations"]
                del there[ROOT]["resources"][MEM]
                there[self.tree.data(child).uuid] = {"resources": {MEM: 1}}
        del self.allocated[NODE]
        self.allocated[child] = {MEM: 2}
        return allocations

    def reshape_by_nova(self, models, allocations):
        driver = libvirt_driver.LibvirtDriver
        host = types.SimpleNamespace(**{ENSURE: getattr(driver, ENSURE).__get__(mock.Mock())})
        host._get_memory_encryption_inventories = lambda: {
            model: dict(record(models.get(model, 0)), traits=[trait])
            for model, trait in MODELS.items()}
        for name in ("_reshape_memory_encryption_resources",
                     "_reshape_memory_encryption_allocations", "_assert_is_root_provider",
                     "_is_reshape_needed_memory_encryption_on_root"):
            method = getattr(driver, name)
            setattr(host, name, method if isinstance(vars(driver)[name], staticmethod)
                    else method.__get__(host))
        # The first call only makes the children, with their traits, and asks for what is allocated.
        with self.assertRaises(exception.ReshapeNeeded):
            getattr(driver, RESHAPE)(host, self.tree, NODE, None)
        getattr(driver, RESHAPE)(host, self.tree, NODE, allocations)
        self.nova(34, **models)
        self.assertEqual(sum(MEM in told["resources"] for consumer in allocations.values()
                             for told in consumer["allocations"].values()), 2)

    def test_31_to_34_with_guests(self):
        models = {"amd_sev": 382, "amd_sev_snp": 127}
        self.on_31()
        allocations = self.reshape(models)
        self.update(answer("milan-snp"), 34, allocations=allocations)
        self.assertEqual(self.names(), ["", "_amd_sev", "_amd_sev_snp", "_cc_sev-es"])
        self.assertEqual(self.record("_cc_sev-es", OURS), record(127, 127))
        self.assertEqual(self.room("_amd_sev_snp"), 124)  # three of the pool's are there still
        self.assertEqual(self.room("_amd_sev"), 382)
        self.assertEqual(self.traits("_cc_sev-es"), set())
        # The rounds after it come without allocations, and Placement is asked.
        self.again(answer("milan-snp"), 34, models)

        # One is resized and gets its key of Nova's child.
        self.allocate("_cc_sev-es", OURS, 2)
        self.allocate("_amd_sev_snp", MEM, 1)
        self.nova(34, **models)
        self.update(answer("milan-snp"), 34)
        self.assertEqual(self.room("_amd_sev_snp") - 1 + 2 + 1, 127)

        # The last ones are gone, and so is our child.
        del self.allocated[NODE + "_cc_sev-es"]
        self.nova(34, **models)
        self.update(answer("milan-snp"), 34)
        self.assertEqual(self.names(), ["", "_amd_sev", "_amd_sev_snp"])
        self.nova(34, **models)
        self.update(answer("milan-snp"), 34)
        self.assertEqual(self.room("_amd_sev_snp"), 127)
        self.again(answer("milan-snp"), 34, models)

    def test_placement_does_not_answer(self):
        models = {"amd_sev": 382, "amd_sev_snp": 127}
        self.on_31()
        self.reshape(models)
        told = answer("milan-snp")
        for guests, room in ((3, 124), (5, 122), (None, 0)):
            pool_of(told, "sev-es")["guests"] = guests
            self.nova(34, **models)
            self.update(told, 34, used=lambda provider: None)
            self.assertEqual(self.room("_amd_sev_snp"), room)
            self.assertEqual(self.room("_cc_sev-es", OURS), 0)

    def test_never_removed_while_open(self):
        """An empty child that was open still may get a guest before Placement hears of it."""
        self.nova(31, amd_sev=382)
        self.update(answer("milan-snp"), 31)
        models = {"amd_sev": 382, "amd_sev_snp": 127}
        self.nova(34, **models)
        self.update(answer("milan-snp"), 34)
        self.assertEqual(self.room("_cc_sev-es", OURS), 0)
        self.nova(34, **models)
        self.update(answer("milan-snp"), 34)
        self.assertNotIn("_cc_sev-es", self.names())

    def test_class_never_removed_while_open(self):
        self.nova(31)
        self.update(answer("spr-tdx"), 31)
        for left in ({OURS: record(63, 63), MEM: record(63)}, {MEM: record(63)}):
            self.nova(32)
            self.update(answer("spr-tdx"), 32)
            self.assertEqual(self.tree.data(NODE + "_cc_tdx").inventory, left)

    def test_31_to_32_tdx(self):
        """The same child, another class: the old one stays while it is in use."""
        self.nova(31)
        self.update(answer("spr-tdx"), 31)
        self.allocate("_cc_tdx", OURS, 3)
        self.nova(32)
        self.update(answer("spr-tdx"), 32)
        self.assertEqual(self.tree.data(NODE + "_cc_tdx").inventory,
                         {OURS: record(63, 63), MEM: record(63, 3)})
        self.again(answer("spr-tdx"), 32, {})
        self.allocated.clear()
        self.update(answer("spr-tdx"), 32)
        self.assertEqual(self.tree.data(NODE + "_cc_tdx").inventory, {MEM: record(63)})
        # And Nova 34 takes it over.
        self.allocate("_cc_tdx", MEM, 6)
        self.nova(34, intel_tdx=63)
        self.update(answer("spr-tdx"), 34)
        self.assertEqual(self.room("_cc_tdx"), 0)
        self.assertEqual(self.room("_intel_tdx"), 57)


class Answers(Host):
    def test_garbled(self):
        good = answer("milan-snp")
        pool = good["pools"][1]
        bad = [None, [], {}, {"pools": {}}, {"pools": [7]}, {"pools": [pool, pool]}]
        for member, value in (("pool", "../x"), ("pool", None), ("total", -1), ("total", True),
                              ("total", 1.5), ("reserved", "2"), ("guests", -3),
                              ("technologies", None), ("technologies", ["sev"]),
                              ("technologies", [{"name": "sev-es"}]),
                              ("technologies", [dict(pool["technologies"][0], trait="a b")]),
                              ("technologies", [dict(pool["technologies"][0], features=["X"])])):
            bad.append({"pools": [good["pools"][0], dict(pool, **{member: value})]})
        self.nova(31, amd_sev=382)
        before = self.whole()
        for told in bad[1:]:
            with self.assertRaises(ValueError, msg=told):
                self.update(told, 31)
            self.assertEqual(before, self.whole())

    def test_of_a_later_hostd(self):
        told = answer("milan-snp")
        told["pools"].append({"pool": "cca", "total": 9, "reserved": 0, "guests": None,
                              "technologies": [{"name": "cca", "trait": "CUSTOM_X",
                                                "fallback": "CUSTOM_X", "features": []}]})
        told["drained"] = None
        self.nova(31, amd_sev=382)
        self.update(told, 31)
        self.assertEqual(self.names(), ["", "_cc_sev-es"])


class Placement(unittest.TestCase):
    """What is asked of Nova's own client of it."""

    CONTEXT = types.SimpleNamespace(global_id="req-1")

    def test_usage(self):
        client = mock.Mock()
        client.get_allocations_for_resource_provider.return_value.allocations = {
            GUEST % 1: {"resources": {OURS: 1}}, GUEST % 2: {"resources": {OURS: 1, MEM: 1}}}
        used = inventory.usage_by(client, self.CONTEXT)
        self.assertEqual(used(ROOT), {OURS: 2, MEM: 1})
        client.get_allocations_for_resource_provider.assert_called_once_with(self.CONTEXT, ROOT)
        client.get_allocations_for_resource_provider.side_effect = RuntimeError
        self.assertIsNone(used(ROOT))

    def test_traits(self):
        client = mock.Mock()
        client.get.return_value.status_code = 200
        client.get.return_value.json.return_value = {"traits": ["HW_CPU_X86_AMD_SEV_ES"]}
        self.assertEqual(inventory.known_traits(client, self.CONTEXT), {"HW_CPU_X86_AMD_SEV_ES"})
        self.assertIn("/traits?name=in:HW_CPU_X86_AMD_SEV,", client.get.call_args[0][0])
        client.get.return_value.status_code = 503
        self.assertIsNone(inventory.known_traits(client, self.CONTEXT))
        client.get.side_effect = RuntimeError
        self.assertIsNone(inventory.known_traits(client, self.CONTEXT))

    def test_nova_has_them(self):
        from nova.scheduler.client import report
        self.assertTrue(callable(report.SchedulerReportClient.get))
        self.assertTrue(callable(
            report.SchedulerReportClient.get_allocations_for_resource_provider))


if __name__ == "__main__":
    unittest.main(buffer=True)
