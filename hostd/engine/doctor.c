/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/doctor.h"

#include "base/json.h"

typedef struct {
  HostdFindingLevel level;
  char *id, *text, *fix, *source;
} Finding;

struct HostdDiagnosis {
  GPtrArray *findings; /* (element-type Finding) */
  gboolean examined, guest, as_root;
  HostdUsability verdict[HOSTD_N_TECHNOLOGIES];
};

const char *
hostd_finding_level_name (HostdFindingLevel level)
{
  static const char *const names[] = { "error", "warning", "note" };

  return names[level];
}

static void
finding_free (Finding *self)
{
  g_free (self->id);
  g_free (self->text);
  g_free (self->fix);
  g_free (self->source);
  g_free (self);
}

HostdDiagnosis *
hostd_diagnosis_new (void)
{
  HostdDiagnosis *self = g_new0 (HostdDiagnosis, 1);

  self->findings = g_ptr_array_new_with_free_func ((GDestroyNotify) finding_free);
  return self;
}

void
hostd_diagnosis_free (HostdDiagnosis *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->findings);
  g_free (self);
}

void
hostd_diagnosis_add (HostdDiagnosis *self, HostdFindingLevel level, const char *id, const char *fix,
                     const char *source, const char *format, ...)
{
  Finding *finding = g_new0 (Finding, 1);
  va_list args;

  va_start (args, format);
  finding->text = g_strdup_vprintf (format, args);
  va_end (args);
  finding->level = level;
  finding->id = g_strdup (id);
  finding->fix = g_strdup (fix);
  finding->source = g_strdup (source);
  g_ptr_array_add (self->findings, finding);
}

/* ---- technologies ------------------------------------------------------------ */

static gboolean
works_to_kernel (const HostdTechnologyFacts *t)
{
  return t->usability == HOSTD_USABILITY_USABLE ||
         (t->usability == HOSTD_USABILITY_UNUSABLE && t->layer > HOSTD_LAYER_KERNEL);
}

/*
 * SEV-ES is out because SEV-SNP is on (CVE-2025-48514): a choice, and no fault. Where SNP works, so
 * do the keys and the firmware that both need, and nothing else can be broken at that layer.
 */
static gboolean
is_excluded (const HostdFacts *facts, HostdTechnology technology)
{
  return technology == HOSTD_TECHNOLOGY_SEV_ES &&
         facts->technology[technology].layer == HOSTD_LAYER_FIRMWARE &&
         works_to_kernel (&facts->technology[HOSTD_TECHNOLOGY_SEV_SNP]);
}

/* "none yet", "none on this CPU": there is nothing that the person could do about it. */
static gboolean
nobody_can_mend (const HostdTechnologyFacts *t)
{
  return t->fix == NULL || g_str_has_prefix (t->fix, "none");
}

static void
examine_technology (HostdDiagnosis *self, const HostdFacts *facts, HostdTechnology technology)
{
  const HostdTechnologyFacts *t = &facts->technology[technology];
  const char *name = hostd_technology_name (technology);
  gboolean is_no_fault = is_excluded (facts, technology) || nobody_can_mend (t);

  if (t->usability == HOSTD_USABILITY_UNUSABLE && t->layer != HOSTD_LAYER_HARDWARE)
    hostd_diagnosis_add (self, is_no_fault ? HOSTD_FINDING_WARNING : HOSTD_FINDING_ERROR, name,
                         t->fix, NULL, "%s: %s", hostd_layer_name (t->layer), t->cause);
  /* Who is not root has one finding for all that this costs. */
  if (t->usability == HOSTD_USABILITY_UNKNOWN && facts->as_root)
    hostd_diagnosis_add (self, HOSTD_FINDING_WARNING, name, t->fix, NULL, "unknown: %s",
                         t->cause ? t->cause : "it was not looked at");
}

/* A machine that has nothing of it, and nothing to mend. */
static void
examine_none (HostdDiagnosis *self, const HostdFacts *facts)
{
  g_autoptr (GString) causes = g_string_new (NULL);

  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    const HostdTechnologyFacts *t = &facts->technology[i];

    if (t->usability == HOSTD_USABILITY_NOT_APPLICABLE)
      continue;
    if (t->usability != HOSTD_USABILITY_UNUSABLE || t->layer != HOSTD_LAYER_HARDWARE)
      return;
    g_string_append_printf (causes, "; %s: %s", hostd_technology_name ((HostdTechnology) i),
                            t->cause);
  }
  hostd_diagnosis_add (self, HOSTD_FINDING_WARNING, "no-technology", NULL, NULL,
                       "this machine's processor has nothing that guests can be protected with%s",
                       causes->str);
}

/* ---- who is not root ----------------------------------------------------------- */

/* "sev, sev-snp": what is not known; why, which many have in common. */
typedef struct {
  GString *what;
  const char *why; /* NULL: nobody knows */
} Cost;

static void
cost_free (Cost *self)
{
  g_string_free (self->what, TRUE);
  g_free (self);
}

static void
add_cost (GPtrArray *costs, const char *technology, const char *what, const char *why)
{
  Cost *cost = NULL;

  for (guint i = 0; i < costs->len && cost == NULL; i++) {
    Cost *other = g_ptr_array_index (costs, i);

    if (g_strcmp0 (other->why, why) == 0)
      cost = other;
  }
  if (cost == NULL) {
    cost = g_new0 (Cost, 1);
    cost->what = g_string_new (NULL);
    cost->why = why;
    g_ptr_array_add (costs, cost);
  }
  g_string_append_printf (cost->what, "%s%s%s%s", cost->what->len > 0 ? ", " : "", technology,
                          what ? " " : "", what ? what : "");
}

static void
collect_costs (GPtrArray *costs, const HostdFacts *facts, HostdTechnology technology)
{
  const HostdTechnologyFacts *t = &facts->technology[technology];
  const char *name = hostd_technology_name (technology);

  if (t->usability == HOSTD_USABILITY_UNKNOWN)
    add_cost (costs, name, NULL, t->cause);
  if (t->usability != HOSTD_USABILITY_USABLE)
    return;
  if (t->capacity.total == HOSTD_CAPACITY_UNKNOWN || t->capacity.in_use == HOSTD_CAPACITY_UNKNOWN)
    add_cost (costs, name, "keys in use", NULL);
  if (t->quote.state == HOSTD_QUOTE_UNKNOWN)
    add_cost (costs, name, "quote", t->quote.cause);
  for (guint i = 0; i < t->values->len; i++) {
    const HostdValue *value = g_ptr_array_index (t->values, i);

    if (value->text == NULL)
      add_cost (costs, name, value->name, value->why);
  }
}

char *
hostd_diagnosis_describe_costs (const HostdFacts *facts)
{
  g_autoptr (GPtrArray) costs = g_ptr_array_new_with_free_func ((GDestroyNotify) cost_free);
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint i = 0; !facts->as_root && i < HOSTD_N_TECHNOLOGIES; i++)
    collect_costs (costs, facts, (HostdTechnology) i);
  for (guint i = 0; i < costs->len; i++) {
    const Cost *cost = g_ptr_array_index (costs, i);

    g_string_append_printf (all, "%s%s", i > 0 ? "; " : "", cost->what->str);
    if (cost->why)
      g_string_append_printf (all, " (%s)", cost->why);
  }
  return costs->len > 0 ? g_strdup (all->str) : NULL;
}

static void
examine_root (HostdDiagnosis *self, const HostdFacts *facts)
{
  g_autofree char *costs = hostd_diagnosis_describe_costs (facts);

  if (costs)
    hostd_diagnosis_add (self, HOSTD_FINDING_WARNING, "not-root",
                         "run it as root, or ask the daemon", NULL,
                         "it was not asked as root, and so is not known: %s", costs);
}

/* ---- keys and quotes ------------------------------------------------------------- */

static void
examine_keys (HostdDiagnosis *self, const HostdFacts *facts, guint technology)
{
  const HostdCapacity *c = &facts->technology[technology].capacity;
  const char *name = c->pool ? c->pool : hostd_technology_name ((HostdTechnology) technology);

  if (facts->technology[technology].usability != HOSTD_USABILITY_USABLE ||
      technology == HOSTD_TECHNOLOGY_SGX ||
      !hostd_facts_is_first_of_pool (facts, (HostdTechnology) technology))
    return;
  if (c->leaked > 0)
    hostd_diagnosis_add (self, HOSTD_FINDING_WARNING, "leaked-keys",
                         "reboot this host when its guests are gone", NULL,
                         "%" G_GINT64_FORMAT " keys of pool %s are lost: the firmware counts "
                         "guests that the kernel has no more",
                         c->leaked, name);
  if (c->others > 0)
    hostd_diagnosis_add (self, HOSTD_FINDING_WARNING, "keys-of-others",
                         "look for QEMU or containers that are not libvirt's", NULL,
                         "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " keys in use of pool %s are "
                         "not held by libvirt's guests",
                         c->others, c->in_use, name);
  if (c->total == 0)
    hostd_diagnosis_add (self, HOSTD_FINDING_WARNING, "no-keys", NULL, NULL,
                         "pool %s has no keys at all", name);
  else if (c->free == 0)
    hostd_diagnosis_add (self, HOSTD_FINDING_WARNING, "no-keys",
                         "stop a guest that holds one, or start guests elsewhere", NULL,
                         "all %" G_GINT64_FORMAT " keys of pool %s are in use", c->total, name);
}

static void
examine_quote (HostdDiagnosis *self, const HostdFacts *facts, guint technology)
{
  const HostdTechnologyFacts *t = &facts->technology[technology];

  if (t->usability == HOSTD_USABILITY_USABLE && t->quote.state == HOSTD_QUOTE_BROKEN)
    hostd_diagnosis_add (self, HOSTD_FINDING_WARNING, "quote", t->quote.fix, NULL,
                         "guests of %s start, but who asks for their quote cannot verify it: %s",
                         hostd_technology_name ((HostdTechnology) technology),
                         t->quote.cause ? t->quote.cause : "it is not known why");
}

/* ---- known-bad combinations -------------------------------------------------------- */

/* "sev-es, sev-snp": those of a combination that guests can be started with here, or NULL. */
static char *
technologies_here (const HostdCombination *c, const HostdFacts *facts)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    HostdUsability usability = facts->technology[i].usability;

    if (c->of[i] && (usability == HOSTD_USABILITY_USABLE || usability == HOSTD_USABILITY_UNKNOWN))
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "",
                              hostd_technology_name ((HostdTechnology) i));
  }
  return names->len > 0 ? g_strdup (names->str) : NULL;
}

static void
tell_combination (HostdDiagnosis *self, const HostdCombination *c, const char *technologies)
{
  g_autofree char *id = g_strconcat ("known-bad-", c->id, NULL);
  /* What goes by nothing of the host is no news of it. */
  HostdFindingLevel level =
      c->versions->len + c->hosts->len > 0 ? HOSTD_FINDING_WARNING : HOSTD_FINDING_NOTE;

  if (c->of_host)
    hostd_diagnosis_add (self, level, id, c->fix, c->sources[0], "%s", c->breaks);
  else
    hostd_diagnosis_add (self, level, id, c->fix, c->sources[0], "for guests of %s%s%s: %s",
                         technologies, c->who ? " " : "", c->who ? c->who : "", c->breaks);
}

static void
examine_known_bad (HostdDiagnosis *self, const HostdFacts *facts, const HostdKnownBad *known_bad)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  guint unknown = 0;

  for (guint i = 0; i < hostd_known_bad_count (known_bad); i++) {
    const HostdCombination *c = hostd_known_bad_get (known_bad, i);
    g_autofree char *technologies = technologies_here (c, facts);
    const char *fact = NULL;

    if (!c->of_host && technologies == NULL)
      continue;
    switch (hostd_combination_match_host (c, facts, &fact)) {
    case HOSTD_MATCH_NO:
      break;
    case HOSTD_MATCH_YES:
      tell_combination (self, c, technologies);
      break;
    case HOSTD_MATCH_UNKNOWN:
      unknown++;
      if (!g_ptr_array_find (missing, fact, NULL))
        g_ptr_array_add (missing, (gpointer) fact);
      break;
    }
  }
  if (unknown > 0) {
    g_autofree char *facts_missing = NULL;

    g_ptr_array_add (missing, NULL);
    facts_missing = g_strjoinv (", ", (char **) missing->pdata);
    hostd_diagnosis_add (self, HOSTD_FINDING_NOTE, "known-bad-unchecked", NULL, NULL,
                         "%u known-bad combinations were not checked; not known: %s", unknown,
                         facts_missing);
  }
}

/* ---- all of it ---------------------------------------------------------------------- */

void
hostd_diagnosis_examine (HostdDiagnosis *self, const HostdFacts *facts,
                         const HostdKnownBad *known_bad)
{
  self->examined = TRUE;
  self->guest = facts->guest;
  self->as_root = facts->as_root;
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    self->verdict[i] = facts->technology[i].usability;
  if (facts->guest)
    return;
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    examine_technology (self, facts, (HostdTechnology) i);
  examine_none (self, facts);
  examine_root (self, facts);
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    examine_keys (self, facts, i);
    examine_quote (self, facts, i);
  }
  examine_known_bad (self, facts, known_bad);
}

static void
add_findings (const HostdDiagnosis *self, HostdFindingLevel level, JsonArray *array)
{
  for (guint i = 0; i < self->findings->len; i++) {
    const Finding *finding = g_ptr_array_index (self->findings, i);
    JsonObject *object;

    if (finding->level != level)
      continue;
    object = json_object_new ();
    json_object_set_string_member (object, "id", finding->id);
    json_object_set_string_member (object, "level", hostd_finding_level_name (level));
    json_object_set_string_member (object, "text", finding->text);
    hostd_json_set_string (object, "fix", finding->fix);
    hostd_json_set_string (object, "source", finding->source);
    json_array_add_object_element (array, object);
  }
}

JsonObject *
hostd_diagnosis_to_json (const HostdDiagnosis *self)
{
  JsonObject *object = json_object_new ();
  JsonObject *technologies = json_object_new ();
  JsonArray *findings = json_array_new ();

  json_object_set_boolean_member (object, "guest", self->guest);
  json_object_set_boolean_member (object, "root", self->as_root);
  for (guint i = 0; self->examined && i < HOSTD_N_TECHNOLOGIES; i++)
    json_object_set_string_member (technologies, hostd_technology_name ((HostdTechnology) i),
                                   hostd_usability_name (self->verdict[i]));
  json_object_set_object_member (object, "technologies", technologies);
  for (guint level = HOSTD_FINDING_ERROR; level <= HOSTD_FINDING_NOTE; level++)
    add_findings (self, (HostdFindingLevel) level, findings);
  json_object_set_array_member (object, "findings", findings);
  return object;
}
