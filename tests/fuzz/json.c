/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON from outside: what is taken is within the limits, and says the same when written out again.
 */
#include "config.h"

#include "fuzz.h"

#include "base/json.h"

#include <string.h>

/* How deep the tree really is, as json-glib made it. */
static guint
depth_of (JsonNode *node)
{
  guint deepest = 0;

  if (JSON_NODE_HOLDS_OBJECT (node)) {
    g_autoptr (GList) values = json_object_get_values (json_node_get_object (node));

    for (GList *l = values; l; l = l->next)
      deepest = MAX (deepest, depth_of (l->data));
    return deepest + 1;
  }
  if (JSON_NODE_HOLDS_ARRAY (node)) {
    JsonArray *array = json_node_get_array (node);

    for (guint i = 0; i < json_array_get_length (array); i++)
      deepest = MAX (deepest, depth_of (json_array_get_element (array, i)));
    return deepest + 1;
  }
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = hostd_json_parse (size ? (const char *) data : "", size, &error);
  g_autoptr (JsonNode) again = NULL;
  g_autofree char *text = NULL;
  g_autofree char *text_again = NULL;

  g_assert_true ((node == NULL) == (error != NULL));
  if (node == NULL)
    return 0;
  g_assert_cmpuint (depth_of (node), <=, HOSTD_JSON_MAX_DEPTH);

  text = hostd_json_to_string (node, FALSE);
  again = hostd_json_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  text_again = hostd_json_to_string (again, FALSE);
  g_assert_cmpstr (text, ==, text_again);
  return 0;
}
