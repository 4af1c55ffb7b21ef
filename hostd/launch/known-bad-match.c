/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/known-bad-private.h"

/* ---- versions ------------------------------------------------------------- */

#define MAX_DIGITS 5

gboolean
hostd_version_parse (const char *text, HostdVersion *ret_version)
{
  HostdVersion version = { { 0 } };
  guint n = 0;

  while (n < G_N_ELEMENTS (version.part) && g_ascii_isdigit (*text)) {
    guint digits = 0;

    while (g_ascii_isdigit (*text)) {
      if (++digits > MAX_DIGITS)
        return FALSE;
      version.part[n] = version.part[n] * 10 + (guint) g_ascii_digit_value (*text++);
    }
    n++;
    if (text[0] != '.' || !g_ascii_isdigit (text[1]))
      break;
    text++;
  }
  if (n < 2)
    return FALSE;
  *ret_version = version;
  return TRUE;
}

static int
compare (const HostdVersion *a, const HostdVersion *b)
{
  for (guint i = 0; i < G_N_ELEMENTS (a->part); i++)
    if (a->part[i] != b->part[i])
      return a->part[i] < b->part[i] ? -1 : 1;
  return 0;
}

/* As libvirt counts: 9002001 is 9.2.1. */
static gboolean
version_of_number (guint number, HostdVersion *ret_version)
{
  *ret_version = (HostdVersion){ { number / 1000000, number / 1000 % 1000, number % 1000, 0 } };
  return number != 0;
}

/* FALSE if it is not known. */
static gboolean
version_here (const HostdFacts *facts, HostdComponent component, HostdVersion *ret_version)
{
  switch (component) {
  case HOSTD_COMPONENT_QEMU:
    return version_of_number (facts->qemu_version, ret_version);
  case HOSTD_COMPONENT_LIBVIRT:
    return version_of_number (facts->libvirt_version, ret_version);
  case HOSTD_COMPONENT_KERNEL:
    return facts->kernel_release && hostd_version_parse (facts->kernel_release, ret_version);
  case HOSTD_COMPONENT_SEV_FIRMWARE:
    *ret_version = (HostdVersion){ { facts->sev_firmware.major, facts->sev_firmware.minor,
                                     facts->sev_firmware.build, 0 } };
    return facts->sev_firmware.known;
  case HOSTD_N_COMPONENTS:
    break;
  }
  g_assert_not_reached ();
}

static gboolean
is_within (const HostdVersionRange *range, const HostdVersion *version)
{
  return (!range->has_from || compare (version, &range->from) >= 0) &&
         (!range->has_before || compare (version, &range->before) < 0);
}

static HostdMatch
match_component (const HostdCombination *self, const HostdFacts *facts, HostdComponent component)
{
  HostdVersion here;
  gboolean asked = FALSE, known = facts && version_here (facts, component, &here);

  for (guint i = 0; i < self->versions->len; i++) {
    const HostdVersionRange *range = g_ptr_array_index (self->versions, i);

    if (range->component != component)
      continue;
    if (!known)
      return HOSTD_MATCH_UNKNOWN;
    if (is_within (range, &here))
      return HOSTD_MATCH_YES;
    asked = TRUE;
  }
  return asked ? HOSTD_MATCH_NO : HOSTD_MATCH_YES;
}

/* ---- the host --------------------------------------------------------------- */

static HostdMatch
match_condition (const HostdHostCondition *condition, const HostdFacts *facts)
{
  const HostdTechnologyFacts *t = facts ? &facts->technology[condition->technology] : NULL;

  if (t == NULL)
    return HOSTD_MATCH_UNKNOWN;
  if (condition->works_to == HOSTD_LAYER_NONE) {
    if (t->usability == HOSTD_USABILITY_UNKNOWN)
      return HOSTD_MATCH_UNKNOWN;
    return condition->is[t->usability] ? HOSTD_MATCH_YES : HOSTD_MATCH_NO;
  }
  switch (t->usability) {
  case HOSTD_USABILITY_UNKNOWN:
    return HOSTD_MATCH_UNKNOWN;
  case HOSTD_USABILITY_USABLE:
    return HOSTD_MATCH_YES;
  case HOSTD_USABILITY_UNUSABLE:
    return t->layer > condition->works_to ? HOSTD_MATCH_YES : HOSTD_MATCH_NO;
  case HOSTD_USABILITY_NOT_APPLICABLE:
    return HOSTD_MATCH_NO;
  }
  g_assert_not_reached ();
}

/* A no of one part is a no of all; else what one part does not know, nobody knows. */
static void
join (HostdMatch *all, const char **missing, HostdMatch part, const char *fact)
{
  if (part == HOSTD_MATCH_UNKNOWN && *all == HOSTD_MATCH_YES)
    *missing = fact;
  *all = MIN (*all, part);
}

HostdMatch
hostd_combination_match_host (const HostdCombination *self, const HostdFacts *facts,
                              const char **ret_missing)
{
  static const char *const facts_of[HOSTD_N_COMPONENTS] = {
    [HOSTD_COMPONENT_QEMU] = "QEMU's version",
    [HOSTD_COMPONENT_LIBVIRT] = "libvirt's version",
    [HOSTD_COMPONENT_KERNEL] = "the kernel's version",
    [HOSTD_COMPONENT_SEV_FIRMWARE] = "the version of the AMD secure processor's firmware",
  };
  HostdMatch all = HOSTD_MATCH_YES;
  const char *missing = NULL;

  for (guint i = 0; i < HOSTD_N_COMPONENTS; i++)
    join (&all, &missing, match_component (self, facts, (HostdComponent) i), facts_of[i]);
  for (guint i = 0; i < self->hosts->len; i++) {
    const HostdHostCondition *condition = g_ptr_array_index (self->hosts, i);

    join (&all, &missing, match_condition (condition, facts),
          hostd_technology_name (condition->technology));
  }
  if (all == HOSTD_MATCH_UNKNOWN && ret_missing)
    *ret_missing = missing;
  return all;
}

/* ---- a guest ----------------------------------------------------------------- */

char *
hostd_combination_describe (const HostdCombination *self)
{
  return g_strdup_printf ("%s; to do: %s (%s)", self->breaks, self->fix, self->sources[0]);
}

static gboolean
may_break (const HostdCombination *self, const HostdFacts *facts, HostdTechnology technology)
{
  return !self->of_host && self->of[technology] &&
         hostd_combination_match_host (self, facts, NULL) == HOSTD_MATCH_YES;
}

gboolean
hostd_known_bad_needs_guest (const HostdKnownBad *self, const HostdFacts *facts,
                             HostdTechnology technology)
{
  for (guint i = 0; i < hostd_known_bad_count (self); i++)
    if (may_break (hostd_known_bad_get (self, i), facts, technology))
      return TRUE;
  return FALSE;
}

/* FALSE with @error set if it cannot be evaluated. */
static gboolean
match_guest (const HostdCombination *self, HostdXPath *xpath, xmlNodePtr domain,
             gboolean *ret_match, GError **error)
{
  *ret_match = TRUE;
  for (guint i = 0; *ret_match && i < self->guests->len; i++) {
    const HostdGuestCondition *condition = g_ptr_array_index (self->guests, i);

    if (!hostd_xpath_test (xpath, domain, condition->test, ret_match, error))
      return FALSE;
  }
  return TRUE;
}

static void
judge_one (const HostdCombination *self, HostdXPath *xpath, xmlNodePtr domain,
           HostdReasons *refusals, HostdReasons *warnings)
{
  g_autofree char *id = g_strconcat ("known-bad-", self->id, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gboolean match;

  if (!match_guest (self, xpath, domain, &match, &error)) {
    hostd_reasons_add (warnings, id, "/domain", "not checked: %s", error->message);
    return;
  }
  if (!match)
    return;
  text = hostd_combination_describe (self);
  hostd_reasons_add (self->refuses ? refusals : warnings, id, "/domain", "%s", text);
}

void
hostd_known_bad_judge (const HostdKnownBad *self, const HostdFacts *facts,
                       HostdTechnology technology, const HostdGlance *glance,
                       HostdReasons *refusals, HostdReasons *warnings)
{
  g_autoptr (HostdXPath) xpath = NULL;

  for (guint i = 0; i < hostd_known_bad_count (self); i++) {
    const HostdCombination *combination = hostd_known_bad_get (self, i);

    if (!may_break (combination, facts, technology))
      continue;
    if (xpath == NULL)
      xpath = hostd_xpath_new (glance->document, facts, HOSTD_XPATH_EXACT);
    judge_one (combination, xpath, xmlDocGetRootElement (glance->document->xml), refusals,
               warnings);
  }
}
