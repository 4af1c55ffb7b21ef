/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "daemon/daemon.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What is wrong, by what the daemon knows: the answer of Admin.Doctor. (transfer full) */
JsonObject *hostd_doctor_to_json (const HostdDaemon *daemon);

G_END_DECLS
