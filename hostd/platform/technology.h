/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/probe.h"

G_BEGIN_DECLS

/* One probe a technology, each in the file of its name. platform/table.c lists them. */
typedef void (*HostdTechnologyProbe) (HostdProbe *probe, HostdTechnologyFacts *facts);

void hostd_probe_sev (HostdProbe *probe, HostdTechnologyFacts *facts);
void hostd_probe_sev_es (HostdProbe *probe, HostdTechnologyFacts *facts);
void hostd_probe_sev_snp (HostdProbe *probe, HostdTechnologyFacts *facts);
void hostd_probe_tdx (HostdProbe *probe, HostdTechnologyFacts *facts);
void hostd_probe_sgx (HostdProbe *probe, HostdTechnologyFacts *facts);
void hostd_probe_cca (HostdProbe *probe, HostdTechnologyFacts *facts);
void hostd_probe_pef (HostdProbe *probe, HostdTechnologyFacts *facts);
void hostd_probe_s390_pv (HostdProbe *probe, HostdTechnologyFacts *facts);

G_END_DECLS
