/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/reasons.h"
#include "store/binding.h"

G_BEGIN_DECLS

/*
 * The folder of bindings. They outlive the domain's definition, hostd and a reboot, and they are
 * what the gate believes when a domain's own metadata says otherwise.
 *
 * STATE_DIR/bindings/UUID, one file a domain, the UUID in lower case with dashes, mode 0600 in a
 * folder of 0700. The libvirt hook looks for that name when hostd is dead, so folder and name are
 * an interface; the content is not.
 */
#define HOSTD_BINDINGS_FOLDER "bindings"

typedef struct HostdBindings HostdBindings;

/*
 * Opens the folder below @state_dir, and makes either if it is not there (0700). Temporary files
 * that a crash left behind are removed. Not for use from two threads at once.
 */
HostdBindings *hostd_bindings_open (const char *state_dir, GError **error);
void hostd_bindings_free (HostdBindings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdBindings, hostd_bindings_free)

/* Device and inode of the folder: each Event of the hook carries those that the hook sees. */
void hostd_bindings_get_identity (const HostdBindings *self, guint64 *ret_device,
                                  guint64 *ret_inode);

/*
 * The binding of @uuid (any spelling); TRUE with *@ret_binding NULL where there is none: that is an
 * answer, not an error. HOSTD_ERROR_CORRUPT if a file is there and is not what we wrote, or if the
 * folder was taken away under us; HOSTD_ERROR_UNSUPPORTED if a newer Cloister wrote it. Neither is
 * ever "not bound", and the file stays.
 */
gboolean hostd_bindings_lookup (HostdBindings *self, const char *uuid, HostdBinding **ret_binding,
                                GError **error);

/*
 * Keeps @binding, synced to disk before this returns. If the UUID is bound already, that binding
 * stays: TRUE if it names the same policy, technology and launch data (a policy whose text changed
 * since is still that policy: the guest stays bound to the text as it was), HOSTD_ERROR_EXISTS if
 * not. On any other failure the disk holds what it held before, or, if only the last sync failed,
 * perhaps the new file: a caller that was told no may try again.
 */
gboolean hostd_bindings_bind (HostdBindings *self, const HostdBinding *binding, GError **error);

/*
 * Removes the binding of @uuid, a corrupt one too. HOSTD_ERROR_NOT_FOUND if there is none. The
 * caller has made sure that libvirt neither defines nor runs the domain.
 */
gboolean hostd_bindings_forget (HostdBindings *self, const char *uuid, GError **error);

/*
 * All of them, sorted by UUID (element-type HostdBinding). What cannot be read is told in
 * @problems, one reason of id "binding" for each file, and does not hide the others. NULL if the
 * folder cannot be read.
 */
GPtrArray *hostd_bindings_list (HostdBindings *self, HostdReasons *problems, GError **error);

/* Their names alone, sorted (element-type utf8), whether or not they can be read. */
GPtrArray *hostd_bindings_list_uuids (HostdBindings *self, GError **error);

/*
 * When its domain was last known to libvirt (seconds since 1970), which is at first when it was
 * bound: the file's own time of modification, good to an hour. FALSE if there is none. Noting never
 * moves it back, and fails in silence: then an orphan looks older than it is, and only if its
 * domain is gone.
 */
gboolean hostd_bindings_get_seen (HostdBindings *self, const char *uuid, gint64 *ret_seen);
void hostd_bindings_note_seen (HostdBindings *self, const char *uuid, gint64 now);

G_END_DECLS
