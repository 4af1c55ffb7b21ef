# SPDX-License-Identifier: Apache-2.0
"""Prints the domain XML Nova's LibvirtDriver makes for a case; run by nova-xml in Nova's root.

The driver is the real one, set up by Nova's own unit test fixtures. Whatever Nova writes to
stdout goes to stderr: stdout carries the XML and nothing else.
"""

import os
import sys
import time
import unittest
import uuid
from unittest import mock

INSTANCES = "/var/lib/nova/instances"
CREATED = 1764072000.0  # 2025-11-25 12:00:00 UTC
MEMORY_MB = 256
ROOT_GB = 1

# The number in the name is the instance's id, as Nova's instance_name_template has it.
CASES = {
    "no-nic": {"id": 0xC101, "nics": 0},
    "plain": {"id": 0xC102, "nics": 1},
}


def fixed_uuid(text):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:cloister:nova-xml:" + text))


def generate(name, case):
    """Returns the XML; imports Nova, which takes some seconds, only now."""
    import nova.monkey_patch  # noqa: F401, before all else
    from oslo_concurrency import processutils

    # os-brick asks grep about iscsiadm when it is imported; an unpacked root has neither.
    absent = processutils.ProcessExecutionError(exit_code=1)
    with mock.patch.object(processutils, "execute", side_effect=absent):
        import os_brick.initiator.connector  # noqa: F401

    from nova import context, objects
    from nova.network import model
    from nova.tests import fixtures as nova_fixtures
    from nova.tests.unit.virt.libvirt import test_driver
    from nova.virt import driver as virt_driver
    from nova.virt import fake
    from nova.virt.libvirt import blockinfo, host
    from nova.virt.libvirt import driver as libvirt_driver

    result = []

    class Generator(test_driver.LibvirtConnTestCase):
        def setUp(self):
            super().setUp()
            self.useFixture(nova_fixtures.OSBrickFixture())

        def test_generate(self):
            self.flags(instances_path=INSTANCES)
            self.flags(
                group="libvirt",
                virt_type="kvm",
                images_type="qcow2",
                hw_machine_type=["x86_64=q35"],
                cpu_mode="host-model",
                rng_dev_path="/dev/urandom",
            )
            driver = libvirt_driver.LibvirtDriver(fake.FakeVirtAPI(), True)
            driver._host._supports_uefi = True
            driver._host._supports_secure_boot = True
            driver._host._supports_amd_sev = False

            properties = {
                "hw_machine_type": "q35",
                "hw_firmware_type": "uefi",
                "hw_disk_bus": "virtio",
                "hw_vif_model": "virtio",
                "hw_rng_model": "virtio",
                "hw_qemu_guest_agent": "yes",
            }
            image_id = fixed_uuid(name + ":image")
            flavor = objects.Flavor(
                id=1,
                flavorid="c1." + name,
                name="c1." + name,
                memory_mb=MEMORY_MB,
                vcpus=1,
                root_gb=ROOT_GB,
                ephemeral_gb=0,
                swap=0,
                rxtx_factor=1.0,
                vcpu_weight=None,
                is_public=True,
                disabled=False,
                extra_specs={"hw_rng:allowed": "true"},
            )
            fields = dict(
                self.test_instance,
                id=case["id"],
                uuid=fixed_uuid(name),
                display_name=name,
                flavor=flavor,
                memory_mb=MEMORY_MB,
                vcpus=1,
                root_gb=ROOT_GB,
                ephemeral_gb=0,
                image_ref=image_id,
                system_metadata={"image_" + key: value for key, value in properties.items()},
                config_drive="",
                user_id=fixed_uuid("user"),
                project_id=fixed_uuid("project"),
                numa_topology=None,
            )
            fields.pop("name", None)
            instance = objects.Instance(**fields)
            instance.pci_devices = objects.PciDeviceList(objects=[])
            instance.pci_requests = objects.InstancePCIRequests(requests=[])
            image = objects.ImageMeta.from_dict(
                {"id": image_id, "disk_format": "qcow2", "properties": properties}
            )
            devices = {
                "root_device_name": None,
                "image": [],
                "swap": None,
                "ephemerals": [],
                "block_device_mapping": [],
            }
            disks = blockinfo.get_disk_info("kvm", instance, image, devices)
            owner = context.RequestContext(
                fixed_uuid("user"), fixed_uuid("project"), user_name="carol", project_name="ledger"
            )
            network = model.NetworkInfo([self.vif(i) for i in range(case["nics"])])

            with mock.patch.object(
                host.Host, "get_online_cpus", return_value={0}
            ), mock.patch.object(host.Host, "_check_machine_type"), mock.patch.object(
                virt_driver, "time", mock.Mock(wraps=time, time=lambda: CREATED)
            ), mock.patch("nova.privsep.utils.supports_direct_io", return_value=True):
                result.append(
                    driver._get_guest_xml(
                        owner, instance, network, disks, image, block_device_info=devices
                    )
                )

        @staticmethod
        def vif(index):
            port = fixed_uuid("%s:port%d" % (name, index))
            subnet = model.Subnet(
                cidr="10.1.0.0/24",
                gateway=model.IP(address="10.1.0.1", type="gateway"),
                ips=[model.FixedIP(address="10.1.0.%d" % (21 + index), version=4)],
                version=4,
            )
            network = model.Network(
                id=fixed_uuid(name + ":network"),
                bridge="br-int",
                label="net",
                subnets=[subnet],
                mtu=1442,
            )
            return model.VIF(
                id=port,
                address="fa:16:3e:c1:00:%02x" % (index + 1),
                network=network,
                type=model.VIF_TYPE_OVS,
                vnic_type=model.VNIC_TYPE_NORMAL,
                details={"port_filter": False, "ovs_hybrid_plug": False},
                devname=("tap" + port)[:14],
                ovs_interfaceid=port,
                active=True,
            )

    outcome = unittest.TestResult()
    unittest.TestSuite([Generator("test_generate")]).run(outcome)
    for _, text in outcome.errors + outcome.failures:
        sys.stderr.write(text)
    if outcome.skipped or not outcome.wasSuccessful() or len(result) != 1:
        raise SystemExit("nova-xml: Nova made no XML for case " + name)
    return result[0]


def main(arguments):
    if arguments == ["-l"]:
        print("\n".join(CASES))
        return
    if len(arguments) != 1 or arguments[0] not in CASES:
        sys.stderr.write("usage: nova-xml CASE, one of: %s\n" % ", ".join(CASES))
        raise SystemExit(64)
    stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    xml = generate(arguments[0], CASES[arguments[0]])
    stdout.write(xml if xml.endswith("\n") else xml + "\n")
    stdout.flush()
    # Nova's fixtures may leave threads behind; there is nothing left to wait for.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
