/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * What a scheduler is told of a host: its key pools, each once, however many technologies draw on
 * it. Only technologies that a guest of libvirt's is launched with have a place here: sev, sev-es,
 * sev-snp and tdx.
 *
 *   { "pools": [ { "pool": "sev-es",
 *                  "total": 127,               keys
 *                  "reserved": 2,              of them, not for guests of libvirt's; <= total
 *                  "guests": 3,                keys that guests of libvirt's hold, null: unknown
 *                  "technologies": [ { "name": "sev-snp",
 *                                      "trait": "HW_CPU_X86_AMD_SEV_SNP",
 *                                      "fallback": "CUSTOM_HW_CPU_X86_AMD_SEV_SNP",
 *                                      "features": ["CUSTOM_CC_SEV_SNP_QUOTE_READY"] } ] } ],
 *     "drained": null }                        or why nothing is to be placed here
 *
 * A pool that no usable technology draws on, that has no keys, or whose size is unknown is left
 * out: who published it before withdraws it. Reserved are the keys that others hold and those that
 * leaked. It is all of them while @drained, or while nobody can say how many are in use. While
 * libvirt has not said which guests are its own, every key in use is taken for somebody else's.
 *
 * Traits: os-traits, hw/cpu/x86/__init__.py, which has SEV since 0.7, SEV_ES since 3.1, SEV_SNP
 * since 3.7 and INTEL_TDX since 3.8; a Placement that does not know one is told the fallback.
 * (transfer full)
 */
JsonNode *hostd_inventory_to_json (const HostdFacts *facts, const char *drained);

G_END_DECLS
