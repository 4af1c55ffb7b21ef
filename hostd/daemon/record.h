/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "daemon/daemon.h"
#include "daemon/log.h"

G_BEGIN_DECLS

/* What happens is told in up to three places: the log, who watches, and the audit log. */

/* To the log and to Admin.Monitor. @uuid and @name may be NULL. */
void hostd_record_tell (HostdDaemon *daemon, HostdLogLevel level, const char *event,
                        const char *uuid, const char *name, const char *format, ...)
    G_GNUC_PRINTF (6, 7);

/* To the audit log; that it cannot be written is logged, and stops nothing. */
void hostd_record_audit (HostdDaemon *daemon, const char *event, const char *uuid,
                         const char *text);

/* All that follows from a change of the gate's arming. */
void hostd_record_arming (HostdDaemon *daemon, HostdArmingChange change);

G_END_DECLS
