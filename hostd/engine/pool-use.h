/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "engine/roster.h"

G_BEGIN_DECLS

/*
 * Who holds the keys of a pool: what is in use, less what has leaked, less what libvirt's own
 * guests hold, is held by others (another manager of machines, a QEMU started by hand).
 */

/* Running guests by technology. */
typedef struct {
  guint guests[HOSTD_N_TECHNOLOGIES];
} HostdPoolUse;

/* Sets capacity.others of each technology whose keys in use are counted. */
void hostd_pool_use_join (const HostdPoolUse *self, HostdFacts *facts);

/* By what libvirt said last; nothing while it has said nothing. */
void hostd_pool_use_join_roster (const HostdRoster *roster, HostdFacts *facts);

/*
 * A recorded host's "libvirt/running": lines TECHNOLOGY NUMBER; '#' starts a comment. FALSE with
 * HOSTD_ERROR_INVALID and the line.
 */
gboolean hostd_pool_use_parse (HostdPoolUse *self, const char *text, GError **error);

G_END_DECLS
