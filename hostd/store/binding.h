/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"

G_BEGIN_DECLS

/*
 * One binding: which launch policy a domain was rewritten for. On disk (store/bindings.h) it is
 *
 *   { "version": 1, "uuid": "...", "name": "web-1", "time": 1764050000,
 *     "policy": "snp", "policyDigest": "sha256:HEX", "policyText": "<policy ...>",
 *     "technology": "sev-snp", "data": { "hostData": "sha256:HEX" } }
 *
 * Nothing of the launch data itself is kept.
 */
#define HOSTD_BINDING_VERSION 1
#define HOSTD_BINDING_MAX_BYTES (1024u * 1024)

typedef struct HostdBinding HostdBinding;

/*
 * @uuid in any case, with or without dashes, as libvirt accepts it; kept in lower case with dashes.
 * @policy_text is the policy's file as it was, @policy_digest what hostd_policy_get_digest() says.
 * @name may be NULL. HOSTD_ERROR_INVALID if @uuid is none, @policy is empty or a text is not UTF-8.
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

/*
 * The text of the file, and back. From text: HOSTD_ERROR_UNSUPPORTED if its version is newer than
 * ours; HOSTD_ERROR_CORRUPT if it is no JSON, or a member is missing or not of its kind (members
 * that we do not know are skipped). To text: HOSTD_ERROR_TOO_LARGE over HOSTD_BINDING_MAX_BYTES.
 */
char *hostd_binding_to_text (const HostdBinding *self, gsize *ret_length, GError **error);
HostdBinding *hostd_binding_from_text (const char *text, gsize length, GError **error);

/* TRUE if both bind to the same policy and technology with the same launch data. */
gboolean hostd_binding_agrees (const HostdBinding *self, const HostdBinding *other);

/* @uuid in lower case with dashes, or NULL if it is none. (transfer full) */
char *hostd_binding_normalise_uuid (const char *uuid);

G_END_DECLS
