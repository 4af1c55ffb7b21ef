/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/probe.h"

G_BEGIN_DECLS

/* One probe a technology, each in the file of its name. platform/table.c lists them. */
typedef void (*HostdTechnologyProbe) (HostdProbe *probe, HostdTechnologyFacts *facts);

void hostd_probe_sev (HostdProbe *probe, HostdTechnologyFacts *facts);
void hostd_probe_sev_es (HostdProbe *probe, HostdTechnologyFacts *facts);
void hostd_probe_sev_snp (HostdProbe *probe, HostdTechnologyFacts *facts);

/* Values: "keyids", decimal, with the module's own; platform/tdx-values.h and tdx-quote.h. */
void hostd_probe_tdx (HostdProbe *probe, HostdTechnologyFacts *facts);

/*
 * Values: "sgx1", "sgx2", "enclv", "everifyreport2", "eupdatesvn", "edeccssa" (CPUID 12.0 EAX) and
 * "flc" (CPUID 7 ECX bit 30) are "yes" or "no"; "launch_control" is "writable" if the BIOS lets
 * software choose who signs launch enclaves, else "locked".
 */
void hostd_probe_sgx (HostdProbe *probe, HostdTechnologyFacts *facts);

void hostd_probe_cca (HostdProbe *probe, HostdTechnologyFacts *facts);

/* Value: "secure_memory_bytes", decimal: what the Ultravisor keeps for guests. */
void hostd_probe_pef (HostdProbe *probe, HostdTechnologyFacts *facts);

/*
 * Values, as the Ultravisor tells them in /sys/firmware/uv: hexadecimal with 0x, "facilities" four
 * words without; "max_cpus", "max_secrets", "max_assoc_secrets" and "max_retr_secrets" decimal;
 * "host_key_hash" and "backup_host_key_hash" 64 digits each, SHA-256 of public keys. Those that the
 * kernel has no file for are left out.
 */
void hostd_probe_s390_pv (HostdProbe *probe, HostdTechnologyFacts *facts);

G_END_DECLS
