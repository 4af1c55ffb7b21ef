/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/sys.h"

#include "base/error.h"
#include "base/io.h"
#include "sys/ops.h"

#include <string.h>

void
hostd_uname_clear (HostdUname *self)
{
  g_clear_pointer (&self->release, g_free);
  g_clear_pointer (&self->machine, g_free);
}

void
hostd_sys_free (HostdSys *self)
{
  if (self)
    self->ops->free (self);
}

gboolean
hostd_sys_is_recording (HostdSys *self)
{
  return self->ops->recording;
}

void
hostd_sys_set_asking (HostdSys *self, HostdSysAsking asking, gpointer data)
{
  self->asking = asking;
  self->asking_data = data;
}

G_GNUC_PRINTF (2, 3)
static void
tell (HostdSys *self, const char *format, ...)
{
  char what[256];
  va_list args;

  if (self->asking == NULL)
    return;
  va_start (args, format);
  g_vsnprintf (what, sizeof what, format, args);
  va_end (args);
  self->asking (what, self->asking_data);
}

/* Callers build paths from names that they read (a CPU, a cgroup): so each is checked. */

HostdRead
hostd_sys_read_bytes (HostdSys *self, const char *path, GBytes **ret_bytes, GError **error)
{
  if (!hostd_path_check_plain (path, error))
    return HOSTD_READ_UNREADABLE;
  tell (self, "/%s", path);
  return self->ops->read_bytes (self, path, ret_bytes, error);
}

HostdRead
hostd_sys_read_file (HostdSys *self, const char *path, char **ret_text, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  HostdRead read = hostd_sys_read_bytes (self, path, &bytes, error);
  const char *data;
  gsize length;

  if (read != HOSTD_READ_VALUE)
    return read;
  data = g_bytes_get_data (bytes, &length);
  if (length > 0 && memchr (data, '\0', length)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s is not a text", path);
    return HOSTD_READ_UNREADABLE;
  }
  *ret_text = g_strndup (data ? data : "", length);
  return HOSTD_READ_VALUE;
}

HostdRead
hostd_sys_list_folder (HostdSys *self, const char *path, char ***ret_names, GError **error)
{
  if (!hostd_path_check_plain (path, error))
    return HOSTD_READ_UNREADABLE;
  tell (self, "/%s", path);
  return self->ops->list_folder (self, path, ret_names, error);
}

HostdRead
hostd_sys_cpuid (HostdSys *self, guint32 leaf, guint32 subleaf, HostdCpuid *ret_answer,
                 GError **error)
{
  tell (self, "CPUID leaf %x", leaf);
  return self->ops->cpuid (self, leaf, subleaf, ret_answer, error);
}

HostdRead
hostd_sys_msr (HostdSys *self, guint32 index, guint64 *ret_value, GError **error)
{
  tell (self, "MSR %x", index);
  return self->ops->msr (self, index, ret_value, error);
}

HostdRead
hostd_sys_kvm_extension (HostdSys *self, guint capability, guint *ret_value, GError **error)
{
  tell (self, "/dev/kvm, capability %u", capability);
  return self->ops->kvm_extension (self, capability, ret_value, error);
}

HostdRead
hostd_sys_kvm_attr (HostdSys *self, guint32 group, guint64 attr, guint64 *ret_value, GError **error)
{
  tell (self, "/dev/kvm, attribute %u/%" G_GUINT64_FORMAT, group, attr);
  return self->ops->kvm_attr (self, group, attr, ret_value, error);
}

HostdRead
hostd_sys_kvm_takes_type (HostdSys *self, guint64 type, GError **error)
{
  tell (self, "/dev/kvm, VM type %#" G_GINT64_MODIFIER "x", type);
  return self->ops->kvm_takes_type (self, type, error);
}

HostdRead
hostd_sys_has_device (HostdSys *self, const char *path, GError **error)
{
  if (!hostd_path_check_plain (path, error))
    return HOSTD_READ_UNREADABLE;
  tell (self, "/%s", path);
  return self->ops->has_device (self, path, error);
}

HostdRead
hostd_sys_id_aa64pfr0 (HostdSys *self, guint64 *ret_value, GError **error)
{
  tell (self, "ID_AA64PFR0_EL1");
  return self->ops->id_aa64pfr0 (self, ret_value, error);
}

HostdRead
hostd_sys_tdx_capabilities (HostdSys *self, HostdTdxCapabilities *ret_capabilities, GError **error)
{
  tell (self, "/dev/kvm: TDX capabilities");
  return self->ops->tdx_capabilities (self, ret_capabilities, error);
}

HostdRead
hostd_sys_qgs (HostdSys *self, GBytes **ret_message, GError **error)
{
  tell (self, "QGS");
  return self->ops->qgs (self, ret_message, error);
}

HostdRead
hostd_sys_kernel_log (HostdSys *self, char **ret_text, GError **error)
{
  if (self->ops->kernel_log == NULL)
    return hostd_sys_read_file (self, "dmesg", ret_text, error);
  tell (self, "the kernel log");
  return self->ops->kernel_log (self, ret_text, error);
}

gboolean
hostd_sys_is_root (HostdSys *self)
{
  return self->ops->is_root (self);
}

HostdRead
hostd_sys_sev (HostdSys *self, HostdSevQuery query, HostdSevAnswer *ret_answer, GError **error)
{
  tell (self, "/dev/sev");
  return self->ops->sev (self, query, ret_answer, error);
}

HostdRead
hostd_sys_uname (HostdSys *self, HostdUname *ret_uname, GError **error)
{
  return self->ops->uname (self, ret_uname, error);
}

HostdRead
hostd_sys_emulators (HostdSys *self, char ***ret_paths, GError **error)
{
  tell (self, "the emulators");
  return self->ops->emulators (self, ret_paths, error);
}

static gboolean
emulator_is_absolute (const char *emulator, GError **error)
{
  if (g_path_is_absolute (emulator))
    return TRUE;
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "emulator \"%s\" is not an absolute path",
               emulator);
  return FALSE;
}

HostdRead
hostd_sys_qemu_version (HostdSys *self, const char *emulator, char **ret_version, GError **error)
{
  if (!emulator_is_absolute (emulator, error))
    return HOSTD_READ_UNREADABLE;
  tell (self, "%s --version", emulator);
  return self->ops->qemu_version (self, emulator, ret_version, error);
}

HostdRead
hostd_sys_qemu_objects (HostdSys *self, const char *emulator, char ***ret_types, GError **error)
{
  if (!emulator_is_absolute (emulator, error))
    return HOSTD_READ_UNREADABLE;
  tell (self, "%s -object help", emulator);
  return self->ops->qemu_objects (self, emulator, ret_types, error);
}
