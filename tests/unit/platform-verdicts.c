/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts on machines that differ from a recorded one in a few answers: the first broken layer,
 * and the false answers that other tools give. Each row: what changes, and what must be said then.
 */
#include "config.h"

#include "platform/platform.h"

#include "host-copy.h"

#define P "sys/module/kvm_amd/parameters/"
#define I "sys/module/kvm_intel/parameters/"
#define MILAN "milan-snp"
#define SPR "spr-tdx"
/* CPUID of the recorded Milan, leaf 8000001f left open. */
#define AMD_LEAVES                                                                                 \
  "0 0: 00000010 68747541 444d4163 69746e65\n"                                                     \
  "1 0: 00a00f11 00800800 7efa320b 178bfbff\n"
#define INTEL_LEAVES(model)                                                                        \
  "0 0: 00000020 756e6547 6c65746e 49656e69\n"                                                     \
  "1 0: " model " 00800800 7ffefbff bfebfbff\n"
#define PS "sev-platform-status "
#define SS "snp-platform-status "
#define PS_GOOD PS "01 37 01 00 01 00 00 1d 00 00 00 00\n"
#define SS_GOOD SS "01 37 01 03 1d000000 00000000 00000000 04000000000018db 04000000000018db\n"

enum { U = HOSTD_USABILITY_UNKNOWN, Y, N, NA };
enum { NONE, HW, FW, KERNEL, QEMU };

typedef struct {
  const char *name, *base;
  const char *edits[11]; /* path, text, path, text, ...; the text "-" removes */
  HostdTechnology technology;
  int usability, layer;
  const char *cause; /* in it */
  gint64 total, in_use;
} Row;

#define SEV HOSTD_TECHNOLOGY_SEV
#define ES HOSTD_TECHNOLOGY_SEV_ES
#define SNP HOSTD_TECHNOLOGY_SEV_SNP
#define TDX HOSTD_TECHNOLOGY_TDX
#define SGX HOSTD_TECHNOLOGY_SGX

/* clang-format off */
static const Row rows[] = {
  /* hardware */
  { "naples", MILAN, { "cpuid", AMD_LEAVES "8000001f 0: 0000000f 0000016f 0000000f 00000005\n",
    P "sev", "1\n", P "sev_es", "-", "kvm", "" }, SEV, Y, NONE, "", 11, 0 },
  { "naples-es", MILAN, { "cpuid", AMD_LEAVES "8000001f 0: 0000000f 0000016f 0000000f 00000005\n",
    P "sev_es", "-", P "sev_snp", "-", "kvm", "" }, ES, N, KERNEL,
    "no parameter kvm_amd.sev_es", 0, 0 },
  { "naples-snp", MILAN, { "cpuid",
    AMD_LEAVES "8000001f 0: 0000000f 0000016f 0000000f 00000005\n" },
    SNP, N, HW, "bit 4", 0, 0 },
  { "no-sev-leaf", MILAN, { "cpuid", AMD_LEAVES }, SEV, N, HW, "no SEV", 0, 0 },
  { "only-the-sev-leaf", MILAN, { "cpuid", "8000001f 0: 0101fd3f 00004173 000001fd 00000080\n" },
    SNP, Y, NONE, "", 127, 0 },
  { "no-cpuid-but-flags", MILAN, { "cpuid", "-" }, SNP, Y, NONE, "", 127, 0 },
  { "no-cpuid-no-flags", MILAN, { "cpuid", "-", "proc/cpuinfo", "vendor_id : AuthenticAMD\n" },
    SNP, U, NONE, "cannot be read", 127, 0 },
  { "ecx-zero", MILAN, { "cpuid", AMD_LEAVES "8000001f 0: 0101fd3f 00004173 00000000 00000000\n" },
    SEV, N, FW, "no encryption keys", 0, 0 },
  { "all-keys-to-es", MILAN,
    { "cpuid", AMD_LEAVES "8000001f 0: 0101fd3f 00004173 000001fd 000001fe\n" }, SEV, N, FW,
    "no encryption keys", 0, 0 },
  { "all-keys-to-es-es", MILAN,
    { "cpuid", AMD_LEAVES "8000001f 0: 0101fd3f 00004173 000001fd 000001fe\n" }, ES, Y, NONE, "",
    509, 0 },

  /* firmware: keys, SMEE, AMD-SP, RMP, IOMMU */
  { "min-asid-1", MILAN, { "cpuid", AMD_LEAVES "8000001f 0: 0101fd3f 000041b3 000003ee 00000001\n",
    P "sev_es", "N\n", P "sev_snp", "N\n", "kvm", "check-extension 235 5\n" }, SEV, Y, NONE, "",
    1006, 0 },
  { "min-asid-1-es", MILAN,
    { "cpuid", AMD_LEAVES "8000001f 0: 0101fd3f 000041b3 000003ee 00000001\n", P "sev_es", "N\n" },
    ES, N, FW, "EDX", 0, 0 },
  { "min-asid-1-snp", MILAN,
    { "cpuid", AMD_LEAVES "8000001f 0: 0101fd3f 000041b3 000003ee 00000001\n", P "sev_snp", "N\n" },
    SNP, N, FW, "EDX", 0, 0 },
  { "smee-off", MILAN, { "msr", "c0010010 0\n" }, SEV, N, FW, "memory encryption off", 0, 0 },
  { "smee-by-flag", MILAN, { "msr", "-", "proc/cpuinfo",
    "vendor_id : AuthenticAMD\nflags : fpu svm sme\n", P "sev", "N\n" }, SEV, N, FW, "hides it",
    0, 0 },
  { "no-msr-device", MILAN, { "msr", "-" }, SNP, Y, NONE, "", 127, 0 },
  { "firmware-too-old-snp", MILAN, { "ioctl",
    PS "01 31 00 00 00 00 00 03 00 00 00 00\n" SS "errno EINVAL\n" }, SNP, N, FW, "API 1.49", 0,
    0 },
  { "firmware-too-old-sev", MILAN, { "ioctl",
    PS "01 31 00 00 00 00 00 03 00 00 00 00\n" SS "errno EINVAL\n" }, SEV, N, FW, "1.51", 0, 0 },
  { "uninit-by-choice", MILAN, { "ioctl", PS "01 37 00 00 00 00 00 1d 00 00 00 00\n" SS_GOOD,
    "sys/module/ccp/parameters/psp_init_on_probe", "N\n" }, SEV, Y, NONE, "", 382, 0 },
  { "rmp-bits-3", MILAN, { "ioctl", PS_GOOD SS_GOOD }, SNP, Y, NONE, "", 127, 0 },
  { "rmp-not-reserved", MILAN, { "msr", "c0010010 3fc0000\nc0010132 0\n" }, SNP, N, FW, "RMP", 0,
    0 },
  { "snp-uninit", MILAN, { "ioctl", PS_GOOD SS "errno ENODEV\n" }, SNP, N, FW, "not initialised",
    0, 0 },
  { "iommu-snp-auto", MILAN, { "sys/class/iommu/ivhd0/amd-iommu/features", "25bf732fa2295afe:53d\n",
    P "sev_snp", "N\n" }, SNP, N, FW, "EFR", 0, 0 },
  { "psp-dead", MILAN, { "ioctl", PS "errno EBUSY\n" }, SEV, N, FW, "does not answer", 0, 0 },

  /* SEV-ES that SNP excludes: KVM's word counts, the level only without it */
  { "es-excluded", MILAN, { "kvm", "check-extension 235 15\n", "ioctl",
    PS_GOOD SS "01 37 01 03 1d000000 00000000 00000000 04000000 00001bdb 04000000 00001bdb\n" },
    ES, N, FW, "AMD-SB-3023", 0, 0 },
  { "es-excluded-snp-stays", MILAN, { "kvm", "check-extension 235 15\n" }, SNP, Y, NONE, "", 127,
    0 },
  { "es-level-kvm-does-not-know", MILAN, { "ioctl",
    PS_GOOD SS "01 37 01 03 1d000000 00000000 00000000 0400000000001bdb 0400000000001bdb\n" },
    ES, N, FW, "AMD-SB-3023", 0, 0 },
  { "es-level-but-kvm-knows", MILAN, { "uname", "Linux 7.2.3 x86_64\n", "ioctl",
    PS_GOOD SS "01 37 01 03 1d000000 00000000 00000000 0400000000001bdb 0400000000001bdb\n" },
    ES, Y, NONE, "", 127, 0 },
  { "es-level-kvm-silent", MILAN, { "kvm", "", "ioctl",
    PS_GOOD SS "01 37 01 03 1d000000 00000000 00000000 0400000000001bdb 0400000000001bdb\n" },
    ES, N,
    FW, "AMD-SB-3023", 0, 0 },
  { "es-level-kvm-silent-below", MILAN, { "kvm", "", "ioctl",
    PS_GOOD SS "01 37 01 03 1d000000 00000000 00000000 0400000000001adb 0400000000001adb\n" },
    ES, Y,
    NONE, "", 127, 0 },
  { "es-level-zen5-kvm-silent", MILAN, { "kvm", "",
    "cpuid", "1 0: 00b00f21 0 0 0\n8000001f 0: 0101fd3f 000041b3 000003ee 00000064\n", "ioctl",
    PS_GOOD SS "01 3a 01 03 03000000 00000000 00000000 010101040000004e 010101040000004e\n" },
    ES, N,
    FW, "AMD-SB-3023", 0, 0 },

  /* kernel */
  { "sev-parameter-N", MILAN, { P "sev", "N\n" }, SEV, N, KERNEL, "kvm_amd.sev is off", 0, 0 },
  { "snp-parameter-absent", MILAN, { P "sev_snp", "-", "kvm", "" }, SNP, N, KERNEL,
    "no parameter kvm_amd.sev_snp", 0, 0 },
  { "iommu-pt", MILAN, { P "sev_snp", "N\n", "proc/cmdline", "ro iommu=pt mem_encrypt=on\n", "kvm",
    "check-extension 235 d\n", "ioctl", PS_GOOD SS "errno EINVAL\n" }, SNP, N, KERNEL, "iommu=pt",
    0, 0 },
  { "iommu-pt-sev-es", MILAN, { P "sev_snp", "N\n", "kvm", "check-extension 235 d\n", "ioctl",
    PS_GOOD SS "errno EINVAL\n" }, ES, Y, NONE, "", 127, 0 },
  { "no-kvm-amd", MILAN, { P, "-", "ioctl", PS "01 37 00 00 00 00 00 1d 00 00 00 00\n" }, SNP, N,
    KERNEL, "kvm_amd is not loaded", 0, 0 },
  { "no-kvm-amd-sev", MILAN, { P, "-", "ioctl", PS "01 37 00 00 00 00 00 1d 00 00 00 00\n" },
    SEV, N,
    KERNEL, "kvm_amd is not loaded", 0, 0 },
  { "virtualisation-off", MILAN, { P, "-", "msr", "c0010010 3fc0000\nc0010114 18\n" }, SNP, N, FW,
    "virtualisation off", 0, 0 },
  { "virtualisation-on", MILAN, { P, "-", "msr", "c0010010 3fc0000\nc0010114 8\n" }, SNP, N,
    KERNEL, "kvm_amd is not loaded", 0, 0 },
  { "ecx-zero-snp", MILAN,
    { "cpuid", AMD_LEAVES "8000001f 0: 0101fd3f 00004173 00000000 00000064\n" }, SNP, N, FW,
    "no encryption keys", 0, 0 },
  { "no-dev-kvm", MILAN, { "devices", "dev/sev c 600\n" }, SEV, N, KERNEL, "no /dev/kvm", 0, 0 },
  { "no-dev-sev", MILAN, { "devices", "dev/kvm c 666\n" }, SNP, N, KERNEL, "no /dev/sev", 0, 0 },
  { "vm-type-missing", MILAN, { "kvm", "check-extension 235 d\n" }, SNP, N, KERNEL,
    "KVM_CAP_VM_TYPES", 0, 0 },
  { "es-not-configured", MILAN, { "ioctl", PS "01 37 01 00 00 00 00 1d 00 00 00 00\n" SS_GOOD }, ES,
    N, KERNEL, "CONFIG_ES", 0, 0 },

  /* what cannot be read is unknown, never no */
  { "not-root", MILAN, { "devices", "user 1000\ndev/kvm c 666\ndev/sev c 600\n" }, SNP, U, NONE,
    "not known", 127, 0 },
  { "not-root-by-errno", MILAN, { "ioctl", PS "errno EACCES\n" SS "errno EACCES\n" }, SEV, U, NONE,
    "Permission denied", 382, 0 },
  { "kvm-unreadable", MILAN, { "devices", "dev/kvm c 0\ndev/sev c 600\n" }, SNP, U, NONE,
    "KVM cannot be asked", 127, 0 },
  { "parameter-garbage", MILAN, { P "sev_snp", "maybe\n" }, SNP, U, NONE, "neither Y nor N", 127,
    0 },
  { "parameter-empty", MILAN, { P "sev_snp", "" }, SNP, U, NONE, "neither Y nor N", 127, 0 },
  { "parameter-unreadable", MILAN,
    { "devices", P "sev f 0\ndev/kvm c 666\ndev/sev c 600\n" }, SEV, U, NONE, "Permission denied",
    382, 0 },
  { "ioctl-unknown", MILAN, { "ioctl", "" }, SEV, U, NONE, "did not tell its state", 382, 0 },

  /* capacity */
  { "no-misc", MILAN, { "sys/fs", "-" }, SNP, Y, NONE, "", 127, 0 },
  { "no-misc-not-zero", MILAN, { "sys/fs", "-", "ioctl",
    PS "01 37 02 00 01 00 00 1d 02 00 00 00\n" SS_GOOD }, SEV, Y, NONE, "", 382, -1 },
  { "leaked-keys", MILAN, { "sys/fs/cgroup/misc.current", "-",
    "sys/fs/cgroup/machine.slice/misc.current", "sev 0\nsev_es 3\n", "ioctl",
    PS "01 37 02 00 01 00 00 1d 05 00 00 00\n"
    SS "01 37 01 03 1d000000 00000000 05000000 04000000000018db 04000000000018db\n" }, SNP, Y, NONE,
    "", 127, 5 },
  { "nfd-prefix", MILAN, { "cpuid", "-", "sys/fs/cgroup/misc.capacity", "sev_es 99\n" }, SEV, Y,
    NONE, "", -1, 0 },
  { "hiding-snp", MILAN, { P "ciphertext_hiding_asids", "32\n" }, SNP, Y, NONE, "", 32, 0 },
  { "hiding-es", MILAN, { P "ciphertext_hiding_asids", "32\n" }, ES, Y, NONE, "", 95, 0 },

  /* QEMU */
  { "old-qemu", MILAN, { "qmp/objects", "sev-guest\n" }, SNP, N, QEMU, "sev-snp-guest", 0, 0 },
  { "qemu-not-recorded", MILAN, { "emulators", "-" }, SNP, Y, NONE, "", 127, 0 },

  /* elsewhere */
  { "guest", MILAN, { "cpuid", "1 0: 00a00f11 00800800 fefa320b 178bfbff\n" }, SEV, NA, NONE,
    "guest", -1, -1 },
  { "guest-tdx", SPR, { "proc/cpuinfo", "vendor_id : GenuineIntel\nflags : hypervisor\n",
    "cpuid", "0 0: 20 756e6547 6c65746e 49656e69\n" }, TDX, NA, NONE, "guest", -1, -1 },
  { "aarch64", MILAN, { "uname", "Linux 6.11.0 aarch64\n" }, SEV, NA, NONE, "aarch64", -1, -1 },
  { "aarch64-cca", MILAN, { "uname", "Linux 6.11.0 aarch64\n", "cpuid", "-", "qmp/objects",
    "rme-guest\n", "proc/cpuinfo", "CPU implementer : 0x41\n", "kvm", "create-vm 40000030 ok\n" },
    HOSTD_TECHNOLOGY_CCA, N, 5, "libvirt", -1, -1 },
  { "s390", MILAN, { "uname", "Linux 6.8.0 s390x\n", "cpuid", "-", "proc/cpuinfo",
    "facilities      : 0 1 2 158 161\n", "sys/firmware/uv/prot_virt_host", "1\n", "kvm",
    "check-extension 180 1\n" },
    HOSTD_TECHNOLOGY_S390_PV, N, QEMU, "s390-pv-guest", 0, 0 },

  /* TDX */
  { "tdx-parameter-N", SPR, { I "tdx", "N\n", "proc/cmdline", "ro\n", "kvm",
    "check-extension 235 1\n" }, TDX, N, KERNEL, "kvm_intel.tdx is off", 0, 0 },
  { "tdx-parameter-absent", SPR, { I "tdx", "-", "kvm", "" }, TDX, N, KERNEL, "knows no \"tdx\"",
    0, 0 },
  { "tdx-did-not-start", SPR, { I "tdx", "N\n", "kvm", "check-extension 235 1\n" }, TDX, N, KERNEL,
    "turned TDX off again", 0, 0 },
  { "tdx-module-missing", SPR, { I "tdx", "N\n", "msr",
    "87 3f00000001\n982 3\n1401 fffffe000800\na0 0\n" }, TDX, N, FW, "SEAMRR", 0, 0 },
  { "tdx-off-in-bios", SPR, { "msr", "87 3f\n", "proc/cpuinfo",
    "vendor_id : GenuineIntel\nflags : sgx\n", I "tdx", "N\n" }, TDX, N, FW, "KeyIDs", 0, 0 },
  { "tdx-no-msr", SPR, { "msr", "-" }, TDX, Y, NONE, "", 63, 0 },
  { "tdx-keys-from-msr", SPR, { "sys/fs", "-" }, TDX, Y, NONE, "", 63, -1 },
  { "icx", SPR, { "cpuid", INTEL_LEAVES ("000606a6") "7 0: 0 4 40002000 0\n", "msr", "-",
    "proc/cpuinfo", "vendor_id : GenuineIntel\nflags : sgx tme\n" }, TDX, N, HW, "no TDX", 0, 0 },
  { "unknown-model", SPR, { "cpuid", INTEL_LEAVES ("000f0ff0") "7 0: 0 4 40002000 0\n", "msr", "-",
    "proc/cpuinfo", "vendor_id : GenuineIntel\nflags : sgx tme\n" , I "tdx", "Y\n" }, TDX, N, FW,
    "KeyIDs", 0, 0 },
  { "tdx-old-qemu", SPR, { "qmp/objects", "sev-guest\n" }, TDX, N, QEMU, "tdx-guest", 0, 0 },
  { "sgx-off", SPR, { "msr", "3a 5\n" }, SGX, N, FW, "MSR 3a", 0, 0 },
};
/* clang-format on */

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  char *folder = host_copy_new (row->base);
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdSys) sys = NULL;
  g_autoptr (HostdFacts) facts = hostd_facts_new ();
  const HostdTechnologyFacts *t = &facts->technology[row->technology];

  for (guint i = 0; i < G_N_ELEMENTS (row->edits) && row->edits[i]; i += 2)
    host_copy_edit (folder, row->edits[i],
                    g_str_equal (row->edits[i + 1], "-") ? NULL : row->edits[i + 1], -1);
  sys = hostd_sys_new_recording (folder, &error);
  g_assert_no_error (error);
  hostd_platform_probe (sys, facts);

  g_test_message ("cause: %s; fix: %s", t->cause, t->fix);
  g_assert_cmpstr (hostd_usability_name (t->usability), ==,
                   hostd_usability_name ((HostdUsability) row->usability));
  g_assert_cmpstr (hostd_layer_name (t->layer), ==, hostd_layer_name ((HostdLayer) row->layer));
  if (*row->cause)
    g_assert_nonnull (strstr (t->cause, row->cause));
  else
    g_assert_cmpstr (t->cause, ==, NULL);
  if (row->usability == N)
    g_assert_nonnull (t->fix);
  g_assert_cmpint (t->capacity.total, ==, row->total);
  g_assert_cmpint (t->capacity.in_use, ==, row->in_use);
  host_copy_free (folder);
}

/* sevctl once printed "reduction 47, C-bit 15" for this value. */
static void
test_cbit (void)
{
  char *folder = host_copy_new (MILAN);
  g_autoptr (HostdSys) sys = NULL;
  g_autoptr (HostdFacts) facts = hostd_facts_new ();

  host_copy_edit (folder, "cpuid", AMD_LEAVES "8000001f 0: 0001000f 0000016f 000001fd 00000064\n",
                  -1);
  sys = hostd_sys_new_recording (folder, NULL);
  hostd_platform_probe (sys, facts);
  g_assert_true (facts->cbit_known);
  g_assert_cmpuint (facts->cbitpos, ==, 47);
  g_assert_cmpuint (facts->reduced_phys_bits, ==, 1);
  host_copy_free (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *name = g_strdup_printf ("/platform/verdict/%s", rows[i].name);

    g_test_add_data_func (name, &rows[i], test_row);
  }
  g_test_add_func ("/platform/cbit", test_cbit);
  return g_test_run ();
}
