/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The daemon's log: one line an event. Under journald it is sent with fields of its own, EVENT= and
 * DOMAIN_UUID=, by which `journalctl` can be asked; elsewhere, and where journald does not listen,
 * it is a line on stderr.
 *
 *   gate: allow prepare of "web-1" ...
 *
 * The levels are those of syslog. Whatever a guest or a client chose the bytes of is made one
 * printable line here, once for all.
 */
typedef enum {
  HOSTD_LOG_ERROR = 3,
  HOSTD_LOG_WARNING = 4,
  HOSTD_LOG_NOTICE = 5,
  HOSTD_LOG_INFO = 6,
  HOSTD_LOG_DEBUG = 7,
} HostdLogLevel;

/*
 * @journal: where stderr is not journald's own, lines begin with "<LEVEL>" for it. @verbose: debug
 * lines too. GLib's own warnings go the same way from then on.
 */
void hostd_log_init (gboolean journal, gboolean verbose);

/* @event is a word: "gate", "rewrite", "reload", "socket". */
void hostd_log (HostdLogLevel level, const char *event, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* The same of one domain; @uuid may be NULL. */
void hostd_log_domain (HostdLogLevel level, const char *event, const char *uuid, const char *format,
                       ...) G_GNUC_PRINTF (4, 5);

G_END_DECLS
