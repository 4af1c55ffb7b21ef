/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Stands in for launch/ where a test is about what is done with its answers: defines the functions
 * that the gate calls, which then answer from the variable below. For one program to include once.
 */

#include "base/error.h"
#include "launch/verify.h"

#include <string.h>

#define UUID "0a1b2c3d-0001-4002-8003-00000000abcd"
#define TODAY "sha256:today"
#define ANY_XML "<domain/>"

struct HostdVerify {
  HostdReasons *reasons, *notes;
};

static struct {
  gboolean unreadable, no_uuid, asks, has_launch_security;
  const char *metadata;      /* policy named by the domain's metadata */
  const char *found;         /* the name of the policy that was found last */
  const char *text_today;    /* of every policy; NULL: as bound */
  gboolean bound_unreadable; /* the text in the binding is no policy any more */
  const char *only_policy;   /* the one that the templates know; NULL: all */
  gboolean verify_fails;     /* an error */
  gboolean moves;            /* by the migration row */
  HostdVerdict verdict;
  const char *refusals[3];
  HostdTechnology technology;
  /* What it was asked. */
  guint asked;
  char *asked_policy, *asked_technology, *asked_text;
  HostdStage asked_stage;
  gboolean asked_bound;
} launch;

HostdGlance *
hostd_glance_at (const char *xml, gsize length, GError **error)
{
  HostdGlance *glance;

  g_assert_cmpstr (xml, ==, ANY_XML);
  g_assert_cmpuint (length, ==, strlen (ANY_XML));
  if (launch.unreadable) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "line 1 is no XML");
    return NULL;
  }
  glance = g_new0 (HostdGlance, 1);
  glance->uuid = launch.no_uuid ? NULL : g_strdup (UUID);
  glance->policy = g_strdup (launch.metadata);
  glance->asks = launch.asks || launch.metadata;
  glance->has_launch_security = launch.has_launch_security;
  return glance;
}

gboolean
hostd_glance_may_move (const HostdGlance *self, const HostdTemplates *templates,
                       const HostdTechnology *technology, const char **ret_because)
{
  *ret_because = launch.moves ? NULL : "the row says so";
  return launch.moves;
}

void
hostd_glance_free (HostdGlance *self)
{
  g_free (self->uuid);
  g_free (self->policy);
  g_free (self);
}

const HostdPolicy *
hostd_templates_find_policy (const HostdTemplates *self, const char *name, GError **error)
{
  launch.found = name;
  if (launch.only_policy == NULL || strcmp (launch.only_policy, name) == 0)
    return (const HostdPolicy *) &launch;
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND, "no launch policy %s", name);
  return NULL;
}

/* A policy out of a binding is told from today's by being another pointer. */
HostdPolicy *
hostd_templates_check_policy_text (const HostdTemplates *templates, const char *name,
                                   const char *text, gsize length, GError **error)
{
  g_free (launch.asked_text);
  launch.asked_text = g_strndup (text, length);
  if (!launch.bound_unreadable)
    return (HostdPolicy *) &launch.asked_text;
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s:1: no policy", name);
  return NULL;
}

void
hostd_policy_free (HostdPolicy *self)
{
  g_assert_true ((gpointer) self == (gpointer) &launch.asked_text);
}

const char *
hostd_policy_get_name (const HostdPolicy *self)
{
  return launch.found ? launch.found : "?";
}

const char *
hostd_policy_get_text (const HostdPolicy *self)
{
  return launch.text_today ? launch.text_today : "<policy/>";
}

const char *
hostd_policy_get_digest (const HostdPolicy *self)
{
  return TODAY;
}

HostdRequest *
hostd_request_new (const char *policy)
{
  launch.asked_policy = g_strdup (policy);
  return (HostdRequest *) &launch;
}

void
hostd_request_unref (HostdRequest *self)
{
}

gboolean
hostd_request_set_technology (HostdRequest *self, const char *name, GError **error)
{
  launch.asked_technology = g_strdup (name);
  return TRUE;
}

HostdVerify *
hostd_verify_glanced (const HostdTemplates *templates, const HostdPolicy *policy,
                      const HostdRequest *request, const HostdFacts *facts,
                      const HostdGlance *glance, HostdStage stage, gboolean bound, GError **error)
{
  HostdVerify *self;

  launch.asked++;
  launch.asked_stage = stage;
  launch.asked_bound = bound;
  if (launch.verify_fails) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE, "too deep");
    return NULL;
  }
  self = g_new0 (HostdVerify, 1);
  self->reasons = hostd_reasons_new ();
  self->notes = hostd_reasons_new ();
  for (guint i = 0; launch.refusals[i]; i++)
    hostd_reasons_add (self->reasons, launch.refusals[i], "/domain", "not good");
  return self;
}

void
hostd_verify_free (HostdVerify *self)
{
  hostd_reasons_free (self->reasons);
  hostd_reasons_free (self->notes);
  g_free (self);
}

HostdVerdict
hostd_verify_get_verdict (const HostdVerify *self)
{
  return launch.verdict;
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
  *ret_technology = launch.technology;
  return TRUE;
}
