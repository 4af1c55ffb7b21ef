/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/gate.h"
#include "ipc/server-limits.h"

#include <sys/types.h>

G_BEGIN_DECLS

/* hostd.conf: cloister-hostd.conf(5) has every key. */

typedef enum {
  HOSTD_SOCKET_COMPUTE,
  HOSTD_SOCKET_HOOK,
  HOSTD_SOCKET_ADMIN,
  HOSTD_N_SOCKETS
} HostdSocket;
/* "compute", "hook", "admin": section, folder, and systemd's FileDescriptorName. */
const char *hostd_socket_name (HostdSocket which);

typedef struct {
  GArray *uids; /* (element-type uid_t) who may call */
  mode_t mode;
  gid_t group;
} HostdSocketSettings;

typedef struct {
  char *path; /* of the file, for messages */
  char *run_dir;
  char *state_dir;
  char *template_dir;
  char **policy_dirs;
  guint probe_seconds; /* a probe of the host that takes longer is given up */
  char *replay;        /* a recorded host, or NULL for this machine */
  HostdSocketSettings sockets[HOSTD_N_SOCKETS];
  HostdGateSettings gate;
  HostdLimits limits;
  guint orphan_days;   /* a binding without a domain is removed after so many; 0 never */
  GPtrArray *warnings; /* (element-type char *) what was left out, to be logged */
} HostdSettings;

/*
 * Reads @path; with @optional, a file that is not there is the defaults. @template_dir is the
 * default for that key. Errors name file and line: "FILE:LINE: what is wrong".
 */
HostdSettings *hostd_settings_load (const char *path, gboolean optional, const char *template_dir,
                                    GError **error);
void hostd_settings_free (HostdSettings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdSettings, hostd_settings_free)

G_END_DECLS
