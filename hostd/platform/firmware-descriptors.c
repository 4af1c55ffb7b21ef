/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/firmware-descriptors.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

/* The least preferred first: a later folder replaces names of an earlier one. */
static const char *const folders[] = { "usr/share/qemu/firmware", "etc/qemu/firmware" };

static gboolean
fail (GError **error, const char *path, const char *message)
{
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "/%s: %s", path, message);
  return FALSE;
}

/* The strings of an array, others left out; NULL if it is no array. */
static char **
dup_strings (JsonArray *array)
{
  g_autoptr (GPtrArray) strings = g_ptr_array_new_with_free_func (g_free);

  if (array == NULL)
    return NULL;
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *node = json_array_get_element (array, i);

    if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
      g_ptr_array_add (strings, g_strdup (json_node_get_string (node)));
  }
  g_ptr_array_add (strings, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&strings), FALSE);
}

static gboolean
read_mapping (HostdFirmware *self, const char *path, JsonObject *root, GError **error)
{
  JsonObject *mapping = hostd_json_get_object (root, "mapping");
  const char *device = mapping ? hostd_json_get_string (mapping, "device") : NULL;
  JsonObject *executable = mapping ? hostd_json_get_object (mapping, "executable") : NULL;

  if (device == NULL)
    return fail (error, path, "it has no mapping.device");
  self->flash = g_str_equal (device, "flash");
  if (self->flash)
    self->image = g_strdup (executable ? hostd_json_get_string (executable, "filename") : NULL);
  else if (g_str_equal (device, "memory"))
    self->image = g_strdup (hostd_json_get_string (mapping, "filename"));
  else
    return fail (error, path, "its mapping.device is neither flash nor memory");
  if (self->image == NULL || !g_path_is_absolute (self->image))
    return fail (error, path, "it names no image by an absolute path");
  return TRUE;
}

static gboolean
read_targets (HostdFirmware *self, const char *path, JsonObject *root, GError **error)
{
  JsonArray *targets = hostd_json_get_array (root, "targets");
  g_autoptr (GPtrArray) machines = g_ptr_array_new_with_free_func (g_free);

  if (targets == NULL)
    return fail (error, path, "it has no targets");
  for (guint i = 0; i < json_array_get_length (targets); i++) {
    JsonNode *node = json_array_get_element (targets, i);
    JsonObject *target = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
    g_auto (GStrv) patterns = NULL;

    if (target == NULL || g_strcmp0 (hostd_json_get_string (target, "architecture"), "x86_64") != 0)
      continue;
    patterns = dup_strings (hostd_json_get_array (target, "machines"));
    for (guint n = 0; patterns && patterns[n]; n++)
      g_ptr_array_add (machines, g_strdup (patterns[n]));
  }
  g_ptr_array_add (machines, NULL);
  self->machines = (char **) g_ptr_array_free (g_steal_pointer (&machines), FALSE);
  return TRUE;
}

HostdFirmware *
hostd_firmware_descriptor_parse (const char *path, const char *text, gsize length, GError **error)
{
  g_autoptr (HostdFirmware) self = hostd_firmware_new ();
  g_autoptr (JsonObject) root = hostd_json_parse_object (text, length, error);
  g_auto (GStrv) interfaces = NULL;

  if (root == NULL) {
    g_prefix_error (error, "/%s: ", path);
    return NULL;
  }
  self->descriptor = g_strconcat ("/", path, NULL);
  if (!read_targets (self, path, root, error))
    return NULL;
  if (self->machines[0] == NULL)
    return NULL;
  if (!read_mapping (self, path, root, error))
    return NULL;
  self->features = dup_strings (hostd_json_get_array (root, "features"));
  if (self->features == NULL)
    self->features = g_new0 (char *, 1);
  interfaces = dup_strings (hostd_json_get_array (root, "interface-types"));
  self->uefi = interfaces && g_strv_contains ((const char *const *) interfaces, "uefi");
  return g_steal_pointer (&self);
}

/* File name -> path of the one that counts. FALSE if a folder could not be read. */
static gboolean
collect (HostdSys *sys, GHashTable *paths, GPtrArray *notes)
{
  gboolean readable = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++) {
    g_autoptr (GError) error = NULL;
    g_auto (GStrv) names = NULL;
    HostdRead read = hostd_sys_list_folder (sys, folders[i], &names, &error);

    if (read == HOSTD_READ_UNREADABLE) {
      readable = FALSE;
      g_ptr_array_add (notes, g_strdup (error->message));
    }
    for (guint n = 0; names && names[n]; n++)
      if (g_str_has_suffix (names[n], ".json"))
        g_hash_table_replace (paths, g_strdup (names[n]),
                              g_strdup_printf ("%s/%s", folders[i], names[n]));
  }
  return readable;
}

void
hostd_firmware_descriptors_read (HostdSys *sys, HostdFacts *facts, char ***ret_notes)
{
  g_autoptr (GHashTable) paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GList) names = NULL;

  facts->firmware_known = collect (sys, paths, notes);
  names = g_list_sort (g_hash_table_get_keys (paths), (GCompareFunc) strcmp);
  for (GList *l = names; l; l = l->next) {
    const char *path = g_hash_table_lookup (paths, l->data);
    g_autoptr (GBytes) bytes = NULL;
    g_autoptr (GError) error = NULL;
    HostdFirmware *firmware = NULL;

    if (hostd_sys_read_bytes (sys, path, &bytes, &error) == HOSTD_READ_VALUE &&
        g_bytes_get_size (bytes) > 0)
      firmware = hostd_firmware_descriptor_parse (path, g_bytes_get_data (bytes, NULL),
                                                  g_bytes_get_size (bytes), &error);
    if (firmware)
      g_ptr_array_add (facts->firmware, firmware);
    else if (error)
      g_ptr_array_add (notes, g_strdup (error->message));
  }
  g_ptr_array_add (notes, NULL);
  if (ret_notes)
    *ret_notes = (char **) g_ptr_array_free (g_steal_pointer (&notes), FALSE);
}
