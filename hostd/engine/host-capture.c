/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/host-capture.h"

#include "base/error.h"
#include "engine/ask-libvirt.h"
#include "engine/host-facts.h"
#include "store/capture-folder.h"
#include "sys/capture.h"
#include "sys/kernel-log.h"

#include <string.h>

#define ABOUT_HEAD "A capture by cloisterctl "

void
hostd_capture_result_clear (HostdCaptureResult *self)
{
  g_clear_pointer (&self->notes, g_strfreev);
}

/* @format is the start of a line, @why its end. */
static void
note (GPtrArray *notes, const char *what, const GError *why)
{
  g_ptr_array_add (notes, g_strdup_printf ("%s: %s", what, why->message));
}

static HostdSys *
open_host (const HostdCaptureOptions *options, GError **error)
{
  HostdSys *inner = hostd_host_open (options->recording, options->root, options->replay, error);

  return inner != NULL ? hostd_sys_new_capture (inner) : NULL;
}

/* ---- what no probe reads ---- */

static void
add_libvirt (HostdSys *capture, const HostdFacts *facts, const HostdCaptureOptions *options,
             GPtrArray *notes, HostdCaptureResult *result)
{
  const char *emulator = facts->emulators != NULL ? facts->emulators[0] : NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdLibvirtAnswers) answers =
      hostd_ask_libvirt (options->libvirt_uri, emulator, options->libvirt_ms, &error);
  g_autofree char *version = NULL;

  if (answers == NULL) {
    result->abandoned = g_error_matches (error, HOSTD_ERROR, HOSTD_ERROR_TIMEOUT);
    note (notes, "libvirt", error);
    return;
  }
  version = g_strconcat (answers->version, "\n", NULL);
  hostd_capture_add_file (capture, "libvirt/version", version);
  hostd_capture_add_file (capture, "libvirt/domcapabilities.xml", answers->capabilities);
  hostd_capture_add_file (capture, "libvirt/running", answers->running);
}

static void
add_kernel_log (HostdSys *capture, GPtrArray *notes)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *log = NULL, *picked = NULL;

  if (!hostd_sys_is_recording (capture))
    log = hostd_kernel_log_read (&error);
  else if (hostd_sys_read_file (capture, "dmesg", &log, &error) == HOSTD_READ_ABSENT)
    return;
  if (log == NULL) {
    note (notes, "dmesg", error);
    return;
  }
  picked = hostd_kernel_log_pick (log);
  hostd_capture_add_file (capture, "dmesg", picked);
}

/* The version says which commands could be looked up by a later reader. */
static void
add_qemu_version (HostdSys *capture, GPtrArray *notes)
{
  g_auto (GStrv) emulators = NULL;
  g_autofree char *version = NULL;
  g_autoptr (GError) error = NULL;

  if (hostd_sys_emulators (capture, &emulators, NULL) == HOSTD_READ_VALUE && emulators[0] != NULL &&
      hostd_sys_qemu_version (capture, emulators[0], &version, &error) == HOSTD_READ_UNREADABLE)
    note (notes, emulators[0], error);
}

static void
add_about (HostdSys *capture, const HostdCaptureOptions *options, GPtrArray *notes)
{
  g_autofree char *before = NULL;
  g_autoptr (GString) about = g_string_new (ABOUT_HEAD CLOISTER_VERSION);

  if (hostd_sys_is_recording (capture) &&
      hostd_sys_read_file (capture, "about", &before, NULL) == HOSTD_READ_VALUE &&
      g_str_has_prefix (before, ABOUT_HEAD))
    return; /* it is copied, as any file that is read: a capture of a capture is the same */
  g_string_append_printf (
      about,
      ": %s.\nAll in it was recorded (R), as far as Cloister asks; the lines of dmesg are those "
      "that speak\nof confidential computing.\n\n",
      hostd_sys_is_recording (capture) ? "of a recorded host" : "of a machine");
  if (options->replay != NULL)
    g_string_append (about, "CPUID, MSRs, KVM and the AMD-SP were not asked but replayed.\n");
  g_string_append (about,
                   hostd_sys_is_root (capture)
                       ? "Asked as root.\n"
                       : "Not asked as root: what only root may read is in \"unreadable\".\n");
  g_string_append (
      about, options->unmasked
                 ? "Nothing is masked: serial numbers and names of this machine may be in it.\n"
                 : "Masked: serial numbers, ids of chip and platform, certificates, keys' hashes, "
                   "UUIDs, MAC addresses,\nthe host's name, names of control groups, values of "
                   "the kernel's command line that say nothing here.\n");
  for (guint i = 0; i < notes->len; i++)
    g_string_append_printf (about, "%sNot in it: %s\n", i == 0 ? "\n" : "",
                            (const char *) g_ptr_array_index (notes, i));
  if (before != NULL)
    g_string_append_printf (about, "\n---- what was said about it ----\n%s", before);
  hostd_capture_add_file (capture, "about", about->str);
}

/* ---- writing ---- */

typedef struct {
  HostdCaptureFolder *folder;
  guint files;
  GError *error;
} Writing;

static gboolean
write_one (gpointer path, gpointer content, gpointer data)
{
  Writing *self = data;
  gboolean written;

  if (content == NULL) {
    written = hostd_capture_folder_add_folder (self->folder, path, &self->error);
  } else {
    written = hostd_capture_folder_add_file (self->folder, path, content, &self->error);
    self->files++;
  }
  return !written;
}

static gboolean
add_size (gpointer path, gpointer content, gpointer total)
{
  *(gsize *) total += content != NULL ? g_bytes_get_size (content) : 0;
  return FALSE;
}

static gboolean
write_all (HostdCaptureFolder *folder, HostdSys *capture, gboolean masked, guint *ret_files,
           GError **error)
{
  /* A recording's machine had another name, and it is masked already. */
  const char *name = hostd_sys_is_recording (capture) ? NULL : g_get_host_name ();
  g_autofree char *host_name = name != NULL ? g_strndup (name, strcspn (name, ".")) : NULL;
  g_autoptr (GTree) files = hostd_capture_to_files (capture, masked, host_name);
  Writing writing = { folder, 0, NULL };
  gsize bytes = 0;

  g_tree_foreach (files, add_size, &bytes);
  if (!hostd_capture_folder_fits (g_tree_nnodes (files), bytes, error))
    return FALSE;
  g_tree_foreach (files, write_one, &writing);
  if (writing.error != NULL) {
    g_propagate_error (error, writing.error);
    return FALSE;
  }
  *ret_files = writing.files;
  return hostd_capture_folder_finish (folder, error);
}

gboolean
hostd_host_capture (const char *folder_path, const HostdCaptureOptions *options,
                    HostdCaptureResult *ret_result, GError **error)
{
  g_autoptr (HostdCaptureFolder) folder = NULL;
  g_autoptr (HostdSys) capture = NULL;
  g_autoptr (HostdFacts) facts = NULL;
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  gboolean written = FALSE;

  *ret_result = (HostdCaptureResult){ 0 };
  /* First, so that nobody waits for what cannot be written. */
  folder = hostd_capture_folder_new (folder_path, error);
  capture = folder != NULL ? open_host (options, error) : NULL;
  facts = capture != NULL ? hostd_host_facts_read_through (
                                capture, options->recording ? options->recording : "live", error)
                          : NULL;
  if (facts != NULL) {
    if (options->recording == NULL)
      add_libvirt (capture, facts, options, notes, ret_result);
    add_qemu_version (capture, notes);
    add_kernel_log (capture, notes);
    add_about (capture, options, notes);
    written = write_all (folder, capture, !options->unmasked, &ret_result->files, error);
  }
  g_ptr_array_add (notes, NULL);
  ret_result->notes = (char **) g_ptr_array_free (g_steal_pointer (&notes), FALSE);
  return written;
}
