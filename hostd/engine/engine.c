/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/engine.h"

#include "base/error.h"
#include "engine/capabilities-json.h"
#include "engine/host-facts.h"
#include "engine/pool-use.h"

struct HostdEngine {
  char *template_dir;
  char **policy_dirs; /* NULL: none */
  char *recording;    /* NULL: this machine */
  gboolean no_host;

  HostdTemplates *templates;
  HostdKnownBad *known_bad; /* NULL: not even the shipped list could be read */
  char *known_bad_error;    /* NULL: all is well */
  HostdFacts *facts;        /* NULL with no_host */
  HostdBindings *bindings;  /* NULL: none are kept */
};

static HostdTemplates *
load_templates (const HostdEngine *self, GError **error)
{
  return hostd_templates_load (self->template_dir, (const char *const *) self->policy_dirs, error);
}

static HostdKnownBad *
load_known_bad (const HostdEngine *self, GError **error)
{
  return hostd_known_bad_load (self->template_dir, (const char *const *) self->policy_dirs, error);
}

/* The first time. Without policies there is no gate; without warnings there is. */
static gboolean
load (HostdEngine *self, GError **error)
{
  g_autoptr (GError) local = NULL;

  self->templates = load_templates (self, error);
  if (self->templates == NULL)
    return FALSE;
  self->known_bad = load_known_bad (self, &local);
  if (self->known_bad == NULL) {
    self->known_bad_error = g_strdup (local->message);
    self->known_bad = hostd_known_bad_load (self->template_dir, NULL, NULL);
  }
  return TRUE;
}

HostdEngine *
hostd_engine_new (const HostdEngineOptions *options, GError **error)
{
  g_autoptr (HostdEngine) self = g_new0 (HostdEngine, 1);

  self->template_dir = g_strdup (options->template_dir);
  self->policy_dirs = g_strdupv ((char **) options->policy_dirs);
  self->recording = g_strdup (options->recording);
  self->no_host = options->no_host;

  if (!load (self, error))
    return NULL;
  if (options->probe_later)
    self->facts = hostd_facts_new ();
  else if (!hostd_engine_probe (self, error))
    return NULL;
  if (options->state_dir != NULL) {
    self->bindings = hostd_bindings_open (options->state_dir, error);
    if (self->bindings == NULL)
      return NULL;
  }
  return g_steal_pointer (&self);
}

void
hostd_engine_free (HostdEngine *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->bindings, hostd_bindings_free);
  g_clear_pointer (&self->facts, hostd_facts_free);
  g_clear_pointer (&self->templates, hostd_templates_unref);
  g_clear_pointer (&self->known_bad, hostd_known_bad_free);
  g_free (self->known_bad_error);
  g_free (self->recording);
  g_strfreev (self->policy_dirs);
  g_free (self->template_dir);
  g_free (self);
}

gboolean
hostd_engine_reload (HostdEngine *self, GError **error)
{
  g_autoptr (HostdTemplates) templates = load_templates (self, error);
  g_autoptr (HostdKnownBad) known_bad = templates ? load_known_bad (self, error) : NULL;

  if (known_bad == NULL)
    return FALSE;
  g_clear_pointer (&self->templates, hostd_templates_unref);
  g_clear_pointer (&self->known_bad, hostd_known_bad_free);
  g_clear_pointer (&self->known_bad_error, g_free);
  self->templates = g_steal_pointer (&templates);
  self->known_bad = g_steal_pointer (&known_bad);
  return TRUE;
}

gboolean
hostd_engine_probe (HostdEngine *self, GError **error)
{
  HostdFacts *fresh;

  if (self->no_host)
    return TRUE;
  fresh = hostd_host_facts_read (self->recording, error);
  if (fresh == NULL)
    return FALSE;
  hostd_engine_set_facts (self, fresh);
  return TRUE;
}

void
hostd_engine_set_facts (HostdEngine *self, HostdFacts *facts)
{
  g_clear_pointer (&self->facts, hostd_facts_free);
  self->facts = facts;
}

void
hostd_engine_count_keys (HostdEngine *self)
{
  if (self->facts != NULL && self->recording == NULL)
    hostd_host_facts_count_keys (self->facts);
}

void
hostd_engine_count_others (HostdEngine *self, const HostdRoster *roster)
{
  if (self->facts != NULL && self->recording == NULL)
    hostd_pool_use_join_roster (roster, self->facts);
}

HostdTemplates *
hostd_engine_get_templates (HostdEngine *self)
{
  return self->templates;
}

const HostdFacts *
hostd_engine_get_facts (HostdEngine *self)
{
  return self->facts;
}

const HostdKnownBad *
hostd_engine_get_known_bad (HostdEngine *self)
{
  return self->known_bad;
}

const char *
hostd_engine_get_known_bad_error (HostdEngine *self)
{
  return self->known_bad_error;
}

gboolean
hostd_engine_check_known_bad (HostdEngine *self, const char *path, guint *ret_count, GError **error)
{
  return hostd_known_bad_check (self->template_dir, path, ret_count, error);
}

HostdBindings *
hostd_engine_get_bindings (HostdEngine *self)
{
  return self->bindings;
}

/* The binding that @rewrite is to leave behind; the domain has a UUID. */
static HostdBinding *
binding_for (HostdEngine *self, const HostdRequest *request, const HostdRewrite *rewrite,
             GError **error)
{
  const char *name = hostd_request_get_policy (request);
  const HostdPolicy *policy = hostd_templates_find_policy (self->templates, name, error);
  g_autoptr (HostdBinding) binding = NULL;
  HostdTechnology technology;

  if (policy == NULL)
    return NULL;
  if (!hostd_rewrite_get_technology (rewrite, &technology)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED,
                 "cannot bind the domain to policy %s: no technology was chosen", name);
    return NULL;
  }
  binding = hostd_binding_new (hostd_rewrite_get_uuid (rewrite), NULL, name,
                               hostd_policy_get_text (policy), hostd_policy_get_digest (policy),
                               technology, error);
  if (binding == NULL)
    return NULL;
  for (guint i = 0; i < hostd_request_count_data (request); i++)
    hostd_binding_add_data (binding, hostd_request_get_key (request, i),
                            hostd_request_get_value (request, i));
  return g_steal_pointer (&binding);
}

/* Binds, or makes @rewrite a refusal. FALSE if it could not be found out which, or not be kept. */
static gboolean
bind_domain (HostdEngine *self, const HostdRequest *request, HostdRewrite *rewrite, GError **error)
{
  g_autoptr (HostdBinding) binding = NULL;
  g_autoptr (GError) local = NULL;

  if (hostd_rewrite_get_uuid (rewrite) == NULL) {
    hostd_rewrite_refuse (rewrite, "binding", "/domain",
                          "has no uuid, so it cannot be bound to its policy: give it one");
    return TRUE;
  }
  binding = binding_for (self, request, rewrite, error);
  if (binding == NULL)
    return FALSE;
  if (hostd_bindings_bind (self->bindings, binding, &local))
    return TRUE;
  if (g_error_matches (local, HOSTD_ERROR, HOSTD_ERROR_EXISTS)) {
    hostd_rewrite_refuse (rewrite, "binding", "/domain/uuid", local->message);
    return TRUE;
  }
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* What is known to break the guest that @rewrite made becomes its notes and reasons. */
static gboolean
judge_known_bad (HostdEngine *self, HostdRewrite *rewrite, GError **error)
{
  g_autoptr (HostdReasons) refusals = hostd_reasons_new (), warnings = hostd_reasons_new ();
  g_autoptr (HostdGlance) glance = NULL;
  HostdTechnology technology;
  const char *text;
  gsize length;

  if (!hostd_rewrite_get_technology (rewrite, &technology) ||
      !hostd_known_bad_needs_guest (self->known_bad, self->facts, technology))
    return TRUE;
  text = hostd_rewrite_get_text (rewrite, &length);
  glance = hostd_glance_at (text, length, error);
  if (glance == NULL)
    return FALSE;
  hostd_known_bad_judge (self->known_bad, self->facts, technology, glance, refusals, warnings);
  for (guint i = 0; i < hostd_reasons_count (warnings); i++) {
    const HostdReason *reason = hostd_reasons_get (warnings, i);

    hostd_rewrite_note (rewrite, reason->id, reason->xpath, reason->text);
  }
  for (guint i = 0; i < hostd_reasons_count (refusals); i++) {
    const HostdReason *reason = hostd_reasons_get (refusals, i);

    hostd_rewrite_refuse (rewrite, reason->id, reason->xpath, reason->text);
  }
  return TRUE;
}

HostdRewrite *
hostd_engine_rewrite (HostdEngine *self, const HostdRequest *request, const char *xml, gsize length,
                      GError **error)
{
  g_autoptr (HostdRewrite) rewrite =
      hostd_rewrite_run (self->templates, request, self->facts, xml, length, error);

  if (rewrite == NULL)
    return NULL;
  if (hostd_rewrite_get_verdict (rewrite) == HOSTD_VERDICT_ALLOW &&
      !judge_known_bad (self, rewrite, error))
    return NULL;
  if (self->bindings != NULL && hostd_rewrite_get_verdict (rewrite) == HOSTD_VERDICT_ALLOW &&
      !bind_domain (self, request, rewrite, error))
    return NULL;
  return g_steal_pointer (&rewrite);
}

/* Whether the store knows the domain. What it cannot read is an error, never "not bound". */
static gboolean
look_for_binding (HostdEngine *self, const char *xml, gsize length, gboolean *ret_bound,
                  GError **error)
{
  g_autoptr (HostdGlance) glance = NULL;
  g_autoptr (HostdBinding) binding = NULL;

  *ret_bound = FALSE;
  if (self->bindings == NULL)
    return TRUE;
  glance = hostd_glance_at (xml, length, error);
  if (glance == NULL)
    return FALSE;
  if (glance->uuid == NULL)
    return TRUE;
  if (!hostd_bindings_lookup (self->bindings, glance->uuid, &binding, error))
    return FALSE;
  *ret_bound = binding != NULL;
  return TRUE;
}

HostdVerify *
hostd_engine_verify (HostdEngine *self, const HostdRequest *request, const char *xml, gsize length,
                     HostdStage stage, GError **error)
{
  gboolean bound;

  if (!look_for_binding (self, xml, length, &bound, error))
    return NULL;
  return hostd_verify_run (self->templates, request, self->facts, xml, length, stage, bound, error);
}

JsonNode *
hostd_engine_capabilities_to_json (HostdEngine *self)
{
  g_autoptr (HostdFacts) unknown = self->facts == NULL ? hostd_facts_new () : NULL;

  return hostd_facts_to_json (self->facts != NULL ? self->facts : unknown);
}
