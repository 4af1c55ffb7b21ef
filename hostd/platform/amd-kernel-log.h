/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/probe.h"

G_BEGIN_DECLS

/* What the kernel turned off, or could not turn on, while it started. */
typedef enum {
  HOSTD_AMD_OFF_SEV,
  HOSTD_AMD_OFF_SEV_ES,
  HOSTD_AMD_OFF_SNP,
} HostdAmdOff;

/*
 * Why, by the kernel's own words, once it is certain that @off is so: the layer that they blame is
 * broken, with cause and fix. FALSE if the log does not tell; it is a ring, and its wording changes
 * from one Linux to the next, so it never gives a verdict by itself.
 */
gboolean hostd_amd_explain_off (HostdProbe *probe, HostdTechnologyFacts *facts, HostdAmdOff off);

G_END_DECLS
