/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/reasons.h"
#include "virt/virt.h"

G_BEGIN_DECLS

/*
 * After a SEV or SEV-ES guest has started: is what libvirt reports of its launch what the domain
 * XML asked for? (The launch digest itself is for attestation. SEV-SNP and TDX guests prove
 * themselves, and libvirt has no measurement of theirs.)
 */
typedef struct {
  guint policy; /* the policy word of the XML that the gate verified */
} HostdLaunchExpectation;

/* FALSE where there is nothing to compare: another technology, or none. */
gboolean hostd_launch_expect (const char *xml, gsize length, HostdLaunchExpectation *ret_expected);

/* Why the launch is not what was expected; empty if it is. (transfer full) */
HostdReasons *hostd_launch_compare (const HostdLaunchExpectation *expected,
                                    const HostdVirtLaunch *launch);

G_END_DECLS
