/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/rewrite.h"

#include "base/error.h"
#include "launch/choice.h"
#include "launch/verify-private.h"
#include "launch/work.h"

#include <string.h>

struct HostdRewrite {
  HostdVerdict verdict;
  char *text;
  gsize length;
  HostdReasons *reasons, *notes;
  gboolean has_technology;
  HostdTechnology technology;
  char *uuid, *digest;
};

static void
work_clear (HostdWork *work)
{
  hostd_spans_free (work->spans);
  hostd_xpath_free (work->xpath);
  hostd_document_free (work->document);
  if (work->rulesets)
    g_ptr_array_unref (work->rulesets);
  work->spans = NULL;
  work->xpath = NULL;
  work->document = NULL;
  work->domain = NULL;
  work->rulesets = NULL;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HostdWork, work_clear)

static gboolean
check_keys (const HostdTemplates *templates, const HostdRequest *request, GError **error)
{
  for (guint i = 0; i < hostd_request_count_data (request); i++) {
    const char *key = hostd_request_get_key (request, i);

    if (!hostd_templates_has_field (templates, key)) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                   "'%.64s' is launch data of no technology: names are libvirt's, as in hostData",
                   key);
      return FALSE;
    }
  }
  return TRUE;
}

/* Technology and rules, on work->document. FALSE is an error; a refusal is in work->reasons. */
static gboolean
apply (HostdWork *work, const HostdTemplates *templates, GError **error)
{
  g_autoptr (GError) local = NULL;

  work->domain = xmlDocGetRootElement (work->document->xml);
  work->xpath = hostd_xpath_new (work->document, work->facts, HOSTD_XPATH_QUICK);
  work->technology =
      hostd_choose_technology (templates, work->policy, work->request, work->facts, work->xpath,
                               work->domain, work->reasons, work->notes, &local);
  if (local) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  if (work->technology == NULL)
    return TRUE; /* refused; the reasons say why */
  work->rulesets = hostd_templates_rulesets_for (templates, work->policy, work->technology);
  if (!hostd_work_apply_rules (work, error))
    return FALSE;
  hostd_work_write_metadata (work);
  return TRUE;
}

/* One whole pass, from text to edits; *ret_edits is NULL after a refusal. */
static gboolean
run_pass (HostdWork *work, const HostdTemplates *templates, const char *xml, gsize length,
          HostdEdits **ret_edits, GError **error)
{
  *ret_edits = NULL;
  work->document = hostd_document_parse_editable (xml, length, error);
  if (work->document == NULL)
    return FALSE;
  work->spans = hostd_spans_scan (work->document, error);
  if (work->spans == NULL || !apply (work, templates, error))
    return FALSE;
  if (hostd_reasons_count (work->reasons) == 0)
    *ret_edits = hostd_spans_collect (work->spans);
  return TRUE;
}

/*
 * Would a second Rewrite change @document, the result, again? Mostly no rule has anything to do,
 * which needs no spans to be seen; where rules undo each other, a whole pass tells.
 */
static gboolean
is_stable (const HostdRewrite *self, const HostdTemplates *templates, const HostdWork *first,
           HostdDocument **document, gboolean *ret_stable, GError **error)
{
  g_autoptr (HostdReasons) reasons = hostd_reasons_new (), notes = hostd_reasons_new ();
  HostdWork blank = { .policy = first->policy,
                      .request = first->request,
                      .facts = first->facts,
                      .reasons = reasons,
                      .notes = notes };
  g_auto (HostdWork) again = blank, whole = blank;
  g_autoptr (HostdEdits) edits = NULL;

  again.document = g_steal_pointer (document);
  again.spans = hostd_spans_new_unscanned (again.document);
  if (!apply (&again, templates, error))
    return FALSE;
  *ret_stable = hostd_reasons_count (reasons) == 0;
  if (!*ret_stable || hostd_spans_count_changes (again.spans) == 0)
    return TRUE;
  if (!run_pass (&whole, templates, self->text, self->length, &edits, error))
    return FALSE;
  *ret_stable = edits && hostd_edits_count (edits) == 0;
  return TRUE;
}

/* Whether the result holds what was promised: it is parsed again, verified and rewritten again. */
static gboolean
prove (HostdRewrite *self, const HostdTemplates *templates, const HostdWork *first, GError **error)
{
  g_autoptr (HostdDocument) document =
      hostd_document_parse_editable_borrowed (self->text, self->length, error);
  g_autoptr (HostdVerify) verify = NULL;
  gboolean stable = FALSE;

  if (document == NULL)
    return FALSE;
  verify = hostd_verify_document (templates, first->policy, first->request, first->facts, document,
                                  HOSTD_XPATH_QUICK, HOSTD_STAGE_DEFINITION, TRUE, error);
  if (verify == NULL)
    return FALSE;
  if (hostd_verify_get_verdict (verify) != HOSTD_VERDICT_ALLOW) {
    /* Rules and assertions do not agree about this guest: it does not start. */
    hostd_reasons_append (self->reasons, hostd_verify_get_reasons (verify));
    return TRUE;
  }
  if (!is_stable (self, templates, first, &document, &stable, error))
    return FALSE;
  if (!stable)
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED,
                 "a second Rewrite would change the result again: a fault of Cloister or of a "
                 "template, please report it with the domain XML");
  return stable;
}

static gboolean
finish (HostdRewrite *self, const HostdTemplates *templates, HostdWork *work, HostdEdits *edits,
        const char *xml, gsize length, GError **error)
{
  self->uuid = hostd_document_uuid (work->domain);
  if (work->technology) {
    self->has_technology = TRUE;
    self->technology = work->technology->technology;
  }
  if (edits) {
    self->text = hostd_edits_apply (edits, xml, length, &self->length, error);
    work_clear (work); /* the result is parsed next: not two trees at a time */
    if (self->text == NULL || !prove (self, templates, work, error))
      return FALSE;
  }
  if (hostd_reasons_count (self->reasons) > 0) {
    self->verdict = HOSTD_VERDICT_REFUSE;
    g_clear_pointer (&self->text, g_free);
    self->length = 0;
  }
  return TRUE;
}

HostdRewrite *
hostd_rewrite_run (const HostdTemplates *templates, const HostdRequest *request,
                   const HostdFacts *facts, const char *xml, gsize length, GError **error)
{
  const HostdPolicy *policy =
      hostd_templates_find_policy (templates, hostd_request_get_policy (request), error);
  g_autoptr (HostdRewrite) self = NULL;
  g_auto (HostdWork) work = { .policy = policy, .request = request, .facts = facts };
  g_autoptr (HostdEdits) edits = NULL;
  g_autoptr (GError) local = NULL;

  if (policy == NULL || !check_keys (templates, request, error))
    return NULL;
  self = g_new0 (HostdRewrite, 1);
  self->reasons = work.reasons = hostd_reasons_new ();
  self->notes = work.notes = hostd_reasons_new ();
  self->digest = g_strdup (hostd_policy_get_digest (policy));
  if (!run_pass (&work, templates, xml, length, &edits, &local) ||
      !finish (self, templates, &work, edits, xml, length, &local)) {
    g_propagate_error (error, g_steal_pointer (&local));
    return NULL;
  }
  return g_steal_pointer (&self);
}

void
hostd_rewrite_free (HostdRewrite *self)
{
  if (self == NULL)
    return;
  hostd_reasons_free (self->reasons);
  hostd_reasons_free (self->notes);
  g_free (self->text);
  g_free (self->uuid);
  g_free (self->digest);
  g_free (self);
}

void
hostd_rewrite_refuse (HostdRewrite *self, const char *id, const char *xpath, const char *text)
{
  hostd_reasons_add (self->reasons, id, xpath, "%s", text);
  self->verdict = HOSTD_VERDICT_REFUSE;
  g_clear_pointer (&self->text, g_free);
  self->length = 0;
}

void
hostd_rewrite_note (HostdRewrite *self, const char *id, const char *xpath, const char *text)
{
  hostd_reasons_add (self->notes, id, xpath, "%s", text);
}

HostdVerdict
hostd_rewrite_get_verdict (const HostdRewrite *self)
{
  return self->verdict;
}

const char *
hostd_rewrite_get_text (const HostdRewrite *self, gsize *ret_length)
{
  if (ret_length)
    *ret_length = self->length;
  return self->text;
}

const HostdReasons *
hostd_rewrite_get_reasons (const HostdRewrite *self)
{
  return self->reasons;
}

const HostdReasons *
hostd_rewrite_get_notes (const HostdRewrite *self)
{
  return self->notes;
}

gboolean
hostd_rewrite_get_technology (const HostdRewrite *self, HostdTechnology *ret_technology)
{
  if (self->has_technology)
    *ret_technology = self->technology;
  return self->has_technology;
}

const char *
hostd_rewrite_get_uuid (const HostdRewrite *self)
{
  return self->uuid;
}

const char *
hostd_rewrite_get_policy_digest (const HostdRewrite *self)
{
  return self->digest;
}
