/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "daemon/libvirt-worker.h"
#include "daemon/monitor.h"
#include "daemon/notify.h"
#include "daemon/settings.h"
#include "engine/arming.h"
#include "engine/engine.h"
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
  guint reconcile; /* source */

  gint64 started;        /* seconds since 1970 */
  char *templates_error; /* of the last reload: then the set before it is in use. Or NULL */
  char *host_error;      /* likewise, of the last probe */
  guint64 allowed, vetoed;
  gboolean folder_known;  /* a hook has told which bindings folder it sees */
  HostdGateFolder folder; /* then: how it compares with ours */
} HostdDaemon;

/* Loads templates, probes the host, opens the store. @settings and @notify outlive the result. */
HostdDaemon *hostd_daemon_new (const HostdSettings *settings, HostdNotify *notify, GError **error);
/* Frees it. FALSE: a thread is still in libvirt, as hostd_libvirt_worker_end() says. */
gboolean hostd_daemon_end (HostdDaemon *self);
void hostd_daemon_free (HostdDaemon *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdDaemon, hostd_daemon_free)

/* Serves the socket @which on @fd, which is taken over. */
void hostd_daemon_listen (HostdDaemon *self, HostdSocket which, int fd);

/*
 * Reads templates and host again. FALSE, with what is wrong, if either failed; the old ones stay in
 * use then, and log and status say so.
 */
gboolean hostd_daemon_reload (HostdDaemon *self, GError **error);

/* One line for `systemctl status`. (transfer full) */
char *hostd_daemon_describe (const HostdDaemon *self);

G_END_DECLS
