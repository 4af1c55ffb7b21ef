/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "base/reasons.h"
#include "virt/virt.h"

G_BEGIN_DECLS

/*
 * After a SEV or SEV-ES guest has started: is what libvirt reports of its launch what the domain
 * XML asked for? (The launch digest itself is for attestation. SEV-SNP and TDX guests prove
 * themselves, and libvirt has no measurement of theirs.)
 */
typedef struct {
  guint policy;       /* the policy word of the XML that the gate verified */
  gboolean api_known; /* the SEV firmware has told us its own version */
  guint api_major, api_minor;
} HostdLaunchExpectation;

/*
 * FALSE where there is nothing to compare: another technology, or none. @facts (may be NULL) are of
 * now: the firmware cannot change its version under a guest that runs.
 */
gboolean hostd_launch_expect (const char *xml, gsize length, const HostdFacts *facts,
                              HostdLaunchExpectation *ret_expected);

/* Why the launch is not what was expected; empty if it is. (transfer full) */
HostdReasons *hostd_launch_compare (const HostdLaunchExpectation *expected,
                                    const HostdVirtLaunch *launch);

G_END_DECLS
