/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/templates.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * Does the scheduler keep what asks for protection off the hosts that cannot give it? It ignores
 * cc:* altogether: a flavor has to ask Placement itself, for a slot and for the traits that only a
 * host with Cloister has. doc/nova-requests.md says why each is needed.
 */

/* Major releases of Nova: 26 is 2022.2 (Zed), 31 is 2025.1, 34 is 2026.2. */
#define HOSTD_FLAVOR_NOVA_FIRST 26
#define HOSTD_FLAVOR_NOVA_LAST 99
#define HOSTD_FLAVOR_NOVA_DEFAULT 31

/*
 * @list is what `openstack flavor list --all --long -f json` prints: [ { "Name": "web", "ID": "7",
 * "Properties": { "cc:policy": "snp" } } ], other members aside. HOSTD_ERROR_INVALID if it is not
 * that. @templates tells what a policy accepts, NULL if nobody knows.
 *
 *   { "nova_release": 31, "checked": 12,          flavors in the list
 *     "wrong": 1,
 *     "flavors": [ { "name": "web", "id": "7",    of those that ask, or mean to
 *                    "verdict": "wrong",          or "fine"
 *                    "policy": "snp" or null, "technologies": ["sev-snp"],  [] if not known here
 *                    "findings": [ { "id": "no-trait", "text": "..." } ],
 *                    "notes": [ ... ],            the same of what needs no mending
 *                    "commands": [ "openstack flavor set ..." ] } ] }
 * (transfer full)
 */
JsonObject *hostd_flavor_check (JsonNode *list, guint nova_release, const HostdTemplates *templates,
                                GError **error);

G_END_DECLS
