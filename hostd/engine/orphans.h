/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/roster.h"
#include "store/bindings.h"

G_BEGIN_DECLS

/*
 * Bindings whose domain libvirt does not know. They outlive undefine, since a cold resize may bring
 * the domain back, so only age removes them: the time since libvirt was last seen to know it.
 */

/* Days since libvirt knew the domain of @uuid; -1 if that cannot be told. */
gint64 hostd_orphan_days (HostdBindings *bindings, const char *uuid, gint64 now);

typedef void (*HostdOrphanReaped) (const char *uuid, gpointer data);

/*
 * Notes of each domain in @roster, which has just been asked of libvirt, that it is known @now
 * (seconds since 1970), and removes bindings without a domain once they are older than @max_days; 0
 * keeps them for ever. A binding that cannot be read is never removed.
 */
gboolean hostd_orphans_reconcile (HostdBindings *bindings, const HostdRoster *roster, gint64 now,
                                  guint max_days, HostdOrphanReaped reaped, gpointer data,
                                  GError **error);

G_END_DECLS
