# SPDX-License-Identifier: Apache-2.0
"""Prints the domain XML Nova's LibvirtDriver makes for a case; run by nova-xml in Nova's root.

The driver is the real one, set up by Nova's own unit test fixtures. Whatever Nova writes to
stdout goes to stderr: stdout carries the XML and nothing else.
"""

import contextlib
import os
import sys
import time
import unittest
import uuid
from unittest import mock

from nova_cases import CASES

INSTANCES = "/var/lib/nova/instances"
CREATED = 1764072000.0  # 2025-11-25 12:00:00 UTC
MEMORY_MB = 256
ROOT_GB = 1
MONITORS = ["192.0.2.11", "192.0.2.12"]

# Of a release where a model is plainly there: what the host found out when it started.
HOST_FACTS = {
    "amd-sev": ["_supports_amd_sev"],
    "amd-sev-es": ["_supports_amd_sev", "_supports_amd_sev_es"],
    "amd-sev-snp": ["_supports_amd_sev", "_supports_amd_sev_snp"],
    "intel-tdx": ["_supports_intel_tdx"],
}


def fixed_uuid(text):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:cloister:nova-xml:" + text))


def prepare():
    """Nova's modules are imported in an order of their own, and that takes some seconds."""
    import nova.monkey_patch  # noqa: F401, before all else
    from oslo_concurrency import processutils

    # os-brick asks grep about iscsiadm when it is imported; an unpacked root has neither.
    absent = processutils.ProcessExecutionError(exit_code=1)
    with mock.patch.object(processutils, "execute", side_effect=absent):
        import os_brick.initiator.connector  # noqa: F401


def release():
    from nova import version

    return int(version.version_string().split(".")[0])


# ---- what a case has, in Nova's objects ---------------------------------------------------


def image_properties(case):
    properties = {
        "hw_machine_type": "q35",
        "hw_firmware_type": "uefi",
        "hw_disk_bus": "virtio",
        "hw_vif_model": "virtio",
        "hw_rng_model": "virtio",
        "hw_qemu_guest_agent": "yes",
    }
    properties.update(case.get("properties", {}))
    return {key: value for key, value in properties.items() if value is not None}


def flavor_of(name, case):
    from nova import objects

    specs = dict({"hw_rng:allowed": "true"}, **case.get("extra_specs", {}))
    if "model" in case:
        specs["hw:mem_encryption"] = "true"
        # The model that no word asks for, and the only one that older releases have.
        if case["model"] != "amd-sev":
            specs["hw:mem_encryption_model"] = case["model"]
    return objects.Flavor(
        id=1,
        flavorid="c1." + name,
        name="c1." + name,
        memory_mb=case.get("memory_mb", MEMORY_MB),
        vcpus=case.get("vcpus", 1),
        root_gb=ROOT_GB,
        ephemeral_gb=0,
        swap=0,
        rxtx_factor=1.0,
        vcpu_weight=None,
        is_public=True,
        disabled=False,
        extra_specs=specs,
    )


def numa_of(case):
    from nova import objects

    count = case.get("numa_cells", 0)
    if not count:
        return None
    cpus, memory = case["vcpus"] // count, case["memory_mb"] // count
    return objects.InstanceNUMATopology(
        cells=[
            objects.InstanceNUMACell(
                id=i,
                cpuset=set(range(i * cpus, (i + 1) * cpus)),
                pcpuset=set(),
                memory=memory,
                pagesize=2048,
            )
            for i in range(count)
        ]
    )


def instance_of(name, case, template, image_id):
    from nova import objects

    flavor = flavor_of(name, case)
    metadata = {"image_" + key: value for key, value in image_properties(case).items()}
    if case.get("tpm"):
        metadata["vtpm_secret_uuid"] = fixed_uuid(name + ":tpm")
    fields = dict(
        template,
        id=case["id"],
        uuid=fixed_uuid(name),
        display_name=name,
        flavor=flavor,
        memory_mb=flavor.memory_mb,
        vcpus=flavor.vcpus,
        root_gb=ROOT_GB,
        ephemeral_gb=0,
        image_ref="" if case.get("boot_from_volume") else image_id,
        system_metadata=metadata,
        config_drive="",
        user_id=fixed_uuid("user"),
        project_id=fixed_uuid("project"),
        numa_topology=numa_of(case),
    )
    fields.update(case.get("instance", {}))
    fields.pop("name", None)
    instance = objects.Instance(**fields)
    instance.pci_devices = objects.PciDeviceList(objects=[])
    instance.pci_requests = objects.InstancePCIRequests(requests=[])
    return instance


def connection(kind, volume):
    if kind == "iscsi":
        data = {"device_path": "/dev/sdx", "qos_specs": {"total_bytes_sec": "104857600"}}
    else:
        data = {
            "name": "volumes/volume-" + volume,
            "hosts": MONITORS,
            "ports": ["6789"] * len(MONITORS),
            "auth_enabled": True,
            "auth_username": "cinder",
            "secret_type": "ceph",
            "secret_uuid": fixed_uuid("ceph"),
        }
    return {"driver_volume_type": kind, "serial": volume, "data": data}


def volumes_of(name, case, owner):
    from nova.objects import block_device as bdm_objects
    from nova.tests.unit import fake_block_device
    from nova.virt import block_device as driver_block_device

    rows = []
    for i, kind in enumerate(case.get("volumes", [])):
        is_root = bool(case.get("boot_from_volume")) and i == 0
        rows.append(
            fake_block_device.FakeDbBlockDeviceDict(
                {
                    "id": i + 1,
                    "source_type": "volume",
                    "destination_type": "volume",
                    "device_type": "disk",
                    "disk_bus": image_properties(case)["hw_disk_bus"],
                    "volume_id": fixed_uuid("%s:volume%d" % (name, i)),
                    "boot_index": 0 if is_root else None,
                }
            )
        )
    mapping = driver_block_device.convert_volumes(
        bdm_objects.block_device_make_list_from_dicts(owner, rows)
    )
    for kind, volume in zip(case.get("volumes", []), mapping):
        volume["connection_info"] = connection(kind, volume["volume_id"])
    return mapping


def vif(name, index, **changed):
    from nova.network import model

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
    fields = dict(
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
    fields.update(changed)
    return model.VIF(**fields)


def network_of(name, case):
    from nova.network import model

    vifs = [vif(name, i) for i in range(case["nics"])]
    if case.get("vf"):
        vifs.append(
            vif(
                name,
                case["nics"],
                type=model.VIF_TYPE_HW_VEB,
                vnic_type=model.VNIC_TYPE_DIRECT,
                details={"vlan": "1201"},
                profile={
                    "pci_slot": "0000:82:02.3",
                    "pci_vendor_info": "8086:1889",
                    "physical_network": "data",
                },
            )
        )
    return model.NetworkInfo(vifs)


# ---- the host -----------------------------------------------------------------------------


def set_host(driver, case):
    from nova.tests.fixtures import libvirt as fakelibvirt
    from nova.virt.libvirt import config as vconfig

    known = set(vars(driver._host))
    model = case.get("host", case.get("model"))
    for fact in sorted({f for facts in HOST_FACTS.values() for f in facts} & known):
        setattr(driver._host, fact, fact in HOST_FACTS.get(model, []))
    driver._host._supports_uefi = True
    driver._host._supports_secure_boot = True
    # Up to 33, Nova copies two numbers from libvirt's domain capabilities into the XML.
    if hasattr(driver, "_find_sev_feature"):
        sev = vconfig.LibvirtConfigDomainCapsFeatureSev()
        sev.cbitpos, sev.reduced_phys_bits = 51, 1
        driver._find_sev_feature = lambda arch, machine: sev
    if "numa_cells" in case:
        topology = fakelibvirt.NUMATopology(
            cpu_nodes=2, cpu_sockets=1, cpu_cores=2, cpu_threads=2
        )
        for cell in topology.cells:
            cell.mempages = fakelibvirt.create_mempages([(4, 1048576), (2048, 4096)])
        driver._host.get_capabilities().host.topology = topology


@contextlib.contextmanager
def outside_world(case):
    """What Nova would ask of the machine it runs on."""
    from nova.storage import rbd_utils
    from nova.virt import block_device as driver_block_device
    from nova.virt import driver as virt_driver
    from nova.virt.libvirt import driver as libvirt_driver
    from nova.virt.libvirt import host

    # Where the time of creation comes from has moved since 26.
    clock = virt_driver if hasattr(virt_driver, "time") else libvirt_driver
    cpus = set(range(8)) if "numa_cells" in case else {0}
    monitors = (MONITORS, ["6789"] * len(MONITORS))
    with contextlib.ExitStack() as stack:
        for patch in (
            mock.patch.object(host.Host, "get_online_cpus", return_value=cpus),
            mock.patch.object(host.Host, "_check_machine_type"),
            mock.patch.object(clock, "time", mock.Mock(wraps=time, time=lambda: CREATED)),
            mock.patch("nova.privsep.utils.supports_direct_io", return_value=True),
            mock.patch.object(driver_block_device.DriverVolumeBlockDevice, "save"),
            mock.patch.multiple(rbd_utils, rbd=mock.Mock(), rados=mock.Mock()),
            mock.patch.object(rbd_utils.RBDDriver, "get_mon_addrs", return_value=monitors),
        ):
            stack.enter_context(patch)
        yield


def domain_xml(test, name, case):
    from nova import context, objects
    from nova.virt import fake
    from nova.virt.libvirt import blockinfo
    from nova.virt.libvirt import driver as libvirt_driver

    driver = libvirt_driver.LibvirtDriver(fake.FakeVirtAPI(), True)
    set_host(driver, case)
    image_id = fixed_uuid(name + ":image")
    instance = instance_of(name, case, test.test_instance, image_id)
    image = objects.ImageMeta.from_dict(
        {"id": image_id, "disk_format": "qcow2", "properties": image_properties(case)}
    )
    owner = context.RequestContext(
        fixed_uuid("user"), fixed_uuid("project"), user_name="carol", project_name="ledger"
    )
    devices = {
        "root_device_name": None,
        "image": [],
        "swap": None,
        "ephemerals": [],
        "block_device_mapping": volumes_of(name, case, owner),
    }
    disks = blockinfo.get_disk_info("kvm", instance, image, devices)
    with outside_world(case):
        return driver._get_guest_xml(
            owner,
            instance,
            network_of(name, case),
            disks,
            image,
            block_device_info=devices,
        )


def generate(name, case):
    """The XML, out of a run of one of Nova's own test cases: it brings Nova's fixtures."""
    from nova.tests import fixtures as nova_fixtures
    from nova.tests.unit.virt.libvirt import test_driver

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
            for group, values in case.get("flags", {}).items():
                self.flags(group=group, **values)
            result.append(domain_xml(self, name, case))

    outcome = unittest.TestResult()
    unittest.TestSuite([Generator("test_generate")]).run(outcome)
    for _, text in outcome.errors + outcome.failures:
        sys.stderr.write(text)
    if outcome.skipped or not outcome.wasSuccessful() or len(result) != 1:
        raise SystemExit("nova-xml: Nova made no XML for case " + name)
    return result[0] if result[0].endswith("\n") else result[0] + "\n"


def write_all(folder):
    known = [name for name, case in CASES.items() if case.get("since", 0) <= release()]
    for name in known:
        with open(os.path.join(folder, name + ".xml"), "w", encoding="utf-8") as f:
            f.write(generate(name, CASES[name]))


def main(arguments):
    if arguments == ["-l"]:
        print("\n".join(CASES))
        return
    is_all = len(arguments) == 2 and arguments[0] == "-a"
    if not is_all and (len(arguments) != 1 or arguments[0] not in CASES):
        sys.stderr.write("usage: nova-xml [-r RELEASE] CASE, one of: %s\n" % ", ".join(CASES))
        raise SystemExit(64)
    stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    prepare()
    if is_all:
        write_all(arguments[1])
    elif CASES[arguments[0]].get("since", 0) > release():
        raise SystemExit("nova-xml: Nova %d does not know %s" % (release(), arguments[0]))
    else:
        stdout.write(generate(arguments[0], CASES[arguments[0]]))
        stdout.flush()
    # Nova's fixtures may leave threads behind; there is nothing left to wait for.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
