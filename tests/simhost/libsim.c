/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Preloaded into libvirtd alone: what it asks the processor and KVM by itself is answered from
 * /etc/simhost. Nothing else is touched, and no child inherits it.
 */
#include <cpuid.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KVM_CHECK_EXTENSION 0xAE03 /* linux/kvm.h */
#define KVM_CAP_VM_TYPES 235
#define VM_TYPE_TDX (1 << 5)

/* The C library's own header would make it a function of fixed types. */
int ioctl (int fd, unsigned long request, ...);
int virHostCPUX86GetCPUID (uint32_t leaf, uint32_t sub, uint32_t *a, uint32_t *b, uint32_t *c,
                           uint32_t *d);

static __attribute__ ((constructor)) void
keep_to_this_process (void)
{
  unsetenv ("LD_PRELOAD");
}

int
virHostCPUX86GetCPUID (uint32_t leaf, uint32_t sub, uint32_t *a, uint32_t *b, uint32_t *c,
                       uint32_t *d)
{
  uint32_t r[4] = { 0, 0, 0, 0 };
  FILE *file = leaf == 0x8000001f ? fopen ("/etc/simhost/cpuid-8000001f", "re") : NULL;

  if (leaf != 0x8000001f)
    __cpuid_count (leaf, sub, r[0], r[1], r[2], r[3]);
  else if (file && fscanf (file, "%x %x %x %x", &r[0], &r[1], &r[2], &r[3]) != 4)
    r[0] = r[1] = r[2] = r[3] = 0;
  if (file)
    fclose (file);
  if (a)
    *a = r[0];
  if (b)
    *b = r[1];
  if (c)
    *c = r[2];
  if (d)
    *d = r[3];
  return 0;
}

int
ioctl (int fd, unsigned long request, ...)
{
  va_list args;
  unsigned long arg;
  long result;

  va_start (args, request);
  arg = va_arg (args, unsigned long);
  va_end (args);
  result = syscall (SYS_ioctl, fd, request, arg);
  if (request == KVM_CHECK_EXTENSION && arg == KVM_CAP_VM_TYPES &&
      access ("/etc/simhost/tdx", F_OK) == 0)
    return (int) (result < 0 ? 0 : result) | VM_TYPE_TDX;
  return (int) result;
}

/* Without CAP_SYS_RESOURCE no limit may be raised: locked guests would all fail for that. */
int
prlimit64 (pid_t pid, enum __rlimit_resource resource, const struct rlimit64 *new_limit,
           struct rlimit64 *old_limit)
{
  long result = syscall (SYS_prlimit64, pid, resource, new_limit, old_limit);

  return result < 0 && errno == EPERM && resource == RLIMIT_MEMLOCK ? 0 : (int) result;
}

int
setrlimit64 (enum __rlimit_resource resource, const struct rlimit64 *limit)
{
  return prlimit64 (0, resource, limit, NULL);
}
