# SPDX-License-Identifier: Apache-2.0
"""The guests that nova-xml knows: data, in the words of flavors, images and nova.conf.

A case may have:
  id           the instance's id: the number in its name, as instance_name_template has it
  since        the first release that knows it
  model        a memory encryption model, asked for by the flavor on a host that has it
  host         what the host has (a model), where that is not what the flavor asks for; None: nothing
  nics         ports of Open vSwitch; "vf" is a virtual function besides
  extra_specs  of the flavor
  properties   of the image; None takes away one that every image here has
  flags        of nova.conf, by group
  volumes      of Cinder: "rbd" or "iscsi"; the first is the root disk where boot_from_volume is set
  instance     further fields of the instance
  vcpus, memory_mb, numa_cells, tpm
"""

SEV, SEV_ES, SEV_SNP, TDX = "amd-sev", "amd-sev-es", "amd-sev-snp", "intel-tdx"

SCSI = {"hw_disk_bus": "scsi", "hw_scsi_model": "virtio-scsi"}
STATELESS = {"hw_firmware_stateless": "true"}
# Nova wants it so for TDX, whose firmware has no driver for a screen.
FOR_TDX = dict(STATELESS, hw_video_model="none")
SECURE_BOOT = {"os_secure_boot": "required"}
BIOS = {"hw_machine_type": "pc", "hw_firmware_type": None}
HOST_CPU = {"libvirt": {"cpu_mode": "host-passthrough"}}
KERNEL = {"kernel_id": "kernel", "ramdisk_id": "initrd"}
CEPH = {
    "images_type": "rbd",
    "images_rbd_pool": "vms",
    "images_rbd_ceph_conf": "/etc/ceph/ceph.conf",
    "rbd_user": "nova",
    "rbd_secret_uuid": "0d5f2c0e-6a4a-4d35-9a5e-7f3f5c4f8b11",
}

CASES = {
    "no-nic": {"id": 0xC101, "nics": 0},
    "plain": {"id": 0xC102, "nics": 1},
    "two-nics": {"id": 0xC103, "nics": 2},
    "bios": {"id": 0xC104, "nics": 1, "properties": BIOS},
    "config-drive": {"id": 0xC105, "nics": 1, "instance": {"config_drive": "True"}},
    "volume-boot-rbd": {"id": 0xC106, "nics": 1, "volumes": ["rbd"], "boot_from_volume": True},
    "volumes-scsi": {"id": 0xC107, "nics": 1, "volumes": ["iscsi", "rbd"], "properties": SCSI},
    "ceph-images": {"id": 0xC108, "nics": 1, "flags": {"libvirt": CEPH}},
    "secure-boot": {"id": 0xC109, "nics": 1, "properties": SECURE_BOOT},
    "direct-kernel": {
        "id": 0xC10A,
        "nics": 1,
        "properties": {"os_command_line": "console=ttyS0 root=/dev/vda"},
        "instance": KERNEL,
    },
    "numa-hugepages": {
        "id": 0xC10B,
        "nics": 1,
        "vcpus": 4,
        "memory_mb": 1024,
        "numa_cells": 2,
        "extra_specs": {"hw:numa_nodes": "2", "hw:mem_page_size": "2048"},
    },
    "vtpm": {
        "id": 0xC10C,
        "nics": 1,
        "tpm": True,
        "extra_specs": {"hw:tpm_version": "2.0", "hw:tpm_model": "tpm-crb"},
        "flags": {"libvirt": {"swtpm_enabled": True}},
    },
    "sriov-nic": {"id": 0xC10D, "nics": 1, "vf": True},
    "serial-console": {
        "id": 0xC10E,
        "nics": 1,
        "flags": {"serial_console": {"enabled": True}, "vnc": {"enabled": False}},
    },
    "cpu-passthrough": {"id": 0xC10F, "nics": 1, "flags": HOST_CPU},
    "cpu-custom": {
        "id": 0xC110,
        "nics": 1,
        "flags": {"libvirt": {"cpu_mode": "custom", "cpu_models": ["Haswell"]}},
    },
    "viommu": {"id": 0xC111, "nics": 1, "properties": {"hw_viommu_model": "intel"}},
    "encryption-ignored": {"id": 0xC112, "nics": 1, "model": SEV, "host": None},
    "sev": {"id": 0xC113, "nics": 1, "model": SEV},
    "sev-two-nics-config-drive": {
        "id": 0xC114,
        "nics": 2,
        "model": SEV,
        "instance": {"config_drive": "True"},
    },
    "sev-scsi-boot": {"id": 0xC115, "nics": 1, "model": SEV, "properties": SCSI},
    "sev-volume-boot-iscsi": {
        "id": 0xC116,
        "nics": 1,
        "model": SEV,
        "volumes": ["iscsi"],
        "boot_from_volume": True,
    },
    "sev-es": {"id": 0xC117, "since": 32, "nics": 1, "model": SEV_ES},
    "sev-snp": {"id": 0xC118, "since": 34, "nics": 1, "model": SEV_SNP, "properties": STATELESS},
    "sev-snp-kernel": {
        "id": 0xC119,
        "since": 34,
        "nics": 1,
        "model": SEV_SNP,
        "properties": dict(STATELESS, os_command_line="console=ttyS0 root=/dev/vda"),
        "instance": KERNEL,
    },
    "tdx": {
        "id": 0xC11A,
        "since": 34,
        "nics": 1,
        "model": TDX,
        "properties": FOR_TDX,
        "flags": HOST_CPU,
    },
    "tdx-secure-boot": {
        "id": 0xC11B,
        "since": 34,
        "nics": 1,
        "model": TDX,
        "properties": dict(FOR_TDX, **SECURE_BOOT),
        "flags": HOST_CPU,
    },
}
