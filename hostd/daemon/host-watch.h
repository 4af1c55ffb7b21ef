/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "daemon/daemon.h"

G_BEGIN_DECLS

/*
 * What is known of the host, and what follows when it changes: fresh facts take the place of the
 * old ones, and log, audit log and who watches are told what is different. While a probe is on its
 * way, and after one that failed or hangs, the old facts stay in use, and status and doctor say
 * since when they are so.
 */

/*
 * The first probe, which is waited for: a guest that asks for protection gets no answer before, and
 * so is vetoed by its hook. FALSE with an error if the host cannot be probed at all (a recording at
 * fault). A probe that hangs is no such error: then all is unknown, and said to be.
 */
gboolean hostd_host_watch_begin (HostdDaemon *daemon, GError **error);
/* FALSE: a thread is still probing, as hostd_prober_end() says. */
gboolean hostd_host_watch_end (HostdDaemon *daemon);

/* Asks for a probe; @why is a few words for the log. */
void hostd_host_watch_probe (HostdDaemon *daemon, const char *why);

/*
 * The same; @done is called when a probe that began after this call has ended, or does not end.
 * @error is its to free, NULL if there are fresh facts.
 */
typedef void (*HostdHostProbed) (GError *error, gpointer data);
void hostd_host_watch_probe_then (HostdDaemon *daemon, const char *why, HostdHostProbed done,
                                  gpointer data);

/* For status: { "facts_from", "probe", "hangs_at" }, as the interface describes it. */
JsonObject *hostd_host_watch_to_json (const HostdDaemon *daemon);

G_END_DECLS
