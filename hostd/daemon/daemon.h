/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "daemon/libvirt-worker.h"
#include "daemon/log-limit.h"
#include "daemon/monitor.h"
#include "daemon/notify.h"
#include "daemon/prober.h"
#include "daemon/settings.h"
#include "daemon/uevents.h"
#include "engine/arming.h"
#include "engine/engine.h"
#include "engine/live-facts.h"
#include "engine/roster.h"
#include "ipc/server.h"
#include "store/audit.h"

G_BEGIN_DECLS

/*
 * What the method handlers work on. They run on the main loop, one at a time, and are thin: what
 * decides is in engine/.
 */
typedef struct {
  const HostdSettings *settings;
  HostdNotify *notify;
  HostdEngine *engine;
  HostdGate *gate;
  HostdRoster *roster;
  HostdAlarm *alarm;
  HostdArming *arming;
  HostdAudit *audit;
  HostdMonitor *monitor;
  HostdServer *server;
  HostdLibvirtWorker *libvirt;
  HostdProber *prober;
  GPtrArray *waiters;    /* for a probe; host-watch.c alone */
  HostdUevents *uevents; /* NULL: the kernel cannot be heard */
  HostdLiveFacts *live;
  guint libvirt_asked;   /* questions of libvirt-layer.c on their way */
  gboolean libvirt_news; /* its alone: what the facts stand on is no longer so */
  guint reconcile;       /* source */

  gint64 started;        /* seconds since 1970 */
  char *templates_error; /* of the last reload: then the set before it is in use. Or NULL */
  char *host_error;      /* likewise, of the last probe */
  gint64 facts_time; /* when the facts in use were taken, seconds since 1970; 0 there are none */
  guint64 allowed, vetoed;
  HostdLogLimit notices;  /* of clients that are refused or misbehave */
  gboolean folder_known;  /* a hook has told which bindings folder it sees */
  HostdGateFolder folder; /* then: how it compares with ours */
} HostdDaemon;

/*
 * Loads templates, opens the store, waits for the first probe of the host (host-watch.h). and
 * @notify outlive the result.
 */
HostdDaemon *hostd_daemon_new (const HostdSettings *settings, HostdNotify *notify, GError **error);
/*
 * Frees it. FALSE: a thread still waits for libvirt or the host, and exit handlers may not run, as
 * hostd_libvirt_worker_end() and hostd_prober_end() say.
 */
gboolean hostd_daemon_end (HostdDaemon *self);
void hostd_daemon_free (HostdDaemon *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdDaemon, hostd_daemon_free)

/* Serves the socket @which on @fd, which is taken over. */
void hostd_daemon_listen (HostdDaemon *self, HostdSocket which, int fd);

/*
 * Reads templates at once and the host on another thread; @done (may be NULL) is called when both
 * are in use. @error, which is its to free, is what is wrong if either failed: the old ones stay in
 * use then, and log and status say so.
 */
typedef void (*HostdReloaded) (GError *error, gpointer data);
void hostd_daemon_reload (HostdDaemon *self, HostdReloaded done, gpointer data);

/* One line for `systemctl status`. (transfer full) */
char *hostd_daemon_describe (const HostdDaemon *self);

G_END_DECLS
