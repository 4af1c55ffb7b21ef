/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What somebody asks of a launch: a policy by name, perhaps the technology (policy "any" follows
 * it), and launch data by libvirt's element or attribute name (hostData, idBlock, mrConfigId,
 * kernelHashes, ...). Values are kept as given; the technology's template says what each must be,
 * and Rewrite refuses by name what is malformed.
 */
typedef struct HostdRequest HostdRequest;

HostdRequest *hostd_request_new (const char *policy);
HostdRequest *hostd_request_ref (HostdRequest *self);
void hostd_request_unref (HostdRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdRequest, hostd_request_unref)

const char *hostd_request_get_policy (const HostdRequest *self);

/* NULL where none was named. Setting a name that no technology has is HOSTD_ERROR_INVALID. */
const char *hostd_request_get_technology (const HostdRequest *self);
gboolean hostd_request_set_technology (HostdRequest *self, const char *name, GError **error);

#define HOSTD_REQUEST_MAX_DATA 32            /* keys */
#define HOSTD_REQUEST_MAX_VALUE (64u * 1024) /* bytes of one value */

/* HOSTD_ERROR_EXISTS if @key was given before, HOSTD_ERROR_TOO_LARGE over the limits above. */
gboolean hostd_request_add_data (HostdRequest *self, const char *key, const char *value,
                                 GError **error);
/*
 * The same from the bytes of a file: text in base64 is taken as it is, anything else is encoded.
 */
gboolean hostd_request_add_data_bytes (HostdRequest *self, const char *key, const char *bytes,
                                       gsize length, GError **error);

guint hostd_request_count_data (const HostdRequest *self);
const char *hostd_request_get_key (const HostdRequest *self, guint index);
const char *hostd_request_get_value (const HostdRequest *self, guint index);
/* NULL if @key was not given. */
const char *hostd_request_lookup (const HostdRequest *self, const char *key);

G_END_DECLS
