/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/request.h"

#include "base/error.h"
#include "base/facts.h"
#include "base/parse.h"

#include <string.h>

struct HostdRequest {
  int refs;
  char *policy, *technology;
  GPtrArray *keys, *values; /* (element-type utf8), side by side */
};

HostdRequest *
hostd_request_new (const char *policy)
{
  HostdRequest *self = g_new0 (HostdRequest, 1);

  self->refs = 1;
  self->policy = g_strdup (policy);
  self->keys = g_ptr_array_new_with_free_func (g_free);
  self->values = g_ptr_array_new_with_free_func (g_free);
  return self;
}

HostdRequest *
hostd_request_ref (HostdRequest *self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

void
hostd_request_unref (HostdRequest *self)
{
  if (self == NULL || !g_atomic_int_dec_and_test (&self->refs))
    return;
  g_free (self->policy);
  g_free (self->technology);
  g_ptr_array_unref (self->keys);
  g_ptr_array_unref (self->values);
  g_free (self);
}

const char *
hostd_request_get_policy (const HostdRequest *self)
{
  return self->policy;
}

const char *
hostd_request_get_technology (const HostdRequest *self)
{
  return self->technology;
}

gboolean
hostd_request_set_technology (HostdRequest *self, const char *name, GError **error)
{
  HostdTechnology technology;

  if (!hostd_technology_from_name (name, &technology)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                 "no technology is called '%s': sev, sev-es, sev-snp and tdx are", name);
    return FALSE;
  }
  g_free (self->technology);
  self->technology = g_strdup (name);
  return TRUE;
}

gboolean
hostd_request_add_data (HostdRequest *self, const char *key, const char *value, GError **error)
{
  if (hostd_request_lookup (self, key)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_EXISTS, "launch data %s is given twice", key);
    return FALSE;
  }
  if (self->keys->len >= HOSTD_REQUEST_MAX_DATA || strlen (value) > HOSTD_REQUEST_MAX_VALUE) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE,
                 "launch data %s: more than %d keys, or than %u bytes", key, HOSTD_REQUEST_MAX_DATA,
                 HOSTD_REQUEST_MAX_VALUE);
    return FALSE;
  }
  g_ptr_array_add (self->keys, g_strdup (key));
  g_ptr_array_add (self->values, g_strstrip (g_strdup (value)));
  return TRUE;
}

gboolean
hostd_request_add_data_bytes (HostdRequest *self, const char *key, const char *bytes, gsize length,
                              GError **error)
{
  g_autofree char *encoded = NULL;
  g_autofree guint8 *decoded = NULL;
  gsize n;

  if (memchr (bytes, 0, length) == NULL) {
    encoded = g_strndup (bytes, length);
    decoded = hostd_parse_base64 (encoded, &n);
    if (decoded == NULL)
      g_clear_pointer (&encoded, g_free);
  }
  if (encoded == NULL)
    encoded = g_base64_encode ((const guint8 *) bytes, length);
  return hostd_request_add_data (self, key, encoded, error);
}

guint
hostd_request_count_data (const HostdRequest *self)
{
  return self->keys->len;
}

const char *
hostd_request_get_key (const HostdRequest *self, guint index)
{
  return g_ptr_array_index (self->keys, index);
}

const char *
hostd_request_get_value (const HostdRequest *self, guint index)
{
  return g_ptr_array_index (self->values, index);
}

const char *
hostd_request_lookup (const HostdRequest *self, const char *key)
{
  for (guint i = 0; i < self->keys->len; i++)
    if (strcmp (g_ptr_array_index (self->keys, i), key) == 0)
      return g_ptr_array_index (self->values, i);
  return NULL;
}
