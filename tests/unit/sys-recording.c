/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded hosts as sys/ reads them: good answers, absent ones, unreadable ones, and bad texts. */
#include "config.h"

#include "sys/sys.h"

#include "base/error.h"

#include "host-copy.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

static HostdSys *
open_recording (const char *folder)
{
  g_autoptr (GError) error = NULL;
  HostdSys *sys = hostd_sys_new_recording (folder, &error);

  g_assert_no_error (error);
  return sys;
}

static gboolean
kernel_has_openat2 (void)
{
  return syscall (SYS_openat2, -1, "", NULL, 0) >= 0 || errno != ENOSYS;
}

static void
test_answers (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "milan-snp", NULL);
  g_autoptr (HostdSys) sys = open_recording (folder);
  g_autofree char *text = NULL, *version = NULL;
  g_auto (GStrv) names = NULL, types = NULL, emulators = NULL;
  g_auto (HostdUname) name = { NULL, NULL };
  HostdSevAnswer answer;
  HostdCpuid leaf;
  guint64 msr = 0;
  guint kvm = 0;

  g_assert_true (hostd_sys_is_recording (sys));
  g_assert_cmpint (hostd_sys_read_file (sys, "sys/module/kvm_amd/parameters/sev", &text, NULL), ==,
                   HOSTD_READ_VALUE);
  g_assert_cmpstr (text, ==, "Y\n");
  g_assert_cmpint (hostd_sys_list_folder (sys, "sys/module/kvm_amd", &names, NULL), ==,
                   HOSTD_READ_VALUE);
  g_assert_cmpstr (names[0], ==, "parameters");
  g_assert_cmpint (hostd_sys_cpuid (sys, 0x8000001f, 0, &leaf, NULL), ==, HOSTD_READ_VALUE);
  g_assert_cmphex (leaf.ebx, ==, 0x4173);
  g_assert_cmpint (hostd_sys_cpuid (sys, 0x12, 3, &leaf, NULL), ==, HOSTD_READ_VALUE);
  g_assert_cmphex (leaf.eax | leaf.ebx | leaf.ecx | leaf.edx, ==, 0);
  g_assert_cmpint (hostd_sys_msr (sys, 0xc0010010, &msr, NULL), ==, HOSTD_READ_VALUE);
  g_assert_cmphex (msr, ==, 0x3fc0000);
  g_assert_cmpint (hostd_sys_msr (sys, 0x87, &msr, NULL), ==, HOSTD_READ_ABSENT);
  g_assert_cmpint (hostd_sys_kvm_extension (sys, 235, &kvm, NULL), ==, HOSTD_READ_VALUE);
  g_assert_cmphex (kvm, ==, 0x1d);
  g_assert_cmpint (hostd_sys_kvm_extension (sys, 1, &kvm, NULL), ==, HOSTD_READ_VALUE);
  g_assert_cmphex (kvm, ==, 0);
  g_assert_cmpint (hostd_sys_sev (sys, HOSTD_SEV_SNP_STATUS, &answer, NULL), ==, HOSTD_READ_VALUE);
  g_assert_cmpint (answer.errnum, ==, 0);
  g_assert_cmphex (answer.data[3], ==, 3);
  g_assert_cmphex (answer.data[31], ==, 0xdb);
  g_assert_cmpint (hostd_sys_uname (sys, &name, NULL), ==, HOSTD_READ_VALUE);
  g_assert_cmpstr (name.machine, ==, "x86_64");
  g_assert_cmpint (hostd_sys_emulators (sys, &emulators, NULL), ==, HOSTD_READ_VALUE);
  g_assert_cmpint (hostd_sys_qemu_objects (sys, emulators[0], &types, NULL), ==, HOSTD_READ_VALUE);
  g_assert_true (g_strv_contains ((const char *const *) types, "sev-snp-guest"));
  g_assert_cmpint (hostd_sys_qemu_version (sys, emulators[0], &version, NULL), ==,
                   HOSTD_READ_VALUE);
  g_assert_cmpstr (version, ==, "9.2.0");
  g_assert_cmpint (hostd_sys_qemu_objects (sys, "/no/such", &types, NULL), ==, HOSTD_READ_ABSENT);
}

/* ABSENT sets no error; UNREADABLE does; neither touches the result. */
static void
test_outcomes (void)
{
  char *folder = host_copy_new (NULL);
  g_autoptr (HostdSys) sys = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = NULL;
  g_autofree char *text = NULL, *fifo = g_build_filename (folder, "fifo", NULL);
  g_autofree char *link = g_build_filename (folder, "link", NULL);
  g_autofree char *loop = g_build_filename (folder, "loop", NULL);
  HostdCpuid leaf;
  guint64 msr = 0;

  host_copy_edit (folder, "binary", "Y\0N", 3);
  host_copy_edit (folder, "secret", "1\n", -1);
  host_copy_edit (folder, "devices", "secret f 000\nuser 0\n", -1);
  host_copy_edit (folder, "etc/passwd", "ours\n", -1);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_cmpint (symlink ("/etc/passwd", link), ==, 0);
  g_assert_cmpint (symlink ("loop", loop), ==, 0);
  sys = open_recording (folder);

  g_assert_cmpint (hostd_sys_read_file (sys, "nothing", &text, &error), ==, HOSTD_READ_ABSENT);
  g_assert_no_error (error);
  g_assert_cmpint (hostd_sys_read_file (sys, "binary/below", &text, &error), ==, HOSTD_READ_ABSENT);
  g_assert_no_error (error);
  g_assert_cmpint (hostd_sys_list_folder (sys, "nothing", &names, &error), ==, HOSTD_READ_ABSENT);

  static const struct {
    const char *path;
    HostdError code;
  } bad[] = {
    { "binary", HOSTD_ERROR_INVALID },      { "secret", HOSTD_ERROR_DENIED },
    { "fifo", HOSTD_ERROR_INVALID },        { "etc", HOSTD_ERROR_INVALID },
    { "../etc", HOSTD_ERROR_INVALID },      { "/etc/passwd", HOSTD_ERROR_INVALID },
    { "etc//passwd", HOSTD_ERROR_INVALID }, { "loop", HOSTD_ERROR_IO },
  };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_cmpint (hostd_sys_read_file (sys, bad[i].path, &text, &error), ==,
                     HOSTD_READ_UNREADABLE);
    g_assert_error (error, HOSTD_ERROR, (int) bad[i].code);
    g_clear_error (&error);
    g_assert_null (text);
  }
  g_assert_cmpint (hostd_sys_cpuid (sys, 0, 0, &leaf, &error), ==, HOSTD_READ_UNREADABLE);
  g_clear_error (&error);
  g_assert_cmpint (hostd_sys_msr (sys, 0x10, &msr, &error), ==, HOSTD_READ_UNREADABLE);

  /*
   * An absolute link stays inside the recording: a stranger's folder reads nothing of ours. Where
   * the kernel cannot hold it in (Linux before 5.6, QEMU's user emulation) it is not followed.
   */
  if (kernel_has_openat2 ()) {
    g_assert_cmpint (hostd_sys_read_file (sys, "link", &text, NULL), ==, HOSTD_READ_VALUE);
    g_assert_cmpstr (text, ==, "ours\n");
  } else {
    g_assert_cmpint (hostd_sys_read_file (sys, "link", &text, NULL), ==, HOSTD_READ_UNREADABLE);
  }
  host_copy_free (folder);
}

/* What a recording says of itself: this was not read there, and why; this was not there. */
static void
test_unreadable (void)
{
  char *folder = host_copy_new ("milan-snp");
  g_autoptr (HostdSys) sys = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL, *version = NULL;
  g_auto (GStrv) emulators = NULL;
  HostdCpuid leaf;
  guint64 msr = 0;

  host_copy_edit (folder, "unreadable",
                  "msr c0010010 denied cannot open /dev/cpu/0/msr:  Permission denied # why\n"
                  "read proc/cpuinfo io the disk\n"
                  "read proc/cpuinfo denied the first counts\n"
                  "read a%20b timeout late\n"
                  "qemu-version /usr/bin/qemu-system-x86_64 timeout no answer\n",
                  -1);
  host_copy_edit (folder, "cpuid", "0 0: absent\n1 0: 1 2 3 4\n", -1);
  host_copy_edit (folder, "emulators", "# none\n", -1);
  sys = open_recording (folder);
  g_assert_cmpint (hostd_sys_msr (sys, 0xc0010010, &msr, &error), ==, HOSTD_READ_UNREADABLE);
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_DENIED);
  g_assert_cmpstr (error->message, ==, "cannot open /dev/cpu/0/msr: Permission denied");
  g_clear_error (&error);
  g_assert_cmpint (hostd_sys_read_file (sys, "proc/cpuinfo", &text, &error), ==,
                   HOSTD_READ_UNREADABLE);
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_IO);
  g_clear_error (&error);
  g_assert_cmpint (hostd_sys_read_file (sys, "a b", &text, &error), ==, HOSTD_READ_UNREADABLE);
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TIMEOUT);
  g_clear_error (&error);
  g_assert_cmpint (hostd_sys_qemu_version (sys, "/usr/bin/qemu-system-x86_64", &version, &error),
                   ==, HOSTD_READ_UNREADABLE);
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TIMEOUT);
  g_clear_error (&error);
  g_assert_cmpint (hostd_sys_cpuid (sys, 0, 0, &leaf, &error), ==, HOSTD_READ_ABSENT);
  g_assert_cmpint (hostd_sys_cpuid (sys, 1, 0, &leaf, &error), ==, HOSTD_READ_VALUE);
  g_assert_cmpint (hostd_sys_emulators (sys, &emulators, &error), ==, HOSTD_READ_VALUE);
  g_assert_no_error (error);
  g_assert_null (emulators[0]);
  host_copy_free (folder);
}

static void
test_too_long (void)
{
  char *folder = host_copy_new (NULL);
  g_autofree char *big = g_malloc (HOSTD_SYS_MAX_FILE + 1), *text = NULL;
  g_autoptr (HostdSys) sys = NULL;
  g_autoptr (GError) error = NULL;

  memset (big, 'x', HOSTD_SYS_MAX_FILE + 1);
  host_copy_edit (folder, "big", big, HOSTD_SYS_MAX_FILE + 1);
  host_copy_edit (folder, "fits", big, HOSTD_SYS_MAX_FILE);
  sys = open_recording (folder);
  g_assert_cmpint (hostd_sys_read_file (sys, "big", &text, &error), ==, HOSTD_READ_UNREADABLE);
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE);
  g_assert_cmpint (hostd_sys_read_file (sys, "fits", &text, NULL), ==, HOSTD_READ_VALUE);
  host_copy_free (folder);
}

typedef struct {
  const char *file, *text;
  gssize length;
  const char *message; /* in the error; file and line */
} Bad;

static const Bad bad_texts[] = {
  { "cpuid", "# fine\n8000001f 0 1 2 3 4\n", -1, "cpuid:2: not LEAF" },
  { "cpuid", "8000001f 0: 1 2 3\n", -1, "cpuid:1: not LEAF" },
  { "cpuid", "8000001f 0: 1 2 3 xyz\n", -1, "cpuid:1: \"xyz\"" },
  { "cpuid", "8000001f 0: 1 2 3 123456789\n", -1, "cpuid:1: \"123456789\"" },
  { "cpuid", "8000001f 0: 1 2\0 3 4\n", 21, "cpuid is not a text" },
  { "cpuid", "\xff\xfe\x01", 3, "cpuid is not a text" },
  { "msr", "c0010010\n", -1, "msr:1: one value" },
  { "msr", "87 errno EWHAT\n", -1, "msr:1: \"EWHAT\"" },
  { "msr", "87 1 2\n", -1, "msr:1: one value" },
  { "kvm", "extension 235 1d\n", -1, "kvm:1: \"extension\"" },
  { "kvm", "\n\ncheck-extension 0xeb 1\n", -1, "kvm:3: \"0xeb\"" },
  { "ioctl", "sev-platform-status 01 37\n", -1, "ioctl:1: sev-platform-status has 4" },
  { "ioctl", "sev-platform-status zz\n", -1, "ioctl:1: \"z\"" },
  { "ioctl", "sev-factory-reset 00\n", -1, "ioctl:1: \"sev-factory-reset\"" },
  { "ioctl", "snp-platform-status errno EIO fw\n", -1, "ioctl:1: not NAME errno" },
  { "devices", "dev/sev c 9\n", -1, "devices:1: not PATH" },
  { "devices", "/dev/sev c 600\n", -1, "devices:1: the path" },
  { "devices", "dev/sev c\n", -1, "devices:1: not PATH" },
  { "uname", "6.11\n", -1, "uname:1: not SYSTEM" },
  { "cpuid", "1 0 absent\n", -1, "cpuid:1: not LEAF" },
  { "cpuid", "1 x: absent\n", -1, "cpuid:1: \"x\"" },
  { "unreadable", "msr 87 denied\n", -1, "unreadable:1: not QUESTION" },
  { "unreadable", "msr 87 forbidden by law\n", -1, "unreadable:1: \"forbidden\"" },
  { "unreadable", "\nrdmsr 87 denied no\n", -1, "unreadable:2: \"rdmsr\"" },
  { "unreadable", "# fine\nmsr 87 denied \x1b[2J\n", -1, "unreadable:2: a control character" },
  { "uname", "Linux 6.11\xc2\x9b x86_64\n", -1, "uname:1: a control character" },
  { "emulators", "qemu-system-x86_64\n", -1, "emulators:1: not one absolute" },
};

static void
test_bad_text (gconstpointer data)
{
  const Bad *bad = data;
  char *folder = host_copy_new (NULL);
  g_autoptr (GError) error = NULL;

  host_copy_edit (folder, bad->file, bad->text, bad->length);
  g_assert_null (hostd_sys_new_recording (folder, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, bad->message));
  g_assert_nonnull (strstr (error->message, folder));
  host_copy_free (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sys/recording/answers", test_answers);
  g_test_add_func ("/sys/recording/outcomes", test_outcomes);
  g_test_add_func ("/sys/recording/unreadable", test_unreadable);
  g_test_add_func ("/sys/recording/too-long", test_too_long);
  for (guint i = 0; i < G_N_ELEMENTS (bad_texts); i++) {
    g_autofree char *name = g_strdup_printf ("/sys/recording/bad/%s-%u", bad_texts[i].file, i);

    g_test_add_data_func (name, &bad_texts[i], test_bad_text);
  }
  return g_test_run ();
}
