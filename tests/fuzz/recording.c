/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recorded host out of a stranger's bug report, by its named texts: the input's first byte says
 * which one, the rest is the text. Whatever can be read can be captured again, and the capture
 * answers the same.
 */
#include "config.h"

#include "fuzz.h"

#include "base/io.h"
#include "sys/capture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const texts[] = { "cpuid", "msr",     "kvm",   "registers",  "ioctl",
                                     "qgs",   "devices", "uname", "unreadable", "emulators" };

static void
write_text (const char *folder, const char *name, const char *data, gsize size)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  hostd_autofd int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (hostd_write_all (fd, data, size, NULL));
}

static char *folders[2];

static void
clear (const char *folder)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *path = g_build_filename (folder, texts[i], NULL);

    g_unlink (path);
  }
}

static void
remove_folders (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    if (folders[i] != NULL) {
      clear (folders[i]);
      g_rmdir (folders[i]);
      g_free (folders[i]);
    }
}

static const char *
folder_of (guint which)
{
  if (folders[which] == NULL) {
    /* In memory where there is such a place: files are written by the thousand. */
    const char *top = g_file_test ("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm" : g_get_tmp_dir ();

    folders[which] = g_build_filename (top, "fuzz-recording-XXXXXX", NULL);
    g_assert_nonnull (g_mkdtemp (folders[which]));
    if (which == 0)
      atexit (remove_folders);
  }
  return folders[which];
}

static void
add (GString *answers, HostdRead read, GError **error)
{
  g_assert_true ((read == HOSTD_READ_UNREADABLE) == (*error != NULL));
  g_string_append_printf (answers, "%d %s\n", read, *error != NULL ? (*error)->message : "");
  g_clear_error (error);
}

static void
ask_kvm (HostdSys *sys, GString *answers)
{
  HostdTdxCapabilities tdx = { 0, 0 };
  GError *error = NULL;
  guint64 value = 0;
  guint small = 0;
  HostdRead read = hostd_sys_kvm_extension (sys, 235, &small, &error);

  add (answers, read, &error);
  read = hostd_sys_kvm_attr (sys, 1, 0, &value, &error);
  add (answers, read, &error);
  for (guint64 type = 0; type < 6; type++) {
    read = hostd_sys_kvm_takes_type (sys, type, &error);
    add (answers, read, &error);
  }
  read = hostd_sys_tdx_capabilities (sys, &tdx, &error);
  add (answers, read, &error);
  g_string_append_printf (answers, "%x %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x\n", small,
                          value, tdx.attributes ^ tdx.xfam);
}

static void
ask_numbers (HostdSys *sys, GString *answers)
{
  static const guint32 leaves[] = { 0, 1, 0x12, 0x8000001f };
  GError *error = NULL;
  guint64 value = 0;
  HostdRead read;

  for (guint i = 0; i < G_N_ELEMENTS (leaves); i++) {
    HostdCpuid leaf = { 0, 0, 0, 0 };

    read = hostd_sys_cpuid (sys, leaves[i], 0, &leaf, &error);
    add (answers, read, &error);
    g_string_append_printf (answers, "%x %x %x %x\n", leaf.eax, leaf.ebx, leaf.ecx, leaf.edx);
  }
  read = hostd_sys_msr (sys, 0xc0010010, &value, &error);
  add (answers, read, &error);
  read = hostd_sys_id_aa64pfr0 (sys, &value, &error);
  add (answers, read, &error);
  g_string_append_printf (answers, "%" G_GINT64_MODIFIER "x\n", value);
}

static void
ask_devices (HostdSys *sys, GString *answers)
{
  g_autoptr (GBytes) message = NULL;
  GError *error = NULL;
  HostdRead read;

  for (guint query = HOSTD_SEV_PLATFORM_STATUS; query <= HOSTD_SEV_SNP_STATUS; query++) {
    HostdSevAnswer answer = { 0, 0, { 0 } };

    read = hostd_sys_sev (sys, (HostdSevQuery) query, &answer, &error);
    add (answers, read, &error);
    g_string_append_printf (answers, "%d %x %x %x\n", answer.errnum, answer.firmware_error,
                            answer.data[0], answer.data[31]);
  }
  read = hostd_sys_has_device (sys, "dev/sgx_vepc", &error);
  add (answers, read, &error);
  read = hostd_sys_qgs (sys, &message, &error);
  add (answers, read, &error);
  if (message != NULL)
    g_string_append_printf (answers, "%u\n", g_bytes_hash (message));
}

static void
ask_texts (HostdSys *sys, GString *answers)
{
  g_auto (HostdUname) name = { NULL, NULL };
  g_auto (GStrv) emulators = NULL;
  GError *error = NULL;
  HostdRead read = hostd_sys_uname (sys, &name, &error);

  add (answers, read, &error);
  g_string_append_printf (answers, "%s %s\n", name.release ? name.release : "",
                          name.machine ? name.machine : "");
  read = hostd_sys_emulators (sys, &emulators, &error);
  add (answers, read, &error);
  for (guint i = 0; emulators != NULL && emulators[i] != NULL; i++)
    g_string_append_printf (answers, "%s\n", emulators[i]);
  g_string_append_printf (answers, "%d\n", hostd_sys_is_root (sys));
}

static char *
ask (HostdSys *sys)
{
  GString *answers = g_string_new (NULL);

  ask_numbers (sys, answers);
  ask_kvm (sys, answers);
  ask_devices (sys, answers);
  ask_texts (sys, answers);
  return g_string_free (answers, FALSE);
}

static gboolean
write_one (gpointer path, gpointer content, gpointer folder)
{
  gsize size;
  const char *data = g_bytes_get_data (content, &size);

  write_text (folder, path, data, size);
  return FALSE;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (HostdSys) capture = NULL;
  g_autoptr (HostdSys) back = NULL;
  g_autoptr (GTree) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *answers = NULL, *again = NULL;
  HostdSys *sys;

  if (size == 0)
    return 0;
  clear (folder_of (0));
  clear (folder_of (1));
  write_text (folder_of (0), texts[data[0] % G_N_ELEMENTS (texts)], (const char *) data + 1,
              size - 1);
  sys = hostd_sys_new_recording (folder_of (0), &error);
  if (sys == NULL) {
    g_assert_nonnull (error);
    return 0;
  }
  capture = hostd_sys_new_capture (sys);
  answers = ask (capture);
  files = hostd_capture_to_files (capture, FALSE, NULL);
  g_tree_foreach (files, write_one, (gpointer) folder_of (1));
  back = hostd_sys_new_recording (folder_of (1), &error);
  g_assert_no_error (error);
  again = ask (back);
  g_assert_cmpstr (again, ==, answers);
  return 0;
}
