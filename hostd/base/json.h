/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * JSON from outside, with limits. json-glib has no nesting limit before 1.10 (it recurses), and
 * takes more than JSON: so size, syntax, depth and count are checked (base/json-check.h) before it
 * sees the text. Only this file parses JSON; everybody else walks the JsonNode with the getters
 * below, which never warn on a wrong type.
 */
#define HOSTD_JSON_MAX_DEPTH 16
#define HOSTD_JSON_MAX_BYTES (8u * 1024 * 1024)
/* json-glib takes some 100 bytes for a value, be it two bytes long: this many take 13 MB. The most
 * that is ever meant is a list of all domains, thousands of them with eight values each. */
#define HOSTD_JSON_MAX_VALUES (128u * 1024)

/*
 * Parses @length bytes (UTF-8, NUL-free). HOSTD_ERROR_TOO_LARGE over a limit, HOSTD_ERROR_INVALID
 * otherwise. The root may be any value. Free with json_node_unref().
 */
JsonNode *hostd_json_parse (const char *text, gsize length, GError **error);

/* As above, the root must be an object. */
JsonObject *hostd_json_parse_object (const char *text, gsize length, GError **error);

/* Members by type; NULL, or FALSE, if absent or of another type. Nothing is transferred. */
const char *hostd_json_get_string (JsonObject *object, const char *member);
JsonObject *hostd_json_get_object (JsonObject *object, const char *member);
JsonArray *hostd_json_get_array (JsonObject *object, const char *member);
gboolean hostd_json_get_boolean (JsonObject *object, const char *member, gboolean *ret_value);
gboolean hostd_json_get_int (JsonObject *object, const char *member, gint64 *ret_value);

/* A string, or null where @value is NULL; with a builder, in the object that is being built. */
void hostd_json_set_string (JsonObject *object, const char *member, const char *value);
void hostd_json_add_string (JsonBuilder *builder, const char *member, const char *value);

/* Compact, or indented for people, without a trailing line end. */
char *hostd_json_to_string (JsonNode *node, gboolean pretty);
char *hostd_json_object_to_string (JsonObject *object, gboolean pretty);

G_END_DECLS
