# SPDX-License-Identifier: Apache-2.0
"""The driver in Nova's own code, fake libvirt below it and a real cloister-hostd beside it.

Run by test_driver.py inside a root that has Nova; hostd's socket is in /mnt/shared.
"""

import contextlib
import inspect
import os
import sys
import unittest
from unittest import mock
from xml.etree import ElementTree

sys.path.insert(0, "/mnt/src/tests/stack")
import nova_xml  # noqa: E402

nova_xml.prepare()

import nova.virt  # noqa: E402

nova.virt.__path__.append("/mnt/src/nova/virt")

from nova import context  # noqa: E402
from nova import exception  # noqa: E402
from nova import objects  # noqa: E402
from nova.compute import power_state  # noqa: E402
from nova.compute import provider_tree  # noqa: E402
from nova.objects import migrate_data  # noqa: E402
from nova.tests import fixtures as nova_fixtures  # noqa: E402
from nova.tests.fixtures import libvirt as fakelibvirt  # noqa: E402
from nova.tests.unit.virt.libvirt import test_driver  # noqa: E402
from nova.virt import fake  # noqa: E402
from nova.virt.cloister import client  # noqa: E402
from nova.virt.cloister import driver as cloister  # noqa: E402
from nova.virt.libvirt import blockinfo  # noqa: E402
from nova.virt.libvirt import config as vconfig  # noqa: E402
from nova.virt.libvirt import driver as libvirt_driver  # noqa: E402
from oslo_utils import importutils  # noqa: E402

SOCKET = "/mnt/shared/run/compute/compute.sock"
SNP = {"cc:policy": "snp"}
OF_SNP = {"hw_machine_type": "q35", "hw_firmware_type": "uefi"}


class Case(test_driver.LibvirtConnTestCase):
    """One server, on this host; self.specs are its flavor's."""

    def setUp(self):
        super().setUp()
        self.useFixture(nova_fixtures.OSBrickFixture())
        self.flags(group="libvirt", virt_type="kvm", images_type="qcow2", cpu_mode="host-model",
                   hw_machine_type=["x86_64=q35"], rng_dev_path="/dev/urandom")
        self.flags(group="cloister", socket=SOCKET, deadline=30.0)
        self.owner = context.RequestContext("u", "p", user_name="carol", project_name="ledger")
        self.save = self.useFixture(
            test_driver.fixtures.MockPatchObject(objects.Instance, "save")).mock
        if hasattr(cloister.Base, "_register_undefined_instance_details"):  # reads the database
            self.useFixture(test_driver.fixtures.MockPatchObject(
                cloister.Base, "_register_undefined_instance_details"))
        self.count = 0

    def make(self, specs, nics=0, properties=None):
        """Sets driver, instance and what Nova calls with."""
        self.count += 1
        self.case = {"id": 0xD000 + self.count, "nics": nics, "properties": properties or {},
                     "extra_specs": specs}
        name = f"{self.id()}-{self.count}-{os.getpid()}"
        self.driver = cloister.CloisterLibvirtDriver(fake.FakeVirtAPI(), False)
        nova_xml.set_host(self.driver, self.case)
        image_id = nova_xml.fixed_uuid(name)
        self.instance = nova_xml.instance_of(name, self.case, self.test_instance, image_id)
        self.instance.metadata = {}
        self.image = objects.ImageMeta.from_dict(
            {"id": image_id, "disk_format": "qcow2",
             "properties": nova_xml.image_properties(self.case)})
        self.network = nova_xml.network_of(name, self.case)
        self.devices = {"root_device_name": None, "image": [], "swap": None, "ephemerals": [],
                        "block_device_mapping": []}
        self.disks = blockinfo.get_disk_info("kvm", self.instance, self.image, self.devices)

    def xml(self, driver_class=cloister.CloisterLibvirtDriver, image=None):
        with nova_xml.outside_world(self.case):
            return driver_class._get_guest_xml(
                self.driver, self.owner, self.instance, self.network, self.disks,
                image or self.image, block_device_info=self.devices)

    def silence(self):
        """hostd is down from now on."""
        self.flags(group="cloister", socket="/mnt/shared/nobody.sock")

    def spawn(self, **more):
        with contextlib.ExitStack() as stack:
            stack.enter_context(nova_xml.outside_world(self.case))
            for name, value in (("_create_image", (True, True)),
                                ("_ensure_console_log_for_instance", None),
                                ("_create_configdrive", None), ("plug_vifs", None)):
                stack.enter_context(mock.patch.object(self.driver, name, return_value=value))
            self.driver.spawn(self.owner, self.instance, self.image, [], None, {},
                              network_info=self.network, block_device_info=self.devices, **more)

    def runs(self):
        try:
            return self.driver.get_info(self.instance).state == power_state.RUNNING
        except exception.InstanceNotFound:
            return False

    def raises(self, what):
        """testtools' assertRaises is no context manager."""
        return unittest.TestCase.assertRaises(self, what)

    def assert_refused(self, words, call, *args, **kwargs):
        with self.assertRaisesRegex(cloister.ProtectionRefused, words):
            call(*args, **kwargs)


class Loading(unittest.TestCase):
    def test_compute_driver(self):
        self.assertIs(importutils.import_class("nova.virt.cloister.CloisterLibvirtDriver"),
                      cloister.CloisterLibvirtDriver)

    def test_nothing_is_missing(self):
        self.assertEqual(cloister.MISSING, [])

    def test_signatures(self):
        """Of all that is overridden, as Nova's own test of public methods compares them."""
        overridden = [name for name, value in vars(cloister.CloisterLibvirtDriver).items()
                      if inspect.isfunction(value) and name in dir(libvirt_driver.LibvirtDriver)]
        self.assertGreaterEqual(len(overridden), 15)
        for name in overridden:
            with self.subTest(name):
                self.assertEqual(
                    inspect.getfullargspec(getattr(cloister.CloisterLibvirtDriver, name))[:-1],
                    inspect.getfullargspec(getattr(libvirt_driver.LibvirtDriver, name))[:-1])


class Ordinary(Case):
    def test_unchanged_and_hostd_never_asked(self):
        self.make({}, nics=2)
        with mock.patch.object(client.Client, "call", side_effect=AssertionError("was asked")):
            self.assertEqual(self.xml(), self.xml(libvirt_driver.LibvirtDriver))
            self.spawn()
            self.assertTrue(self.runs())
        self.assertFalse([key for key in self.instance.system_metadata if "cloister" in key])

    def test_hostd_down(self):
        self.make({})
        self.silence()
        self.spawn()
        self.assertTrue(self.runs())
        self.driver.suspend(self.owner, self.instance)


class Launch(Case):
    def test_rewritten_and_bound(self):
        self.make(SNP, nics=1)
        xml = self.xml()
        root = ElementTree.fromstring(xml)
        self.assertEqual(root.find("launchSecurity").get("type"), "sev-snp")
        self.assertEqual(root.find("devices/interface/driver").get("iommu"), "on")
        self.assertEqual(cloister.metadata_of(xml), ("snp", "sev-snp", self.instance.uuid))
        self.assertTrue(os.path.exists(f"/mnt/shared/state/bindings/{self.instance.uuid}"))
        kept = self.instance.system_metadata
        self.assertEqual((kept["cloister_policy"], kept["cloister_technology"]), ("snp", "sev-snp"))
        self.assertRegex(kept["cloister_policy_digest"], "^(sha256:)?[0-9a-f]{64}$")
        self.save.assert_called_once_with()
        # Nova parses it again at a hard reboot; and another XML for it is no new promise.
        vconfig.LibvirtConfigGuest().parse_str(xml)
        self.assertEqual(self.xml(), xml)
        self.save.assert_called_once_with()

    def test_any_is_resolved_once(self):
        self.make({"cc:required": "true"})
        self.xml()
        first = self.instance.system_metadata["cloister_technology"]
        with mock.patch.object(client.Client, "rewrite", autospec=True,
                               side_effect=client.Unreachable("noted")) as asked:
            self.assert_refused("noted", self.xml)
        self.assertEqual(asked.call_args.kwargs["technology"], first)

    def test_spawned(self):
        self.make(SNP)
        self.spawn()
        self.assertTrue(self.runs())

    def test_hostd_down(self):
        self.make(SNP)
        self.silence()
        with self.assertRaisesRegex(exception.BuildAbortException,
                                    "aborted: cannot connect to cloister-hostd at .*nobody.sock"):
            self.spawn()
        self.assertFalse(self.runs())
        self.assertNotIn("cloister_policy", self.instance.system_metadata)

    def test_refused_by_hostd(self):
        """With hostd's own words: a policy that is not there, a technology that is not here."""
        for specs, words in (({"cc:policy": "nosuch"}, "nosuch"),
                             ({"cc:technology": "tdx", "cc:required": "true"}, "tdx|TDX")):
            self.make(specs)
            with self.subTest(specs), \
                    self.assertRaisesRegex(exception.BuildAbortException, words):
                self.spawn()
            self.assertFalse(self.runs())

    def test_misspelled(self):
        self.make({"cc:polcy": "snp"})
        with self.assertRaisesRegex(exception.BuildAbortException, "cc:polcy"):
            self.spawn()
        self.assertFalse(self.runs())

    def test_an_answer_without_xml(self):
        self.make(SNP)
        for answer in ({"verdict": "allow"}, {"verdict": "not-ours"}, {"verdict": "refuse"},
                       {"verdict": "allow", "xml": 3, "technology": "sev-snp"}):
            with mock.patch.object(client.Client, "call", return_value=answer):
                self.assert_refused("", self.xml)

    def test_own_image_not_the_rescue_image(self):
        self.make(SNP, properties={"cc_technology": "sev-snp"})
        other = objects.ImageMeta.from_dict({"id": self.image.id, "properties": OF_SNP})
        self.assertIn("sev-snp", self.xml(image=other))


@unittest.skipIf(cloister.RELEASE >= 34, "Nova 34 has a child of its own for this host's pool")
class Pools(Case):
    """nova.virt.cloister.inventory has tests of its own; this is that the driver uses it."""

    def update(self):
        with mock.patch.object(cloister.Base, "update_provider_tree"), \
                mock.patch.object(type(self.driver.virtapi), "reportclient", mock.Mock(),
                                  create=True):
            self.driver.update_provider_tree(self.tree, "node")
        return [name for name in ("node", "node_cc_sev-es") if self.tree.exists(name)]

    def setUp(self):
        super().setUp()
        self.make({})
        self.tree = provider_tree.ProviderTree()
        self.tree.new_root("node", nova_xml.fixed_uuid("node"))

    def test_children(self):
        self.assertIn("node_cc_sev-es", self.update())
        self.assertTrue(self.driver.provider_tree.exists("node_cc_sev-es"))
        self.assertIsNot(self.driver.provider_tree, self.tree)

    def test_hostd_was_never_there(self):
        self.silence()
        self.assertEqual(self.update(), ["node"])

    def test_hostd_is_away(self):
        """What it said last holds for a while; then our children offer nothing."""
        with mock.patch.object(client.Client, "inventory",
                               return_value=self.driver._hostd.inventory()) as said:
            for pool in said.return_value["pools"]:
                pool["reserved"] = 0
            self.update()
            said.side_effect = client.Unreachable("away")

            def room():
                data = self.tree.data("node_cc_sev-es").inventory
                return [(r["total"] - r["reserved"]) > 0 for r in data.values()]

            self.update()
            self.assertEqual(room(), [True])
            self.driver._pools_since -= cloister.STALE + 1
            self.update()
            self.assertIn(room(), ([False], []))

    def test_another_writer(self):
        self.flags(group="cloister", placement=False)
        self.assertEqual(self.update(), ["node"])


class Defined(Case):
    def test_in_clear_is_not_launched(self):
        self.make(SNP)
        clear = self.xml(libvirt_driver.LibvirtDriver)
        self.xml()
        self.assert_refused("launchSecurity", self.driver._create_guest, self.owner, clear,
                            self.instance)
        self.assertRaises(exception.InstanceNotFound, self.driver._host.get_guest, self.instance)

    def test_tampered_is_not_launched(self):
        self.make(SNP)
        xml = self.xml().replace("0x30000", "0xb0000")
        self.assert_refused("DEBUG", self.driver._create_guest, self.owner, xml, self.instance)

    def test_unrescue_leaves_the_rescue_domain(self):
        self.make(SNP)
        self.spawn()
        folder = test_driver.libvirt_utils.get_instance_path(self.instance)
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/unrescue.xml", "w", encoding="utf-8") as file:
            file.write(self.xml(libvirt_driver.LibvirtDriver))
        self.assert_refused("launchSecurity", self.driver.unrescue, self.owner, self.instance)
        self.assertTrue(self.runs())

    def test_anew_while_it_runs(self):
        """Never raises; what has drifted is told, with hostd and without."""
        self.make(SNP)
        self.spawn()
        xml = self.xml()
        start, end = xml.index("<launchSecurity"), xml.index("</launchSecurity>")
        stripped = xml[:start] + xml[end + len("</launchSecurity>"):]
        for text, words in ((xml, None), (stripped, "drift"), (xml.replace("<domain", "<dom&", 1),
                                                                "could not be checked")):
            with mock.patch.object(cloister.LOG, "warning") as told:
                if words == "could not be checked":
                    with mock.patch.object(fakelibvirt.Connection, "defineXML"):
                        self.driver._host.write_instance_config(text)
                else:
                    self.driver._host.write_instance_config(text)
            self.assertEqual(bool(told.call_args), words is not None, told.call_args)
            if words:
                self.assertIn(words, told.call_args.args[0])
        self.silence()
        with mock.patch.object(cloister.LOG, "warning") as told:
            self.driver._host.write_instance_config(stripped)
        self.assertIn("could not be checked", told.call_args.args[0])


class Running(Case):
    def setUp(self):
        super().setUp()
        self.make(SNP, nics=1)
        self.spawn()

    def test_suspend(self):
        with self.raises(exception.InstanceFaultRollback) as caught:
            self.driver.suspend(self.owner, self.instance)
        self.assertIn("cannot be suspended", str(caught.exception.inner_exception))
        self.assertTrue(self.runs())

    def test_live_migration(self):
        data = migrate_data.LibvirtLiveMigrateData()
        for call in (
                lambda: self.driver.check_can_live_migrate_destination(
                    self.owner, self.instance, {}, {}),
                lambda: self.driver.check_can_live_migrate_source(self.owner, self.instance, data),
                lambda: self.driver.pre_live_migration(
                    self.owner, self.instance, self.devices, self.network, None, data)):
            with self.assertRaisesRegex(exception.MigrationPreCheckError, "be migrated live"):
                call()
        self.assertTrue(self.runs())

    def reboot(self):
        call = self.driver._hard_reboot
        shares = ([objects.ShareMappingList()]
                  if "share_info" in inspect.signature(call).parameters else [])
        with nova_xml.outside_world(self.case), mock.patch.object(self.driver, "plug_vifs"), \
                mock.patch.object(self.driver, "unplug_vifs"), \
                mock.patch.object(self.driver, "_build_device_metadata", return_value=None), \
                mock.patch.object(self.driver, "_create_images_and_backing"), \
                mock.patch.object(self.driver, "_get_instance_disk_info_from_config"):
            call(self.owner, self.instance, self.network, *shares, block_device_info=self.devices)

    def test_hard_reboot(self):
        with mock.patch.object(self.driver, "destroy", wraps=self.driver.destroy) as destroy:
            self.reboot()
        destroy.assert_called_once()
        self.assertTrue(self.runs())

    def test_hard_reboot_without_hostd(self):
        self.silence()
        with mock.patch.object(self.driver, "destroy") as destroy:
            self.assert_refused("cannot connect to cloister-hostd", self.reboot)
        destroy.assert_not_called()
        self.assertTrue(self.runs())

    def test_hard_reboot_refused(self):
        self.instance.system_metadata["image_hw_disk_bus"] = "ide"
        with mock.patch.object(self.driver, "destroy") as destroy:
            self.assert_refused("ide|IDE", self.reboot)
        destroy.assert_not_called()
        self.assertTrue(self.runs())

    def test_serial_ports_are_given_back(self):
        self.flags(enabled=True, group="serial_console")
        taken = set()
        with mock.patch("nova.console.serial.acquire_port",
                        side_effect=lambda host: taken.add(len(taken) + 10000) or max(taken)), \
                mock.patch("nova.console.serial.release_port",
                           side_effect=lambda host, port: taken.discard(port)), \
                mock.patch.object(cloister.Base, "_hard_reboot"):
            self.reboot()
        self.assertEqual(taken, set())

    def test_another_flavor(self):
        """Neither weaker nor other: resize and rebuild are refused before anything is undone."""
        for specs in ({}, {"cc:policy": "sev"}, {"cc:policy": "any"}):
            flavor = nova_xml.flavor_of("other", {"extra_specs": specs})
            with self.subTest(specs), self.raises(exception.InstanceFaultRollback) as caught:
                self.driver.migrate_disk_and_power_off(
                    self.owner, self.instance, "192.0.2.9", flavor, self.network)
            self.assertIn("keeps the protection", str(caught.exception.inner_exception))
            kept = self.instance.flavor
            self.instance.flavor = flavor
            self.assert_refused("keeps the protection", self.xml)
            self.assert_refused("keeps the protection", self.driver.rebuild, *[None] * 1,
                                **self.rebuild_arguments())
            self.instance.flavor = kept
        self.assertTrue(self.runs())

    def rebuild_arguments(self):
        needed = [p.name for p in inspect.signature(self.driver.rebuild).parameters.values()
                  if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD][1:]
        return dict(dict.fromkeys(needed), instance=self.instance)

    def test_attached_volume(self):
        """virtio-blk gets its iommu; a bus that no such guest has is refused before."""
        connection = {"driver_volume_type": "fake", "serial": "s",
                      "data": {"device_path": "/dev/x"}}
        with mock.patch.object(self.driver, "_connect_volume"), \
                mock.patch.object(self.driver, "_build_device_metadata", return_value=None), \
                mock.patch.object(fakelibvirt.Domain, "attachDeviceFlags") as attached:
            self.driver.attach_volume(self.owner, connection, self.instance, "/dev/vdc", "virtio")
            device = ElementTree.fromstring(attached.call_args.args[0])
            self.assertEqual(device.find("driver").get("iommu"), "on")
            attached.reset_mock()
            self.assert_refused("bus ide", self.driver.attach_volume, self.owner, connection,
                                self.instance, "/dev/hdc", "ide")
            attached.assert_not_called()

    def test_attached_interface(self):
        vif = nova_xml.vif("hot", 7)
        with mock.patch.object(self.driver.vif_driver, "plug") as plug, \
                mock.patch.object(self.driver, "_build_device_metadata", return_value=None), \
                mock.patch.object(fakelibvirt.Domain, "attachDeviceFlags") as attached:
            self.driver.attach_interface(self.owner, self.instance, self.image, vif)
            device = ElementTree.fromstring(attached.call_args.args[0])
            self.assertEqual(device.find("driver").get("iommu"), "on")
            plug.reset_mock()
            vif["vnic_type"] = "direct"
            self.assert_refused("direct", self.driver.attach_interface, self.owner, self.instance,
                                self.image, vif)
            plug.assert_not_called()


def load_tests(loader, standard, pattern):
    """Ours alone: Nova's base class brings thousands of its own along."""
    suite = unittest.TestSuite()
    for case in (Loading, Ordinary, Launch, Pools, Defined, Running):
        suite.addTests(case(name) for name in vars(case) if name.startswith("test_"))
    return suite


if __name__ == "__main__":
    program = unittest.main(exit=False, buffer=True)
    sys.stderr.flush()
    os._exit(not program.result.wasSuccessful())
