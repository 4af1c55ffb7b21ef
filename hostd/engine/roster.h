/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "virt/virt.h"

G_BEGIN_DECLS

/*
 * The domains that libvirt said it has, as of its last answer and the events since: what a verdict
 * may use of libvirt without asking it. While libvirt is away it is what was known before.
 */
typedef struct HostdRoster HostdRoster;

HostdRoster *hostd_roster_new (void);
void hostd_roster_free (HostdRoster *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdRoster, hostd_roster_free)

/* All domains there are, (element-type HostdVirtDomain). */
void hostd_roster_replace (HostdRoster *self, GPtrArray *domains);
/* One of them, as it is now. */
void hostd_roster_note (HostdRoster *self, const HostdVirtDomain *domain);
void hostd_roster_note_stopped (HostdRoster *self, const char *uuid);
/* Libvirt does not know it any more. */
void hostd_roster_remove (HostdRoster *self, const char *uuid);

/* FALSE until libvirt has answered once: then nothing follows from a domain's absence. */
gboolean hostd_roster_is_known (const HostdRoster *self);
gboolean hostd_roster_has (const HostdRoster *self, const char *uuid);
gboolean hostd_roster_is_running (const HostdRoster *self, const char *uuid);

/* How many running guests are of @technology. */
guint hostd_roster_count (const HostdRoster *self, HostdTechnology technology);

/*
 * How many running guests, but for @except (a UUID, may be NULL), hold a key of the pool that
 * @technology draws on, by @facts.
 */
guint hostd_roster_count_pool (const HostdRoster *self, const HostdFacts *facts,
                               HostdTechnology technology, const char *except);

G_END_DECLS
