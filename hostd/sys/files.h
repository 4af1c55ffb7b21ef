/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sys/sys.h"

G_BEGIN_DECLS

/*
 * Files below a root folder, the same way for this machine ("/", or a chroot) and for a recording:
 * symbolic links, absolute ones too, are followed inside the root and cannot lead out of it. A
 * recording may come from a stranger's bug report.
 */
HostdRead hostd_files_read_bytes (int root_fd, const char *path, GBytes **ret_bytes,
                                  GError **error);
HostdRead hostd_files_list_folder (int root_fd, const char *path, char ***ret_names,
                                   GError **error);

/* A descriptor of whatever stands there, for no more than to name it (O_PATH). -1 with errno. */
int hostd_files_open_path (int root_fd, const char *path);

/* Whether a program is there: a regular file that somebody may execute. */
gboolean hostd_files_has_program (int root_fd, const char *path);

G_END_DECLS
