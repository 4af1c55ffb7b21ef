/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "store/binding.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

#define UUID_DIGITS 32
#define DIGEST_NAME "sha256:"

/* One piece of launch data. */
typedef struct {
  char *key, *digest;
} Datum;

struct HostdBinding {
  char *uuid, *name;
  char *policy, *policy_text, *policy_digest;
  HostdTechnology technology;
  gint64 time;
  GPtrArray *data; /* (element-type Datum), sorted by key */
};

static void
datum_free (Datum *self)
{
  g_free (self->key);
  g_free (self->digest);
  g_free (self);
}

static int
datum_compare (gconstpointer a, gconstpointer b)
{
  const Datum *const *left = a, *const *right = b;

  return strcmp ((*left)->key, (*right)->key);
}

char *
hostd_binding_normalise_uuid (const char *uuid)
{
  GString *text = g_string_sized_new (36);
  guint digits = 0;

  for (const char *p = uuid; *p && digits <= UUID_DIGITS; p++) {
    if (*p == '-')
      continue;
    if (!g_ascii_isxdigit (*p))
      digits = UUID_DIGITS + 1;
    else if (digits == 8 || digits == 12 || digits == 16 || digits == 20)
      g_string_append_c (text, '-');
    g_string_append_c (text, g_ascii_tolower (*p));
    digits++;
  }
  return g_string_free (text, digits != UUID_DIGITS);
}

static gboolean
check_text (const char *what, const char *text, GError **error)
{
  if (text == NULL || g_utf8_validate (text, -1, NULL))
    return TRUE;
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s of a binding is not UTF-8", what);
  return FALSE;
}

HostdBinding *
hostd_binding_new (const char *uuid, const char *name, const char *policy, const char *policy_text,
                   const char *policy_digest, HostdTechnology technology, GError **error)
{
  g_autofree char *normal = hostd_binding_normalise_uuid (uuid);
  HostdBinding *self;

  if (normal == NULL) {
    g_autofree char *shown = g_strescape (uuid, NULL);

    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "\"%.64s\" is no UUID", shown);
    return NULL;
  }
  if (policy == NULL || *policy == '\0' || policy_text == NULL || policy_digest == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                 "a binding of %s needs a policy, its text and its digest", normal);
    return NULL;
  }
  if (!check_text ("the domain's name", name, error) ||
      !check_text ("the policy's name", policy, error) ||
      !check_text ("the policy's text", policy_text, error) ||
      !check_text ("the policy's digest", policy_digest, error))
    return NULL;

  self = g_new0 (HostdBinding, 1);
  self->uuid = g_steal_pointer (&normal);
  self->name = g_strdup (name);
  self->policy = g_strdup (policy);
  self->policy_text = g_strdup (policy_text);
  self->policy_digest = g_strdup (policy_digest);
  self->technology = technology;
  self->time = g_get_real_time () / G_USEC_PER_SEC;
  self->data = g_ptr_array_new_with_free_func ((GDestroyNotify) datum_free);
  return self;
}

void
hostd_binding_free (HostdBinding *self)
{
  if (self == NULL)
    return;
  g_free (self->uuid);
  g_free (self->name);
  g_free (self->policy);
  g_free (self->policy_text);
  g_free (self->policy_digest);
  g_ptr_array_unref (self->data);
  g_free (self);
}

char *
hostd_binding_digest_of (const char *value)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (const char *p = value; *p; p++)
    if (!g_ascii_isspace (*p))
      g_checksum_update (sum, (const guchar *) p, 1);
  return g_strconcat (DIGEST_NAME, g_checksum_get_string (sum), NULL);
}

static void
add_digest (HostdBinding *self, const char *key, char *digest)
{
  Datum *datum = g_new0 (Datum, 1);

  datum->key = g_strdup (key);
  datum->digest = digest;
  g_ptr_array_add (self->data, datum);
  g_ptr_array_sort (self->data, datum_compare);
}

void
hostd_binding_add_data (HostdBinding *self, const char *key, const char *value)
{
  add_digest (self, key, hostd_binding_digest_of (value));
}

const char *
hostd_binding_get_uuid (const HostdBinding *self)
{
  return self->uuid;
}

const char *
hostd_binding_get_name (const HostdBinding *self)
{
  return self->name;
}

const char *
hostd_binding_get_policy (const HostdBinding *self)
{
  return self->policy;
}

const char *
hostd_binding_get_policy_text (const HostdBinding *self)
{
  return self->policy_text;
}

const char *
hostd_binding_get_policy_digest (const HostdBinding *self)
{
  return self->policy_digest;
}

HostdTechnology
hostd_binding_get_technology (const HostdBinding *self)
{
  return self->technology;
}

gint64
hostd_binding_get_time (const HostdBinding *self)
{
  return self->time;
}

guint
hostd_binding_count_data (const HostdBinding *self)
{
  return self->data->len;
}

const char *
hostd_binding_get_data_key (const HostdBinding *self, guint index)
{
  const Datum *datum = g_ptr_array_index (self->data, index);

  return datum->key;
}

const char *
hostd_binding_get_data_digest (const HostdBinding *self, guint index)
{
  const Datum *datum = g_ptr_array_index (self->data, index);

  return datum->digest;
}

gboolean
hostd_binding_agrees (const HostdBinding *self, const HostdBinding *other)
{
  if (strcmp (self->policy, other->policy) != 0 || self->technology != other->technology ||
      self->data->len != other->data->len)
    return FALSE;
  for (guint i = 0; i < self->data->len; i++) {
    const Datum *mine = g_ptr_array_index (self->data, i);
    const Datum *theirs = g_ptr_array_index (other->data, i);

    if (strcmp (mine->key, theirs->key) != 0 || strcmp (mine->digest, theirs->digest) != 0)
      return FALSE;
  }
  return TRUE;
}

/* ---- text ---------------------------------------------------------------- */

static void
add_member (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

char *
hostd_binding_to_text (const HostdBinding *self, gsize *ret_length, GError **error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *json = NULL;
  char *text;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "version");
  json_builder_add_int_value (builder, HOSTD_BINDING_VERSION);
  add_member (builder, "uuid", self->uuid);
  if (self->name)
    add_member (builder, "name", self->name);
  json_builder_set_member_name (builder, "time");
  json_builder_add_int_value (builder, self->time);
  add_member (builder, "policy", self->policy);
  add_member (builder, "policyDigest", self->policy_digest);
  add_member (builder, "policyText", self->policy_text);
  add_member (builder, "technology", hostd_technology_name (self->technology));
  json_builder_set_member_name (builder, "data");
  json_builder_begin_object (builder);
  for (guint i = 0; i < self->data->len; i++)
    add_member (builder, hostd_binding_get_data_key (self, i),
                hostd_binding_get_data_digest (self, i));
  json_builder_end_object (builder);
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  json = hostd_json_to_string (root, TRUE);
  text = g_strconcat (json, "\n", NULL);
  *ret_length = strlen (text);
  /* What could not be read back must not be written. */
  if (*ret_length > HOSTD_BINDING_MAX_BYTES) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE,
                 "the binding of %s would be %" G_GSIZE_FORMAT " bytes, the limit is %u: make the "
                 "text of launch policy %s shorter",
                 self->uuid, *ret_length, HOSTD_BINDING_MAX_BYTES, self->policy);
    g_free (text);
    return NULL;
  }
  return text;
}

static gboolean
is_digest (const char *text)
{
  gsize digits = 0;

  if (text == NULL || !g_str_has_prefix (text, DIGEST_NAME))
    return FALSE;
  text += strlen (DIGEST_NAME);
  while (g_ascii_isxdigit (text[digits]))
    digits++;
  return digits == 64 && text[digits] == '\0';
}

/* Returns NULL if all launch data could be read, else what is wrong. */
static const char *
read_data (HostdBinding *self, JsonObject *object)
{
  JsonObject *data = hostd_json_get_object (object, "data");
  g_autoptr (GList) keys = NULL;

  if (data == NULL)
    return "no data";
  keys = json_object_get_members (data);
  for (GList *l = keys; l; l = l->next) {
    const char *digest = hostd_json_get_string (data, l->data);

    if (!is_digest (digest))
      return "data without a digest";
    add_digest (self, l->data, g_strdup (digest));
  }
  return NULL;
}

static gboolean
check_version (JsonObject *object, GError **error)
{
  gint64 version;

  if (!hostd_json_get_int (object, "version", &version) || version < 1) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_CORRUPT, "no version in it");
    return FALSE;
  }
  if (version > HOSTD_BINDING_VERSION) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_UNSUPPORTED,
                 "written by a newer Cloister (version %" G_GINT64_FORMAT ", we know %d)", version,
                 HOSTD_BINDING_VERSION);
    return FALSE;
  }
  return TRUE;
}

HostdBinding *
hostd_binding_from_text (const char *text, gsize length, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (JsonObject) object = hostd_json_parse_object (text, length, &local);
  g_autoptr (HostdBinding) self = NULL;
  const char *uuid, *technology_name, *wrong;
  HostdTechnology technology;
  gint64 when;

  if (object == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_CORRUPT, "%s", local->message);
    return NULL;
  }
  if (!check_version (object, error))
    return NULL;

  uuid = hostd_json_get_string (object, "uuid");
  technology_name = hostd_json_get_string (object, "technology");
  if (uuid == NULL || technology_name == NULL || !hostd_json_get_int (object, "time", &when) ||
      !hostd_technology_from_name (technology_name, &technology)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_CORRUPT, "no uuid, technology or time in it");
    return NULL;
  }
  self = hostd_binding_new (uuid, hostd_json_get_string (object, "name"),
                            hostd_json_get_string (object, "policy"),
                            hostd_json_get_string (object, "policyText"),
                            hostd_json_get_string (object, "policyDigest"), technology, &local);
  if (self == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_CORRUPT, "%s", local->message);
    return NULL;
  }
  self->time = when;
  wrong = read_data (self, object);
  if (wrong) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_CORRUPT, "%s", wrong);
    return NULL;
  }
  return g_steal_pointer (&self);
}
