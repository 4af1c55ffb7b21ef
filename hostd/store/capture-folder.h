/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A folder that is written whole or not at all: files go into a hidden one beside it, all is
 * synced, and it takes the name at the end. Whoever is killed on the way leaves at most that hidden
 * folder, ".NAME.XXXXXXXX.tmp".
 *
 * Folders are made 0755 and files 0644, whatever the umask: a capture is there to be sent to
 * others.
 */
typedef struct HostdCaptureFolder HostdCaptureFolder;

/* No capture has more; a recording that comes to more is not captured. */
#define HOSTD_CAPTURE_MAX_ENTRIES 5000
#define HOSTD_CAPTURE_MAX_BYTES (64u * 1024 * 1024)

/*
 * @path must not exist, or be an empty folder: HOSTD_ERROR_EXISTS. Its parent must be there and be
 * writable.
 */
HostdCaptureFolder *hostd_capture_folder_new (const char *path, GError **error);

/*
 * Whether so much will fit below the limits: each file is synced, which takes its time, so better
 * asked before than found out.
 */
gboolean hostd_capture_folder_fits (guint entries, gsize bytes, GError **error);

/* Plain relative paths; the folders above are made. */
gboolean hostd_capture_folder_add_folder (HostdCaptureFolder *self, const char *path,
                                          GError **error);
gboolean hostd_capture_folder_add_file (HostdCaptureFolder *self, const char *path, GBytes *content,
                                        GError **error);

/* Gives it its name. Only then is anything at @path. */
gboolean hostd_capture_folder_finish (HostdCaptureFolder *self, GError **error);

/* Removes what was not finished. */
void hostd_capture_folder_free (HostdCaptureFolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdCaptureFolder, hostd_capture_folder_free)

G_END_DECLS
