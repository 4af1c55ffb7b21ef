/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "sys/sys.h"

G_BEGIN_DECLS

/*
 * Probes of the host, off the main loop: each on a thread of its own, one at a time. A probe that
 * has not come back by its deadline is abandoned, and nobody waits for it any more; its thread
 * cannot be ended, and stays where it hangs. One more may be begun beside it then, and no third:
 * what hung once is likely to hang again. An abandoned probe that comes back after all is news like
 * any other, unless a later one has come back before it.
 *
 * All functions are the main loop's.
 */
typedef struct HostdProber HostdProber;

/* The probe itself, on its thread: hostd_host_facts_read_telling(). */
typedef HostdFacts *(*HostdProberRead) (const char *recording, HostdSysAsking asking, gpointer data,
                                        GError **error);

/*
 * Called on the main loop when probe @number has come back with @facts (transfer full), or with
 * @error (transfer full): HOSTD_ERROR_TIMEOUT if it was abandoned, and then it may come back yet
 * and be told of a second time. @why is what it was asked for, "start, kvm_amd".
 */
typedef void (*HostdProberDone) (guint64 number, const char *why, HostdFacts *facts, GError *error,
                                 gpointer data);

/* @recording (may be NULL) is passed on to @read. */
HostdProber *hostd_prober_new (HostdProberRead read, const char *recording, guint deadline_seconds,
                               HostdProberDone done, gpointer data);
/*
 * Frees it, and waits a moment for its threads. FALSE if one is still probing, whose answer is
 * thrown away: exit handlers may not run then, it uses what they free.
 */
gboolean hostd_prober_end (HostdProber *self);

/*
 * Asks for a probe that begins now, or when the one that runs has ended; what is asked meanwhile is
 * one and the same. Its number, larger than those before. 0: two hang, so none can begin before one
 * of them comes back, and then one does.
 */
guint64 hostd_prober_request (HostdProber *self, const char *why);

/*
 * Blocks until the probe that runs has come back or reached its deadline, and calls @done: for the
 * start, when there is nothing else to do.
 */
void hostd_prober_wait (HostdProber *self);

/* A probe is on its way and was not given up. */
gboolean hostd_prober_is_running (HostdProber *self);
/* What the first probe that was given up hangs at; NULL if none hangs. (transfer full) */
char *hostd_prober_get_hang (HostdProber *self);

G_END_DECLS
