/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/json.h"

#include "base/error.h"
#include "base/json-check.h"

#include <string.h>

JsonNode *
hostd_json_parse (const char *text, gsize length, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) local = NULL;
  JsonNode *root;

  if (length > HOSTD_JSON_MAX_BYTES) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE,
                 "JSON of %" G_GSIZE_FORMAT " bytes, the limit is %u", length,
                 HOSTD_JSON_MAX_BYTES);
    return NULL;
  }
  if (!g_utf8_validate_len (text, length, NULL)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "JSON is not UTF-8 free of NUL");
    return NULL;
  }
  if (!hostd_json_check (text, length, HOSTD_JSON_MAX_DEPTH, HOSTD_JSON_MAX_VALUES, error))
    return NULL;

  parser = json_parser_new_immutable ();
  if (!json_parser_load_from_data (parser, text, length, &local)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "not JSON: %s", local->message);
    return NULL;
  }
  root = json_parser_steal_root (parser);
  if (root == NULL)
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "not JSON: nothing in it");
  return root;
}

JsonObject *
hostd_json_parse_object (const char *text, gsize length, GError **error)
{
  g_autoptr (JsonNode) root = hostd_json_parse (text, length, error);

  if (root == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "JSON, but not an object");
    return NULL;
  }
  return json_node_dup_object (root);
}

/* The member if it is there and a value of @type, else NULL. */
static JsonNode *
value_of (JsonObject *object, const char *member, GType type)
{
  JsonNode *node = json_object_get_member (object, member);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != type)
    return NULL;
  return node;
}

const char *
hostd_json_get_string (JsonObject *object, const char *member)
{
  JsonNode *node = value_of (object, member, G_TYPE_STRING);

  return node ? json_node_get_string (node) : NULL;
}

JsonObject *
hostd_json_get_object (JsonObject *object, const char *member)
{
  JsonNode *node = json_object_get_member (object, member);

  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonArray *
hostd_json_get_array (JsonObject *object, const char *member)
{
  JsonNode *node = json_object_get_member (object, member);

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

gboolean
hostd_json_get_boolean (JsonObject *object, const char *member, gboolean *ret_value)
{
  JsonNode *node = value_of (object, member, G_TYPE_BOOLEAN);

  if (node == NULL)
    return FALSE;
  *ret_value = json_node_get_boolean (node);
  return TRUE;
}

gboolean
hostd_json_get_int (JsonObject *object, const char *member, gint64 *ret_value)
{
  JsonNode *node = value_of (object, member, G_TYPE_INT64);

  if (node == NULL)
    return FALSE;
  *ret_value = json_node_get_int (node);
  return TRUE;
}

void
hostd_json_set_string (JsonObject *object, const char *member, const char *value)
{
  if (value)
    json_object_set_string_member (object, member, value);
  else
    json_object_set_null_member (object, member);
}

void
hostd_json_add_string (JsonBuilder *builder, const char *member, const char *value)
{
  json_builder_set_member_name (builder, member);
  if (value)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

char *
hostd_json_to_string (JsonNode *node, gboolean pretty)
{
  return json_to_string (node, pretty);
}

char *
hostd_json_object_to_string (JsonObject *object, gboolean pretty)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);

  return hostd_json_to_string (node, pretty);
}
