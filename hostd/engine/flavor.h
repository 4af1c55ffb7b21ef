/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * One flavor of Nova's: its extra specs, what was found wrong with them, and the changes that would
 * mend it. Only engine/flavor-*.c use this.
 */
typedef struct {
  const char *name, *id;  /* of the list that was read, not of this struct */
  JsonObject *properties; /* as @name; each value is a string */
  JsonArray *findings;    /* { "id": "no-trait", "text": "..." } */
  JsonArray *notes;       /* the same of what needs no mending */
  GPtrArray *set, *unset; /* (element-type utf8) "KEY=VALUE", "KEY" */
} HostdFlavor;

HostdFlavor *hostd_flavor_new (const char *name, const char *id, JsonObject *properties);
void hostd_flavor_free (HostdFlavor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdFlavor, hostd_flavor_free)

void hostd_flavor_find (HostdFlavor *self, const char *id, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
void hostd_flavor_note (HostdFlavor *self, const char *id, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
void hostd_flavor_set (HostdFlavor *self, const char *key, const char *value);
void hostd_flavor_unset (HostdFlavor *self, const char *key);
gboolean hostd_flavor_is_wrong (const HostdFlavor *self);

/* The commands that mend it, in their order: `openstack flavor unset ...`, `... set ...`. Each is
 * one line for a POSIX shell, whatever is in name and values. Empty where a person has to decide.
 * (transfer full) */
JsonArray *hostd_flavor_get_commands (const HostdFlavor *self);

G_END_DECLS
