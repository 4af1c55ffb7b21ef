/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "sys/sys.h"

G_BEGIN_DECLS

/*
 * What this host's processor, firmware, kernel and QEMU can do. Fills the technologies, the C-bit,
 * the emulators and the firmware descriptors of @facts. It always succeeds: what cannot be read is
 * unknown in @facts, and says so. The libvirt layer is not looked at here. Reads only; may take
 * seconds (QEMU is run once, the AMD-SP is asked).
 */
void hostd_platform_probe (HostdSys *sys, HostdFacts *facts);

/*
 * Counts again, and nothing else, how many keys of each pool the kernel has charged: quick enough
 * for a hook that waits. What cannot be read stays as it was.
 */
void hostd_platform_count_keys (HostdSys *sys, HostdFacts *facts);

G_END_DECLS
