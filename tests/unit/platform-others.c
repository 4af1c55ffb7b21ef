/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of TDX, SGX, CCA, PEF and Secure Execution on recorded hosts that were changed in a
 * file or two: which layer is broken, and that what cannot be read is unknown, whatever stands in
 * its place.
 */
#include "config.h"

#include "platform/platform.h"

#include "host-copy.h"

#include <ftw.h>

#define TDX HOSTD_TECHNOLOGY_TDX
#define SGX HOSTD_TECHNOLOGY_SGX
#define CCA HOSTD_TECHNOLOGY_CCA
#define PEF HOSTD_TECHNOLOGY_PEF
#define PV HOSTD_TECHNOLOGY_S390_PV

typedef struct {
  const char *name, *base;
  const char *edits[9]; /* path, text, path, text, ...; the text "-" removes */
  HostdTechnology technology;
  HostdUsability usability;
  HostdLayer layer;
  const char *cause; /* words in it, "" for none */
  const char *fix;   /* likewise */
} Row;

#define Y HOSTD_USABILITY_USABLE, HOSTD_LAYER_NONE
#define U HOSTD_USABILITY_UNKNOWN, HOSTD_LAYER_NONE
#define NA HOSTD_USABILITY_NOT_APPLICABLE, HOSTD_LAYER_NONE
#define N(layer) HOSTD_USABILITY_UNUSABLE, HOSTD_LAYER_##layer
#define I "sys/module/kvm_intel/parameters/"
#define UV "sys/firmware/uv/"
#define FLAGS(flags) "vendor_id : GenuineIntel\nflags : " flags "\n"
#define LEAVES(signature, seven)                                                                   \
  "0 0: 20 756e6547 6c65746e 49656e69\n1 0: " signature " 00800800 7ffefbff bfebfbff\n7 0: " seven \
  "\n"
#define POWER(pvr) "cpu : POWER9\nrevision : x (pvr " pvr ")\nplatform : PowerNV\n"

/* clang-format off */
static const Row rows[] = {
  /* TDX: processors that have it, turned off in the BIOS, by their model alone */
  { "tdx-granite-rapids", "spr-tdx", { "msr", "-", "proc/cpuinfo", FLAGS ("sgx"), "cpuid",
    LEAVES ("000a06d1", "0 4 40002000 0"), I "tdx", "N\n" }, TDX, N (FIRMWARE), "KeyIDs", "BIOS" },
  { "tdx-granite-rapids-d", "spr-tdx", { "msr", "-", "proc/cpuinfo", FLAGS ("sgx"), "cpuid",
    LEAVES ("000a06e1", "0 4 40002000 0"), I "tdx", "N\n" }, TDX, N (FIRMWARE), "KeyIDs", "BIOS" },
  { "tdx-sierra-forest", "spr-tdx", { "msr", "-", "proc/cpuinfo", FLAGS ("sgx"), "cpuid",
    LEAVES ("000a06f3", "0 4 40002000 0"), I "tdx", "N\n" }, TDX, N (FIRMWARE), "KeyIDs", "BIOS" },
  { "tdx-no-encryption", "spr-tdx", { "msr", "-", "proc/cpuinfo", FLAGS ("sgx"), "cpuid",
    LEAVES ("000f0ff0", "0 4 40000000 0"), I "tdx", "N\n" }, TDX, N (HARDWARE), "no TDX",
    "none on this CPU" },
  { "tdx-by-seam", "spr-tdx", { "msr", "fe 0\n", "proc/cpuinfo", FLAGS ("sgx"), "cpuid",
    LEAVES ("000806f8", "0 4 40002000 0"), I "tdx", "N\n" }, TDX, N (HARDWARE), "no TDX", "none" },
  { "tdx-one-key", "spr-tdx", { "msr", "87 10000003f\n" }, TDX, N (FIRMWARE), "one KeyID",
    "at least two" },
  { "tdx-tme-off", "spr-tdx", { "msr", "87 400000003f\n982 1\n" }, TDX, N (FIRMWARE), "TME",
    "TME" },
  { "tdx-mcheck", "spr-tdx", { "msr", "87 400000003f\na0 1\n" }, TDX, N (FIRMWARE), "MSR a0",
    "BIOS" },
  { "tdx-unlocked", "spr-tdx", { "msr", "87 400000003f\n1401 fffffe000800\n" }, TDX, N (FIRMWARE),
    "SEAMRR", "TDX-SEAM.so" },
  /* ... the parameter */
  { "tdx-off", "spr-tdx-parameter-N", { NULL }, TDX, N (KERNEL), "kvm_intel.tdx is off",
    "kvm_intel.tdx=1 nohibernate" },
  { "tdx-off-but-module-runs", "spr-tdx-parameter-N", { "sys/devices/faux/tdx_host/version",
    "1.5.24\n" }, TDX, N (KERNEL), "kvm_intel.tdx is off", "kvm_intel.tdx=1 nohibernate" },
  { "tdx-reset-hibernation", "spr-tdx-parameter-N", { "proc/cmdline", "ro kvm_intel.tdx=1\n" }, TDX,
    N (KERNEL), "turned TDX off again", "boot with nohibernate" },
  { "tdx-reset", "spr-tdx-parameter-N", { "proc/cmdline", "ro kvm_intel.tdx=1 nohibernate\n" }, TDX,
    N (KERNEL), "turned TDX off again", "kernel log" },
  { "tdx-no-module", "spr-tdx", { "sys/module", "-" }, TDX, N (KERNEL), "not loaded", "modprobe" },
  { "tdx-old-kernel", "spr-tdx", { I "tdx", "-" }, TDX, N (KERNEL), "knows no", "6.16" },
  { "tdx-no-type", "spr-tdx", { "kvm", "check-extension 235 1\n" }, TDX, N (KERNEL),
    "KVM_CAP_VM_TYPES", "log" },
  { "tdx-type-of-before", "spr-tdx", { "kvm", "check-extension 235 5\n" }, TDX, U, "patches",
    "6.16" },
  { "tdx-no-kvm", "spr-tdx", { "devices", "dev/sgx_vepc c 600\n" }, TDX, N (KERNEL),
    "no /dev/kvm", "KVM" },
  { "tdx-kvm-unreadable", "spr-tdx", { "devices", "dev/kvm c 0\ndev/sgx_vepc c 600\n" }, TDX, U,
    "KVM cannot be asked", "root" },
  { "tdx-not-root", "spr-tdx", { "devices", "user 1000\ndev/kvm c 666\ndev/sgx_vepc c 600\n" }, TDX,
    Y, "", "" },
  { "tdx-parameter-garbage", "spr-tdx", { I "tdx", "maybe\n" }, TDX, U, "neither Y nor N", "" },
  { "tdx-parameter-empty", "spr-tdx", { I "tdx", "" }, TDX, U, "neither Y nor N", "" },

  /* SGX */
  { "sgx-hidden", "icx-sgx-two-nodes", { "proc/cpuinfo", FLAGS ("tme"), "cpuid",
    LEAVES ("000606a6", "0 0 40002000 0") }, SGX, N (HARDWARE), "no SGX", "none on this CPU" },
  { "sgx-flag-alone", "icx-sgx-two-nodes", { "cpuid", "-" }, SGX, Y, "", "" },
  { "sgx-nothing-known", "icx-sgx-two-nodes", { "cpuid", "-", "proc/cpuinfo",
    "vendor_id : GenuineIntel\n" }, SGX, U, "whether this processor has SGX", "" },
  { "sgx-not-locked", "icx-sgx-two-nodes", { "msr", "3a 60004\n" }, SGX, N (FIRMWARE), "MSR 3a",
    "BIOS" },
  { "sgx-no-memory", "icx-sgx-two-nodes", { "cpuid", LEAVES ("000606a6", "0 4 40002000 0")
    "12 0: 403 1 0 381f\n" }, SGX, N (FIRMWARE), "no EPC", "PRMRR" },
  { "sgx-no-msr", "icx-sgx-two-nodes", { "msr", "-" }, SGX, Y, "", "" },
  { "sgx-parameter-off", "icx-sgx-two-nodes", { I "sgx", "N\n" }, SGX, N (KERNEL),
    "kvm_intel.sgx is off", "sgx=0" },
  { "sgx-parameter-absent", "icx-sgx-two-nodes", { I "sgx", "-" }, SGX, N (KERNEL), "knows no",
    "CONFIG_X86_SGX_KVM" },
  { "sgx-parameter-garbage", "icx-sgx-two-nodes", { I "sgx", "\xff\xfe\n" }, SGX, U, "neither",
    "" },
  { "sgx-no-vepc", "icx-sgx-two-nodes", { "devices", "dev/kvm c 666\ndev/sgx_enclave c 666\n" },
    SGX, N (KERNEL), "/dev/sgx_vepc", "CONFIG_X86_SGX_KVM" },
  { "sgx-nosgx", "icx-sgx-two-nodes", { "devices", "dev/kvm c 666\n", "proc/cmdline",
    "ro nosgx\n" }, SGX, N (KERNEL), "nosgx", "boot without nosgx" },
  { "sgx-old-qemu", "icx-sgx-two-nodes", { "qmp/objects", "memory-backend-ram\nsev-guest\n" }, SGX,
    N (QEMU), "memory-backend-epc", "6.2" },
  { "sgx-backends-not-listed", "icx-sgx-two-nodes", { "qmp/objects", "sev-guest\n" }, SGX, Y, "",
    "" },

  /* CCA */
  { "cca-without-rme", "arm-without-rme", { NULL }, CCA, N (HARDWARE), "Realm Management Extension",
    "none on this CPU" },
  { "cca-register-unreadable", "arm-rmi", { "registers", "-" }, CCA, N (LIBVIRT), "launchSecurity",
    "qemu:commandline" },
  { "cca-no-kernel", "arm-rmi", { "kvm", "check-extension 249 1\n" }, CCA, N (KERNEL),
    "no realms", "RMM" },
  { "cca-fewer-bits", "arm-rmi", { "kvm", "check-extension 165 28\ncreate-vm 40000028 ok\n" }, CCA,
    N (LIBVIRT), "launchSecurity", "qemu:commandline" },
  { "cca-no-kvm", "arm-rmi", { "devices", "dev/null c 666\n" }, CCA, N (KERNEL), "/dev/kvm",
    "KVM" },
  { "cca-mainline-qemu", "arm-rmi-mainline-qemu", { NULL }, CCA, N (QEMU), "rme-guest", "patches" },
  { "cca-guest", "arm-without-rme", { "sys/class/dmi/id/sys_vendor", "QEMU\n" }, CCA, NA, "guest",
    "" },

  /* PEF */
  { "pef-1202", "power9-ultravisor", { "proc/cpuinfo", POWER ("004e 1202") }, PEF, N (HARDWARE),
    "no Protected", "none on this CPU" },
  { "pef-1203", "power9-ultravisor", { "proc/cpuinfo", POWER ("004e 1203") }, PEF, N (LIBVIRT),
    "launchSecurity", "qemu:commandline" },
  { "pef-power10", "power9-ultravisor", { "proc/cpuinfo", POWER ("0080 0200") }, PEF, N (HARDWARE),
    "no Protected", "none on this CPU" },
  { "pef-no-pvr", "power9-ultravisor", { "proc/cpuinfo", "cpu : POWER9\n" }, PEF, N (LIBVIRT),
    "launchSecurity", "" },
  { "pef-no-ultravisor", "power9-ultravisor", { "sys/firmware", "-", "proc/device-tree", "-" }, PEF,
    N (FIRMWARE), "no Ultravisor", "firmware" },
  { "pef-unused-ultravisor", "power9-ultravisor", { "sys/firmware", "-" }, PEF, N (KERNEL),
    "does not use it", "CONFIG_PPC_UV" },
  { "pef-no-capability", "power9-ultravisor", { "kvm", "check-extension 181 0\n" }, PEF, N (KERNEL),
    "KVM_CAP_PPC_SECURE_GUEST", "kvm_hv" },
  { "pef-old-qemu", "power9-ultravisor", { "qmp/objects", "" }, PEF, N (QEMU), "pef-guest",
    "6.0" },
  { "pef-guest", "power9-ultravisor", { "proc/cpuinfo",
    "cpu : POWER9\nmachine : CHRP IBM pSeries (emulated by qemu)\n" }, PEF, NA, "guest", "" },
  { "pef-secure-guest", "power9-ultravisor", { "sys/devices/system/cpu/svm", "1\n" }, PEF, NA,
    "guest", "" },

  /* Secure Execution */
  { "pv-no-facility", "s390-pv", { "proc/cpuinfo", "facilities      : 0 1 15 81 1580\n" }, PV,
    N (HARDWARE), "facility 158", "none on this CPU" },
  { "pv-no-facilities", "s390-pv", { "proc/cpuinfo", "vendor_id : IBM/S390\n" }, PV, U,
    "facilities are not known", "" },
  { "pv-no-cpuinfo", "s390-pv", { "proc/cpuinfo", "-" }, PV, U, "facilities are not known", "" },
  { "pv-not-asked", "s390-pv", { UV "prot_virt_host", "0\n", "proc/cmdline", "ro\n" }, PV,
    N (KERNEL), "not started as a host", "prot_virt=1" },
  { "pv-taken-back", "s390-pv", { UV "prot_virt_host", "0\n" }, PV, N (FIRMWARE), "Ultravisor",
    "log" },
  { "pv-no-file", "s390-pv", { "sys/firmware", "-" }, PV, N (KERNEL), "prot_virt_host", "5.7" },
  { "pv-host-garbage", "s390-pv", { UV "prot_virt_host", "2\n" }, PV, U, "neither Y nor N", "" },
  { "pv-host-empty", "s390-pv", { UV "prot_virt_host", "" }, PV, U, "neither Y nor N", "" },
  { "pv-no-capability", "s390-pv", { "kvm", "check-extension 180 0\n" }, PV, N (KERNEL),
    "KVM_CAP_S390_PROTECTED", "upgrade" },
  { "pv-kvm-unreadable", "s390-pv", { "devices", "dev/kvm c 0\n" }, PV, U, "KVM cannot be asked",
    "root" },
  { "pv-old-qemu", "s390-pv", { "qmp/objects", "" }, PV, N (QEMU), "s390-pv-guest", "6.0" },
  { "pv-protected-guest", "s390-pv", { UV "prot_virt_guest", "1\n" }, PV, NA, "guest", "" },
  { "pv-kvm-guest", "s390-pv", { "proc/sysinfo", "VM00 Control Program: KVM/Linux\n" }, PV, NA,
    "guest", "" },
  { "pv-max-guests-garbage", "s390-pv", { UV "query/max_guests", "7fffff\n" }, PV, Y, "", "" },
};
/* clang-format on */

static void
edit (const char *folder, const char *const *edits, gsize count)
{
  for (gsize i = 0; i < count && edits[i]; i += 2)
    host_copy_edit (folder, edits[i], g_str_equal (edits[i + 1], "-") ? NULL : edits[i + 1], -1);
}

static HostdFacts *
probe (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdSys) sys = hostd_sys_new_recording (folder, &error);
  HostdFacts *facts = hostd_facts_new ();

  g_assert_no_error (error);
  hostd_platform_probe (sys, facts);
  return facts;
}

static HostdFacts *
probe_edited (const char *base, const char *const *edits, gsize count)
{
  char *folder = host_copy_new (base);
  HostdFacts *facts;

  edit (folder, edits, count);
  facts = probe (folder);
  host_copy_free (folder);
  return facts;
}

static void
assert_words (const char *text, const char *words)
{
  if (*words)
    g_assert_nonnull (text ? strstr (text, words) : NULL);
}

static gboolean
has_evidence_of (const HostdTechnologyFacts *t, HostdLayer layer)
{
  for (guint i = 0; i < t->evidence->len; i++)
    if (((const HostdEvidence *) g_ptr_array_index (t->evidence, i))->layer == layer)
      return TRUE;
  return FALSE;
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (HostdFacts) facts = probe_edited (row->base, row->edits, G_N_ELEMENTS (row->edits));
  const HostdTechnologyFacts *t = &facts->technology[row->technology];

  g_test_message ("cause: %s; fix: %s", t->cause, t->fix);
  g_assert_cmpstr (hostd_usability_name (t->usability), ==, hostd_usability_name (row->usability));
  g_assert_cmpstr (hostd_layer_name (t->layer), ==, hostd_layer_name (row->layer));
  assert_words (t->cause, row->cause);
  assert_words (t->fix, row->fix);
  if (*row->cause == '\0')
    g_assert_null (t->cause);
  if (row->layer != HOSTD_LAYER_NONE)
    g_assert_true (has_evidence_of (t, row->layer));
  g_assert_true (facts->guest == (row->usability == HOSTD_USABILITY_NOT_APPLICABLE));
}

/* ---- values ---- */

typedef struct {
  const char *name, *base, *path, *text;
  HostdTechnology technology;
  const char *value;
  const char *want; /* its text; or "?" and words of why it is unknown; NULL: not set at all */
} ValueRow;

#define FAUX "sys/devices/faux/tdx_host/"

/* clang-format off */
static const ValueRow value_rows[] = {
  { "version", "spr-tdx", FAUX "version", "1.5.03\n", TDX, "module_version", "1.5.03" },
  { "version-empty", "spr-tdx", FAUX "version", "", TDX, "module_version", "?not what it should" },
  { "version-garbage", "spr-tdx", FAUX "version", "1.5; rm\n", TDX, "module_version",
    "?not what it should" },
  { "version-absent", "spr-tdx", "uname", "Linux 6.16.0 x86_64\n", TDX, "module_version",
    "?Linux 7.1" },
  { "seamldr-hidden", "spr-tdx", FAUX "version", "1.5.03\n", TDX, "seamldr_version",
    "?no update at run time" },
  { "updates", "spr-tdx", FAUX "num_remaining_updates", "4\n", TDX, "remaining_updates", "4" },
  { "updates-garbage", "spr-tdx", FAUX "num_remaining_updates", "-4\n", TDX, "remaining_updates",
    "?not what it should" },
  { "updates-denied", "spr-tdx", "unreadable",
    "read " FAUX "num_remaining_updates denied only root may\n", TDX, "remaining_updates",
    "?only root may" },
  { "keyids", "spr-tdx", "msr", "87 200000000\n", TDX, "keyids", "2" },
  { "keyids-unknown", "spr-tdx", "msr", "-", TDX, "keyids", "?MSR 87" },
  { "attributes", "spr-tdx", "kvm", "check-extension 235 21\ntdx-capabilities 30000000 6182e7\n",
    TDX, "supported_attributes", "0x30000000" },
  { "xfam", "spr-tdx", "kvm", "check-extension 235 21\ntdx-capabilities 30000000 6182e7\n", TDX,
    "supported_xfam", "0x6182e7" },
  { "xfam-refused", "spr-tdx", "kvm", "check-extension 235 21\ntdx-capabilities errno EIO\n", TDX,
    "supported_xfam", "?Input/output" },
  { "launch-control", "spr-tdx", "msr", "3a 40005\n", SGX, "launch_control", "locked" },
  { "launch-control-unknown", "spr-tdx", "msr", "-", SGX, "launch_control", "?MSR 3a" },
  { "sgx-features", "icx-sgx-two-nodes", "cpuid", LEAVES ("000606a6", "0 4 2000 0")
    "12 0: 1 0 0 0\n12 2: 00c00001 00000080 7ec00002 0\n", SGX, "sgx2", "no" },
  { "sgx-flc", "icx-sgx-two-nodes", "cpuid", LEAVES ("000606a6", "0 4 2000 0")
    "12 0: 1 0 0 0\n12 2: 00c00001 00000080 7ec00002 0\n", SGX, "flc", "no" },
  { "pv-hex-is-hex", "s390-pv", UV "query/max_address", "10\n", PV, "max_address", "0x10" },
  { "pv-cpus-decimal", "s390-pv", UV "query/max_cpus", "247\n", PV, "max_cpus", "247" },
  { "pv-cpus-hex", "s390-pv", UV "query/max_cpus", "f7\n", PV, "max_cpus", "?not what it should" },
  { "pv-facilities", "s390-pv", UV "query/facilities", "0\nx\n", PV, "facilities",
    "?not what it should" },
  { "pv-facilities-endless", "s390-pv", UV "query/facilities",
    "0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n", PV, "facilities",
    "?not what it should" },
  { "pv-header-version-gone", "s390-pv", UV "query/supp_se_hdr_ver", "-", PV, "supp_se_hdr_ver",
    "?absent" },
  { "pv-dump-new-name", "s390-pv", UV "query/dump_cpu_len", "10\n", PV, "dump_cpu_len", "0x4c0" },
  { "pv-key", "s390-pv", UV "keys/host_key",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", PV, "host_key_hash",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" },
  { "pv-key-short", "s390-pv", UV "keys/host_key", "0123456789abcdef\n", PV, "host_key_hash",
    "?not what it should" },
  { "pv-no-key", "s390-pv", "uname", "Linux 6.8.0 s390x\n", PV, "host_key_hash", NULL },
  { "pef-memory-gone", "power9-ultravisor", "proc/device-tree/secure-memory@100fe00000000", "-",
    PEF, "secure_memory_bytes", "?names no secure memory" },
  { "pef-reg-short", "power9-ultravisor", "proc/device-tree/secure-memory@100fe00000000/reg",
    "0123456789", PEF, "secure_memory_bytes", "?names no secure memory" },
  { "pef-reg-empty", "power9-ultravisor", "proc/device-tree/secure-memory@100fe00000000/reg", "",
    PEF, "secure_memory_bytes", "?names no secure memory" },
  { "pef-reg-huge", "power9-ultravisor", "proc/device-tree/secure-memory@100fe00000000/reg",
    "................................", PEF, "secure_memory_bytes", "6655295901103053916" },
};
/* clang-format on */

static void
test_value (gconstpointer data)
{
  const ValueRow *row = data;
  const char *edits[] = { row->path, row->text };
  g_autoptr (HostdFacts) facts = probe_edited (row->base, edits, G_N_ELEMENTS (edits));
  const HostdValue *value =
      hostd_technology_facts_get_value (&facts->technology[row->technology], row->value);

  g_test_message ("%s: %s, %s", row->value, value ? value->text : "not set",
                  value ? value->why : "");
  if (row->want == NULL) {
    g_assert_true (value == NULL || value->text == NULL);
  } else if (row->want[0] == '?') {
    g_assert_null (value->text);
    assert_words (value->why, row->want + 1);
  } else {
    g_assert_cmpstr (value->text, ==, row->want);
  }
}

/* Two properties of before "ibm,secure-memory": a list of ranges, and more than one of them. */
static void
test_older_ranges (void)
{
  char *folder = host_copy_new ("power9-ultravisor");
  static const char ranges[32] = { [5] = 1, [12] = 1, [21] = 2, [29] = 2 };
  static const char older[] = "ibm,uv-firmware";
  g_autoptr (HostdFacts) facts = NULL;
  const HostdValue *value;

  host_copy_edit (folder, "proc/device-tree/secure-memory@100fe00000000", NULL, 0);
  host_copy_edit (folder, "proc/device-tree/ibm,ultravisor/ibm,uv-firmware/compatible", older,
                  sizeof older);
  host_copy_edit (folder, "proc/device-tree/ibm,ultravisor/ibm,uv-firmware/secure-memory-ranges",
                  ranges, sizeof ranges);
  facts = probe (folder);
  value = hostd_technology_facts_get_value (&facts->technology[PEF], "secure_memory_bytes");
  /* 1 << 24 at byte 12 of 8..15, and 2 << 16 at byte 29 of 24..31. */
  g_assert_cmpstr (value->text, ==, "16908288");
  host_copy_free (folder);
}

/* The node's file and the leaf may differ: what the kernel has counts where it is less. */
static void
test_nodes (void)
{
  const char *less[] = { "sys/devices/system/node/node1/x86/sgx_total_bytes", "4096\n" };
  const char *garbage[] = { "sys/devices/system/node/node1/x86/sgx_total_bytes", "lots\n" };
  g_autoptr (HostdFacts) all = probe_edited ("icx-sgx-two-nodes", NULL, 0);
  g_autoptr (HostdFacts) some = probe_edited ("icx-sgx-two-nodes", less, 2);
  g_autoptr (HostdFacts) unknown = probe_edited ("icx-sgx-two-nodes", garbage, 2);
  const HostdCapacity *capacity = &all->technology[SGX].capacity;

  g_assert_cmpint (capacity->total, ==, 4261412864);
  g_assert_cmpuint (capacity->nodes->len, ==, 2);
  g_assert_cmpuint (g_array_index (capacity->nodes, HostdCapacityNode, 1).node, ==, 1);
  g_assert_cmpint (g_array_index (capacity->nodes, HostdCapacityNode, 1).total, ==, 2134900736);
  g_assert_cmpint (some->technology[SGX].capacity.total, ==, 2126512128 + 4096);
  g_assert_cmpint (unknown->technology[SGX].capacity.total, ==, 4261412864);
  g_assert_null (unknown->technology[SGX].capacity.nodes);
}

/* ---- whatever stands in a file ---- */

static GPtrArray *found_files;

static int
note_file (const char *path, const struct stat *st, int type, struct FTW *place)
{
  if (type == FTW_F)
    g_ptr_array_add (found_files, g_strdup (path));
  return 0;
}

/* Files of the machine: below these, not the texts of the recording, which have their own rules. */
static GPtrArray *
files_of (const char *folder)
{
  static const char *const parts[] = { "proc", "sys", "usr" };

  found_files = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *path = g_build_filename (folder, parts[i], NULL);

    nftw (path, note_file, 16, FTW_PHYS);
  }
  return found_files;
}

static void
assert_not_worse (const HostdFacts *before, const HostdFacts *after)
{
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    const HostdTechnologyFacts *t = &after->technology[i];

    if (t->usability == before->technology[i].usability || t->usability == HOSTD_USABILITY_UNKNOWN)
      continue;
    g_test_message ("%s: %s, %s", hostd_technology_name ((HostdTechnology) i),
                    hostd_usability_name (t->usability), t->cause);
    g_assert_not_reached ();
  }
}

/*
 * Each file of the machine in turn is replaced by what no kernel writes: no verdict turns into "no"
 * for it, and nothing falls over.
 */
static void
test_garbage (gconstpointer data)
{
  const char *base = data;
  char *folder = host_copy_new (base);
  g_autofree char *huge = g_strnfill (300000, '7');
  g_autoptr (GPtrArray) files = files_of (folder);
  g_autoptr (HostdFacts) before = probe (folder);
  const struct {
    const char *text;
    gssize length;
  } contents[] = { { "", 0 },
                   { "\0\0\0\0", 4 },
                   { "\xff\xfe\x80\x01\n", 5 },
                   { "\n\n\n", 3 },
                   { "-1\n", 3 },
                   { "18446744073709551616\n", 21 },
                   { huge, 300000 },
                   { "Y N\n", 4 },
                   { "\x7f"
                     "ELF",
                     4 } };

  g_assert_cmpuint (files->len, >, 0);
  for (guint f = 0; f < files->len; f++) {
    const char *path = g_ptr_array_index (files, f);
    g_autofree char *kept = NULL;
    gsize length;

    g_assert_true (g_file_get_contents (path, &kept, &length, NULL));
    for (guint c = 0; c < G_N_ELEMENTS (contents); c++) {
      g_autoptr (HostdFacts) after = NULL;

      g_test_message ("%s, content %u", path + strlen (folder), c);
      g_assert_true (g_file_set_contents (path, contents[c].text, contents[c].length, NULL));
      after = probe (folder);
      assert_not_worse (before, after);
    }
    g_assert_true (g_file_set_contents (path, kept, length, NULL));
  }
  host_copy_free (folder);
}

int
main (int argc, char **argv)
{
  static const char *const hosts[] = { "spr-tdx", "icx-sgx-two-nodes",
                                       "s390-pv", "power9-ultravisor",
                                       "arm-rmi", "emr-module-missing" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *name = g_strdup_printf ("/platform/others/%s", rows[i].name);

    g_test_add_data_func (name, &rows[i], test_row);
  }
  for (guint i = 0; i < G_N_ELEMENTS (value_rows); i++) {
    g_autofree char *name = g_strdup_printf ("/platform/value/%s", value_rows[i].name);

    g_test_add_data_func (name, &value_rows[i], test_value);
  }
  g_test_add_func ("/platform/value/pef-older-ranges", test_older_ranges);
  g_test_add_func ("/platform/sgx-nodes", test_nodes);
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++) {
    g_autofree char *name = g_strdup_printf ("/platform/garbage/%s", hosts[i]);

    g_test_add_data_func (name, hosts[i], test_garbage);
  }
  return g_test_run ();
}
