/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/sys.h"

#include "base/error.h"
#include "base/io.h"
#include "sys/files.h"
#include "sys/named-text.h"
#include "sys/recording-parse.h"
#include "sys/recording-tdx.h"
#include "sys/unreadable.h"

#include <errno.h>
#include <fcntl.h>

/*
 * A recorded machine. tests/hosts/README.md has the format and its one rule: what is not in the
 * folder is not on the machine. Files are read when they are asked for, the named texts at once.
 */

/*
 * 0, or the errno that opening gives. Modes are judged as for a user who owns nothing but what
 * root has.
 */
static int
access_errno (HostdRecording *self, const char *path, gboolean has_answers)
{
  const HostdRecordedDevice *device = g_hash_table_lookup (self->devices, path);
  guint mode = device ? device->mode : 0600;

  if (device == NULL && (self->has_devices || !has_answers))
    return ENOENT;
  /* 000 is how a recording writes "not even root" (a lockdown, a container). */
  if (mode == 0 || (self->user != 0 && (mode & 04) == 0))
    return EACCES;
  return 0;
}

static HostdRead
refuse (HostdRecording *self, int errnum, const char *what, GError **error)
{
  if (errnum == ENOENT)
    return HOSTD_READ_ABSENT;
  hostd_error_set_errno (error, errnum, "cannot read %s", what);
  return HOSTD_READ_UNREADABLE;
}

static HostdRead
recording_read_bytes (HostdSys *sys, const char *path, GBytes **ret_bytes, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;

  if (hostd_unreadable_tell (self->unreadable, hostd_unreadable_question ("read", path), error))
    return HOSTD_READ_UNREADABLE;
  if (g_hash_table_contains (self->devices, path)) {
    int errnum = access_errno (self, path, FALSE);

    if (errnum != 0)
      return refuse (self, errnum, path, error);
  }
  return hostd_files_read_bytes (self->root_fd, path, ret_bytes, error);
}

static HostdRead
recording_list_folder (HostdSys *sys, const char *path, char ***ret_names, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;

  if (hostd_unreadable_tell (self->unreadable, hostd_unreadable_question ("list", path), error))
    return HOSTD_READ_UNREADABLE;
  return hostd_files_list_folder (self->root_fd, path, ret_names, error);
}

static HostdRead
recording_cpuid (HostdSys *sys, guint32 leaf, guint32 subleaf, HostdCpuid *ret_answer,
                 GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;
  g_autofree char *key = g_strdup_printf ("%x %x", leaf, subleaf);
  gpointer answer = NULL;
  gboolean listed = g_hash_table_lookup_extended (self->cpuid, key, NULL, &answer);

  if (hostd_unreadable_tell (self->unreadable, g_strconcat ("cpuid ", key, NULL), error))
    return HOSTD_READ_UNREADABLE;
  if (!self->has_cpuid) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND, "the recording has no CPUID answers");
    return HOSTD_READ_UNREADABLE;
  }
  if (listed && answer == NULL)
    return HOSTD_READ_ABSENT;
  *ret_answer = answer ? *(const HostdCpuid *) answer : (HostdCpuid){ 0, 0, 0, 0 };
  return HOSTD_READ_VALUE;
}

/* The device is root's own, unless it is listed as somebody else's too. */
static gboolean
may_open_msr (HostdRecording *self)
{
  const HostdRecordedDevice *device = g_hash_table_lookup (self->devices, "dev/cpu/0/msr");

  return device != NULL && (device->mode & 04) != 0;
}

static HostdRead
recording_msr (HostdSys *sys, guint32 index, guint64 *ret_value, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;
  g_autofree char *key = g_strdup_printf ("%x", index);
  const HostdRecordedNumber *number = g_hash_table_lookup (self->msr, key);

  if (hostd_unreadable_tell (self->unreadable, g_strconcat ("msr ", key, NULL), error))
    return HOSTD_READ_UNREADABLE;
  if (!self->has_msr || (self->user != 0 && !may_open_msr (self))) {
    g_set_error (error, HOSTD_ERROR, self->has_msr ? HOSTD_ERROR_DENIED : HOSTD_ERROR_UNAVAILABLE,
                 "cannot read MSR %x: %s", index,
                 self->has_msr ? "only root may" : "the msr device is not there");
    return HOSTD_READ_UNREADABLE;
  }
  if (number == NULL || number->errnum == EIO)
    return HOSTD_READ_ABSENT;
  if (number->errnum != 0) {
    hostd_error_set_errno (error, number->errnum, "cannot read MSR %x", index);
    return HOSTD_READ_UNREADABLE;
  }
  *ret_value = number->value;
  return HOSTD_READ_VALUE;
}

static int
kvm_errno (HostdRecording *self)
{
  return access_errno (self, "dev/kvm",
                       g_hash_table_size (self->extensions) + g_hash_table_size (self->attrs) +
                               g_hash_table_size (self->types) >
                           0);
}

static HostdRead
recording_kvm_extension (HostdSys *sys, guint capability, guint *ret_value, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;
  g_autofree char *key = g_strdup_printf ("%u", capability);
  const HostdRecordedNumber *number = g_hash_table_lookup (self->extensions, key);
  int errnum = kvm_errno (self);

  if (hostd_unreadable_tell (self->unreadable, g_strconcat ("check-extension ", key, NULL), error))
    return HOSTD_READ_UNREADABLE;
  if (errnum == 0 && number)
    errnum = number->errnum;
  if (errnum != 0)
    return refuse (self, errnum, "/dev/kvm", error);
  *ret_value = number ? number->value : 0;
  return HOSTD_READ_VALUE;
}

static HostdRead
recording_kvm_attr (HostdSys *sys, guint32 group, guint64 attr, guint64 *ret_value, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;
  g_autofree char *key = g_strdup_printf ("%u %" G_GUINT64_FORMAT, group, attr);
  const HostdRecordedNumber *number = g_hash_table_lookup (self->attrs, key);
  int errnum = kvm_errno (self);

  if (hostd_unreadable_tell (self->unreadable, g_strconcat ("attr ", key, NULL), error))
    return HOSTD_READ_UNREADABLE;
  if (errnum != 0)
    return refuse (self, errnum, "/dev/kvm", error);
  if (number == NULL || number->errnum == ENXIO || number->errnum == ENOTTY)
    return HOSTD_READ_ABSENT;
  if (number->errnum != 0)
    return refuse (self, number->errnum, "/dev/kvm", error);
  *ret_value = number->value;
  return HOSTD_READ_VALUE;
}

static HostdRead
recording_kvm_takes_type (HostdSys *sys, guint64 type, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;
  g_autofree char *key = g_strdup_printf ("%" G_GINT64_MODIFIER "x", type);
  const HostdRecordedNumber *number = g_hash_table_lookup (self->types, key);
  int errnum = kvm_errno (self);

  if (hostd_unreadable_tell (self->unreadable, g_strconcat ("create-vm ", key, NULL), error))
    return HOSTD_READ_UNREADABLE;
  if (errnum != 0)
    return refuse (self, errnum, "/dev/kvm", error);
  if (number == NULL || number->errnum == EINVAL)
    return HOSTD_READ_ABSENT;
  return number->errnum == 0 ? HOSTD_READ_VALUE : refuse (self, number->errnum, "/dev/kvm", error);
}

/* A device with answers is there even if "devices" was not recorded. */
static HostdRead
recording_has_device (HostdSys *sys, const char *path, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;
  const HostdRecordedDevice *device = g_hash_table_lookup (self->devices, path);

  if (hostd_unreadable_tell (self->unreadable, hostd_unreadable_question ("device", path), error))
    return HOSTD_READ_UNREADABLE;
  if (device != NULL)
    return device->type == 'f' ? HOSTD_READ_ABSENT : HOSTD_READ_VALUE;
  if (!self->has_devices && g_str_equal (path, "dev/kvm") && kvm_errno (self) != ENOENT)
    return HOSTD_READ_VALUE;
  if (!self->has_devices && g_str_equal (path, "dev/sev") &&
      (self->sev[0] != NULL || self->sev[1] != NULL))
    return HOSTD_READ_VALUE;
  return HOSTD_READ_ABSENT;
}

static HostdRead
recording_id_aa64pfr0 (HostdSys *sys, guint64 *ret_value, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;

  if (hostd_unreadable_tell (self->unreadable, g_strdup ("register ID_AA64PFR0_EL1"), error))
    return HOSTD_READ_UNREADABLE;
  if (self->uname.machine != NULL && !g_str_has_prefix (self->uname.machine, "aarch64"))
    return HOSTD_READ_ABSENT;
  if (self->id_aa64pfr0 == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND,
                 "the recording has no register ID_AA64PFR0_EL1");
    return HOSTD_READ_UNREADABLE;
  }
  if (self->id_aa64pfr0->errnum != 0)
    return refuse (self, self->id_aa64pfr0->errnum, "ID_AA64PFR0_EL1", error);
  *ret_value = self->id_aa64pfr0->value;
  return HOSTD_READ_VALUE;
}

static HostdRead
recording_tdx_capabilities (HostdSys *sys, HostdTdxCapabilities *ret_capabilities, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;
  int errnum = kvm_errno (self);

  if (hostd_unreadable_tell (self->unreadable, g_strdup ("tdx-capabilities"), error))
    return HOSTD_READ_UNREADABLE;
  if (errnum != 0)
    return refuse (self, errnum, "/dev/kvm", error);
  return hostd_recording_tdx_capabilities (self, ret_capabilities, error);
}

static HostdRead
recording_qgs (HostdSys *sys, GBytes **ret_message, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;

  if (hostd_unreadable_tell (self->unreadable, g_strdup ("qgs"), error))
    return HOSTD_READ_UNREADABLE;
  return hostd_recording_qgs (self, ret_message, error);
}

static gboolean
recording_is_root (HostdSys *sys)
{
  return ((HostdRecording *) sys)->user == 0;
}

static HostdRead
recording_sev (HostdSys *sys, HostdSevQuery query, HostdSevAnswer *ret_answer, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;
  const HostdSevAnswer *answer = self->sev[query];
  int errnum = access_errno (self, "dev/sev", self->sev[0] != NULL || self->sev[1] != NULL);

  if (hostd_unreadable_tell (self->unreadable,
                             g_strconcat ("ioctl ", hostd_recording_sev_name (query), NULL), error))
    return HOSTD_READ_UNREADABLE;
  if (errnum == 0 && answer && (answer->errnum == EACCES || answer->errnum == EPERM))
    errnum = answer->errnum;
  if (errnum != 0)
    return refuse (self, errnum, "/dev/sev", error);
  *ret_answer = answer ? *answer : (HostdSevAnswer){ ENOTTY, G_MAXUINT32, { 0 } };
  return HOSTD_READ_VALUE;
}

static HostdRead
recording_uname (HostdSys *sys, HostdUname *ret_uname, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;

  if (hostd_unreadable_tell (self->unreadable, g_strdup ("uname"), error))
    return HOSTD_READ_UNREADABLE;
  if (self->uname.machine == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND, "the recording has no uname");
    return HOSTD_READ_UNREADABLE;
  }
  ret_uname->release = g_strdup (self->uname.release);
  ret_uname->machine = g_strdup (self->uname.machine);
  return HOSTD_READ_VALUE;
}

static HostdRead
recording_emulators (HostdSys *sys, char ***ret_paths, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;

  if (hostd_unreadable_tell (self->unreadable, g_strdup ("emulators"), error))
    return HOSTD_READ_UNREADABLE;

  /*
   * A report often says nothing of QEMU; "there is no QEMU" would be a bold thing to read from
   * that.
   */
  if (self->emulators == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND, "the recording names no emulator");
    return HOSTD_READ_UNREADABLE;
  }
  *ret_paths = g_strdupv (self->emulators);
  return HOSTD_READ_VALUE;
}

/*
 * ABSENT without that emulator; UNREADABLE for all but the first, whose answers a recording holds.
 */
static HostdRead
find_emulator (HostdRecording *self, const char *emulator, GError **error)
{
  if (self->emulators == NULL || !g_strv_contains ((const char *const *) self->emulators, emulator))
    return HOSTD_READ_ABSENT;
  if (!g_str_equal (self->emulators[0], emulator)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND,
                 "the recording has answers of %s only, not of %s", self->emulators[0], emulator);
    return HOSTD_READ_UNREADABLE;
  }
  return HOSTD_READ_VALUE;
}

/* Words of a named text that says something about the first emulator. */
static HostdRead
read_emulator_text (HostdRecording *self, const char *emulator, const char *name, char ***ret_words,
                    GError **error)
{
  HostdRead found = find_emulator (self, emulator, error);
  g_autoptr (GError) local = NULL;
  g_autoptr (GPtrArray) lines = NULL;
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);

  if (found != HOSTD_READ_VALUE)
    return found;
  lines = hostd_named_text_read (self->root_fd, name, &local);
  if (lines == NULL) {
    if (local)
      g_propagate_error (error, g_steal_pointer (&local));
    else
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND, "the recording has no %s", name);
    return HOSTD_READ_UNREADABLE;
  }
  for (guint i = 0; i < lines->len; i++) {
    const HostdTextLine *line = g_ptr_array_index (lines, i);

    g_ptr_array_add (words, g_strdup (line->words[0]));
  }
  g_ptr_array_add (words, NULL);
  *ret_words = (char **) g_ptr_array_free (g_steal_pointer (&words), FALSE);
  return HOSTD_READ_VALUE;
}

static HostdRead
recording_qemu_version (HostdSys *sys, const char *emulator, char **ret_version, GError **error)
{
  g_auto (GStrv) words = NULL;
  HostdRecording *self = (HostdRecording *) sys;
  HostdRead read;

  if (hostd_unreadable_tell (self->unreadable, hostd_unreadable_question ("qemu-version", emulator),
                             error))
    return HOSTD_READ_UNREADABLE;
  read = read_emulator_text (self, emulator, "qemu/version", &words, error);
  if (read != HOSTD_READ_VALUE)
    return read;
  if (words[0] == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "qemu/version is empty");
    return HOSTD_READ_UNREADABLE;
  }
  *ret_version = g_strdup (words[0]);
  return HOSTD_READ_VALUE;
}

static HostdRead
recording_qemu_objects (HostdSys *sys, const char *emulator, char ***ret_types, GError **error)
{
  HostdRecording *self = (HostdRecording *) sys;

  if (hostd_unreadable_tell (self->unreadable, hostd_unreadable_question ("qemu-objects", emulator),
                             error))
    return HOSTD_READ_UNREADABLE;
  return read_emulator_text (self, emulator, "qmp/objects", ret_types, error);
}

static void
recording_free (HostdSys *sys)
{
  HostdRecording *self = (HostdRecording *) sys;

  g_free (self->folder);
  if (self->root_fd >= 0)
    close (self->root_fd);
  g_hash_table_unref (self->cpuid);
  g_hash_table_unref (self->msr);
  g_hash_table_unref (self->extensions);
  g_hash_table_unref (self->attrs);
  g_hash_table_unref (self->types);
  g_free (self->id_aa64pfr0);
  g_clear_pointer (&self->qgs, g_bytes_unref);
  g_hash_table_unref (self->devices);
  g_hash_table_unref (self->unreadable);
  g_free (self->sev[0]);
  g_free (self->sev[1]);
  hostd_uname_clear (&self->uname);
  g_strfreev (self->emulators);
  g_free (self);
}

static const HostdSysOps recording_ops = {
  .recording = TRUE,
  .free = recording_free,
  .read_bytes = recording_read_bytes,
  .list_folder = recording_list_folder,
  .cpuid = recording_cpuid,
  .msr = recording_msr,
  .kvm_extension = recording_kvm_extension,
  .kvm_attr = recording_kvm_attr,
  .kvm_takes_type = recording_kvm_takes_type,
  .has_device = recording_has_device,
  .id_aa64pfr0 = recording_id_aa64pfr0,
  .tdx_capabilities = recording_tdx_capabilities,
  .qgs = recording_qgs,
  .is_root = recording_is_root,
  .sev = recording_sev,
  .uname = recording_uname,
  .emulators = recording_emulators,
  .qemu_version = recording_qemu_version,
  .qemu_objects = recording_qemu_objects,
};

static GHashTable *
new_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

HostdSys *
hostd_sys_new_recording (const char *folder, GError **error)
{
  g_autoptr (HostdSys) sys = NULL;
  HostdRecording *self = g_new0 (HostdRecording, 1);

  self->base.ops = &recording_ops;
  self->folder = g_strdup (folder);
  self->cpuid = new_table ();
  self->msr = new_table ();
  self->extensions = new_table ();
  self->attrs = new_table ();
  self->types = new_table ();
  self->devices = new_table ();
  self->unreadable = hostd_unreadable_new ();
  sys = &self->base;

  self->root_fd = hostd_open_dir_at (AT_FDCWD, folder, error);
  if (self->root_fd < 0 || !hostd_recording_parse (self, error)) {
    g_prefix_error (error, "recorded host %s: ", folder);
    return NULL;
  }
  return g_steal_pointer (&sys);
}
