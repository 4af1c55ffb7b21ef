/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/capture.h"

#include "base/error.h"
#include "sys/capture-private.h"
#include "sys/recording-parse.h"
#include "sys/unreadable.h"

#include <errno.h>
#include <string.h>

/*
 * Every operation is passed on and noted. A new one needs its function here, its line in a text of
 * the recording, and its verb in sys/unreadable.c; then this number is one more.
 */
G_STATIC_ASSERT (sizeof (HostdSysOps) == (1 + 19) * sizeof (gpointer));

/* ---- notes ---- */

static int
compare_text (gconstpointer a, gconstpointer b, gpointer data)
{
  return strcmp (a, b);
}

GTree *
hostd_capture_tree_new (GDestroyNotify value_free)
{
  return g_tree_new_full (compare_text, NULL, g_free, value_free);
}

/* The first answer counts, as in a recording; both are taken. */
static void
note_line (HostdCapture *self, HostdCaptureText text, char *key, char *line)
{
  if (self->texts[text] == NULL)
    self->texts[text] = hostd_capture_tree_new (g_free);
  if (g_tree_lookup (self->texts[text], key) == NULL) {
    g_tree_insert (self->texts[text], key, line);
  } else {
    g_free (key);
    g_free (line);
  }
}

/* Text that stands, though without a line: it was asked and there is none. */
static void
note_empty (HostdCapture *self, HostdCaptureText text)
{
  if (self->texts[text] == NULL)
    self->texts[text] = hostd_capture_tree_new (g_free);
}

/* @question is taken. */
static HostdRead
note_unreadable (HostdCapture *self, char *question, const GError *why)
{
  g_autoptr (GError) none = NULL;

  if (why == NULL)
    why = none = g_error_new_literal (HOSTD_ERROR, HOSTD_ERROR_FAILED, "no reason was given");
  note_line (self, HOSTD_CAPTURE_UNREADABLE, question, hostd_unreadable_to_line (question, why));
  return HOSTD_READ_UNREADABLE;
}

/* A device that was looked for or opened; @why is an error of it, or NULL. */
static void
note_device (HostdCapture *self, const char *path, const GError *why)
{
  gboolean refused = why != NULL && g_error_matches (why, HOSTD_ERROR, HOSTD_ERROR_DENIED);

  if (why != NULL && !refused)
    return;
  if (refused || g_tree_lookup_extended (self->devices, path, NULL, NULL) == FALSE)
    g_tree_replace (self->devices, g_strdup (path), GINT_TO_POINTER (refused));
}

/* Hands the error on, to a caller who may not want it. */
static HostdRead
pass (HostdRead read, GError **local, GError **error)
{
  if (*local != NULL)
    g_propagate_error (error, g_steal_pointer (local));
  return read;
}

/* ---- operations ---- */

static HostdRead
capture_read_bytes (HostdSys *sys, const char *path, GBytes **ret_bytes, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  HostdRead read = hostd_sys_read_bytes (self->inner, path, ret_bytes, &local);

  if (read == HOSTD_READ_VALUE && g_tree_lookup (self->files, path) == NULL)
    g_tree_insert (self->files, g_strdup (path), g_bytes_ref (*ret_bytes));
  else if (read == HOSTD_READ_UNREADABLE)
    note_unreadable (self, hostd_unreadable_question ("read", path), local);
  return pass (read, &local, error);
}

/* Nobody asks for all of them today; in a bug report they are what one wants to know next. */
static void
read_parameters (HostdCapture *self, const char *folder, char **names)
{
  if (!g_str_has_prefix (folder, "sys/module/") || !g_str_has_suffix (folder, "/parameters"))
    return;
  for (guint i = 0; names[i] != NULL; i++) {
    g_autofree char *path = g_build_filename (folder, names[i], NULL);
    GBytes *bytes = NULL;

    if (g_tree_lookup (self->files, path) == NULL &&
        hostd_sys_read_bytes (self->inner, path, &bytes, NULL) == HOSTD_READ_VALUE)
      g_tree_insert (self->files, g_steal_pointer (&path), bytes);
  }
}

static HostdRead
capture_list_folder (HostdSys *sys, const char *path, char ***ret_names, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  HostdRead read = hostd_sys_list_folder (self->inner, path, ret_names, &local);

  if (read == HOSTD_READ_VALUE && g_tree_lookup (self->folders, path) == NULL) {
    g_tree_insert (self->folders, g_strdup (path), g_strdupv (*ret_names));
    read_parameters (self, path, *ret_names);
  } else if (read == HOSTD_READ_UNREADABLE) {
    note_unreadable (self, hostd_unreadable_question ("list", path), local);
  }
  return pass (read, &local, error);
}

static HostdRead
capture_cpuid (HostdSys *sys, guint32 leaf, guint32 subleaf, HostdCpuid *ret_answer, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  HostdRead read = hostd_sys_cpuid (self->inner, leaf, subleaf, ret_answer, &local);
  g_autofree char *question = g_strdup_printf ("cpuid %x %x", leaf, subleaf);
  char *key = g_strdup_printf ("%08x %08x", leaf, subleaf);
  char *line;

  if (read == HOSTD_READ_UNREADABLE) {
    g_free (key);
    note_unreadable (self, g_steal_pointer (&question), local);
    return pass (read, &local, error);
  }
  if (read == HOSTD_READ_VALUE)
    line = g_strdup_printf ("%x %x: %08x %08x %08x %08x", leaf, subleaf, ret_answer->eax,
                            ret_answer->ebx, ret_answer->ecx, ret_answer->edx);
  else
    line = g_strdup_printf ("%x %x: absent", leaf, subleaf);
  note_line (self, HOSTD_CAPTURE_CPUID, key, line);
  return read;
}

static HostdRead
capture_msr (HostdSys *sys, guint32 index, guint64 *ret_value, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  HostdRead read = hostd_sys_msr (self->inner, index, ret_value, &local);

  if (read == HOSTD_READ_UNREADABLE) {
    note_unreadable (self, g_strdup_printf ("msr %x", index), local);
    return pass (read, &local, error);
  }
  note_line (self, HOSTD_CAPTURE_MSR, g_strdup_printf ("%08x", index),
             read == HOSTD_READ_VALUE
                 ? g_strdup_printf ("%x %" G_GINT64_MODIFIER "x", index, *ret_value)
                 : g_strdup_printf ("%x errno EIO", index));
  note_device (self, "dev/cpu/0/msr", NULL);
  return read;
}

/* @line (taken) if KVM answered; else it is free to be NULL. */
static HostdRead
note_kvm (HostdCapture *self, HostdRead read, const char *question, char *line, GError **local,
          GError **error)
{
  if (read == HOSTD_READ_VALUE) {
    note_line (self, HOSTD_CAPTURE_KVM, g_strdup (question), line);
    note_device (self, "dev/kvm", NULL);
  } else if (read == HOSTD_READ_UNREADABLE) {
    note_unreadable (self, g_strdup (question), *local);
    note_device (self, "dev/kvm", *local);
  }
  return pass (read, local, error);
}

static HostdRead
capture_kvm_extension (HostdSys *sys, guint capability, guint *ret_value, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  g_autofree char *question = g_strdup_printf ("check-extension %u", capability);
  HostdRead read = hostd_sys_kvm_extension (self->inner, capability, ret_value, &local);

  return note_kvm (self, read, question,
                   read == HOSTD_READ_VALUE ? g_strdup_printf ("%s %x", question, *ret_value)
                                            : NULL,
                   &local, error);
}

static HostdRead
capture_kvm_attr (HostdSys *sys, guint32 group, guint64 attr, guint64 *ret_value, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  g_autofree char *question = g_strdup_printf ("attr %u %" G_GUINT64_FORMAT, group, attr);
  HostdRead read = hostd_sys_kvm_attr (self->inner, group, attr, ret_value, &local);

  return note_kvm (self, read, question,
                   read == HOSTD_READ_VALUE
                       ? g_strdup_printf ("%s %" G_GINT64_MODIFIER "x", question, *ret_value)
                       : NULL,
                   &local, error);
}

static HostdRead
capture_kvm_takes_type (HostdSys *sys, guint64 type, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  g_autofree char *question = g_strdup_printf ("create-vm %" G_GINT64_MODIFIER "x", type);
  HostdRead read = hostd_sys_kvm_takes_type (self->inner, type, &local);

  return note_kvm (self, read, question,
                   read == HOSTD_READ_VALUE ? g_strconcat (question, " ok", NULL) : NULL, &local,
                   error);
}

static HostdRead
capture_has_device (HostdSys *sys, const char *path, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  HostdRead read = hostd_sys_has_device (self->inner, path, &local);

  if (read == HOSTD_READ_VALUE)
    note_device (self, path, NULL);
  else if (read == HOSTD_READ_UNREADABLE)
    note_unreadable (self, hostd_unreadable_question ("device", path), local);
  return pass (read, &local, error);
}

static HostdRead
capture_id_aa64pfr0 (HostdSys *sys, guint64 *ret_value, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  HostdRead read = hostd_sys_id_aa64pfr0 (self->inner, ret_value, &local);

  if (read == HOSTD_READ_VALUE)
    note_line (self, HOSTD_CAPTURE_REGISTERS, g_strdup ("ID_AA64PFR0_EL1"),
               g_strdup_printf ("ID_AA64PFR0_EL1 %016" G_GINT64_MODIFIER "x", *ret_value));
  else if (read == HOSTD_READ_UNREADABLE)
    note_unreadable (self, g_strdup ("register ID_AA64PFR0_EL1"), local);
  return pass (read, &local, error);
}

static HostdRead
capture_tdx_capabilities (HostdSys *sys, HostdTdxCapabilities *ret_capabilities, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  HostdRead read = hostd_sys_tdx_capabilities (self->inner, ret_capabilities, &local);
  static const char question[] = "tdx-capabilities";

  /* ABSENT is written down too: it must not read as "not recorded". */
  if (read == HOSTD_READ_ABSENT)
    note_line (self, HOSTD_CAPTURE_KVM, g_strdup (question),
               g_strconcat (question, " errno EINVAL", NULL));
  return note_kvm (self, read, question,
                   read == HOSTD_READ_VALUE
                       ? g_strdup_printf ("%s %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x",
                                          question, ret_capabilities->attributes,
                                          ret_capabilities->xfam)
                       : NULL,
                   &local, error);
}

static char *
describe_qgs (GBytes *message)
{
  g_autoptr (GString) line = g_string_new ("platform-info ");
  gsize length;
  const guint8 *data = g_bytes_get_data (message, &length);

  /* Behind its length, as it comes: then nothing in it can be taken for one. */
  g_string_append_printf (line, "%08x", (guint) length);
  for (gsize i = 0; i < length; i++)
    g_string_append_printf (line, "%02x", data[i]);
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static HostdRead
capture_qgs (HostdSys *sys, GBytes **ret_message, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  HostdRead read = hostd_sys_qgs (self->inner, ret_message, &local);

  if (read == HOSTD_READ_UNREADABLE)
    note_unreadable (self, g_strdup ("qgs"), local);
  else
    note_line (self, HOSTD_CAPTURE_QGS, g_strdup (""),
               read == HOSTD_READ_VALUE ? describe_qgs (*ret_message)
                                        : g_strdup ("platform-info errno ENOENT"));
  return pass (read, &local, error);
}

/* Not noted: the engine adds "dmesg", and says so where it cannot. */
static HostdRead
capture_kernel_log (HostdSys *sys, char **ret_text, GError **error)
{
  return hostd_sys_kernel_log (((HostdCapture *) sys)->inner, ret_text, error);
}

static gboolean
capture_is_root (HostdSys *sys)
{
  return hostd_sys_is_root (((HostdCapture *) sys)->inner);
}

static char *
describe_sev (HostdSevQuery query, const HostdSevAnswer *answer)
{
  g_autoptr (GString) line = g_string_new (hostd_recording_sev_name (query));
  const char *name = answer->errnum != 0 ? strerrorname_np (answer->errnum) : NULL;

  if (answer->errnum == 0) {
    for (gsize i = 0; i < hostd_recording_sev_size (query); i++)
      g_string_append_printf (line, " %02x", answer->data[i]);
  } else {
    g_string_append_printf (line, " errno %s", name != NULL ? name : "EIO");
    if (answer->firmware_error != G_MAXUINT32)
      g_string_append_printf (line, " fw %x", answer->firmware_error);
  }
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static HostdRead
capture_sev (HostdSys *sys, HostdSevQuery query, HostdSevAnswer *ret_answer, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  HostdRead read = hostd_sys_sev (self->inner, query, ret_answer, &local);
  const char *name = hostd_recording_sev_name (query);

  if (read == HOSTD_READ_VALUE) {
    note_line (self, HOSTD_CAPTURE_IOCTL, g_strdup (name), describe_sev (query, ret_answer));
    note_device (self, "dev/sev", NULL);
  } else if (read == HOSTD_READ_UNREADABLE) {
    note_unreadable (self, g_strconcat ("ioctl ", name, NULL), local);
    note_device (self, "dev/sev", local);
  }
  return pass (read, &local, error);
}

static HostdRead
capture_uname (HostdSys *sys, HostdUname *ret_uname, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  HostdRead read = hostd_sys_uname (self->inner, ret_uname, &local);

  if (read == HOSTD_READ_VALUE)
    note_line (self, HOSTD_CAPTURE_UNAME, g_strdup (""),
               g_strdup_printf ("Linux %s %s", ret_uname->release, ret_uname->machine));
  else if (read == HOSTD_READ_UNREADABLE)
    note_unreadable (self, g_strdup ("uname"), local);
  return pass (read, &local, error);
}

static HostdRead
capture_emulators (HostdSys *sys, char ***ret_paths, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  HostdRead read = hostd_sys_emulators (self->inner, ret_paths, &local);

  if (read == HOSTD_READ_UNREADABLE)
    note_unreadable (self, g_strdup ("emulators"), local);
  if (read != HOSTD_READ_VALUE || self->texts[HOSTD_CAPTURE_EMULATORS] != NULL)
    return pass (read, &local, error);
  note_empty (self, HOSTD_CAPTURE_EMULATORS);
  self->emulator = g_strdup ((*ret_paths)[0]);
  for (guint i = 0; (*ret_paths)[i] != NULL; i++)
    note_line (self, HOSTD_CAPTURE_EMULATORS, g_strdup_printf ("%08u", i),
               g_strdup ((*ret_paths)[i]));
  return read;
}

static HostdRead
capture_qemu_version (HostdSys *sys, const char *emulator, char **ret_version, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  HostdRead read = hostd_sys_qemu_version (self->inner, emulator, ret_version, &local);

  if (read == HOSTD_READ_VALUE && g_strcmp0 (emulator, self->emulator) == 0)
    note_line (self, HOSTD_CAPTURE_QEMU_VERSION, g_strdup (""), g_strdup (*ret_version));
  else if (read == HOSTD_READ_UNREADABLE)
    note_unreadable (self, hostd_unreadable_question ("qemu-version", emulator), local);
  return pass (read, &local, error);
}

static HostdRead
capture_qemu_objects (HostdSys *sys, const char *emulator, char ***ret_types, GError **error)
{
  HostdCapture *self = (HostdCapture *) sys;
  g_autoptr (GError) local = NULL;
  HostdRead read = hostd_sys_qemu_objects (self->inner, emulator, ret_types, &local);

  if (read == HOSTD_READ_UNREADABLE)
    note_unreadable (self, hostd_unreadable_question ("qemu-objects", emulator), local);
  if (read != HOSTD_READ_VALUE || g_strcmp0 (emulator, self->emulator) != 0)
    return pass (read, &local, error);
  note_empty (self, HOSTD_CAPTURE_QEMU_OBJECTS);
  for (guint i = 0; (*ret_types)[i] != NULL; i++)
    note_line (self, HOSTD_CAPTURE_QEMU_OBJECTS, g_strdup ((*ret_types)[i]),
               g_strdup ((*ret_types)[i]));
  return read;
}

static void
capture_free (HostdSys *sys)
{
  HostdCapture *self = (HostdCapture *) sys;

  hostd_sys_free (self->inner);
  g_tree_unref (self->files);
  g_tree_unref (self->folders);
  g_tree_unref (self->devices);
  for (guint i = 0; i < G_N_ELEMENTS (self->texts); i++)
    g_clear_pointer (&self->texts[i], g_tree_unref);
  g_free (self->emulator);
  g_free (self);
}

static const HostdSysOps capture_ops = {
  .free = capture_free,
  .read_bytes = capture_read_bytes,
  .list_folder = capture_list_folder,
  .cpuid = capture_cpuid,
  .msr = capture_msr,
  .kvm_extension = capture_kvm_extension,
  .kvm_attr = capture_kvm_attr,
  .kvm_takes_type = capture_kvm_takes_type,
  .has_device = capture_has_device,
  .id_aa64pfr0 = capture_id_aa64pfr0,
  .tdx_capabilities = capture_tdx_capabilities,
  .qgs = capture_qgs,
  .kernel_log = capture_kernel_log,
  .is_root = capture_is_root,
  .sev = capture_sev,
  .uname = capture_uname,
  .emulators = capture_emulators,
  .qemu_version = capture_qemu_version,
  .qemu_objects = capture_qemu_objects,
};

HostdSys *
hostd_sys_new_capture (HostdSys *inner)
{
  HostdCapture *self = g_new0 (HostdCapture, 1);

  self->ops = capture_ops;
  self->ops.recording = hostd_sys_is_recording (inner);
  self->base.ops = &self->ops;
  self->inner = inner;
  self->files = hostd_capture_tree_new ((GDestroyNotify) g_bytes_unref);
  self->folders = hostd_capture_tree_new ((GDestroyNotify) g_strfreev);
  self->devices = hostd_capture_tree_new (NULL);
  return &self->base;
}

void
hostd_capture_add_file (HostdSys *capture, const char *path, const char *text)
{
  HostdCapture *self = (HostdCapture *) capture;

  g_tree_replace (self->files, g_strdup (path), g_bytes_new (text, strlen (text)));
}
