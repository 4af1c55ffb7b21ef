/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "base/reasons.h"

G_BEGIN_DECLS

/*
 * Bindings: which launch policy a domain was rewritten for. The record outlives the domain's
 * definition, hostd and a reboot, and it is what the gate believes when the domain's own metadata
 * says otherwise.
 *
 * On disk: STATE_DIR/bindings/UUID, one file a domain, the UUID in lower case with dashes. The
 * libvirt hook looks for that name when hostd is dead, so the name is an interface; the content is not:
 *
 *   { "version": 1, "uuid": "...", "name": "web-1", "time": 1764050000,
 *     "policy": "snp", "policyDigest": "sha256:HEX", "policyText": "<policy ...>",
 *     "technology": "sev-snp", "data": { "hostData": "sha256:HEX" } }
 *
 * Files are 0600 in a folder that is 0700. Nothing of the launch data itself is kept.
 */
#define HOSTD_BINDING_VERSION   1
#define HOSTD_BINDING_MAX_BYTES (1024u * 1024)
#define HOSTD_BINDINGS_FOLDER   "bindings"

/* ---- one record ---------------------------------------------------------- */

typedef struct HostdBinding HostdBinding;

/*
 * @uuid in any case, with or without dashes, as libvirt accepts it; kept in lower case with dashes.
 * @policy_text is the policy's file as it was, @policy_digest what hostd_policy_get_digest() says.
 * @name may be NULL. HOSTD_ERROR_INVALID if @uuid is none or @policy is empty.
 */
HostdBinding *hostd_binding_new (const char *uuid, const char *name, const char *policy,
                                 const char *policy_text, const char *policy_digest,
                                 HostdTechnology technology, GError **error);
void hostd_binding_free (HostdBinding *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdBinding, hostd_binding_free)

/*
 * Adds one piece of launch data by libvirt's name for it. Kept is the SHA-256 of the value without
 * its white space, since people wrap base64 and libvirt may.
 */
void hostd_binding_add_data (HostdBinding *self, const char *key, const char *value);

const char *hostd_binding_get_uuid (const HostdBinding *self);
const char *hostd_binding_get_name (const HostdBinding *self); /* NULL if it was not known */
const char *hostd_binding_get_policy (const HostdBinding *self);
const char *hostd_binding_get_policy_text (const HostdBinding *self);
const char *hostd_binding_get_policy_digest (const HostdBinding *self);
HostdTechnology hostd_binding_get_technology (const HostdBinding *self);
gint64 hostd_binding_get_time (const HostdBinding *self); /* of binding, seconds since 1970, UTC */

/* Launch data, sorted by key. */
guint hostd_binding_count_data (const HostdBinding *self);
const char *hostd_binding_get_data_key (const HostdBinding *self, guint index);
const char *hostd_binding_get_data_digest (const HostdBinding *self, guint index);
/* "sha256:HEX" as it would be kept for @value. (transfer full) */
char *hostd_binding_digest_of (const char *value);

/* ---- all of them --------------------------------------------------------- */

typedef struct HostdBindings HostdBindings;

/*
 * Opens the folder below @state_dir, and makes either if it is not there (0700). Temporary files that
 * a crash left behind are removed. Not for use from two threads at once.
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
 * All of them, sorted by UUID (element-type HostdBinding). What cannot be read is told in @problems,
 * one reason of id "binding" for each file, and does not hide the others. NULL if the folder cannot
 * be read.
 */
GPtrArray *hostd_bindings_list (HostdBindings *self, HostdReasons *problems, GError **error);

G_END_DECLS
