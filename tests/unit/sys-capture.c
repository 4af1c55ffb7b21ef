/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures: what a machine answered while it was captured, its recording answers, for every
 * question and each of the three outcomes.
 */
#include "config.h"

#include "sys/capture.h"

#include "base/error.h"
#include "sys/ops.h"

#include "host-copy.h"

#include <errno.h>

/* ---- a machine that gives one outcome to everything ---- */

typedef struct {
  HostdSys base;
  HostdRead outcome;
  gboolean root;
} Fake;

/* "#" and runs of blanks do not survive; the rest of the words do. */
#define WHY "cannot read it: Permission denied"

static HostdRead
outcome (HostdSys *sys, GError **error)
{
  Fake *self = (Fake *) sys;

  if (self->outcome == HOSTD_READ_UNREADABLE)
    g_set_error_literal (error, HOSTD_ERROR, HOSTD_ERROR_DENIED, WHY);
  return self->outcome;
}

#define ANSWER(...)                                                                                \
  do {                                                                                             \
    HostdRead read = outcome (self, error);                                                        \
    if (read == HOSTD_READ_VALUE) {                                                                \
      __VA_ARGS__;                                                                                 \
    }                                                                                              \
    return read;                                                                                   \
  } while (0)

static void
fake_free (HostdSys *self)
{
  g_free (self);
}

static HostdRead
fake_read_bytes (HostdSys *self, const char *path, GBytes **ret_bytes, GError **error)
{
  ANSWER (*ret_bytes = g_bytes_new ("a\nb\n", 4));
}

static HostdRead
fake_list_folder (HostdSys *self, const char *path, char ***ret_names, GError **error)
{
  static const char *const names[] = { "one", "two words", NULL };

  ANSWER (*ret_names = g_strdupv ((char **) names));
}

static HostdRead
fake_cpuid (HostdSys *self, guint32 leaf, guint32 subleaf, HostdCpuid *ret_answer, GError **error)
{
  ANSWER (*ret_answer = ((HostdCpuid){ leaf, subleaf, 0xffffffff, 1 }));
}

static HostdRead
fake_msr (HostdSys *self, guint32 index, guint64 *ret_value, GError **error)
{
  ANSWER (*ret_value = G_MAXUINT64 - index);
}

static HostdRead
fake_kvm_extension (HostdSys *self, guint capability, guint *ret_value, GError **error)
{
  ANSWER (*ret_value = capability + 1);
}

static HostdRead
fake_kvm_attr (HostdSys *self, guint32 group, guint64 attr, guint64 *ret_value, GError **error)
{
  ANSWER (*ret_value = G_MAXUINT64 - attr);
}

static HostdRead
fake_kvm_takes_type (HostdSys *self, guint64 type, GError **error)
{
  return outcome (self, error);
}

static HostdRead
fake_has_device (HostdSys *self, const char *path, GError **error)
{
  return outcome (self, error);
}

static HostdRead
fake_id_aa64pfr0 (HostdSys *self, guint64 *ret_value, GError **error)
{
  ANSWER (*ret_value = G_GUINT64_CONSTANT (0x0010000000000011));
}

static HostdRead
fake_tdx_capabilities (HostdSys *self, HostdTdxCapabilities *ret_capabilities, GError **error)
{
  ANSWER (*ret_capabilities = ((HostdTdxCapabilities){ G_MAXUINT64, 0x602e7 }));
}

/* A whole message of the service: header, SVNs, sizes, id of 16 and CPUSVN of 16 bytes. */
static const guint8 qgs_message[16 + 12 + 32] = {
  1,  0,   0,   0,   5,   0,   0,   0,   sizeof qgs_message,
  0,  0,   0,   0,   0,   0,   0,   4,   0,
  13, 0,   16,  0,   0,   0,   16,  0,   0,
  0,  'i', 'd', 'e', 'n', 't', 'i', 't', 'y',
  0,  0,   0,   0,   0,   0,   0,   1,   7,
  7,
};

static HostdRead
fake_qgs (HostdSys *self, GBytes **ret_message, GError **error)
{
  ANSWER (*ret_message = g_bytes_new_static (qgs_message, sizeof qgs_message));
}

static gboolean
fake_is_root (HostdSys *self)
{
  return ((Fake *) self)->root;
}

/* One answers, one is refused by the firmware. */
static HostdRead
fake_sev (HostdSys *self, HostdSevQuery query, HostdSevAnswer *ret_answer, GError **error)
{
  HostdSevAnswer good = { 0, 0, { 1, 2, 3 } }, bad = { EIO, 0x1d, { 0 } };

  ANSWER (*ret_answer = query == HOSTD_SEV_PLATFORM_STATUS ? good : bad);
}

static HostdRead
fake_uname (HostdSys *self, HostdUname *ret_uname, GError **error)
{
  HostdRead read = outcome (self, error);

  /* No machine is without a name: where nothing else is there, it is of another architecture. */
  if (read == HOSTD_READ_UNREADABLE)
    return read;
  ret_uname->release = g_strdup ("6.11.0-own");
  ret_uname->machine = g_strdup (read == HOSTD_READ_VALUE ? "aarch64" : "x86_64");
  return HOSTD_READ_VALUE;
}

static HostdRead
fake_emulators (HostdSys *self, char ***ret_paths, GError **error)
{
  static const char *const paths[] = { "/usr/bin/z-first", "/usr/bin/a-second", NULL };
  HostdRead read = outcome (self, error);

  if (read == HOSTD_READ_UNREADABLE)
    return read;
  *ret_paths = read == HOSTD_READ_VALUE ? g_strdupv ((char **) paths) : g_new0 (char *, 1);
  return HOSTD_READ_VALUE;
}

static HostdRead
fake_qemu_version (HostdSys *self, const char *emulator, char **ret_version, GError **error)
{
  ANSWER (*ret_version = g_strdup ("11.0.3"));
}

static HostdRead
fake_qemu_objects (HostdSys *self, const char *emulator, char ***ret_types, GError **error)
{
  static const char *const types[] = { "sev-guest", "tdx-guest", NULL };

  ANSWER (*ret_types = g_strdupv ((char **) types));
}

static const HostdSysOps fake_ops = {
  .free = fake_free,
  .read_bytes = fake_read_bytes,
  .list_folder = fake_list_folder,
  .cpuid = fake_cpuid,
  .msr = fake_msr,
  .kvm_extension = fake_kvm_extension,
  .kvm_attr = fake_kvm_attr,
  .kvm_takes_type = fake_kvm_takes_type,
  .has_device = fake_has_device,
  .id_aa64pfr0 = fake_id_aa64pfr0,
  .tdx_capabilities = fake_tdx_capabilities,
  .qgs = fake_qgs,
  .is_root = fake_is_root,
  .sev = fake_sev,
  .uname = fake_uname,
  .emulators = fake_emulators,
  .qemu_version = fake_qemu_version,
  .qemu_objects = fake_qemu_objects,
};

static HostdSys *
fake_new (HostdRead result, gboolean root)
{
  Fake *self = g_new0 (Fake, 1);

  self->base.ops = &fake_ops;
  self->outcome = result;
  self->root = root;
  return &self->base;
}

/* ---- asking, and writing down what was answered ---- */

static void
add_outcome (GString *answers, const char *what, HostdRead read, GError *error)
{
  static const char *const words[] = { "value", "absent", "unreadable" };

  g_assert_cmpint (read == HOSTD_READ_UNREADABLE, ==, error != NULL);
  g_string_append_printf (answers, "\n%s: %s", what, words[read]);
  if (error != NULL)
    g_string_append_printf (answers, " %d %s", error->code, error->message);
  g_clear_error (&error);
}

/* The call before its error is looked at. */
#define ASK(what, call)                                                                            \
  do {                                                                                             \
    HostdRead asked = (call);                                                                      \
    add_outcome (answers, what, asked, g_steal_pointer (&error));                                  \
  } while (0)

static void
add_words (GString *answers, HostdRead read, char **words)
{
  g_autofree char *joined = read == HOSTD_READ_VALUE ? g_strjoinv (",", words) : NULL;

  if (joined != NULL)
    g_string_append_printf (answers, " %s", joined);
  if (read == HOSTD_READ_VALUE)
    g_strfreev (words);
}

static void
ask_numbers (HostdSys *sys, GString *answers)
{
  GError *error = NULL;
  HostdCpuid leaf = { 0 };
  HostdTdxCapabilities tdx = { 0 };
  guint64 value = 0;
  guint small = 0;

  ASK ("cpuid", hostd_sys_cpuid (sys, 0x8000001f, 2, &leaf, &error));
  g_string_append_printf (answers, " %x %x %x %x", leaf.eax, leaf.ebx, leaf.ecx, leaf.edx);
  ASK ("msr", hostd_sys_msr (sys, 0xc0010010, &value, &error));
  g_string_append_printf (answers, " %" G_GINT64_MODIFIER "x", value);
  ASK ("extension", hostd_sys_kvm_extension (sys, 235, &small, &error));
  g_string_append_printf (answers, " %x", small);
  value = 0;
  ASK ("attr", hostd_sys_kvm_attr (sys, 1, 2, &value, &error));
  g_string_append_printf (answers, " %" G_GINT64_MODIFIER "x", value);
  ASK ("type", hostd_sys_kvm_takes_type (sys, 5, &error));
  value = 0;
  ASK ("register", hostd_sys_id_aa64pfr0 (sys, &value, &error));
  g_string_append_printf (answers, " %" G_GINT64_MODIFIER "x", value);
  ASK ("tdx", hostd_sys_tdx_capabilities (sys, &tdx, &error));
  g_string_append_printf (answers, " %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x",
                          tdx.attributes, tdx.xfam);
}

static void
ask_sev (HostdSys *sys, GString *answers, HostdSevQuery query)
{
  HostdSevAnswer answer = { 0 };
  GError *error = NULL;

  ASK ("sev", hostd_sys_sev (sys, query, &answer, &error));
  g_string_append_printf (answers, " %d %x %u %u", answer.errnum, answer.firmware_error,
                          answer.data[0], answer.data[2]);
}

static void
ask_texts (HostdSys *sys, GString *answers)
{
  GError *error = NULL;
  g_autofree char *text = NULL, *version = NULL;
  g_autoptr (GBytes) message = NULL;
  g_auto (HostdUname) name = { NULL, NULL };
  char **words = NULL;
  HostdRead read;

  ASK ("read", hostd_sys_read_file (sys, "sys/a file", &text, &error));
  g_string_append_printf (answers, " %s", text != NULL ? text : "");
  read = hostd_sys_list_folder (sys, "sys/module/kvm/parameters", &words, &error);
  add_outcome (answers, "list", read, g_steal_pointer (&error));
  add_words (answers, read, words);
  ASK ("device", hostd_sys_has_device (sys, "dev/sgx_vepc", &error));
  read = hostd_sys_qgs (sys, &message, &error);
  add_outcome (answers, "qgs", read, g_steal_pointer (&error));
  if (read == HOSTD_READ_VALUE)
    for (gsize i = 0; i < g_bytes_get_size (message); i++)
      g_string_append_printf (answers, " %x",
                              ((const guint8 *) g_bytes_get_data (message, NULL))[i]);
  ASK ("uname", hostd_sys_uname (sys, &name, &error));
  g_string_append_printf (answers, " %s %s", name.release ? name.release : "",
                          name.machine ? name.machine : "");
  read = hostd_sys_emulators (sys, &words, &error);
  add_outcome (answers, "emulators", read, g_steal_pointer (&error));
  add_words (answers, read, words);
  ASK ("version", hostd_sys_qemu_version (sys, "/usr/bin/z-first", &version, &error));
  g_string_append_printf (answers, " %s", version ? version : "");
  read = hostd_sys_qemu_objects (sys, "/usr/bin/z-first", &words, &error);
  add_outcome (answers, "objects", read, g_steal_pointer (&error));
  add_words (answers, read, words);
  g_string_append_printf (answers, "\nroot: %d\n", hostd_sys_is_root (sys));
}

static char *
ask_all (HostdSys *sys)
{
  GString *answers = g_string_new (NULL);

  ask_numbers (sys, answers);
  ask_sev (sys, answers, HOSTD_SEV_PLATFORM_STATUS);
  ask_sev (sys, answers, HOSTD_SEV_SNP_STATUS);
  ask_texts (sys, answers);
  return g_string_free (answers, FALSE);
}

static gboolean
write_one (gpointer path, gpointer content, gpointer folder)
{
  g_autofree char *full = g_build_filename (folder, path, NULL);

  if (content != NULL)
    host_copy_edit (folder, path,
                    g_bytes_get_data (content, NULL) ? g_bytes_get_data (content, NULL) : "",
                    g_bytes_get_size (content));
  else
    g_assert_cmpint (g_mkdir_with_parents (full, 0700), ==, 0);
  return FALSE;
}

static HostdSys *
replay (HostdSys *capture, gboolean masked, char **ret_folder)
{
  g_autoptr (GTree) files = hostd_capture_to_files (capture, masked, NULL);
  g_autoptr (GError) error = NULL;
  HostdSys *sys;

  *ret_folder = host_copy_new (NULL);
  g_tree_foreach (files, write_one, *ret_folder);
  sys = hostd_sys_new_recording (*ret_folder, &error);
  g_assert_no_error (error);
  return sys;
}

/* ---- tests ---- */

static void
test_round_trip (gconstpointer data)
{
  HostdRead result = GPOINTER_TO_UINT (data) >> 1;
  g_autoptr (HostdSys) capture =
      hostd_sys_new_capture (fake_new (result, GPOINTER_TO_UINT (data) & 1));
  g_autofree char *live = ask_all (capture), *again = ask_all (capture), *replayed = NULL;
  g_autoptr (HostdSys) recording = NULL;
  char *folder;

  g_assert_cmpstr (live, ==, again);
  recording = replay (capture, FALSE, &folder);
  replayed = ask_all (recording);
  g_assert_cmpstr (replayed, ==, live);
  host_copy_free (folder);
}

/* The table has no hole, whoever adds an operation. */
static void
test_whole (void)
{
  g_autoptr (HostdSys) capture = hostd_sys_new_capture (fake_new (HOSTD_READ_ABSENT, TRUE));
  const gpointer *ops = (const gpointer *) capture->ops;

  for (gsize i = 1; i < sizeof (HostdSysOps) / sizeof (gpointer); i++)
    g_assert_nonnull (ops[i]);
}

static const char *
content_of (GTree *files, const char *path)
{
  GBytes *content = g_tree_lookup (files, path);
  static char text[4096];

  if (content == NULL)
    return "(none)";
  memset (text, 0, sizeof text);
  memcpy (text, g_bytes_get_data (content, NULL),
          MIN (g_bytes_get_size (content), sizeof text - 1));
  return text;
}

/* No reading touches the masked parts, and the first answer is the one that is kept. */
static void
test_files (void)
{
  g_autoptr (HostdSys) capture = hostd_sys_new_capture (fake_new (HOSTD_READ_VALUE, FALSE));
  g_autofree char *answers G_GNUC_UNUSED = ask_all (capture);
  g_autoptr (GTree) files = NULL;
  HostdCpuid leaf;
  guint64 ppin;

  hostd_sys_cpuid (capture, 3, 0, &leaf, NULL);
  hostd_sys_msr (capture, 0x4f, &ppin, NULL);
  hostd_capture_add_file (capture, "about", "first");
  hostd_capture_add_file (capture, "about", "second");
  files = hostd_capture_to_files (capture, TRUE, NULL);
  g_assert_cmpstr (content_of (files, "about"), ==, "second");
  g_assert_cmpstr (content_of (files, "cpuid"), ==,
                   "# LEAF SUBLEAF: EAX EBX ECX EDX\n"
                   "3 0: 00000000 00000000 00000000 00000000\n"
                   "8000001f 2: 8000001f 00000002 ffffffff 00000001\n");
  g_assert_cmpstr (content_of (files, "msr"), ==,
                   "# NUMBER VALUE, of the first CPU\n4f 0\nc0010010 ffffffff3ffeffef\n");
  g_assert_cmpstr (content_of (files, "ioctl"), ==,
                   "# what /dev/sev answers\n"
                   "sev-platform-status 01 02 03 00 00 00 00 00 00 00 00 00\n"
                   "snp-platform-status errno EIO fw 1d\n");
  g_assert_cmpstr (
      content_of (files, "devices"), ==,
      "# PATH TYPE MODE\nuser 65534\ndev/cpu/0/msr c 666\ndev/kvm c 666\ndev/sev c 666\n"
      "dev/sgx_vepc c 666\n");
  g_assert_nonnull (strstr (content_of (files, "qgs"), "1000000010000000" /* the sizes */
                                                       "00000000000000000000000000000000"
                                                       "0707"));
  /* A module's parameters are all read; other listed names are there, empty. */
  g_assert_cmpstr (content_of (files, "sys/module/kvm/parameters/one"), ==, "a\nb\n");
}

static void
test_listed (void)
{
  g_autoptr (HostdSys) capture = hostd_sys_new_capture (fake_new (HOSTD_READ_VALUE, TRUE));
  g_autoptr (GTree) files = NULL;
  g_auto (GStrv) names = NULL, groups = NULL, inside = NULL;
  g_autofree char *text = NULL;

  hostd_sys_list_folder (capture, "sys/class/iommu", &names, NULL);
  hostd_sys_list_folder (capture, "sys/fs/cgroup", &groups, NULL);
  hostd_sys_list_folder (capture, "sys/fs/cgroup/alice.slice", &inside, NULL);
  hostd_sys_read_file (capture, "sys/fs/cgroup/machine-qemu\\x2d1\\x2dbob.scope/misc.current",
                       &text, NULL);
  files = hostd_capture_to_files (capture, TRUE, NULL);
  g_assert_cmpstr (content_of (files, "sys/class/iommu/two words"), ==, "");
  g_assert_cmpstr (content_of (files, "sys/fs/cgroup/one"), ==, "(none)");
  g_assert_cmpstr (content_of (files, "sys/fs/cgroup/alice.slice"), ==, "(none)");
  g_assert_true (g_tree_lookup_extended (files, "sys/fs/cgroup/masked-2", NULL, NULL));
  g_assert_cmpstr (
      content_of (files, "sys/fs/cgroup/machine-qemu\\x2d1\\x2dmasked-1.scope/misc.current"), ==,
      "a\nb\n");
}

static GBytes *
cpuinfo (const char *const *blocks)
{
  g_autofree char *text = g_strjoinv ("\n\n", (char **) blocks);

  return g_bytes_new (text, strlen (text));
}

static void
test_cpuinfo (void)
{
  static const char *const x86[] = { "processor\t: 0\nflags\t\t: sev", "processor\t: 1\nx\t: y",
                                     "processor\t: 2\nflags\t\t: sev", "", NULL };
  static const char *const z[] = {
    "vendor_id       : IBM/S390\n# processors    : 3\n"
    "processor 0: version = FF,  identification = 1234AB,  machine = 3931\n"
    "processor 1: version = FF,  identification = 1234AB,  machine = 3931\n"
    "processor 2: version = FF,  identification = 1234AB,  machine = 3931",
    "cpu number      : 0\nversion         : FF", "cpu number      : 2\nversion         : FF", "",
    NULL
  };
  const char *const *const inputs[] = { x86, z };
  static const char *const expected[] = {
    "processor\t: 0\nflags\t\t: sev\n\nprocessor\t: 1\nx\t: y\n\n",
    "vendor_id       : IBM/S390\n# processors    : 3\n"
    "processor 0: version = FF,  identification = 000000,  machine = 3931\n"
    "processor 1: version = FF,  identification = 000000,  machine = 3931\n\n"
    "cpu number      : 0\nversion         : FF\n\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    g_autoptr (HostdSys) capture = hostd_sys_new_capture (fake_new (HOSTD_READ_ABSENT, TRUE));
    g_autoptr (GBytes) bytes = cpuinfo (inputs[i]);
    g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
    g_autoptr (GTree) files = NULL;

    hostd_capture_add_file (capture, "proc/cpuinfo", text);
    files = hostd_capture_to_files (capture, TRUE, NULL);
    g_assert_cmpstr (content_of (files, "proc/cpuinfo"), ==, expected[i]);
  }
}

int
main (int argc, char **argv)
{
  static const char *const outcomes[] = { "value", "absent", "unreadable" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (outcomes); i++) {
    g_autofree char *name = g_strdup_printf ("/sys/capture/round-trip/%s-%s", outcomes[i >> 1],
                                             i & 1 ? "root" : "user");

    g_test_add_data_func (name, GUINT_TO_POINTER (i), test_round_trip);
  }
  g_test_add_func ("/sys/capture/whole", test_whole);
  g_test_add_func ("/sys/capture/files", test_files);
  g_test_add_func ("/sys/capture/listed", test_listed);
  g_test_add_func ("/sys/capture/cpuinfo", test_cpuinfo);
  return g_test_run ();
}
