/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "ipc/interface.h"

G_BEGIN_DECLS

/* What hostd serves; the data of each is a HostdDaemon. The texts are ipc/interfaces/NAME.varlink.
 */
extern const HostdInterface hostd_launch_interface;
extern const HostdInterface hostd_hook_interface;
extern const HostdInterface hostd_admin_interface;

/* Answers with @node, an object, as the reply's parameters. @node and @error are taken over. */
void hostd_call_finish_node (HostdCall *call, JsonNode *node, GError *error);

G_END_DECLS
