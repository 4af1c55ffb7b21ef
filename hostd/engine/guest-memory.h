/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"

G_BEGIN_DECLS

/*
 * What a confidential guest costs in host memory, beside QEMU's own. All in bytes.
 *
 * SEV, SEV-ES: one copy of all, pinned when the guest starts (KVM_MEMORY_ENCRYPT_REG_REGION).
 *
 * SEV-SNP, TDX: private pages come from guest_memfd, which never swaps nor moves; a page that the
 * guest shares has a second, ordinary page. Expected: what a Linux guest shares for its bounce
 * buffers, 6 % of its memory, at least 64 MiB and at most 1 GiB (Linux
 * arch/x86/mm/mem_encrypt.c). Worst: all of it once shared and then made private, before Linux and
 * QEMU convert in place (AMDESE/AMDSEV#250: about 7 GB for a guest of 4 GB). A device that is
 * passed through has all of the shared side mapped and pinned from the start (QEMU;
 * cloud-hypervisor#8501 measured 16 GiB for a guest of 16 GiB).
 */
typedef struct {
  guint64 expected, worst;
  guint64 pinned; /* of the expected: is never swapped, and does not move */
} HostdGuestMemory;

/*
 * For a guest of @bytes. @vfio: a device is passed through to it. FALSE, and nothing is set, for a
 * technology whose cost is not known.
 */
gboolean hostd_guest_memory_estimate (HostdTechnology technology, guint64 bytes, gboolean vfio,
                                      HostdGuestMemory *ret_memory);

G_END_DECLS
