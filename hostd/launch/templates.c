/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/templates.h"

#include "base/error.h"
#include "launch/known-bad.h"
#include "launch/template-file.h"
#include "launch/xpath.h"

#include <string.h>

struct HostdTemplates {
  int refs;
  HostdSchema *schema;
  GHashTable *rulesets; /* name -> HostdTemplateFile */
  HostdTechnologyTemplate *technology[HOSTD_N_TECHNOLOGIES];
  GPtrArray *policies; /* (element-type HostdPolicy), sorted by name */
};

static void
technology_free (HostdTechnologyTemplate *self)
{
  if (self == NULL)
    return;
  hostd_template_file_unref (self->file);
  g_free (self->type);
  g_free (self->moves_because);
  hostd_expression_free (self->match);
  g_free (self);
}

static char *
root_attribute (HostdTemplateFile *file, const char *name)
{
  xmlChar *value = xmlGetNoNsProp (xmlDocGetRootElement (file->xml), (const xmlChar *) name);
  char *copy = g_strdup ((const char *) value);

  xmlFree (value);
  return copy;
}

/* The schema has seen to it that there is one such row, and that it has both attributes. */
static void
read_migration (HostdTechnologyTemplate *self)
{
  xmlNodePtr row = hostd_node_child (xmlDocGetRootElement (self->file->xml), "migration");
  xmlChar *live = xmlGetNoNsProp (row, (const xmlChar *) "live");
  xmlChar *because = xmlGetNoNsProp (row, (const xmlChar *) "because");

  self->moves = g_strcmp0 ((const char *) live, "allow") == 0;
  self->moves_because = g_strdup ((const char *) because);
  xmlFree (live);
  xmlFree (because);
}

/* The paths of the *.xml in a folder, other than lists of known-bad combinations. */
static GPtrArray *
list_files (const char *dir, GError **error)
{
  g_autoptr (GError) local = NULL;
  GDir *handle = g_dir_open (dir, 0, &local);
  GPtrArray *paths;
  const char *name;

  if (handle == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND, "cannot read templates: %s",
                 local->message);
    return NULL;
  }
  paths = g_ptr_array_new_with_free_func (g_free);
  while ((name = g_dir_read_name (handle)))
    if (g_str_has_suffix (name, ".xml") && name[0] != '.' && !hostd_known_bad_is_file (name))
      g_ptr_array_add (paths, g_build_filename (dir, name, NULL));
  g_dir_close (handle);
  return paths;
}

static gboolean
check_includes (const HostdTemplates *self, HostdTemplateFile *file, GError **error)
{
  for (guint i = 0; i < file->ruleset->includes->len; i++) {
    const char *name = g_ptr_array_index (file->ruleset->includes, i);

    if (!g_hash_table_contains (self->rulesets, name)) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                   "%s:1: it includes the rule set '%s', and there is none", file->path, name);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
load_ruleset (HostdTemplates *self, const char *path, GError **error)
{
  HostdTemplateFile *file = hostd_template_file_load (self->schema, path, "ruleset", error);

  if (file == NULL)
    return FALSE;
  g_hash_table_replace (self->rulesets, root_attribute (file, "name"), file);
  return TRUE;
}

static gboolean
load_technology (HostdTemplates *self, const char *path, GError **error)
{
  HostdTemplateFile *file = hostd_template_file_load (self->schema, path, "technology", error);
  HostdTechnologyTemplate *template;
  g_autofree char *name = NULL, *match = NULL;
  HostdTechnology technology;

  if (file == NULL)
    return FALSE;
  template = g_new0 (HostdTechnologyTemplate, 1);
  template->file = file;
  name = root_attribute (file, "name");
  match = root_attribute (file, "match");
  template->type = root_attribute (file, "type");
  read_migration (template);
  template->match = hostd_expression_compile (match, HOSTD_EXPRESSION_TEST, error);
  if (template->match == NULL)
    g_prefix_error (error, "%s:1: match: ", path);
  if (template->match == NULL || !check_includes (self, file, error)) {
    technology_free (template);
    return FALSE;
  }
  if (!hostd_technology_from_name (name, &technology) || self->technology[technology]) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                 "%s:1: '%s' is no technology that Cloister knows, or has a template already", path,
                 name);
    technology_free (template);
    return FALSE;
  }
  template->technology = technology;
  self->technology[technology] = template;
  return TRUE;
}

static void
hash_files (const HostdTemplates *self, GChecksum *sum, HostdTemplateFile *file)
{
  for (guint i = 0; i < file->ruleset->includes->len; i++) {
    HostdTemplateFile *included =
        g_hash_table_lookup (self->rulesets, g_ptr_array_index (file->ruleset->includes, i));

    g_checksum_update (sum, (const guchar *) included->text, -1);
  }
  g_checksum_update (sum, (const guchar *) file->text, -1);
}

static void
set_digest (const HostdTemplates *self, HostdPolicy *policy)
{
  GChecksum *sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < policy->technologies->len; i++)
    hash_files (self, sum, self->technology[hostd_policy_get_technology (policy, i)]->file);
  hash_files (self, sum, policy->file);
  policy->digest = g_strconcat ("sha256:", g_checksum_get_string (sum), NULL);
  g_checksum_free (sum);
}

static gboolean
read_accepted (const HostdTemplates *self, HostdPolicy *policy, GError **error)
{
  xmlNodePtr root = xmlDocGetRootElement (policy->file->xml);

  for (xmlNodePtr n = root->children; n; n = n->next) {
    g_autofree char *name = NULL;
    HostdTechnology technology;
    xmlChar *value;

    if (n->type != XML_ELEMENT_NODE || strcmp ((const char *) n->name, "accept") != 0)
      continue;
    value = xmlGetNoNsProp (n, (const xmlChar *) "technology");
    name = g_strdup ((const char *) value);
    xmlFree (value);
    if (!hostd_technology_from_name (name, &technology) || self->technology[technology] == NULL) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                   "%s:%d: no template for the technology '%s'", policy->file->path, n->line, name);
      return FALSE;
    }
    g_array_append_val (policy->technologies, technology);
  }
  return TRUE;
}

/* Takes @file over, which may be NULL with @error set. */
static HostdPolicy *
policy_of (const HostdTemplates *self, HostdTemplateFile *file, GError **error)
{
  g_autoptr (HostdPolicy) policy = g_new0 (HostdPolicy, 1);

  policy->technologies = g_array_new (FALSE, FALSE, sizeof (HostdTechnology));
  policy->file = file;
  if (policy->file == NULL || !check_includes (self, policy->file, error) ||
      !read_accepted (self, policy, error))
    return NULL;
  policy->name = root_attribute (policy->file, "name");
  policy->title = root_attribute (policy->file, "title");
  set_digest (self, policy);
  return g_steal_pointer (&policy);
}

HostdPolicy *
hostd_templates_check_policy (HostdTemplates *self, const char *path, GError **error)
{
  return policy_of (self, hostd_template_file_load (self->schema, path, "policy", error), error);
}

HostdPolicy *
hostd_templates_check_policy_text (const HostdTemplates *self, const char *name, const char *text,
                                   gsize length, GError **error)
{
  return policy_of (
      self, hostd_template_file_parse (self->schema, name, text, length, "policy", error), error);
}

static HostdPolicy *
find (const HostdTemplates *self, const char *name)
{
  for (guint i = 0; i < self->policies->len; i++) {
    HostdPolicy *policy = g_ptr_array_index (self->policies, i);

    if (strcmp (policy->name, name) == 0)
      return policy;
  }
  return NULL;
}

static gboolean
load_policy (HostdTemplates *self, const char *path, GError **error)
{
  HostdPolicy *policy = hostd_templates_check_policy (self, path, error), *other;

  if (policy == NULL)
    return FALSE;
  other = find (self, policy->name);
  if (other) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_EXISTS,
                 "%s:1: a policy called '%s' is there already (%s): choose another name", path,
                 policy->name, other->file->path);
    hostd_policy_free (policy);
    return FALSE;
  }
  g_ptr_array_add (self->policies, policy);
  return TRUE;
}

typedef gboolean (*Loader) (HostdTemplates *self, const char *path, GError **error);

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean
load_folder (HostdTemplates *self, const char *dir, Loader load, GError **error)
{
  g_autoptr (GPtrArray) paths = list_files (dir, error);

  if (paths == NULL)
    return FALSE;
  g_ptr_array_sort (paths, compare_paths);
  for (guint i = 0; i < paths->len; i++)
    if (!load (self, g_ptr_array_index (paths, i), error))
      return FALSE;
  return TRUE;
}

static int
compare_policies (gconstpointer a, gconstpointer b)
{
  const HostdPolicy *x = *(const HostdPolicy *const *) a, *y = *(const HostdPolicy *const *) b;

  return strcmp (x->name, y->name);
}

HostdTemplates *
hostd_templates_load (const char *template_dir, const char *const *policy_dirs, GError **error)
{
  static const struct {
    const char *folder;
    Loader load;
  } parts[] = { { "rulesets", load_ruleset },
                { "technologies", load_technology },
                { "policies", load_policy } };
  g_autoptr (HostdTemplates) self = g_new0 (HostdTemplates, 1);

  self->refs = 1;
  self->rulesets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify) hostd_template_file_unref);
  self->policies = g_ptr_array_new_with_free_func ((GDestroyNotify) hostd_policy_free);
  self->schema = hostd_schema_load (template_dir, "template.rng", error);
  if (self->schema == NULL)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *dir = g_build_filename (template_dir, parts[i].folder, NULL);

    if (!load_folder (self, dir, parts[i].load, error))
      return NULL;
  }
  for (guint i = 0; policy_dirs && policy_dirs[i]; i++)
    if (!load_folder (self, policy_dirs[i], load_policy, error))
      return NULL;
  g_ptr_array_sort (self->policies, compare_policies);
  return g_steal_pointer (&self);
}

HostdTemplates *
hostd_templates_ref (HostdTemplates *self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

void
hostd_templates_unref (HostdTemplates *self)
{
  if (self == NULL || !g_atomic_int_dec_and_test (&self->refs))
    return;
  if (self->policies)
    g_ptr_array_unref (self->policies);
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    technology_free (self->technology[i]);
  if (self->rulesets)
    g_hash_table_unref (self->rulesets);
  hostd_schema_free (self->schema);
  g_free (self);
}

guint
hostd_templates_count_policies (const HostdTemplates *self)
{
  return self->policies->len;
}

const HostdPolicy *
hostd_templates_get_policy (const HostdTemplates *self, guint index)
{
  return g_ptr_array_index (self->policies, index);
}

const HostdPolicy *
hostd_templates_find_policy (const HostdTemplates *self, const char *name, GError **error)
{
  const HostdPolicy *policy = find (self, name);
  g_autoptr (GString) names = NULL;

  if (policy)
    return policy;
  names = g_string_new (NULL);
  for (guint i = 0; i < self->policies->len; i++)
    g_string_append_printf (names, "%s%s", i ? ", " : "",
                            hostd_policy_get_name (g_ptr_array_index (self->policies, i)));
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND,
               "no launch policy is called '%.64s'; there are: %s", name, names->str);
  return NULL;
}

const HostdTechnologyTemplate *
hostd_templates_get_technology (const HostdTemplates *self, HostdTechnology technology)
{
  return self->technology[technology];
}

static void
add_rulesets (const HostdTemplates *self, GPtrArray *list, HostdTemplateFile *file)
{
  for (guint i = 0; i < file->ruleset->includes->len; i++) {
    HostdTemplateFile *included =
        g_hash_table_lookup (self->rulesets, g_ptr_array_index (file->ruleset->includes, i));

    if (!g_ptr_array_find (list, included->ruleset, NULL))
      g_ptr_array_add (list, included->ruleset);
  }
  g_ptr_array_add (list, file->ruleset);
}

GPtrArray *
hostd_templates_rulesets_for (const HostdTemplates *self, const HostdPolicy *policy,
                              const HostdTechnologyTemplate *technology)
{
  GPtrArray *list = g_ptr_array_new ();

  add_rulesets (self, list, technology->file);
  add_rulesets (self, list, policy->file);
  return list;
}

gboolean
hostd_templates_has_field (const HostdTemplates *self, const char *key)
{
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    if (self->technology[i] && hostd_ruleset_find_field (self->technology[i]->file->ruleset, key))
      return TRUE;
  return FALSE;
}
