/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/gate.h"

#include "engine/gate-private.h"

#include <string.h>

/* What a guest that nobody bound is held to: whatever its own technology demands of any guest. */
#define BASELINE_POLICY "any"

/* What an operation is to us: the columns of the table in doc/architecture.md. */
typedef enum {
  OPERATION_PASSED, /* reconnect, and what we do not know: a failure might kill a running guest */
  OPERATION_START,  /* prepare, start */
  OPERATION_MOVE,   /* migrate (on the destination), restore: the guest comes with its memory */
  OPERATION_STARTED,
  OPERATION_ENDED, /* stopped, release */
} Operation;

static const struct {
  const char *name;
  Operation operation;
  HostdStage stage; /* for OPERATION_START: what libvirt has completed by then */
} operations[] = {
  { "prepare", OPERATION_START, HOSTD_STAGE_PREPARE },
  { "start", OPERATION_START, HOSTD_STAGE_START },
  { "started", OPERATION_STARTED, HOSTD_STAGE_START },
  { "migrate", OPERATION_MOVE, HOSTD_STAGE_DEFINITION },
  { "restore", OPERATION_MOVE, HOSTD_STAGE_DEFINITION },
  { "stopped", OPERATION_ENDED, HOSTD_STAGE_DEFINITION },
  { "release", OPERATION_ENDED, HOSTD_STAGE_DEFINITION },
  { "reconnect", OPERATION_PASSED, HOSTD_STAGE_DEFINITION },
};

gboolean
hostd_gate_unbound_from_name (const char *name, HostdGateUnbound *ret_unbound)
{
  static const char *const names[] = { "allow", "verify-baseline", "veto" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (name, names[i]) == 0) {
      *ret_unbound = (HostdGateUnbound) i;
      return TRUE;
    }
  return FALSE;
}

HostdGate *
hostd_gate_new (HostdBindings *bindings, const HostdGateSettings *settings)
{
  HostdGate *self = g_new0 (HostdGate, 1);

  self->bindings = bindings;
  self->settings = *settings;
  self->last = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
hostd_gate_free (HostdGate *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->last);
  g_free (self);
}

void
hostd_gate_set_settings (HostdGate *self, const HostdGateSettings *settings)
{
  self->settings = *settings;
}

void
hostd_gate_set_roster (HostdGate *self, const HostdRoster *roster)
{
  self->roster = roster;
}

void
hostd_gate_set_known_bad (HostdGate *self, const HostdKnownBad *known_bad)
{
  self->known_bad = known_bad;
}

const char *
hostd_gate_last_operation (const HostdGate *self, const char *uuid)
{
  return g_hash_table_lookup (self->last, uuid);
}

static void
note_operation (HostdGateCase *c)
{
  const char *uuid = hostd_gate_decision_get_uuid (c->decision);

  if (uuid != NULL)
    g_hash_table_replace (c->gate->last, g_strdup (uuid), (gpointer) c->operation);
}

static void
note_end (HostdGateCase *c)
{
  const char *uuid = hostd_gate_decision_get_uuid (c->decision);

  if (uuid != NULL)
    g_hash_table_remove (c->gate->last, uuid);
}

/* ---- who it is ----------------------------------------------------------- */

static void
compare_folders (HostdGateCase *c)
{
  const HostdGateEvent *event = c->event;
  HostdGateFolder folder = HOSTD_GATE_FOLDER_SAME;
  guint64 device, inode;

  hostd_bindings_get_identity (c->gate->bindings, &device, &inode);
  if (event->bindings_device == 0 && event->bindings_inode == 0)
    folder = HOSTD_GATE_FOLDER_MISSING;
  else if (event->bindings_device != device || event->bindings_inode != inode)
    folder = HOSTD_GATE_FOLDER_OTHER;
  hostd_gate_decision_set_folder (c->decision, folder);
  if (folder != HOSTD_GATE_FOLDER_SAME)
    hostd_gate_decision_note (
        c->decision, "bindings-folder",
        "the hook sees %s folder of bindings: mount ours where libvirtd runs, "
        "or bound guests are not told from others while hostd is down",
        folder == HOSTD_GATE_FOLDER_MISSING ? "no" : "another");
}

/* FALSE if nobody can tell; the decision says why. */
static gboolean
identify (HostdGateCase *c)
{
  g_autoptr (GError) error = NULL;
  HostdGateGuest guest = HOSTD_GATE_GUEST_ORDINARY;

  hostd_gate_decision_set_guest (c->decision, HOSTD_GATE_GUEST_UNREADABLE);
  c->glance = hostd_glance_at (c->event->xml ? c->event->xml : "", c->event->length, &error);
  if (c->glance == NULL) {
    hostd_gate_decision_veto (c->decision, "domain", "the domain XML cannot be read: %s",
                              error->message);
    return FALSE;
  }
  if (c->glance->uuid == NULL) {
    hostd_gate_decision_veto (
        c->decision, "domain",
        "the domain has no UUID, so that nobody can tell what it is bound to");
    return FALSE;
  }
  hostd_gate_decision_set_uuid (c->decision, c->glance->uuid);
  if (!hostd_bindings_lookup (c->gate->bindings, c->glance->uuid, &c->binding, &error)) {
    hostd_gate_decision_veto (c->decision, "binding", "%s", error->message);
    return FALSE;
  }
  if (c->binding)
    guest = HOSTD_GATE_GUEST_BOUND;
  else if (c->glance->policy)
    guest = HOSTD_GATE_GUEST_METADATA;
  else if (c->glance->asks)
    guest = HOSTD_GATE_GUEST_UNBOUND;
  hostd_gate_decision_set_guest (c->decision, guest);
  return TRUE;
}

/* At operations that are never vetoed: whatever can be found out. */
static void
identify_quietly (HostdGateCase *c)
{
  c->glance = hostd_glance_at (c->event->xml ? c->event->xml : "", c->event->length, NULL);
  if (c->glance && c->glance->uuid)
    hostd_gate_decision_set_uuid (c->decision, c->glance->uuid);
}

/* ---- prepare, start ------------------------------------------------------ */

/*
 * Whether the technology's key pool takes one more guest: by what the kernel charges or, where that
 * is more, by the guests that libvirt runs. A pool that is not known has room: QEMU is the one that
 * fails then, in front of the same person.
 */
static gboolean
pool_has_room (const HostdGateCase *c, HostdTechnology technology)
{
  const HostdCapacity *capacity =
      c->facts != NULL ? &c->facts->technology[technology].capacity : NULL;
  gint64 used;

  if (capacity == NULL || capacity->total < 0)
    return TRUE;
  used = MAX (capacity->in_use, 0);
  if (c->gate->roster != NULL) {
    guint running =
        hostd_roster_count_pool (c->gate->roster, c->facts, technology, c->glance->uuid);

    used = MAX (used, (gint64) running);
  }
  return used < capacity->total;
}

static void
check_room (HostdGateCase *c, HostdTechnology technology)
{
  if (strcmp (c->operation, "prepare") == 0 && !pool_has_room (c, technology))
    hostd_gate_decision_veto (
        c->decision, "room",
        "all keys of %s on this host are in use: stop a guest that holds one, "
        "or start this one elsewhere",
        hostd_technology_name (technology));
}

static void
check_known_bad (HostdGateCase *c, HostdTechnology technology)
{
  g_autoptr (HostdReasons) refusals = hostd_reasons_new (), warnings = hostd_reasons_new ();

  if (c->gate->known_bad == NULL || strcmp (c->operation, "prepare") != 0)
    return;
  hostd_known_bad_judge (c->gate->known_bad, c->facts, technology, c->glance, refusals, warnings);
  if (hostd_reasons_count (refusals) > 0)
    hostd_gate_decision_veto_all (c->decision, refusals);
  hostd_gate_decision_note_all (c->decision, warnings);
}

static void
check_verdict (HostdGateCase *c, const HostdVerify *verify)
{
  HostdTechnology technology;

  switch (hostd_verify_get_verdict (verify)) {
  case HOSTD_VERDICT_ALLOW:
    break;
  case HOSTD_VERDICT_REFUSE:
    hostd_gate_decision_veto_all (c->decision, hostd_verify_get_reasons (verify));
    break;
  case HOSTD_VERDICT_NOT_OURS: /* whoever gets here asks for protection, or is bound to get it */
    hostd_gate_decision_veto (c->decision, "protection", "the domain has no protection left in it");
    break;
  }
  hostd_gate_decision_note_all (c->decision, hostd_verify_get_notes (verify));

  if (!hostd_verify_get_technology (verify, &technology))
    return;
  hostd_gate_decision_set_technology (c->decision, technology);
  if (c->binding && technology != hostd_binding_get_technology (c->binding))
    hostd_gate_decision_veto (c->decision, "binding",
                              "the domain uses %s, but it is bound to %s: rewrite the domain",
                              hostd_technology_name (technology),
                              hostd_technology_name (hostd_binding_get_technology (c->binding)));
  check_room (c, technology);
  check_known_bad (c, technology);
}

static void
verify_against (HostdGateCase *c, const HostdPolicy *policy)
{
  const char *name = hostd_policy_get_name (policy);
  g_autoptr (HostdRequest) request = hostd_request_new (name);
  g_autoptr (HostdVerify) verify = NULL;
  g_autoptr (GError) error = NULL;

  hostd_gate_decision_set_policy (c->decision, name);
  if (c->binding) {
    const char *technology = hostd_technology_name (hostd_binding_get_technology (c->binding));

    hostd_gate_compare_with_binding (c);
    if (!hostd_request_set_technology (request, technology, &error)) {
      hostd_gate_decision_veto (c->decision, "binding", "%s", error->message);
      return;
    }
  }
  verify = hostd_verify_glanced (c->templates, policy, request, c->facts, c->glance, c->stage, TRUE,
                                 &error);
  if (verify == NULL)
    hostd_gate_decision_veto (c->decision, "verify", "it cannot be verified: %s", error->message);
  else
    check_verdict (c, verify);
}

static void
verify_against_named (HostdGateCase *c, const char *name)
{
  g_autoptr (GError) error = NULL;
  const HostdPolicy *policy = hostd_templates_find_policy (c->templates, name, &error);

  if (policy == NULL)
    hostd_gate_decision_veto (c->decision, "policy", "it cannot be verified: %s", error->message);
  else
    verify_against (c, policy);
}

static void
verify_as_bound (HostdGateCase *c)
{
  HostdPolicy *owned = NULL;
  const HostdPolicy *policy = hostd_gate_policy_as_bound (c, &owned);

  if (policy != NULL)
    verify_against (c, policy);
  if (owned)
    hostd_policy_free (owned);
}

static void
judge_unbound (HostdGateCase *c)
{
  switch (c->gate->settings.unbound) {
  case HOSTD_GATE_UNBOUND_ALLOW:
    return;
  case HOSTD_GATE_UNBOUND_VERIFY_BASELINE:
    verify_against_named (c, BASELINE_POLICY);
    return;
  case HOSTD_GATE_UNBOUND_VETO:
    hostd_gate_decision_veto (
        c->decision, "unbound",
        "the domain asks for protection and is bound to no launch policy, which "
        "this host does not allow (unbound=veto): rewrite it for a policy");
    return;
  }
  g_assert_not_reached ();
}

static void
judge_start (HostdGateCase *c)
{
  HostdGateGuest guest = hostd_gate_decision_get_guest (c->decision);

  if (guest == HOSTD_GATE_GUEST_ORDINARY)
    return;
  if (c->gate->settings.veto_foreign_folder &&
      hostd_gate_decision_get_folder (c->decision) != HOSTD_GATE_FOLDER_SAME)
    hostd_gate_decision_veto (c->decision, "bindings-folder",
                              "the hook does not see this host's folder of bindings, and this host "
                              "does not allow that: mount it where libvirtd runs");
  if (guest == HOSTD_GATE_GUEST_BOUND)
    verify_as_bound (c);
  else if (guest == HOSTD_GATE_GUEST_METADATA)
    verify_against_named (c, c->glance->policy);
  else
    judge_unbound (c);
}

/* ---- migrate, restore ---------------------------------------------------- */

/*
 * By the technology's migration row. Where QEMU blocks both (today for SEV, SEV-ES, SEV-SNP and
 * TDX), what arrives under such a guest's name is another one's memory, or one that ran in clear.
 *
 * libvirt 11.3 takes a restore that a hook refused for a success, and deletes the managed save. So
 * what was saved without launch security is not refused here: it meets the same gate at the prepare
 * that follows, where a refusal loses nothing.
 */
static void
judge_move (HostdGateCase *c)
{
  gboolean migrates = strcmp (c->operation, "migrate") == 0;
  HostdTechnology bound = c->binding ? hostd_binding_get_technology (c->binding) : 0;
  const char *because = NULL;

  if (hostd_gate_decision_get_guest (c->decision) == HOSTD_GATE_GUEST_ORDINARY ||
      (!migrates && !c->glance->has_launch_security))
    return;
  if (hostd_glance_may_move (c->glance, c->templates, c->binding ? &bound : NULL, &because)) {
    judge_start (c);
    return;
  }
  hostd_gate_decision_veto (c->decision, "migration", "a protected guest cannot be %s: %s; %s",
                            migrates ? "migrated with its memory" : "restored from a saved state",
                            because ? because
                                    : "its memory is encrypted for one launch on one host",
                            migrates ? "stop it, define it there, and start it from its disk"
                                     : "start it from its disk instead");
}

/* ---- all of it ----------------------------------------------------------- */

static void
judge (HostdGateCase *c, Operation operation)
{
  switch (operation) {
  case OPERATION_PASSED:
    return;
  case OPERATION_STARTED:
    identify_quietly (c);
    note_operation (c);
    return;
  case OPERATION_ENDED:
    identify_quietly (c);
    note_end (c);
    return;
  case OPERATION_START:
    compare_folders (c);
    if (identify (c))
      judge_start (c);
    if (hostd_gate_decision_get_allow (c->decision))
      note_operation (c);
    return;
  case OPERATION_MOVE:
    compare_folders (c);
    if (identify (c))
      judge_move (c);
    return;
  }
  g_assert_not_reached ();
}

static void
case_end (HostdGateCase *c)
{
  hostd_gate_decision_seal (c->decision);
  if (c->glance)
    hostd_glance_free (c->glance);
  hostd_binding_free (c->binding);
}

HostdGateDecision *
hostd_gate_decide (HostdGate *self, const HostdTemplates *templates, const HostdFacts *facts,
                   const HostdGateEvent *event)
{
  HostdGateCase c = { .gate = self, .templates = templates, .facts = facts, .event = event };
  HostdGateDecision *decision = hostd_gate_decision_new ();

  c.decision = decision;
  for (guint i = 0; event->operation && i < G_N_ELEMENTS (operations); i++)
    if (strcmp (event->operation, operations[i].name) == 0) {
      c.operation = operations[i].name;
      c.stage = operations[i].stage;
      judge (&c, operations[i].operation);
    }
  case_end (&c);
  return decision;
}

HostdGateDecision *
hostd_gate_inspect (HostdGate *self, const HostdTemplates *templates, const HostdFacts *facts,
                    const char *xml, gsize length)
{
  const HostdGateEvent event = { .operation = "inspect", .xml = xml, .length = length };
  HostdGateCase c = { .gate = self,
                      .templates = templates,
                      .facts = facts,
                      .event = &event,
                      .operation = event.operation,
                      .stage = HOSTD_STAGE_START,
                      .decision = hostd_gate_decision_new () };

  if (identify (&c))
    judge_start (&c);
  case_end (&c);
  return c.decision;
}
