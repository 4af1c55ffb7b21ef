/* SPDX-License-Identifier: Apache-2.0 */
/* What a capture leaves out, and that it leaves all else: texts, binary files, the kernel log. */
#include "config.h"

#include "sys/kernel-log.h"
#include "sys/mask.h"

#include <string.h>

static char *
mask (const char *path, const char *text, gsize length)
{
  g_autoptr (GBytes) content = g_bytes_new (text, length);
  g_autoptr (GBytes) masked = hostd_mask_file (path, content, "zxhost");
  g_autoptr (GBytes) again = hostd_mask_file (path, masked, "zxhost");
  char *copy;

  /* What is masked already stays as it is: a capture of a capture is the same. */
  g_assert_true (g_bytes_equal (masked, again));
  copy = g_malloc0 (g_bytes_get_size (masked) + 1);
  memcpy (copy, g_bytes_get_size (masked) ? g_bytes_get_data (masked, NULL) : "",
          g_bytes_get_size (masked));
  return copy;
}

typedef struct {
  const char *path, *text, *masked; /* NULL: it stays */
} File;

static const File files[] = {
  { "sys/module/kvm_amd/parameters/sev", "Y\n", NULL },
  { "sys/class/iommu/ivhd0/amd-iommu/features", "a5bf732fa2295afe:53d\n", NULL },
  { "sys/firmware/uv/query/facilities", "ff1ffff000000000\n0\n0\n0\n", NULL },
  { "sys/firmware/uv/keys/host_key", "00aAff\n", "000000\n" },
  { "sys/firmware/uv/keys/all", "aa\nbb\n", "00\n00\n" },
  { "sys/class/dmi/id/product_serial", "SN123\n", "MASKED\n" },
  { "sys/class/dmi/id/product_uuid", "x\n", "MASKED\n" },
  { "proc/sys/kernel/hostname", "zxhost\n", "MASKED\n" },
  { "proc/device-tree/system-id", "IBM,0212345\n", "MASKED\n" },
  { "etc/qgs.conf", "port = 4050\n", NULL },
  { "dmesg", "ccp at zxhost, zxhost2 and zxhost.example\n",
    "ccp at MASKED, zxhost2 and MASKED.example\n" },
  { "proc/sysinfo",
    "Manufacturer:         IBM\nSequence Code:        00000000000ABCDE\nLPAR Name:            "
    "PROD\n"
    "VM00 Name:            ALICE\nVM00 Control Program: KVM/Linux\nType:                 3931\n",
    "Manufacturer:         IBM\nSequence Code:        MASKED\nLPAR Name:            MASKED\n"
    "VM00 Name:            MASKED\nVM00 Control Program: KVM/Linux\nType:                 3931\n" },
  { "qmp/query-sev-capabilities.json",
    "{\"return\": {\"pdh\": \"AQAB/w==\", \"cbitpos\": 51, \"cpu0-id\": \"ZZZZ\", "
    "\"cert-chain\":\"q83v\"}}",
    "{\"return\": {\"pdh\": \"AAAAAA==\", \"cbitpos\": 51, \"cpu0-id\": \"AAAA\", "
    "\"cert-chain\":\"AAAA\"}}" },
  { "libvirt/domcapabilities.xml", "<sev><cbitpos>51</cbitpos><cpu0Id>Zm9v\nYg==</cpu0Id></sev>",
    "<sev><cbitpos>51</cbitpos><cpu0Id>AAAA\nAA==</cpu0Id></sev>" },
  { "usr/share/qemu/firmware/1.json",
    "{\"a\": \"9f2b7c1e-5a4d-4e8b-9c3f-2d1a0b6e7f58\", \"b\": \"3c:ec:ef:12:34:56\"}",
    "{\"a\": \"00000000-0000-0000-0000-000000000000\", \"b\": \"00:00:00:00:00:00\"}" },
  { "var/opt/qgsd/.dcap-qcnl/abc", "\001SGX-PCK-Certificate-Issuer-Chain: -----BEGIN CERTIFICATE--",
    "pck-certificate-issuer-chain: MASKED\nbegin certificate: MASKED\n" },
};

static void
test_files (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *masked = mask (files[i].path, files[i].text, strlen (files[i].text));

    g_assert_cmpstr (masked, ==, files[i].masked ? files[i].masked : files[i].text);
  }
}

static void
test_efi_variables (void)
{
  static const char status[11] = { 7, 0, 0, 0, 1, 0, 3, 0, 1, 0, 2 };
  char request[300];
  g_autofree char *shown =
      mask ("sys/firmware/efi/efivars/SgxRegistrationStatus-f236c5dc", status, sizeof status);
  g_autofree char *masked = NULL;

  g_assert_cmpmem (shown, sizeof status, status, sizeof status);
  memset (request, 'P', sizeof request);
  masked = mask ("sys/firmware/efi/efivars/SgxRegistrationServerRequest-304e0796", request,
                 sizeof request);
  for (gsize i = 0; i < sizeof request; i++)
    g_assert_cmpint (masked[i], ==, i < 40 ? 'P' : 0);
}

typedef struct {
  const char *text, *masked;
} Line;

static const Line lines[] = {
  { "", "" },
  { "quiet ro\n", "quiet ro\n" },
  { "kvm_amd.sev=1 kvm_amd.sev_snp=Y iommu=nopt  amd_iommu=on\n",
    "kvm_amd.sev=1 kvm_amd.sev_snp=Y iommu=nopt  amd_iommu=on\n" },
  { "kvm_intel.tdx=1 nohibernate prot_virt=1 crashkernel=8G-:512M,high",
    "kvm_intel.tdx=1 nohibernate prot_virt=1 crashkernel=8G-:512M,high" },
  { "root=/dev/vda1 rd.luks.key=/keyfile s3cret", "root=MASKED rd.luks.key=MASKED MASKED" },
  { "a=\"b c d\" ro", "a=MASKED ro" },
  { "iommu=pt/../../secret", "iommu=MASKED" },
  { "iommu=", "iommu=" },
  { "=x p\x1bq=1 \"ro\"", "MASKED MASKED MASKED" },
  { "quiet -- init secret=1\n", "quiet -- MASKED MASKED\n" },
  { "tdx tdx=1 tdxx=1", "tdx tdx=1 tdxx=MASKED" },
  { "MASKED root=MASKED -- MASKED", "MASKED root=MASKED -- MASKED" },
};

static void
test_command_line (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autofree char *masked = hostd_mask_command_line (lines[i].text);

    g_assert_cmpstr (masked, ==, lines[i].masked);
  }
}

static void
test_qgs (void)
{
  static const Line answers[] = {
    { "platform-info errno ENOENT", "platform-info errno ENOENT" },
    { "platform-info 0100", "platform-info 0100" },
    /* header, SVNs 4 and 13, 2 bytes of id, 1 of CPUSVN */
    { "platform-info 01000000050000001f00000000000000"
      "04000d000200000001000000"
      "beef"
      "07",
      "platform-info 01000000050000001f00000000000000"
      "04000d000200000001000000"
      "0000"
      "07" },
    /* A size that is not true. */
    { "platform-info 01000000050000001f00000000000000"
      "04000d00ffffffff01000000"
      "beef"
      "07",
      "platform-info 01000000050000001f00000000000000"
      "04000d00ffffffff01000000"
      "0000"
      "00" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    g_autofree char *masked = hostd_mask_qgs (answers[i].text);

    g_assert_cmpstr (masked, ==, answers[i].masked);
  }
}

static void
test_kernel_log (void)
{
  static const char log[] =
      "<6>[    0.000000] Linux version 6.11.0\n"
      "<6>[    0.000000] Command line: kvm_amd.sev=1 sev secret\n"
      "<5>[    0.1] [    T1] Unknown kernel command line parameters \"sev\"\n"
      "<6>[    2.5] ccp 0000:22:00.1: sev enabled\n"
      "[   12.345678] virt/tdx: module initialized\n"
      "<6>[    2.6] ccp 0000:22:00.1: sev enabled\n"
      "<30>[    3.0] systemd[1]: Starting sev of somebody\n"
      "<6>[    3.1] several of them, a severe fault\n"
      "<5>[    4.0] audit: type=1400 comm=\"sev\"\n"
      "SEV-SNP: RMP table physical range [0x88900000 - 0xa8efffff]\n"
      "prot_virt.f9efb6: Reserving 98MB as ultravisor base storage\n"
      "<3>[    5.0] AMD-Vi: SNP: IOMMU disabled or configured in passthrough mode\n"
      "<6>[    5.1] sev \xff\xfe\n";
  g_autofree char *picked = hostd_kernel_log_pick (log);
  g_autofree char *again = hostd_kernel_log_pick (picked);

  g_assert_cmpstr (picked, ==,
                   "ccp 0000:22:00.1: sev enabled\n"
                   "virt/tdx: module initialized\n"
                   "SEV-SNP: RMP table physical range [0x88900000 - 0xa8efffff]\n"
                   "prot_virt.f9efb6: Reserving 98MB as ultravisor base storage\n"
                   "AMD-Vi: SNP: IOMMU disabled or configured in passthrough mode\n");
  g_assert_cmpstr (again, ==, picked);
}

static void
test_host_names (void)
{
  /* Too short, or everybody's: nothing is replaced that only looks like one. */
  g_autofree char *none = hostd_mask_text ("a kv localhost b", "kv");
  g_autofree char *local = hostd_mask_text ("a kv localhost b", "localhost");
  g_autofree char *odd = hostd_mask_text ("a.b+c aXb+c", "a.b+c");

  g_assert_cmpstr (none, ==, "a kv localhost b");
  g_assert_cmpstr (local, ==, "a kv localhost b");
  g_assert_cmpstr (odd, ==, "MASKED aXb+c");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sys/mask/files", test_files);
  g_test_add_func ("/sys/mask/efi-variables", test_efi_variables);
  g_test_add_func ("/sys/mask/command-line", test_command_line);
  g_test_add_func ("/sys/mask/qgs", test_qgs);
  g_test_add_func ("/sys/mask/kernel-log", test_kernel_log);
  g_test_add_func ("/sys/mask/host-names", test_host_names);
  return g_test_run ();
}
