/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * What was done to guests and platform, for whoever asks later: STATE_DIR/audit.log, one JSON
 * object a line, appended and synced, mode 0600.
 *
 *   {"time":"2026-11-25T10:00:00Z","event":"destroy","uuid":"...","text":"..."}
 *
 * It is opened for each record, so that logrotate may rename it.
 */
typedef struct HostdAudit HostdAudit;

#define HOSTD_AUDIT_FILE "audit.log"

HostdAudit *hostd_audit_open (const char *state_dir, GError **error);
void hostd_audit_free (HostdAudit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdAudit, hostd_audit_free)

/*
 * Appends one record; synced before this returns. @event is a word; @uuid and @text may be NULL.
 * @more (transfer none, may be NULL) has further members.
 */
gboolean hostd_audit_add (HostdAudit *self, const char *event, const char *uuid, const char *text,
                          JsonObject *more, GError **error);

/*
 * The last @limit records, oldest first, as a JSON array. A line that a crash cut short is left
 * out. (transfer full)
 */
JsonArray *hostd_audit_read (HostdAudit *self, guint limit, GError **error);

G_END_DECLS
