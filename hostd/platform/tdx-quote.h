/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/probe.h"

G_BEGIN_DECLS

/*
 * Would the quote of a TDX guest verify? Sets @facts' quote after its verdict is known: the
 * processor is a production part, Intel's quote generation service (QGS) answers, the platform is
 * registered with Intel (variables of the BIOS), and a PCK certificate is at hand (in the cache of
 * the service's library). The first that is certainly not so makes it "broken"; else the first that
 * is not known makes it "unknown".
 *
 * Values: "production" yes or no; "qgs" is "answers"; "tdqe_svn" and "pce_svn" are its enclaves'
 * security versions, decimal; "cpusvn" 16 bytes as hexadecimal; "registration" is "complete" or
 * "pending"; "pck_certificate" is "cached".
 */
void hostd_tdx_judge_quote (HostdProbe *probe, HostdTechnologyFacts *facts);

G_END_DECLS
