/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/flavor-placement.h"

#include "base/json.h"

#include <string.h>

/* What is to be asked of Placement. */
typedef struct {
  const char *class;             /* the resource class */
  const char *other;             /* the one that is wrong here */
  const HostdFlavorModel *model; /* whose trait, NULL: any's */
  gboolean host_trait;
} Need;

/* The one technology that is left, or NULL. */
static const HostdFlavorModel *
only_model (guint technologies)
{
  for (const HostdFlavorModel *m = hostd_flavor_models; m->model != NULL; m++)
    if (technologies == 1u << m->technology)
      return m;
  return NULL;
}

static Need
need_of (guint nova_release, const HostdFlavorRequest *request)
{
  Need need = { .model = only_model (request->technologies) };
  gboolean novas = nova_release >= HOSTD_FLAVOR_NOVA_CLASS_SINCE || request->novas;

  /* Plain SEV's pool is Nova's own in each release. */
  if (need.model != NULL && need.model->technology == HOSTD_TECHNOLOGY_SEV)
    novas = TRUE;
  need.class = novas ? HOSTD_FLAVOR_NOVA_CLASS : HOSTD_FLAVOR_OWN_CLASS;
  need.other = novas ? HOSTD_FLAVOR_OWN_CLASS : HOSTD_FLAVOR_NOVA_CLASS;
  /* A host without Cloister may have Nova's class; ours it has not. */
  need.host_trait = novas && request->ours;
  return need;
}

/* Of "resources_CC:CLASS" the group is "_CC", of "resources:CLASS" it is "". NULL: another key. */
static char *
group_of (const char *key, const char *kind, const char *name)
{
  gsize kind_length = strlen (kind), length = strlen (key), name_length = strlen (name);

  if (!g_str_has_prefix (key, kind) || length < kind_length + name_length + 1 ||
      !g_str_equal (key + length - name_length, name) || key[length - name_length - 1] != ':')
    return NULL;
  return g_strndup (key + kind_length, length - name_length - 1 - kind_length);
}

/* Removes requests for a class that no provider for this guest has. */
static void
check_other_class (HostdFlavor *flavor, const Need *need)
{
  JsonObjectIter iter;
  const char *key;

  json_object_iter_init_ordered (&iter, flavor->properties);
  while (json_object_iter_next_ordered (&iter, &key, NULL)) {
    g_autofree char *group = group_of (key, "resources", need->other);

    if (group == NULL || g_str_equal (hostd_json_get_string (flavor->properties, key), "0"))
      continue;
    hostd_flavor_find (
        flavor, "wrong-class",
        "it asks for %s, which is not the class of its pool with this Nova: it would "
        "be placed nowhere, or pay for two",
        need->other);
    hostd_flavor_unset (flavor, key);
  }
}

/* The group that asks for the slot, the first one; NULL if none does. */
static char *
find_slot (HostdFlavor *flavor, const Need *need)
{
  JsonObjectIter iter;
  const char *key;
  char *found = NULL;

  json_object_iter_init_ordered (&iter, flavor->properties);
  while (json_object_iter_next_ordered (&iter, &key, NULL)) {
    g_autofree char *group = group_of (key, "resources", need->class);
    const char *value = group != NULL ? hostd_json_get_string (flavor->properties, key) : NULL;

    if (value == NULL)
      continue;
    if (found != NULL) {
      hostd_flavor_find (flavor, "two-slots", "it asks twice for %s, and a guest takes one",
                         need->class);
      hostd_flavor_unset (flavor, key);
    } else if (!g_str_equal (value, "1")) {
      hostd_flavor_find (flavor, "bad-count", "%s is '%.32s', and a guest takes exactly 1", key,
                         value);
      hostd_flavor_set (flavor, key, "1");
    }
    if (found == NULL)
      found = g_steal_pointer (&group);
  }
  return found;
}

static char *
require_slot (HostdFlavor *flavor, const Need *need, gboolean novas)
{
  g_autofree char *group = find_slot (flavor, need);
  g_autofree char *key = g_strconcat ("resources:", need->class, NULL);

  /* Nova adds it by itself, and does not add it to what is there already. */
  if (group == NULL && !novas) {
    hostd_flavor_find (flavor, "no-resource",
                       "it does not ask for a slot (%s=1): it may be placed on a host without "
                       "Cloister, where it boots in clear",
                       key);
    hostd_flavor_set (flavor, key, "1");
  }
  return group != NULL ? g_steal_pointer (&group) : g_strdup ("");
}

/* Is "trait<group>:NAME" or "trait<group>:CUSTOM_NAME" required? */
static gboolean
has_trait (HostdFlavor *flavor, const char *group, const char *name)
{
  static const char *const prefixes[] = { "", "CUSTOM_" };

  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++) {
    g_autofree char *key = g_strconcat ("trait", group, ":", prefixes[i], name, NULL);

    if (g_strcmp0 (hostd_json_get_string (flavor->properties, key), "required") == 0)
      return TRUE;
  }
  return FALSE;
}

/* Each way to say the same trait, in any group, that has @value. */
static void
unset_trait (HostdFlavor *flavor, const char *name, const char *value, const char *id,
             const char *why)
{
  g_autofree char *custom = g_strconcat ("CUSTOM_", name, NULL);
  JsonObjectIter iter;
  const char *key;

  json_object_iter_init_ordered (&iter, flavor->properties);
  while (json_object_iter_next_ordered (&iter, &key, NULL)) {
    g_autofree char *plain_group = group_of (key, "trait", name);
    g_autofree char *custom_group = group_of (key, "trait", custom);

    if ((plain_group == NULL && custom_group == NULL) ||
        !g_str_equal (hostd_json_get_string (flavor->properties, key), value))
      continue;
    hostd_flavor_find (flavor, id, "%s is %s, %s", key, value, why);
    hostd_flavor_unset (flavor, key);
  }
}

/* @prefix: "CUSTOM_" where Placement does not know the trait by its own name. */
static void
require_trait (HostdFlavor *flavor, const char *group, const char *name, const char *prefix,
               const char *why)
{
  g_autofree char *key = g_strconcat ("trait", group, ":", prefix, name, NULL);

  unset_trait (flavor, name, "forbidden", "contradiction", "which is what the flavor asks for");
  if (has_trait (flavor, group, name))
    return;
  hostd_flavor_find (flavor, "no-trait", "it does not require %s%s: %s", prefix, name, why);
  hostd_flavor_set (flavor, key, "required");
}

static void
check_technology (HostdFlavor *flavor, guint nova_release, const char *group, const Need *need,
                  const HostdFlavorRequest *request)
{
  g_autofree char *why = NULL;
  /* From 32 on Nova adds the trait of its model by itself; before, only roots of hosts with SEV
   * have its class, and Nova keeps what only its own words ask for. */
  gboolean added =
      request->novas && (!request->ours || nova_release >= HOSTD_FLAVOR_NOVA_CLASS_SINCE);

  for (const HostdFlavorModel *m = hostd_flavor_models; m->model != NULL; m++)
    if (request->technologies && !(request->technologies & 1u << m->technology))
      unset_trait (flavor, m->trait, "required", "contradiction",
                   "but the flavor asks for another technology");
  if (need->model == NULL || added)
    return;
  why = g_strdup_printf ("it may be placed on a host that has no %s",
                         hostd_technology_name (need->model->technology));
  require_trait (flavor, group, need->model->trait,
                 nova_release >= need->model->trait_since ? "" : "CUSTOM_", why);
}

void
hostd_flavor_check_placement (HostdFlavor *flavor, guint nova_release,
                              const HostdFlavorRequest *request)
{
  Need need = need_of (nova_release, request);
  g_autofree char *group = NULL;

  check_other_class (flavor, &need);
  group = require_slot (flavor, &need, request->novas);
  check_technology (flavor, nova_release, group, &need, request);
  /* Of the root provider: so in the group that asks for memory and CPUs. */
  if (need.host_trait)
    require_trait (flavor, "", HOSTD_FLAVOR_HOST_TRAIT, "",
                   "it may be placed on a host without Cloister, where cc:* is ignored");
}
