/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"

G_BEGIN_DECLS

/*
 * What is different between two readings of a host, in lines for a person, the more important ones
 * first: (element-type utf8), empty if nothing is.
 *
 *   sev-snp is unusable (kernel: kvm_amd was loaded without it), was usable
 *   sev-snp policy_bits is 0x3dbffff, was unknown
 *   QEMU is 10.0.2, was 9.2.0
 *
 * Compared is what decides on a launch or is told to others: verdicts with layer and cause, sizes
 * of pools, values, quotes, versions, emulators, firmware descriptors. Not evidence, nor how many
 * keys are in use: those change with each guest.
 */
GPtrArray *hostd_facts_diff (const HostdFacts *before, const HostdFacts *after);

/* The lines as one, of a length that a log takes: what does not fit is counted. (transfer full) */
char *hostd_facts_diff_to_line (const GPtrArray *lines);

G_END_DECLS
