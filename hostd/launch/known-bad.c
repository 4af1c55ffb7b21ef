/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/known-bad.h"

#include "base/error.h"
#include "base/io.h"
#include "launch/document.h"
#include "launch/known-bad-private.h"
#include "launch/schema.h"

#include <fcntl.h>

#define FILE_NAME "known-bad"

struct HostdKnownBad {
  GPtrArray *combinations; /* (element-type HostdCombination) */
  GHashTable *ignored;     /* ids */
};

/* ---- one combination ------------------------------------------------------- */

static void
guest_free (HostdGuestCondition *self)
{
  hostd_expression_free (self->test);
  g_free (self);
}

static void
combination_free (HostdCombination *self)
{
  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->place);
  g_free (self->who);
  g_free (self->breaks);
  g_free (self->fix);
  g_strfreev (self->sources);
  g_ptr_array_unref (self->versions);
  g_ptr_array_unref (self->hosts);
  g_ptr_array_unref (self->guests);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdCombination, combination_free)

/* As one line: people wrap sentences. */
static char *
sentence_of (xmlNodePtr node)
{
  g_autofree char *text = hostd_node_text (node);
  g_auto (GStrv) words = g_strsplit_set (text, " \t\r\n", -1);
  GString *line = g_string_new (NULL);

  for (guint i = 0; words[i]; i++)
    if (words[i][0])
      g_string_append_printf (line, "%s%s", line->len > 0 ? " " : "", words[i]);
  return g_string_free (line, FALSE);
}

/* An attribute that the schema demands, and checked. */
static char *
word_of (xmlNodePtr node, const char *name)
{
  return g_strstrip (g_strdup (hostd_node_attribute (node, name)));
}

static void
read_bound (xmlNodePtr node, const char *name, gboolean *ret_has, HostdVersion *ret_version)
{
  const char *value = hostd_node_attribute (node, name);
  g_autofree char *text = NULL;

  *ret_has = value != NULL;
  if (value == NULL)
    return;
  /* The schema has one number pass; a version has two. */
  text = g_strdup_printf ("%s%s", value, strchr (value, '.') ? "" : ".0");
  if (!hostd_version_parse (g_strstrip (text), ret_version))
    g_assert_not_reached ();
}

static void
read_version (HostdCombination *self, xmlNodePtr node)
{
  static const char *const names[HOSTD_N_COMPONENTS] = {
    [HOSTD_COMPONENT_QEMU] = "qemu",
    [HOSTD_COMPONENT_LIBVIRT] = "libvirt",
    [HOSTD_COMPONENT_KERNEL] = "kernel",
    [HOSTD_COMPONENT_SEV_FIRMWARE] = "sev-firmware",
  };
  HostdVersionRange *range = g_new0 (HostdVersionRange, 1);
  g_autofree char *of = word_of (node, "of");

  for (guint i = 0; i < HOSTD_N_COMPONENTS; i++)
    if (g_str_equal (of, names[i]))
      range->component = (HostdComponent) i;
  read_bound (node, "from", &range->has_from, &range->from);
  read_bound (node, "before", &range->has_before, &range->before);
  g_ptr_array_add (self->versions, range);
}

static HostdLayer
layer_of (const char *name)
{
  for (guint i = HOSTD_LAYER_HARDWARE; i <= HOSTD_LAYER_LIBVIRT; i++)
    if (g_str_equal (name, hostd_layer_name ((HostdLayer) i)))
      return (HostdLayer) i;
  return HOSTD_LAYER_NONE;
}

static void
read_host (HostdCombination *self, xmlNodePtr node)
{
  HostdHostCondition *condition = g_new0 (HostdHostCondition, 1);
  g_autofree char *technology = word_of (node, "technology");

  hostd_technology_from_name (technology, &condition->technology);
  if (hostd_node_attribute (node, "works-to")) {
    g_autofree char *layer = word_of (node, "works-to");

    condition->works_to = layer_of (layer);
  } else {
    g_auto (GStrv) words = g_strsplit_set (hostd_node_attribute (node, "is"), " \t\r\n", -1);

    for (guint i = 0; i < G_N_ELEMENTS (condition->is); i++)
      condition->is[i] =
          g_strv_contains ((const char *const *) words, hostd_usability_name ((HostdUsability) i));
  }
  g_ptr_array_add (self->hosts, condition);
}

static gboolean
read_guest (HostdCombination *self, const char *path, xmlNodePtr node, GError **error)
{
  g_autofree char *before = self->who;
  g_autofree char *who = word_of (node, "who");
  HostdExpression *test =
      hostd_expression_compile (hostd_node_attribute (node, "test"), HOSTD_EXPRESSION_TEST, error);
  HostdGuestCondition *condition;

  self->who = before ? g_strconcat (before, " and ", who, NULL) : g_steal_pointer (&who);
  if (test == NULL) {
    g_prefix_error (error, "%s:%ld: test: ", path, xmlGetLineNo (node));
    return FALSE;
  }
  condition = g_new0 (HostdGuestCondition, 1);
  condition->test = test;
  g_ptr_array_add (self->guests, condition);
  return TRUE;
}

static void
read_technologies (HostdCombination *self, xmlNodePtr node)
{
  const char *value = hostd_node_attribute (node, "technologies");
  g_auto (GStrv) words = g_strsplit_set (value ? value : "", " \t\r\n", -1);

  self->of_host = value == NULL;
  for (guint i = 0; words[i]; i++) {
    HostdTechnology technology;

    if (hostd_technology_from_name (words[i], &technology))
      self->of[technology] = TRUE;
  }
}

static gboolean
read_part (HostdCombination *self, const char *path, xmlNodePtr node, GPtrArray *sources,
           GError **error)
{
  if (hostd_name_is (node->name, "version"))
    read_version (self, node);
  else if (hostd_name_is (node->name, "host"))
    read_host (self, node);
  else if (hostd_name_is (node->name, "guest"))
    return read_guest (self, path, node, error);
  else if (hostd_name_is (node->name, "breaks"))
    self->breaks = sentence_of (node);
  else if (hostd_name_is (node->name, "fix"))
    self->fix = sentence_of (node);
  else if (hostd_name_is (node->name, "source"))
    g_ptr_array_add (sources, sentence_of (node));
  return TRUE;
}

static HostdCombination *
read_combination (const char *path, xmlNodePtr node, GError **error)
{
  g_autoptr (HostdCombination) self = g_new0 (HostdCombination, 1);
  g_autoptr (GPtrArray) sources = g_ptr_array_new_with_free_func (g_free);

  self->versions = g_ptr_array_new_with_free_func (g_free);
  self->hosts = g_ptr_array_new_with_free_func (g_free);
  self->guests = g_ptr_array_new_with_free_func ((GDestroyNotify) guest_free);
  self->id = word_of (node, "id");
  self->place = g_strdup_printf ("%s:%ld", path, xmlGetLineNo (node));
  self->refuses = g_str_equal (hostd_node_attribute (node, "severity"), "refuse");
  read_technologies (self, node);
  for (xmlNodePtr n = node->children; n; n = n->next)
    if (n->type == XML_ELEMENT_NODE && !read_part (self, path, n, sources, error))
      return NULL;
  if (self->of_host && (self->guests->len > 0 || self->refuses)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                 "%s: without technologies it is of the host: it has no <guest>, and only warns",
                 self->place);
    return NULL;
  }
  g_ptr_array_add (sources, NULL);
  self->sources = (char **) g_ptr_array_free (g_steal_pointer (&sources), FALSE);
  return g_steal_pointer (&self);
}

/* ---- files ------------------------------------------------------------------ */

static const HostdCombination *
find (const HostdKnownBad *self, const char *id)
{
  for (guint i = 0; i < self->combinations->len; i++) {
    const HostdCombination *other = g_ptr_array_index (self->combinations, i);

    if (g_str_equal (other->id, id))
      return other;
  }
  return NULL;
}

static gboolean
take (HostdKnownBad *self, HostdCombination *combination, GError **error)
{
  const HostdCombination *other = find (self, combination->id);

  if (other) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_EXISTS,
                 "%s: a combination called '%s' is there already (%s): choose another id, or "
                 "<ignore> that one",
                 combination->place, combination->id, other->place);
    combination_free (combination);
    return FALSE;
  }
  g_ptr_array_add (self->combinations, combination);
  return TRUE;
}

static gboolean
read_tree (HostdKnownBad *self, const char *path, xmlDocPtr xml, GError **error)
{
  for (xmlNodePtr n = xmlDocGetRootElement (xml)->children; n; n = n->next) {
    HostdCombination *combination;

    if (n->type != XML_ELEMENT_NODE)
      continue;
    if (hostd_name_is (n->name, "ignore")) {
      g_hash_table_add (self->ignored, word_of (n, "id"));
      continue;
    }
    combination = read_combination (path, n, error);
    if (combination == NULL || !take (self, combination, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_file (HostdKnownBad *self, const HostdSchema *schema, const char *path, GError **error)
{
  gsize length;
  g_autofree char *text =
      hostd_read_file_at (AT_FDCWD, path, HOSTD_SCHEMA_FILE_MAX_BYTES, &length, error);
  xmlDocPtr xml = text ? hostd_schema_parse (schema, path, text, length, "known-bad", error) : NULL;
  gboolean ok;

  if (xml == NULL)
    return FALSE;
  ok = read_tree (self, path, xml, error);
  xmlFreeDoc (xml);
  return ok;
}

gboolean
hostd_known_bad_is_file (const char *name)
{
  return g_str_has_prefix (name, FILE_NAME) && g_str_has_suffix (name, ".xml") &&
         (name[strlen (FILE_NAME)] == '.' || name[strlen (FILE_NAME)] == '-');
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean
read_folder (HostdKnownBad *self, const HostdSchema *schema, const char *dir, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) local = NULL;
  GDir *handle = g_dir_open (dir, 0, &local);
  const char *name;

  if (handle == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND,
                 "cannot look for known-bad combinations: %s", local->message);
    return FALSE;
  }
  while ((name = g_dir_read_name (handle)))
    if (hostd_known_bad_is_file (name))
      g_ptr_array_add (names, g_strdup (name));
  g_dir_close (handle);
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *path = g_build_filename (dir, g_ptr_array_index (names, i), NULL);

    if (!read_file (self, schema, path, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- the set ---------------------------------------------------------------- */

static HostdKnownBad *
known_bad_new (void)
{
  HostdKnownBad *self = g_new0 (HostdKnownBad, 1);

  self->combinations = g_ptr_array_new_with_free_func ((GDestroyNotify) combination_free);
  self->ignored = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

static void
leave_out_ignored (HostdKnownBad *self)
{
  for (guint i = self->combinations->len; i > 0; i--) {
    const HostdCombination *combination = g_ptr_array_index (self->combinations, i - 1);

    if (g_hash_table_contains (self->ignored, combination->id))
      g_ptr_array_remove_index (self->combinations, i - 1);
  }
}

HostdKnownBad *
hostd_known_bad_load (const char *template_dir, const char *const *policy_dirs, GError **error)
{
  g_autoptr (HostdKnownBad) self = known_bad_new ();
  g_autoptr (HostdSchema) schema = hostd_schema_load (template_dir, FILE_NAME ".rng", error);
  g_autofree char *shipped = g_build_filename (template_dir, FILE_NAME ".xml", NULL);

  if (schema == NULL || !read_file (self, schema, shipped, error))
    return NULL;
  for (guint i = 0; policy_dirs && policy_dirs[i]; i++)
    if (!read_folder (self, schema, policy_dirs[i], error))
      return NULL;
  leave_out_ignored (self);
  return g_steal_pointer (&self);
}

gboolean
hostd_known_bad_check (const char *template_dir, const char *path, guint *ret_count, GError **error)
{
  g_autoptr (HostdKnownBad) self = known_bad_new ();
  g_autoptr (HostdSchema) schema = hostd_schema_load (template_dir, FILE_NAME ".rng", error);

  if (schema == NULL || !read_file (self, schema, path, error))
    return FALSE;
  *ret_count = self->combinations->len;
  return TRUE;
}

void
hostd_known_bad_free (HostdKnownBad *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->combinations);
  g_hash_table_unref (self->ignored);
  g_free (self);
}

guint
hostd_known_bad_count (const HostdKnownBad *self)
{
  return self ? self->combinations->len : 0;
}

const HostdCombination *
hostd_known_bad_get (const HostdKnownBad *self, guint index)
{
  return g_ptr_array_index (self->combinations, index);
}
