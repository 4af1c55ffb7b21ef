/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/sys.h"

#include "base/error.h"
#include "base/io.h"
#include "sys/emulator.h"
#include "sys/files.h"
#include "sys/kernel-log.h"
#include "sys/ops.h"
#include "sys/qgs.h"
#include "sys/sev-ioctl.h"
#include "sys/tdx-ioctl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

typedef struct {
  HostdSys base;
  int root_fd;
  HostdSys *replay; /* NULL: the machine answers itself */
} Live;

static HostdRead
live_read_bytes (HostdSys *sys, const char *path, GBytes **ret_bytes, GError **error)
{
  return hostd_files_read_bytes (((Live *) sys)->root_fd, path, ret_bytes, error);
}

static HostdRead
live_list_folder (HostdSys *sys, const char *path, char ***ret_names, GError **error)
{
  return hostd_files_list_folder (((Live *) sys)->root_fd, path, ret_names, error);
}

#if defined(__x86_64__) || defined(__i386__)
static HostdRead
ask_cpuid (guint32 leaf, guint32 subleaf, HostdCpuid *ret_answer)
{
  guint32 eax, ebx, ecx, edx, last;

  /* Above the last leaf an Intel processor repeats that one: never take it for an answer. */
  __cpuid_count (leaf & 0xf0000000, 0, last, ebx, ecx, edx);
  if (last < leaf)
    return HOSTD_READ_ABSENT;
  __cpuid_count (leaf, subleaf, eax, ebx, ecx, edx);
  *ret_answer = (HostdCpuid){ eax, ebx, ecx, edx };
  return HOSTD_READ_VALUE;
}
#else
static HostdRead
ask_cpuid (guint32 leaf, guint32 subleaf, HostdCpuid *ret_answer)
{
  return HOSTD_READ_ABSENT;
}
#endif

static HostdRead
live_cpuid (HostdSys *sys, guint32 leaf, guint32 subleaf, HostdCpuid *ret_answer, GError **error)
{
  Live *self = (Live *) sys;

  if (self->replay)
    return hostd_sys_cpuid (self->replay, leaf, subleaf, ret_answer, error);
  return ask_cpuid (leaf, subleaf, ret_answer);
}

/* Opens a device for asking. -1 with errno. */
static int
open_device (Live *self, const char *path, int flags)
{
  return openat (self->root_fd, path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static HostdRead
live_msr (HostdSys *sys, guint32 index, guint64 *ret_value, GError **error)
{
  Live *self = (Live *) sys;
  hostd_autofd int fd = -1;
  guint64 value;
  ssize_t n;

  if (self->replay)
    return hostd_sys_msr (self->replay, index, ret_value, error);
  fd = open_device (self, "dev/cpu/0/msr", O_RDONLY);
  if (fd < 0) {
    /* No device is no answer: the msr module is not loaded, the MSR may well exist. */
    hostd_error_set_errno (error, errno, "cannot open /dev/cpu/0/msr");
    return HOSTD_READ_UNREADABLE;
  }
  n = pread (fd, &value, sizeof value, index);
  if (n < 0 && errno == EIO)
    return HOSTD_READ_ABSENT;
  if (n != sizeof value) {
    hostd_error_set_errno (error, n < 0 ? errno : EIO, "cannot read MSR %x", index);
    return HOSTD_READ_UNREADABLE;
  }
  *ret_value = value;
  return HOSTD_READ_VALUE;
}

static HostdRead
device_failed (int errnum, const char *path, GError **error)
{
  /* The last two: a node that was made before its driver, as udev does with /dev/kvm. */
  if (errnum == ENOENT || errnum == ENOTDIR || errnum == ENODEV || errnum == ENXIO)
    return HOSTD_READ_ABSENT;
  hostd_error_set_errno (error, errnum, "cannot open /%s", path);
  return HOSTD_READ_UNREADABLE;
}

static HostdRead
live_kvm_extension (HostdSys *sys, guint capability, guint *ret_value, GError **error)
{
  Live *self = (Live *) sys;
  hostd_autofd int fd = -1;
  int answer;

  if (self->replay)
    return hostd_sys_kvm_extension (self->replay, capability, ret_value, error);
  fd = open_device (self, "dev/kvm", O_RDWR);
  if (fd < 0)
    return device_failed (errno, "dev/kvm", error);
  answer = ioctl (fd, KVM_CHECK_EXTENSION, (unsigned long) capability);
  if (answer < 0) {
    hostd_error_set_errno (error, errno, "/dev/kvm does not answer");
    return HOSTD_READ_UNREADABLE;
  }
  *ret_value = answer;
  return HOSTD_READ_VALUE;
}

static HostdRead
live_kvm_attr (HostdSys *sys, guint32 group, guint64 attr, guint64 *ret_value, GError **error)
{
  Live *self = (Live *) sys;
  hostd_autofd int fd = -1;
  guint64 value = 0;
  struct kvm_device_attr question = { .group = group,
                                      .attr = attr,
                                      .addr = (guint64) (gsize) &value };

  if (self->replay)
    return hostd_sys_kvm_attr (self->replay, group, attr, ret_value, error);
  fd = open_device (self, "dev/kvm", O_RDWR);
  if (fd < 0)
    return device_failed (errno, "dev/kvm", error);
  if (ioctl (fd, KVM_GET_DEVICE_ATTR, &question) == 0) {
    *ret_value = value;
    return HOSTD_READ_VALUE;
  }
  /* ENOTTY: before Linux 5.17 there are none; EINVAL: this build of KVM has no such group. */
  if (errno == ENXIO || errno == ENOTTY || errno == EINVAL)
    return HOSTD_READ_ABSENT;
  hostd_error_set_errno (error, errno, "/dev/kvm does not tell attribute %u/%" G_GUINT64_FORMAT,
                         group, attr);
  return HOSTD_READ_UNREADABLE;
}

static HostdRead
live_kvm_takes_type (HostdSys *sys, guint64 type, GError **error)
{
  Live *self = (Live *) sys;
  hostd_autofd int fd = -1;
  hostd_autofd int vm = -1;

  if (self->replay)
    return hostd_sys_kvm_takes_type (self->replay, type, error);
  fd = open_device (self, "dev/kvm", O_RDWR);
  if (fd < 0)
    return device_failed (errno, "dev/kvm", error);
  vm = ioctl (fd, KVM_CREATE_VM, (unsigned long) type);
  if (vm >= 0)
    return HOSTD_READ_VALUE;
  if (errno == EINVAL)
    return HOSTD_READ_ABSENT;
  hostd_error_set_errno (error, errno, "/dev/kvm does not say whether it takes VM type %#lx",
                         (unsigned long) type);
  return HOSTD_READ_UNREADABLE;
}

static HostdRead
live_has_device (HostdSys *sys, const char *path, GError **error)
{
  Live *self = (Live *) sys;
  struct stat found;

  if (self->replay)
    return hostd_sys_has_device (self->replay, path, error);
  if (fstatat (self->root_fd, path, &found, 0) == 0)
    return S_ISCHR (found.st_mode) || S_ISBLK (found.st_mode) ? HOSTD_READ_VALUE
                                                              : HOSTD_READ_ABSENT;
  return device_failed (errno, path, error);
}

#if defined(__aarch64__)
static HostdRead
read_id_aa64pfr0 (guint64 *ret_value, GError **error)
{
  /* linux Documentation/arch/arm64/cpu-feature-registers.rst: without this, MRS is SIGILL. */
  if ((getauxval (AT_HWCAP) & HWCAP_CPUID) == 0) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_UNSUPPORTED,
                 "this kernel does not show the ID registers");
    return HOSTD_READ_UNREADABLE;
  }
  __asm__("mrs %0, ID_AA64PFR0_EL1" : "=r"(*ret_value));
  return HOSTD_READ_VALUE;
}
#else
static HostdRead
read_id_aa64pfr0 (guint64 *ret_value, GError **error)
{
  return HOSTD_READ_ABSENT;
}
#endif

static HostdRead
live_id_aa64pfr0 (HostdSys *sys, guint64 *ret_value, GError **error)
{
  Live *self = (Live *) sys;

  if (self->replay)
    return hostd_sys_id_aa64pfr0 (self->replay, ret_value, error);
  return read_id_aa64pfr0 (ret_value, error);
}

static HostdRead
live_tdx_capabilities (HostdSys *sys, HostdTdxCapabilities *ret_capabilities, GError **error)
{
  Live *self = (Live *) sys;
  hostd_autofd int fd = -1;

  if (self->replay)
    return hostd_sys_tdx_capabilities (self->replay, ret_capabilities, error);
  fd = open_device (self, "dev/kvm", O_RDWR);
  if (fd < 0)
    return device_failed (errno, "dev/kvm", error);
  return hostd_tdx_ioctl_capabilities (fd, ret_capabilities, error);
}

static HostdRead
live_qgs (HostdSys *sys, GBytes **ret_message, GError **error)
{
  Live *self = (Live *) sys;

  if (self->replay)
    return hostd_sys_qgs (self->replay, ret_message, error);
  return hostd_qgs_ask (self->root_fd, HOSTD_QGS_SOCKET, HOSTD_QGS_DEADLINE_MS, ret_message, error);
}

static HostdRead
live_kernel_log (HostdSys *sys, char **ret_text, GError **error)
{
  Live *self = (Live *) sys;
  g_autofree char *log = NULL;

  if (self->replay)
    return hostd_sys_kernel_log (self->replay, ret_text, error);
  log = hostd_kernel_log_read (error);
  if (log == NULL)
    return HOSTD_READ_UNREADABLE;
  *ret_text = hostd_kernel_log_pick (log);
  return HOSTD_READ_VALUE;
}

static gboolean
live_is_root (HostdSys *sys)
{
  return geteuid () == 0;
}

static HostdRead
live_sev (HostdSys *sys, HostdSevQuery query, HostdSevAnswer *ret_answer, GError **error)
{
  Live *self = (Live *) sys;
  hostd_autofd int fd = -1;

  if (self->replay)
    return hostd_sys_sev (self->replay, query, ret_answer, error);
  /* Read-only is enough for status, and the kernel then refuses what would change anything. */
  fd = open_device (self, "dev/sev", O_RDONLY);
  if (fd < 0)
    return device_failed (errno, "dev/sev", error);
  hostd_sev_ioctl_query (fd, query, ret_answer);
  return HOSTD_READ_VALUE;
}

static HostdRead
live_uname (HostdSys *sys, HostdUname *ret_uname, GError **error)
{
  struct utsname name;

  if (uname (&name) < 0) {
    hostd_error_set_errno (error, errno, "uname");
    return HOSTD_READ_UNREADABLE;
  }
  ret_uname->release = g_strdup (name.release);
  ret_uname->machine = g_strdup (name.machine);
  return HOSTD_READ_VALUE;
}

static HostdRead
live_emulators (HostdSys *sys, char ***ret_paths, GError **error)
{
  Live *self = (Live *) sys;
  g_auto (HostdUname) name = { NULL, NULL };
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *own = NULL, *local = NULL;

  if (live_uname (sys, &name, error) != HOSTD_READ_VALUE)
    return HOSTD_READ_UNREADABLE;
  own = g_strdup_printf ("usr/bin/qemu-system-%s", name.machine);
  local = g_strdup_printf ("usr/local/bin/qemu-system-%s", name.machine);
  const char *candidates[] = { own, "usr/libexec/qemu-kvm", "usr/bin/qemu-kvm", local };

  for (guint i = 0; i < G_N_ELEMENTS (candidates); i++)
    if (hostd_files_has_program (self->root_fd, candidates[i]))
      g_ptr_array_add (paths, g_strconcat ("/", candidates[i], NULL));
  g_ptr_array_add (paths, NULL);
  *ret_paths = (char **) g_ptr_array_free (g_steal_pointer (&paths), FALSE);
  return HOSTD_READ_VALUE;
}

/* A program of another root (a chroot that is looked at from outside) lacks its libraries here. */
static gboolean
root_is_ours (Live *self, GError **error)
{
  struct stat ours, theirs;

  if (stat ("/", &ours) == 0 && fstat (self->root_fd, &theirs) == 0 &&
      ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
    return TRUE;
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_UNSUPPORTED,
               "emulators below another root folder cannot be run");
  return FALSE;
}

static HostdRead
live_qemu_version (HostdSys *sys, const char *emulator, char **ret_version, GError **error)
{
  if (!root_is_ours ((Live *) sys, error))
    return HOSTD_READ_UNREADABLE;
  return hostd_emulator_version (emulator, ret_version, error);
}

static HostdRead
live_qemu_objects (HostdSys *sys, const char *emulator, char ***ret_types, GError **error)
{
  if (!root_is_ours ((Live *) sys, error))
    return HOSTD_READ_UNREADABLE;
  return hostd_emulator_objects (emulator, ret_types, error);
}

static void
live_free (HostdSys *sys)
{
  Live *self = (Live *) sys;

  if (self->root_fd >= 0)
    close (self->root_fd);
  hostd_sys_free (self->replay);
  g_free (self);
}

static const HostdSysOps live_ops = {
  .recording = FALSE,
  .free = live_free,
  .read_bytes = live_read_bytes,
  .list_folder = live_list_folder,
  .cpuid = live_cpuid,
  .msr = live_msr,
  .kvm_extension = live_kvm_extension,
  .kvm_attr = live_kvm_attr,
  .kvm_takes_type = live_kvm_takes_type,
  .has_device = live_has_device,
  .id_aa64pfr0 = live_id_aa64pfr0,
  .tdx_capabilities = live_tdx_capabilities,
  .qgs = live_qgs,
  .kernel_log = live_kernel_log,
  .is_root = live_is_root,
  .sev = live_sev,
  .uname = live_uname,
  .emulators = live_emulators,
  .qemu_version = live_qemu_version,
  .qemu_objects = live_qemu_objects,
};

HostdSys *
hostd_sys_new_live (int root_fd, HostdSys *replay)
{
  Live *self = g_new0 (Live, 1);

  self->base.ops = &live_ops;
  self->root_fd = fcntl (root_fd, F_DUPFD_CLOEXEC, 3);
  self->replay = replay;
  return &self->base;
}
