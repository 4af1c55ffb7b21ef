/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/gate.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * What libvirt knows (@domains, element-type HostdVirtDomain) beside what we bound: the answer of
 * Admin.Domains, which interfaces/io.cloister.Admin.varlink describes. A binding without a domain
 * is listed too. NULL with an error if the bindings cannot be read at all. (transfer full)
 */
JsonObject *hostd_domains_to_json (GPtrArray *domains, HostdBindings *bindings,
                                   const HostdGate *gate, GError **error);

G_END_DECLS
