/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/guest-memory.h"

#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define BOUNCE_PERCENT 6
#define BOUNCE_MIN (64 * MIB)
#define BOUNCE_MAX (1024 * MIB)

/* As much as there is, where the sum would be more than a number holds. */
static guint64
add (guint64 a, guint64 b)
{
  return a > G_MAXUINT64 - b ? G_MAXUINT64 : a + b;
}

/* What a guest of @bytes shares; a tiny one has no more than all of its memory to share. */
static guint64
bounce_buffers (guint64 bytes)
{
  guint64 share = CLAMP (bytes / 100 * BOUNCE_PERCENT, BOUNCE_MIN, BOUNCE_MAX);

  return MIN (share, bytes);
}

gboolean
hostd_guest_memory_estimate (HostdTechnology technology, guint64 bytes, gboolean vfio,
                             HostdGuestMemory *ret_memory)
{
  switch (technology) {
  case HOSTD_TECHNOLOGY_SEV:
  case HOSTD_TECHNOLOGY_SEV_ES:
    *ret_memory = (HostdGuestMemory){ .expected = bytes, .worst = bytes, .pinned = bytes };
    return TRUE;
  case HOSTD_TECHNOLOGY_SEV_SNP:
  case HOSTD_TECHNOLOGY_TDX:
    ret_memory->worst = add (bytes, bytes);
    ret_memory->expected = vfio ? ret_memory->worst : add (bytes, bounce_buffers (bytes));
    ret_memory->pinned = vfio ? ret_memory->worst : bytes;
    return TRUE;
  case HOSTD_TECHNOLOGY_SGX:
  case HOSTD_TECHNOLOGY_CCA:
  case HOSTD_TECHNOLOGY_PEF:
  case HOSTD_TECHNOLOGY_S390_PV:
  case HOSTD_N_TECHNOLOGIES:
    break;
  }
  return FALSE;
}
