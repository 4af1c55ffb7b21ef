/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * Host facts as `cloisterctl capabilities --json` prints them and the daemon sends them:
 *
 *   { "host": { "source": "live", "libvirt": "10.10.0", "qemu": "9.2.0", "kernel": "6.11.0",
 *               "sev_firmware": "1.55.29", "guest": false, "root": true, "cbitpos": 51,
 *               "emulators": ["/usr/bin/qemu-system-x86_64"] },
 *     "technologies": { "sev-snp": {
 *         "verdict": "usable",             unknown, usable, unusable, not-applicable
 *         "layer": null,                   hardware, firmware, kernel, qemu, libvirt
 *         "cause": null, "fix": null,      sentences
 *         "evidence": [ { "layer": "hardware", "source": "cpuid 8000001f 0", "value": "..." } ],
 *         "capacity": { "total": 127, "in_use": 5, "others": 0, "leaked": 2, "free": 122,
 *                       "pool": "sev-es", "nodes": [ { "node": 0, "total": 2126512128 } ] },
 *         "values": { "policy_bits": "0x3dbffff", "vmsa_features": { "unknown": why } },
 *         "quote": { "state": "ready", "cause": null, "fix": null } }, ... },
 *                                        unknown, none, ready, broken
 *     "firmware": [ { "descriptor": "/usr/...json", "image": "/usr/...fd", "device": "memory",
 *                     "uefi": true, "features": [...], "machines": [...] } ] }
 *
 * Every technology is there, in the order of HostdTechnology. What is unknown is null: a number, a
 * version, the whole "firmware". (transfer full)
 */
JsonNode *hostd_facts_to_json (const HostdFacts *facts);

G_END_DECLS
