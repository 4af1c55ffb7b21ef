/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/verify-private.h"

#include "base/error.h"
#include "base/parse.h"
#include "launch/choice.h"

#include <string.h>

/* Nodes that one assertion names. To name one is to count its siblings: without an end, a text of
 * nothing but faults would keep hostd, and all who wait for it, busy for minutes. */
#define MAX_BLAMED 50

struct HostdVerify {
  HostdVerdict verdict;
  HostdReasons *reasons, *notes;
  gboolean has_technology;
  HostdTechnology technology;
};

/* The nodes of a context: of Judge.nodes. */
typedef struct {
  gboolean known;
  guint first, count;
} Found;

typedef struct {
  HostdVerify *self;
  HostdXPath *xpath;
  const HostdFacts *facts;
  HostdStage stage;
  const HostdRuleset *ruleset; /* the one that is judged by */
  Found *contexts;             /* as many as it has */
  GPtrArray *nodes, *selected; /* all that were found, and those of the last context alone */
} Judge;

static const char *const stage_names[] = { "definition", "prepare", "start" };

const char *
hostd_stage_name (HostdStage stage)
{
  return stage_names[stage];
}

gboolean
hostd_stage_from_name (const char *name, HostdStage *ret_stage)
{
  for (guint i = 0; i < G_N_ELEMENTS (stage_names); i++) {
    if (strcmp (name, stage_names[i]) == 0) {
      *ret_stage = (HostdStage) i;
      return TRUE;
    }
  }
  return FALSE;
}

/* Which fact of those that an assertion needs is not known, or NULL. */
static const char *
missing_fact (const HostdFacts *facts, char **needs)
{
  for (guint i = 0; needs && needs[i]; i++) {
    if (facts == NULL || (strcmp (needs[i], "firmware") == 0 && !facts->firmware_known) ||
        (strcmp (needs[i], "cbitpos") == 0 && !facts->cbit_known))
      return needs[i];
  }
  return NULL;
}

/*
 * The node that an assertion is about: @names is a path of plain steps from the context, and the
 * deepest that is there is named; what is missing of it is said in words.
 */
static char *
name_culprit (xmlNodePtr node, const char *names, char **ret_missing)
{
  g_auto (GStrv) steps = g_strsplit (names ? names : "", "/", -1);

  *ret_missing = NULL;
  for (guint i = 0; steps[i] && *steps[i]; i++) {
    xmlNodePtr next = steps[i][0] == '@'
                          ? (xmlNodePtr) xmlHasNsProp (node, (const xmlChar *) steps[i] + 1, NULL)
                          : hostd_node_child (node, steps[i]);

    if (next == NULL) {
      *ret_missing = g_strjoinv ("/", steps + i);
      break;
    }
    node = next;
  }
  return hostd_node_path (node);
}

static void
blame (Judge *judge, const HostdAssertion *a, xmlNodePtr node)
{
  g_autofree char *missing = NULL;
  g_autofree char *path = name_culprit (node, a->names, &missing);

  if (missing)
    hostd_reasons_add (judge->self->reasons, a->id, path, "no %s as wanted: %s", missing,
                       a->because);
  else
    hostd_reasons_add (judge->self->reasons, a->id, path, "%s", a->because);
}

/* What an assertion is about is not there often enough: its nearest existing ancestor is named. */
static void
blame_absence (Judge *judge, const HostdAssertion *a, guint found, xmlNodePtr domain)
{
  const char *slash = strrchr (a->at, '/');
  g_autofree char *missing = NULL, *path = NULL;
  const char *relative = g_str_has_prefix (a->at, "/domain/") ? a->at + strlen ("/domain/") : "";

  if (strpbrk (relative, "[|(:*") == NULL)
    path = name_culprit (domain, relative, &missing);
  hostd_reasons_add (judge->self->reasons, a->id, path ? path : "/domain",
                     "%u of at least %u %s: %s", found, a->min,
                     missing ? missing
                     : slash ? slash + 1
                             : a->at,
                     a->because);
}

/* The nodes that an assertion is about: found once for all those of a rule set with one context. */
static gboolean
find_context (Judge *judge, const HostdAssertion *a, const Found **ret_found, GError **error)
{
  Found *found = &judge->contexts[a->context];
  const HostdExpression *context = g_ptr_array_index (judge->ruleset->contexts, a->context);

  if (!found->known) {
    if (!hostd_xpath_select (judge->xpath, context, judge->selected, error))
      return FALSE;
    found->known = TRUE;
    found->first = judge->nodes->len;
    found->count = judge->selected->len;
    g_ptr_array_extend (judge->nodes, judge->selected, NULL, NULL);
  }
  *ret_found = found;
  return TRUE;
}

static gboolean
judge_nodes (Judge *judge, const HostdAssertion *a, xmlNodePtr domain, GError **error)
{
  const Found *found;
  guint bad = 0;

  if (!find_context (judge, a, &found, error))
    return FALSE;
  if (found->count < a->min)
    blame_absence (judge, a, found->count, domain);
  for (guint i = 0; i < found->count; i++) {
    xmlNodePtr node = g_ptr_array_index (judge->nodes, found->first + i);
    gboolean holds;

    if (!hostd_xpath_test (judge->xpath, node, a->test, &holds, error))
      return FALSE;
    if (!holds && ++bad <= MAX_BLAMED)
      blame (judge, a, node);
  }
  if (bad > MAX_BLAMED)
    hostd_reasons_add (judge->self->reasons, a->id, "/domain", "%u more of these: %s",
                       bad - MAX_BLAMED, a->because);
  return TRUE;
}

static void
judge_one (Judge *judge, const HostdAssertion *a, xmlNodePtr domain)
{
  g_autoptr (GError) error = NULL;
  const char *fact;

  if (!a->stage[judge->stage])
    return;
  fact = missing_fact (judge->facts, a->needs);
  if (fact) {
    hostd_reasons_add (judge->self->notes, a->id, NULL, "not checked: the host's %s is not known",
                       fact);
    return;
  }
  /* What cannot be evaluated is not known to hold. */
  if (!judge_nodes (judge, a, domain, &error))
    hostd_reasons_add (judge->self->reasons, a->id, "/domain", "%s", error->message);
}

static void
judge_ruleset (Judge *judge, const HostdRuleset *ruleset, xmlNodePtr domain)
{
  g_autofree Found *contexts = g_new0 (Found, ruleset->contexts->len);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new (), selected = g_ptr_array_new ();

  judge->ruleset = ruleset;
  judge->contexts = contexts;
  judge->nodes = nodes;
  judge->selected = selected;
  for (guint i = 0; i < ruleset->assertions->len; i++)
    judge_one (judge, g_ptr_array_index (ruleset->assertions, i), domain);
}

/* ---- launch data: with data in the request, the text carries exactly that ---- */

static gboolean
same_data (const HostdField *field, const char *have, const char *want)
{
  gsize n = 0, m = 0;
  g_autofree guint8 *a = NULL, *b = NULL;

  if (field->kind != HOSTD_FIELD_BASE64)
    return g_strcmp0 (have, want) == 0 ||
           (field->kind == HOSTD_FIELD_SOCKET && have && *want != '/');
  a = hostd_parse_base64 (have ? have : "", &n);
  b = hostd_parse_base64 (want, &m);
  return a && b && n > 0 && n == m && memcmp (a, b, n) == 0;
}

static void
judge_data (Judge *judge, const HostdTechnologyTemplate *technology, const HostdRequest *request,
            xmlNodePtr domain)
{
  xmlNodePtr security = hostd_node_child (domain, "launchSecurity");

  for (guint i = 0; security && i < hostd_request_count_data (request); i++) {
    const char *key = hostd_request_get_key (request, i);
    const HostdField *field = hostd_ruleset_find_field (technology->file->ruleset, key);
    xmlNodePtr node = NULL;
    g_autofree char *have = NULL, *path = NULL;

    if (field && field->kind == HOSTD_FIELD_FLAG)
      node = (xmlNodePtr) xmlHasNsProp (security, (const xmlChar *) key, NULL);
    else if (field)
      node = hostd_node_child (security, key);
    if (node && field->kind == HOSTD_FIELD_SOCKET &&
        xmlHasNsProp (node, (const xmlChar *) "path", NULL))
      node = (xmlNodePtr) xmlHasNsProp (node, (const xmlChar *) "path", NULL);
    have = hostd_node_text (node);
    if (field && node && same_data (field, have, hostd_request_get_value (request, i)))
      continue;
    path = hostd_node_path (node ? node : security);
    hostd_reasons_add (judge->self->reasons, "launch-data", path, "%s is not the one expected%s",
                       key, node ? "" : ": there is none");
  }
}

/* Our own note in the metadata must not speak of another policy or technology than is judged. */
static void
judge_metadata (Judge *judge, const HostdPolicy *policy, const HostdTechnologyTemplate *technology,
                xmlNodePtr domain)
{
  const char *const wanted[][2] = { { "policy", hostd_policy_get_name (policy) },
                                    { "technology",
                                      hostd_technology_name (technology->technology) } };
  xmlNodePtr element = hostd_document_metadata (domain);

  for (guint i = 0; element && i < G_N_ELEMENTS (wanted); i++) {
    xmlAttrPtr attr = xmlHasNsProp (element, (const xmlChar *) wanted[i][0], NULL);
    g_autofree char *word = hostd_node_text ((xmlNodePtr) attr);
    g_autofree char *path = NULL;

    if (g_strcmp0 (word, wanted[i][1]) == 0)
      continue;
    path = hostd_node_path (attr ? (xmlNodePtr) attr : element);
    hostd_reasons_add (judge->self->reasons, "metadata", path,
                       "the domain was made for %s '%s', not '%s'", wanted[i][0], word ? word : "",
                       wanted[i][1]);
  }
}

static gboolean
judge_all (Judge *judge, const HostdTemplates *templates, const HostdPolicy *policy,
           const HostdRequest *request, xmlNodePtr domain, GError **error)
{
  g_autoptr (GError) local = NULL;
  const HostdTechnologyTemplate *technology =
      hostd_recognise_technology (templates, policy, judge->xpath, domain, &local);
  g_autoptr (GPtrArray) rulesets = NULL;

  if (local) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  if (technology == NULL) {
    xmlNodePtr security = hostd_node_child (domain, "launchSecurity");
    g_autofree char *path = hostd_node_path (security ? security : domain);

    hostd_reasons_add (
        judge->self->reasons, "launch-security", path, "%s of a technology that policy %s accepts",
        security ? "launchSecurity is not" : "no launchSecurity", hostd_policy_get_name (policy));
    return TRUE;
  }
  judge->self->has_technology = TRUE;
  judge->self->technology = technology->technology;
  rulesets = hostd_templates_rulesets_for (templates, policy, technology);
  for (guint i = 0; i < rulesets->len; i++)
    judge_ruleset (judge, g_ptr_array_index (rulesets, i), domain);
  judge_data (judge, technology, request, domain);
  judge_metadata (judge, policy, technology, domain);
  return TRUE;
}

HostdVerify *
hostd_verify_document (const HostdTemplates *templates, const HostdPolicy *policy,
                       const HostdRequest *request, const HostdFacts *facts,
                       HostdDocument *document, HostdXPathWay way, HostdStage stage, gboolean bound,
                       GError **error)
{
  xmlNodePtr domain = xmlDocGetRootElement (document->xml);
  g_autoptr (HostdVerify) self = NULL;
  g_autoptr (HostdXPath) xpath = NULL;
  Judge judge;

  self = g_new0 (HostdVerify, 1);
  self->reasons = hostd_reasons_new ();
  self->notes = hostd_reasons_new ();
  if (!bound && !hostd_document_asks (domain)) {
    self->verdict = HOSTD_VERDICT_NOT_OURS;
    return g_steal_pointer (&self);
  }
  xpath = hostd_xpath_new (document, facts, way);
  judge = (Judge){ .self = self, .xpath = xpath, .facts = facts, .stage = stage };
  if (!judge_all (&judge, templates, policy, request, domain, error))
    return NULL;
  self->verdict = hostd_reasons_count (self->reasons) ? HOSTD_VERDICT_REFUSE : HOSTD_VERDICT_ALLOW;
  return g_steal_pointer (&self);
}

HostdVerify *
hostd_verify_glanced (const HostdTemplates *templates, const HostdPolicy *policy,
                      const HostdRequest *request, const HostdFacts *facts,
                      const HostdGlance *glance, HostdStage stage, gboolean bound, GError **error)
{
  return hostd_verify_document (templates, policy, request, facts, glance->document,
                                HOSTD_XPATH_EXACT, stage, bound, error);
}

HostdVerify *
hostd_verify_run (const HostdTemplates *templates, const HostdRequest *request,
                  const HostdFacts *facts, const char *xml, gsize length, HostdStage stage,
                  gboolean bound, GError **error)
{
  /* An unknown policy is told before anything about the text. */
  const HostdPolicy *policy =
      hostd_templates_find_policy (templates, hostd_request_get_policy (request), error);
  g_autoptr (HostdDocument) document = NULL;

  if (policy == NULL)
    return NULL;
  document = hostd_document_parse (xml, length, error);
  return document ? hostd_verify_document (templates, policy, request, facts, document,
                                           HOSTD_XPATH_EXACT, stage, bound, error)
                  : NULL;
}

void
hostd_verify_free (HostdVerify *self)
{
  if (self == NULL)
    return;
  hostd_reasons_free (self->reasons);
  hostd_reasons_free (self->notes);
  g_free (self);
}

HostdVerdict
hostd_verify_get_verdict (const HostdVerify *self)
{
  return self->verdict;
}

const HostdReasons *
hostd_verify_get_reasons (const HostdVerify *self)
{
  return self->reasons;
}

const HostdReasons *
hostd_verify_get_notes (const HostdVerify *self)
{
  return self->notes;
}

gboolean
hostd_verify_get_technology (const HostdVerify *self, HostdTechnology *ret_technology)
{
  if (self->has_technology)
    *ret_technology = self->technology;
  return self->has_technology;
}
