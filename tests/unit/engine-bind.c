/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "engine/engine.h"

#include <glib/gstdio.h>
#include <string.h>

/*
 * What the engine does with the answers of launch/: it binds, refuses, or fails. launch/ itself is
 * stood in for, so that every answer can be had.
 */

#define UUID "0a1b2c3d-0001-4002-8003-00000000abcd"
#define XML "<domain/>"

struct HostdTemplates {
  guint generation;
};

struct HostdRewrite {
  HostdVerdict verdict;
  HostdReasons *reasons, *notes;
};

static struct {
  gboolean broken;      /* templates */
  gboolean list_broken; /* known-bad combinations: the operator's */
  guint lists_loaded;
  gboolean bad, worse; /* what they say of the guest: a warning, a refusal */
  guint loaded;
  HostdVerdict verdict;
  const char *uuid, *policy, *data;
  gboolean no_technology;
  gboolean asked_bound;
} launch;

HostdTemplates *
hostd_templates_load (const char *template_dir, const char *const *policy_dirs, GError **error)
{
  HostdTemplates *self;

  if (launch.broken) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "snp.xml:3: bad");
    return NULL;
  }
  self = g_new0 (HostdTemplates, 1);
  self->generation = ++launch.loaded;
  return self;
}

void
hostd_templates_unref (HostdTemplates *self)
{
  g_free (self);
}

/* A set is the number of its loading. */
HostdKnownBad *
hostd_known_bad_load (const char *template_dir, const char *const *policy_dirs, GError **error)
{
  if (launch.list_broken && policy_dirs != NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "known-bad.xml:3: bad");
    return NULL;
  }
  return GUINT_TO_POINTER (++launch.lists_loaded);
}

void
hostd_known_bad_free (HostdKnownBad *self)
{
}

gboolean
hostd_known_bad_check (const char *template_dir, const char *path, guint *ret_count, GError **error)
{
  g_assert_not_reached ();
}

gboolean
hostd_known_bad_needs_guest (const HostdKnownBad *self, const HostdFacts *facts,
                             HostdTechnology technology)
{
  return launch.bad || launch.worse;
}

void
hostd_known_bad_judge (const HostdKnownBad *self, const HostdFacts *facts,
                       HostdTechnology technology, const HostdGlance *glance,
                       HostdReasons *refusals, HostdReasons *warnings)
{
  g_assert_cmpint (technology, ==, HOSTD_TECHNOLOGY_SEV_SNP);
  if (launch.bad)
    hostd_reasons_add (warnings, "known-bad-a", "/domain", "mind");
  if (launch.worse)
    hostd_reasons_add (refusals, "known-bad-b", "/domain", "do not");
}

const HostdPolicy *
hostd_templates_find_policy (const HostdTemplates *self, const char *name, GError **error)
{
  g_assert_nonnull (self);
  return (const HostdPolicy *) &launch;
}

const char *
hostd_policy_get_text (const HostdPolicy *self)
{
  return "<policy/>";
}

const char *
hostd_policy_get_digest (const HostdPolicy *self)
{
  return "sha256:0";
}

const char *
hostd_request_get_policy (const HostdRequest *self)
{
  return launch.policy;
}

guint
hostd_request_count_data (const HostdRequest *self)
{
  return launch.data != NULL;
}

const char *
hostd_request_get_key (const HostdRequest *self, guint index)
{
  return "hostData";
}

const char *
hostd_request_get_value (const HostdRequest *self, guint index)
{
  return launch.data;
}

HostdRewrite *
hostd_rewrite_run (const HostdTemplates *templates, const HostdRequest *request,
                   const HostdFacts *facts, const char *xml, gsize length, GError **error)
{
  HostdRewrite *self = g_new0 (HostdRewrite, 1);

  g_assert_null (facts);
  self->verdict = launch.verdict;
  self->reasons = hostd_reasons_new ();
  self->notes = hostd_reasons_new ();
  return self;
}

void
hostd_rewrite_free (HostdRewrite *self)
{
  hostd_reasons_free (self->reasons);
  hostd_reasons_free (self->notes);
  g_free (self);
}

const char *
hostd_rewrite_get_text (const HostdRewrite *self, gsize *ret_length)
{
  *ret_length = strlen (XML);
  return XML;
}

void
hostd_rewrite_note (HostdRewrite *self, const char *id, const char *xpath, const char *text)
{
  hostd_reasons_add (self->notes, id, xpath, "%s", text);
}

void
hostd_rewrite_refuse (HostdRewrite *self, const char *id, const char *xpath, const char *text)
{
  hostd_reasons_add (self->reasons, id, xpath, "%s", text);
  self->verdict = HOSTD_VERDICT_REFUSE;
}

HostdVerdict
hostd_rewrite_get_verdict (const HostdRewrite *self)
{
  return self->verdict;
}

const char *
hostd_rewrite_get_uuid (const HostdRewrite *self)
{
  return launch.uuid;
}

gboolean
hostd_rewrite_get_technology (const HostdRewrite *self, HostdTechnology *ret_technology)
{
  *ret_technology = HOSTD_TECHNOLOGY_SEV_SNP;
  return !launch.no_technology;
}

HostdGlance *
hostd_glance_at (const char *xml, gsize length, GError **error)
{
  HostdGlance *glance = g_new0 (HostdGlance, 1);

  glance->uuid = g_strdup (launch.uuid);
  return glance;
}

void
hostd_glance_free (HostdGlance *self)
{
  g_free (self->uuid);
  g_free (self);
}

/* What it returns is not looked at here. */
HostdVerify *
hostd_verify_run (const HostdTemplates *templates, const HostdRequest *request,
                  const HostdFacts *facts, const char *xml, gsize length, HostdStage stage,
                  gboolean bound, GError **error)
{
  launch.asked_bound = bound;
  return (HostdVerify *) &launch;
}

/* ---- the tests ---- */

typedef struct {
  char *state;
  HostdEngine *engine;
} Fixture;

static HostdEngine *
open_engine (const char *state)
{
  static const char *const folders[] = { "more", NULL };
  HostdEngineOptions options = {
    .template_dir = "none", .policy_dirs = folders, .no_host = TRUE, .state_dir = state
  };
  g_autoptr (GError) error = NULL;
  HostdEngine *engine = hostd_engine_new (&options, &error);

  g_assert_no_error (error);
  return engine;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  memset (&launch, 0, sizeof launch);
  launch.verdict = HOSTD_VERDICT_ALLOW;
  launch.uuid = UUID;
  launch.policy = "snp";
  f->state = g_dir_make_tmp ("cloister-XXXXXX", NULL);
  f->engine = open_engine (f->state);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (f->state, "bindings", NULL);
  g_autofree char *file = g_build_filename (folder, UUID, NULL);

  hostd_engine_free (f->engine);
  g_remove (file);
  g_rmdir (folder);
  g_rmdir (f->state);
  g_free (f->state);
}

static HostdRewrite *
run (Fixture *f, GError **error)
{
  return hostd_engine_rewrite (f->engine, NULL, XML, strlen (XML), error);
}

static void
expect (Fixture *f, HostdVerdict verdict)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdRewrite) rewrite = run (f, &error);

  g_assert_no_error (error);
  g_assert_cmpint (rewrite->verdict, ==, verdict);
  if (verdict == HOSTD_VERDICT_REFUSE && launch.verdict == HOSTD_VERDICT_ALLOW)
    g_assert_cmpstr (hostd_reasons_get (rewrite->reasons, 0)->id, ==, "binding");
}

static HostdBinding *
look_up (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  HostdBinding *binding = NULL;

  g_assert_true (
      hostd_bindings_lookup (hostd_engine_get_bindings (f->engine), UUID, &binding, &error));
  g_assert_no_error (error);
  return binding;
}

static void
test_binds (Fixture *f, gconstpointer unused)
{
  g_autoptr (HostdBinding) binding = NULL;
  g_autofree char *digest = hostd_binding_digest_of ("AAAA");

  launch.data = "AAAA";
  expect (f, HOSTD_VERDICT_ALLOW);
  binding = look_up (f);
  g_assert_nonnull (binding);
  g_assert_cmpstr (hostd_binding_get_policy (binding), ==, "snp");
  g_assert_cmpstr (hostd_binding_get_policy_text (binding), ==, "<policy/>");
  g_assert_cmpint (hostd_binding_get_technology (binding), ==, HOSTD_TECHNOLOGY_SEV_SNP);
  g_assert_cmpuint (hostd_binding_count_data (binding), ==, 1);
  g_assert_cmpstr (hostd_binding_get_data_digest (binding, 0), ==, digest);
  expect (f, HOSTD_VERDICT_ALLOW);
}

static void
test_refusal_binds_nothing (Fixture *f, gconstpointer unused)
{
  g_autoptr (HostdBinding) binding = NULL;

  launch.verdict = HOSTD_VERDICT_REFUSE;
  expect (f, HOSTD_VERDICT_REFUSE);
  binding = look_up (f);
  g_assert_null (binding);
}

static void
test_no_uuid (Fixture *f, gconstpointer unused)
{
  launch.uuid = NULL;
  expect (f, HOSTD_VERDICT_REFUSE);
}

static void
test_rebinding (Fixture *f, gconstpointer unused)
{
  g_autoptr (HostdBinding) binding = NULL;

  expect (f, HOSTD_VERDICT_ALLOW);
  launch.policy = "sev";
  expect (f, HOSTD_VERDICT_REFUSE);
  launch.policy = "snp";
  launch.data = "BBBB";
  expect (f, HOSTD_VERDICT_REFUSE);
  binding = look_up (f);
  g_assert_cmpstr (hostd_binding_get_policy (binding), ==, "snp");
  g_assert_cmpuint (hostd_binding_count_data (binding), ==, 0);
}

/* What cannot be kept is an error, never an allowance. */
static void
test_cannot_keep (Fixture *f, gconstpointer unused)
{
  g_autofree char *folder = g_build_filename (f->state, "bindings", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdRewrite) rewrite = NULL;

  g_assert_cmpint (g_rmdir (folder), ==, 0);
  rewrite = run (f, &error);
  g_assert_null (rewrite);
  g_assert_nonnull (error);

  g_clear_error (&error);
  launch.no_technology = TRUE;
  rewrite = run (f, &error);
  g_assert_null (rewrite);
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED);
}

/* What is known to break the guest is said; what is known to break it for sure binds nothing. */
static void
test_known_bad (Fixture *f, gconstpointer unused)
{
  g_autoptr (HostdRewrite) warned = NULL, refused = NULL;
  g_autoptr (HostdBinding) before = NULL, after = NULL;

  launch.bad = launch.worse = TRUE;
  refused = run (f, NULL);
  g_assert_cmpint (refused->verdict, ==, HOSTD_VERDICT_REFUSE);
  g_assert_cmpstr (hostd_reasons_get (refused->reasons, 0)->id, ==, "known-bad-b");
  g_assert_cmpstr (hostd_reasons_get (refused->notes, 0)->id, ==, "known-bad-a");
  before = look_up (f);
  g_assert_null (before);
  launch.worse = FALSE;
  warned = run (f, NULL);
  g_assert_cmpint (warned->verdict, ==, HOSTD_VERDICT_ALLOW);
  g_assert_cmpuint (hostd_reasons_count (warned->reasons), ==, 0);
  g_assert_cmpstr (hostd_reasons_get (warned->notes, 0)->text, ==, "mind");
  after = look_up (f);
  g_assert_nonnull (after);
}

/* A fault in an operator's list keeps neither the daemon from starting nor the old list from use.
 */
static void
test_known_bad_broken (Fixture *f, gconstpointer unused)
{
  g_autoptr (HostdEngine) engine = NULL;
  g_autoptr (GError) error = NULL;
  const HostdTemplates *templates = hostd_engine_get_templates (f->engine);
  const HostdKnownBad *list = hostd_engine_get_known_bad (f->engine);

  g_assert_nonnull (list);
  g_assert_null (hostd_engine_get_known_bad_error (f->engine));
  launch.list_broken = TRUE;
  g_assert_false (hostd_engine_reload (f->engine, &error));
  g_assert_cmpstr (error->message, ==, "known-bad.xml:3: bad");
  g_assert_true (hostd_engine_get_templates (f->engine) == templates);
  g_assert_true (hostd_engine_get_known_bad (f->engine) == list);

  engine = open_engine (NULL);
  g_assert_cmpstr (hostd_engine_get_known_bad_error (engine), ==, "known-bad.xml:3: bad");
  g_assert_nonnull (hostd_engine_get_known_bad (engine)); /* the shipped list */
  launch.list_broken = FALSE;
  g_assert_true (hostd_engine_reload (engine, NULL));
  g_assert_null (hostd_engine_get_known_bad_error (engine));
}

static void
test_verify_knows_binding (Fixture *f, gconstpointer unused)
{
  g_autofree char *file = g_build_filename (f->state, "bindings", UUID, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (
      hostd_engine_verify (f->engine, NULL, XML, strlen (XML), HOSTD_STAGE_START, &error));
  g_assert_false (launch.asked_bound);
  expect (f, HOSTD_VERDICT_ALLOW);
  g_assert_nonnull (
      hostd_engine_verify (f->engine, NULL, XML, strlen (XML), HOSTD_STAGE_START, &error));
  g_assert_true (launch.asked_bound);
  g_assert_no_error (error);

  g_assert_true (g_file_set_contents (file, "{", 1, NULL));
  g_assert_null (
      hostd_engine_verify (f->engine, NULL, XML, strlen (XML), HOSTD_STAGE_START, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_CORRUPT);
}

static void
test_reload (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (hostd_engine_reload (f->engine, &error));
  g_assert_cmpuint (hostd_engine_get_templates (f->engine)->generation, ==, 2);
  launch.broken = TRUE;
  g_assert_false (hostd_engine_reload (f->engine, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
  g_assert_cmpuint (hostd_engine_get_templates (f->engine)->generation, ==, 2);
}

/* Offline: nothing is bound, and a domain needs no UUID. */
static void
test_no_store (Fixture *f, gconstpointer unused)
{
  g_autoptr (HostdEngine) engine = open_engine (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdRewrite) rewrite = NULL;

  launch.uuid = NULL;
  rewrite = hostd_engine_rewrite (engine, NULL, XML, strlen (XML), &error);
  g_assert_no_error (error);
  g_assert_cmpint (rewrite->verdict, ==, HOSTD_VERDICT_ALLOW);
  g_assert_null (hostd_engine_get_bindings (engine));
}

#define ADD(path, function) g_test_add ("/engine/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("binds", test_binds);
  ADD ("refusal-binds-nothing", test_refusal_binds_nothing);
  ADD ("no-uuid", test_no_uuid);
  ADD ("rebinding", test_rebinding);
  ADD ("cannot-keep", test_cannot_keep);
  ADD ("verify-knows-binding", test_verify_knows_binding);
  ADD ("reload", test_reload);
  ADD ("no-store", test_no_store);
  ADD ("known-bad", test_known_bad);
  ADD ("known-bad-broken", test_known_bad_broken);
  return g_test_run ();
}
