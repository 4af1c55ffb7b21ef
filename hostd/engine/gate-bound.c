/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/gate-private.h"

#include <string.h>

static void
compare_with_metadata (HostdGateCase *c)
{
  const char *bound = hostd_binding_get_policy (c->binding);

  if (c->glance->policy && strcmp (c->glance->policy, bound) != 0)
    hostd_gate_decision_veto (
        c->decision, "binding",
        "the domain's metadata names launch policy %s, but it is bound to %s: "
        "rewrite the domain for the policy it is bound to",
        c->glance->policy, bound);
}

const HostdPolicy *
hostd_gate_policy_as_bound (HostdGateCase *c, HostdPolicy **ret_owned)
{
  const char *name = hostd_binding_get_policy (c->binding);
  const char *text = hostd_binding_get_policy_text (c->binding);
  const HostdPolicy *today = hostd_templates_find_policy (c->templates, name, NULL);
  g_autoptr (GError) error = NULL;

  if (today &&
      strcmp (hostd_policy_get_digest (today), hostd_binding_get_policy_digest (c->binding)) == 0)
    return today;
  if (today && strcmp (hostd_policy_get_text (today), text) == 0) {
    hostd_gate_decision_note (c->decision, "policy-changed",
                              "a template that launch policy %s uses changed since the domain was "
                              "bound to it; verified against today's",
                              name);
    return today;
  }
  *ret_owned = hostd_templates_check_policy_text (c->templates, name, text, strlen (text), &error);
  if (*ret_owned)
    hostd_gate_decision_note (c->decision, "policy-changed",
                              "launch policy %s %s since the domain was bound to it; verified "
                              "against it as it was",
                              name, today ? "changed" : "was removed");
  else
    hostd_gate_decision_veto (
        c->decision, "policy",
        "it cannot be verified: launch policy %s changed since the domain was "
        "bound to it, and cannot be read as it was then (%s): undefine the "
        "domain, forget its binding, and rewrite it",
        name, error->message);
  return *ret_owned;
}

/* Does this digest stand for a value that asks only that the element be there? */
static gboolean
is_mere_presence (const char *digest)
{
  g_autofree char *yes = hostd_binding_digest_of ("yes"), *empty = hostd_binding_digest_of ("");

  return strcmp (digest, yes) == 0 || strcmp (digest, empty) == 0;
}

/* The launch data it was bound with is what the guest's owner will find in its report. */
static void
compare_data (HostdGateCase *c)
{
  for (guint i = 0; i < hostd_binding_count_data (c->binding); i++) {
    const char *key = hostd_binding_get_data_key (c->binding, i);
    const char *bound = hostd_binding_get_data_digest (c->binding, i);
    const char *value = c->glance->data ? g_hash_table_lookup (c->glance->data, key) : NULL;
    g_autofree char *digest = value ? hostd_binding_digest_of (value) : NULL;

    if (g_strcmp0 (digest, bound) == 0 ||
        (value && strcmp (value, "no") != 0 && is_mere_presence (bound)))
      continue;
    hostd_gate_decision_veto (c->decision, "launch-data",
                              "%s is not what the domain was bound with: rewrite it with the "
                              "data its owner gave",
                              key);
  }
}

void
hostd_gate_compare_with_binding (HostdGateCase *c)
{
  compare_with_metadata (c);
  compare_data (c);
}
