/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/flavor-request.h"

#include "base/json.h"

#include <string.h>

#define ANY "any"

const HostdFlavorModel hostd_flavor_models[] = {
  { HOSTD_TECHNOLOGY_SEV, "amd-sev", "HW_CPU_X86_AMD_SEV", "CUSTOM_CC_SEV_QUOTE_READY", 20, 20 },
  { HOSTD_TECHNOLOGY_SEV_ES, "amd-sev-es", "HW_CPU_X86_AMD_SEV_ES", "CUSTOM_CC_SEV_ES_QUOTE_READY",
    32, 29 },
  { HOSTD_TECHNOLOGY_SEV_SNP, "amd-sev-snp", "HW_CPU_X86_AMD_SEV_SNP",
    "CUSTOM_CC_SEV_SNP_QUOTE_READY", 34, 34 },
  { HOSTD_TECHNOLOGY_TDX, "intel-tdx", "HW_CPU_X86_INTEL_TDX", "CUSTOM_CC_TDX_QUOTE_READY", 34,
    34 },
  { .model = NULL },
};

const HostdFlavorModel *
hostd_flavor_find_model (HostdTechnology technology)
{
  for (const HostdFlavorModel *m = hostd_flavor_models; m->model != NULL; m++)
    if (m->technology == technology)
      return m;
  return NULL;
}

typedef enum { UNSET, NO, YES, BAD } Flag;

/* As oslo.utils' bool_from_string, strictly. */
static Flag
read_flag (HostdFlavor *flavor, const char *key)
{
  static const char *const yes[] = { "1", "t", "true", "on", "y", "yes", NULL };
  static const char *const no[] = { "0", "f", "false", "off", "n", "no", NULL };
  const char *value = hostd_json_get_string (flavor->properties, key);
  g_autofree char *word = value != NULL ? g_ascii_strdown (value, -1) : NULL;

  if (word == NULL)
    return UNSET;
  g_strstrip (word);
  if (g_strv_contains (yes, word))
    return YES;
  if (g_strv_contains (no, word))
    return NO;
  hostd_flavor_find (flavor, "bad-value", "%s: '%.64s' is neither true nor false", key, value);
  return BAD;
}

/* Whatever looks like a word of ours and is none. */
static void
check_names (HostdFlavor *flavor)
{
  JsonObjectIter iter;
  const char *key;

  json_object_iter_init_ordered (&iter, flavor->properties);
  while (json_object_iter_next_ordered (&iter, &key, NULL)) {
    if (g_ascii_strncasecmp (key, "cc:", 3) != 0 && g_ascii_strncasecmp (key, "cc_", 3) != 0)
      continue;
    if (!g_str_equal (key, "cc:policy") && !g_str_equal (key, "cc:technology") &&
        !g_str_equal (key, "cc:required"))
      hostd_flavor_find (flavor, "unknown-word",
                         "there is no '%.64s'; there are cc:policy, cc:technology, cc:required",
                         key);
  }
}

/* As the schema of policies has it: [a-z0-9][a-z0-9-]{0,62}. */
static gboolean
is_policy (const char *name)
{
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

  return name[0] != '-' && name[0] != '\0' && name[strspn (name, letters)] == '\0' &&
         strlen (name) <= 63;
}

/* Bits; 0 if none was asked for, or a bad one. */
static guint
read_technology (HostdFlavor *flavor)
{
  const char *name = hostd_json_get_string (flavor->properties, "cc:technology");
  HostdTechnology technology;

  if (name == NULL)
    return 0;
  if (hostd_technology_from_name (name, &technology) &&
      hostd_flavor_find_model (technology) != NULL)
    return 1u << technology;
  hostd_flavor_find (flavor, "bad-value",
                     "cc:technology: '%.64s' is none of sev, sev-es, sev-snp, tdx", name);
  return 0;
}

static guint
read_model (HostdFlavor *flavor, guint nova_release, Flag novas)
{
  const char *name = hostd_json_get_string (flavor->properties, "hw:mem_encryption_model");

  if (name == NULL)
    return novas == YES ? 1u << HOSTD_TECHNOLOGY_SEV : 0;
  if (novas == UNSET) {
    hostd_flavor_find (flavor, "no-effect",
                       "hw:mem_encryption_model has no effect without hw:mem_encryption=true: "
                       "Nova asks for nothing");
    hostd_flavor_set (flavor, "hw:mem_encryption", "true");
  }
  if (novas != YES)
    return 0;
  for (const HostdFlavorModel *m = hostd_flavor_models; m->model != NULL; m++) {
    if (!g_str_equal (m->model, name))
      continue;
    /* Whoever knows the default alone does as if it was not named. */
    if (m->nova_since <= nova_release)
      return 1u << m->technology;
    hostd_flavor_find (flavor, "bad-value",
                       "hw:mem_encryption_model: Nova %u does not know '%s'; ask with "
                       "cc:technology=%s instead",
                       nova_release, name, hostd_technology_name (m->technology));
    return 0;
  }
  hostd_flavor_find (flavor, "bad-value", "hw:mem_encryption_model: there is no model '%.64s'",
                     name);
  return 0;
}

static guint
read_policy (HostdFlavor *flavor, const HostdTemplates *templates, const char **ret_name)
{
  const char *name = hostd_json_get_string (flavor->properties, "cc:policy");
  const HostdPolicy *policy;
  guint bits = 0;

  *ret_name = name;
  if (name == NULL)
    return 0;
  if (!is_policy (name)) {
    hostd_flavor_find (flavor, "bad-value", "cc:policy: '%.64s' cannot be the name of a policy",
                       name);
    return 0;
  }
  policy = templates != NULL ? hostd_templates_find_policy (templates, name, NULL) : NULL;
  if (policy == NULL) {
    hostd_flavor_note (flavor, "policy-unknown",
                       "the policy %s is not known here (see --policy-dir): which technologies it "
                       "accepts was not looked at",
                       name);
    return 0;
  }
  for (guint i = 0; i < hostd_policy_count_technologies (policy); i++)
    bits |= 1u << hostd_policy_get_technology (policy, i);
  return bits;
}

/* A no beside what asks would read as a wish only. */
static void
check_no (HostdFlavor *flavor, const char *key, Flag flag, gboolean asks, Flag other)
{
  if (flag == NO && (asks || other == YES))
    hostd_flavor_find (flavor, "contradiction", "%s is false, but other words ask for protection",
                       key);
}

/* Which technologies are left when each word has its say; 0 is a word that has none. */
static guint
intersect (HostdFlavor *flavor, guint policy, guint technology, guint model)
{
  if (technology && model && technology != model)
    hostd_flavor_find (flavor, "contradiction",
                       "cc:technology is another than Nova's own words ask for (without a model "
                       "that is amd-sev), and those are what it accounts for");
  else if (policy && technology && !(policy & technology))
    hostd_flavor_find (flavor, "contradiction", "cc:policy does not accept that cc:technology");
  else if (policy && model && !(policy & model))
    hostd_flavor_find (flavor, "contradiction",
                       "cc:policy does not accept what Nova's own words ask for (without a model "
                       "that is amd-sev)");
  return technology ? technology : model ? model : policy;
}

void
hostd_flavor_read_request (HostdFlavor *flavor, guint nova_release, const HostdTemplates *templates,
                           HostdFlavorRequest *ret_request)
{
  Flag required, novas;
  guint policy, technology, model;
  const char *name;

  check_names (flavor);
  required = read_flag (flavor, "cc:required");
  novas = read_flag (flavor, "hw:mem_encryption");
  policy = read_policy (flavor, templates, &name);
  technology = read_technology (flavor);
  model = read_model (flavor, nova_release, novas);
  check_no (flavor, "cc:required", required, name != NULL || technology != 0, novas);
  check_no (flavor, "hw:mem_encryption", novas, name != NULL || technology != 0, required);
  ret_request->ours = name != NULL || technology != 0 || required == YES;
  ret_request->novas = novas == YES;
  ret_request->technologies = intersect (flavor, policy, technology, model);
  ret_request->policy = name != NULL ? name : ret_request->ours ? ANY : NULL;
  ret_request->unclear = hostd_flavor_is_wrong (flavor);
}
