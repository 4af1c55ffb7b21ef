/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/tdx-ioctl.h"

#include "base/error.h"
#include "base/io.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#ifdef __x86_64__

/*
 * asm/kvm.h of Linux 6.16, written out: the headers of the oldest system that we build on lack it.
 * struct kvm_tdx_cmd and struct kvm_tdx_capabilities; the latter ends in a struct kvm_cpuid2.
 */
#define VM_TYPE_TDX 5
#define COMMAND_CAPABILITIES 0
#define MAX_CPUID 256 /* the module has a few dozen settings */

struct tdx_command {
  guint32 id;
  guint32 flags;
  guint64 data;
  guint64 hw_error;
};

struct tdx_capabilities {
  guint64 supported_attrs;
  guint64 supported_xfam;
  guint64 tdvmcallinfo[4];
  guint64 reserved[250];
  guint32 nent; /* in: room for entries, out: how many there are */
  guint32 padding;
  guint8 entries[MAX_CPUID][40];
};

G_STATIC_ASSERT (sizeof (struct tdx_command) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct tdx_capabilities, nent) == 2048);

HostdRead
hostd_tdx_ioctl_capabilities (int kvm_fd, HostdTdxCapabilities *ret_capabilities, GError **error)
{
  hostd_autofd int vm = ioctl (kvm_fd, KVM_CREATE_VM, (unsigned long) VM_TYPE_TDX);
  g_autofree struct tdx_capabilities *answer = g_new0 (struct tdx_capabilities, 1);
  struct tdx_command command = { .id = COMMAND_CAPABILITIES, .data = (guint64) (guintptr) answer };

  if (vm < 0 && errno == EINVAL)
    return HOSTD_READ_ABSENT;
  answer->nent = MAX_CPUID;
  if (vm < 0 || ioctl (vm, KVM_MEMORY_ENCRYPT_OP, &command) < 0) {
    hostd_error_set_errno (error, errno, "/dev/kvm does not tell its TDX capabilities");
    return HOSTD_READ_UNREADABLE;
  }
  ret_capabilities->attributes = answer->supported_attrs;
  ret_capabilities->xfam = answer->supported_xfam;
  return HOSTD_READ_VALUE;
}

#else

HostdRead
hostd_tdx_ioctl_capabilities (int kvm_fd, HostdTdxCapabilities *ret_capabilities, GError **error)
{
  return HOSTD_READ_ABSENT;
}

#endif
