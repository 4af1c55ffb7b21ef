/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate's table, cell by cell. What launch/ says of a domain is given by each test through
 * launch-stand-in.h, so that every answer of it is met, also those that no template of today gives;
 * the bindings are real.
 */
#include "config.h"

#include "engine/gate.h"
#include "launch-stand-in.h"

/* ---- the gate ------------------------------------------------------------- */

typedef struct {
  char *state;
  HostdBindings *bindings;
  HostdGate *gate;
  HostdGateSettings settings;
  HostdFacts *facts;
  guint64 device, inode; /* as the hook sees them */
} Fixture;

static void
setup (Fixture *f, gconstpointer data)
{
  memset (&launch, 0, sizeof launch);
  launch.technology = HOSTD_TECHNOLOGY_SEV_SNP;
  f->state = g_dir_make_tmp ("gate-XXXXXX", NULL);
  f->bindings = hostd_bindings_open (f->state, NULL);
  g_assert_nonnull (f->bindings);
  hostd_bindings_get_identity (f->bindings, &f->device, &f->inode);
  f->settings = (HostdGateSettings){ .unbound = HOSTD_GATE_UNBOUND_VERIFY_BASELINE };
  f->gate = hostd_gate_new (f->bindings, &f->settings);
  f->facts = hostd_facts_new ();
}

static void
forget_questions (void)
{
  g_clear_pointer (&launch.asked_policy, g_free);
  g_clear_pointer (&launch.asked_technology, g_free);
  g_clear_pointer (&launch.asked_text, g_free);
  launch.asked = 0;
}

static void
teardown (Fixture *f, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", f->state);

  hostd_gate_free (f->gate);
  hostd_bindings_free (f->bindings);
  hostd_facts_free (f->facts);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (f->state);
  forget_questions ();
}

static void
bind (Fixture *f, const char *policy, const char *digest)
{
  g_autoptr (HostdBinding) binding =
      hostd_binding_new (UUID, "vm", policy, "", digest, HOSTD_TECHNOLOGY_SEV_SNP, NULL);

  g_assert_true (hostd_bindings_bind (f->bindings, binding, NULL));
}

static HostdGateDecision *
decide (Fixture *f, const char *operation)
{
  HostdGateEvent event = { .object = "vm",
                           .operation = operation,
                           .sub_operation = "begin",
                           .extra = "-",
                           .xml = ANY_XML,
                           .length = strlen (ANY_XML),
                           .bindings_device = f->device,
                           .bindings_inode = f->inode };

  forget_questions ();
  hostd_gate_set_settings (f->gate, &f->settings);
  return hostd_gate_decide (f->gate, (const HostdTemplates *) &launch, f->facts, &event);
}

static void
assert_allowed (Fixture *f, const char *operation, HostdGateGuest guest)
{
  g_autoptr (HostdGateDecision) decision = decide (f, operation);

  g_assert_cmpstr (hostd_gate_decision_get_reason (decision), ==, NULL);
  g_assert_true (hostd_gate_decision_get_allow (decision));
  g_assert_cmpstr (hostd_gate_guest_name (hostd_gate_decision_get_guest (decision)), ==,
                   hostd_gate_guest_name (guest));
}

/* Vetoed, with @id first. */
static void
assert_vetoed (Fixture *f, const char *operation, const char *id)
{
  g_autoptr (HostdGateDecision) decision = decide (f, operation);
  const char *line = hostd_gate_decision_get_reason (decision);
  g_autofree char *prefix = g_strconcat (id, ": ", NULL);

  g_assert_false (hostd_gate_decision_get_allow (decision));
  g_assert_nonnull (line);
  g_test_message ("%s: %s", operation, line);
  g_assert_true (g_str_has_prefix (line, prefix));
  g_assert_null (strchr (line, '\n'));
}

static void
assert_note (Fixture *f, const char *operation, const char *id, gboolean expected)
{
  g_autoptr (HostdGateDecision) decision = decide (f, operation);
  const HostdReasons *notes = hostd_gate_decision_get_notes (decision);
  gboolean found = FALSE;

  for (guint i = 0; i < hostd_reasons_count (notes); i++)
    found = found || strcmp (hostd_reasons_get (notes, i)->id, id) == 0;
  g_assert_cmpint (found, ==, expected);
}

static const char *const start_operations[] = { "prepare", "start", NULL };

static void
test_ordinary (Fixture *f, gconstpointer data)
{
  f->settings.unbound = HOSTD_GATE_UNBOUND_VETO;
  f->settings.veto_foreign_folder = TRUE;
  f->device = f->inode = 0;
  for (guint i = 0; start_operations[i]; i++)
    assert_allowed (f, start_operations[i], HOSTD_GATE_GUEST_ORDINARY);
  assert_allowed (f, "migrate", HOSTD_GATE_GUEST_ORDINARY);
  assert_allowed (f, "restore", HOSTD_GATE_GUEST_ORDINARY);
  g_assert_cmpuint (launch.asked, ==, 0);
}

static void
test_bound (Fixture *f, gconstpointer data)
{
  bind (f, "snp", TODAY);
  assert_allowed (f, "prepare", HOSTD_GATE_GUEST_BOUND);
  g_assert_cmpstr (launch.asked_policy, ==, "snp");
  g_assert_cmpstr (launch.asked_technology, ==, "sev-snp");
  g_assert_cmpint (launch.asked_stage, ==, HOSTD_STAGE_PREPARE);
  g_assert_true (launch.asked_bound);
  assert_allowed (f, "start", HOSTD_GATE_GUEST_BOUND);
  g_assert_cmpint (launch.asked_stage, ==, HOSTD_STAGE_START);
  launch.metadata = "snp";
  assert_allowed (f, "prepare", HOSTD_GATE_GUEST_BOUND);
  assert_note (f, "prepare", "policy-changed", FALSE);

  for (guint i = 0; start_operations[i]; i++) {
    launch.verdict = HOSTD_VERDICT_REFUSE;
    launch.refusals[0] = "iommu-disk";
    launch.refusals[1] = "rom-off";
    assert_vetoed (f, start_operations[i], "iommu-disk");
    launch.refusals[0] = NULL;
    assert_vetoed (f, start_operations[i], "verify");
    launch.verdict = HOSTD_VERDICT_NOT_OURS;
    assert_vetoed (f, start_operations[i], "protection");
    launch.verdict = HOSTD_VERDICT_ALLOW;
    launch.verify_fails = TRUE;
    assert_vetoed (f, start_operations[i], "verify");
    launch.verify_fails = FALSE;
  }
}

/* Stripped of everything: the binding is all that remembers. */
static void
test_bound_and_stripped (Fixture *f, gconstpointer data)
{
  bind (f, "snp", TODAY);
  launch.asks = FALSE;
  launch.verdict = HOSTD_VERDICT_REFUSE;
  launch.refusals[0] = "launch-security";
  f->settings.unbound = HOSTD_GATE_UNBOUND_ALLOW;
  assert_vetoed (f, "prepare", "launch-security");
  assert_vetoed (f, "start", "launch-security");
}

static void
test_bound_disagreement (Fixture *f, gconstpointer data)
{
  bind (f, "snp-strict", TODAY);
  launch.metadata = "any";
  assert_vetoed (f, "prepare", "binding");
  g_assert_cmpstr (launch.asked_policy, ==, "snp-strict");
  launch.metadata = NULL;
  launch.technology = HOSTD_TECHNOLOGY_SEV;
  assert_vetoed (f, "start", "binding");
}

/* What was promised at binding holds, whatever became of the policy since. */
static void
test_bound_policy_gone_or_changed (Fixture *f, gconstpointer data)
{
  bind (f, "snp", "sha256:yesterday");

  launch.text_today = ""; /* the same: so a template changed */
  assert_allowed (f, "prepare", HOSTD_GATE_GUEST_BOUND);
  assert_note (f, "prepare", "policy-changed", TRUE);
  g_assert_null (launch.asked_text);

  launch.text_today = "<policy debug='yes'/>";
  assert_allowed (f, "prepare", HOSTD_GATE_GUEST_BOUND);
  g_assert_cmpstr (launch.asked_text, ==, "");
  assert_note (f, "prepare", "policy-changed", TRUE);
  launch.bound_unreadable = TRUE;
  assert_vetoed (f, "prepare", "policy"); /* nobody knows what was promised */
  launch.bound_unreadable = FALSE;
  launch.only_policy = "any";
  assert_allowed (f, "prepare", HOSTD_GATE_GUEST_BOUND);
  assert_note (f, "prepare", "policy-changed", TRUE);
}

static void
test_metadata (Fixture *f, gconstpointer data)
{
  launch.metadata = "snp";
  f->settings.unbound = HOSTD_GATE_UNBOUND_ALLOW; /* is about other guests */
  assert_allowed (f, "prepare", HOSTD_GATE_GUEST_METADATA);
  g_assert_cmpstr (launch.asked_policy, ==, "snp");
  g_assert_true (launch.asked_bound);
  launch.verdict = HOSTD_VERDICT_REFUSE;
  launch.refusals[0] = "launch-security";
  assert_vetoed (f, "prepare", "launch-security");
  launch.only_policy = "any";
  assert_vetoed (f, "start", "policy");
}

static void
test_unbound (Fixture *f, gconstpointer data)
{
  launch.asks = TRUE;
  launch.verdict = HOSTD_VERDICT_REFUSE;
  launch.refusals[0] = "snp-debug-off";
  for (guint i = 0; start_operations[i]; i++) {
    f->settings.unbound = HOSTD_GATE_UNBOUND_ALLOW;
    assert_allowed (f, start_operations[i], HOSTD_GATE_GUEST_UNBOUND);
    g_assert_cmpuint (launch.asked, ==, 0);
    f->settings.unbound = HOSTD_GATE_UNBOUND_VETO;
    assert_vetoed (f, start_operations[i], "unbound");
    f->settings.unbound = HOSTD_GATE_UNBOUND_VERIFY_BASELINE;
    assert_vetoed (f, start_operations[i], "snp-debug-off");
  }
  launch.verdict = HOSTD_VERDICT_ALLOW;
  assert_allowed (f, "prepare", HOSTD_GATE_GUEST_UNBOUND);
  g_assert_cmpuint (launch.asked, ==, 1);
  g_assert_cmpstr (launch.asked_technology, ==, NULL);
}

static void
test_unreadable (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->state, "bindings", UUID, NULL);
  static const char *const gated[] = { "prepare", "start", "migrate", "restore", NULL };

  for (guint i = 0; gated[i]; i++) {
    launch.unreadable = TRUE;
    assert_vetoed (f, gated[i], "domain");
    launch.unreadable = FALSE;
    launch.no_uuid = TRUE;
    assert_vetoed (f, gated[i], "domain");
    launch.no_uuid = FALSE;
    g_assert_true (g_file_set_contents (path, "{\"version\":1", -1, NULL));
    assert_vetoed (f, gated[i], "binding");
    g_assert_true (g_file_set_contents (path, "{\"version\":2}", -1, NULL));
    assert_vetoed (f, gated[i], "binding");
    g_assert_true (hostd_bindings_forget (f->bindings, UUID, NULL));
  }
}

static void
test_move (Fixture *f, gconstpointer data)
{
  launch.asks = TRUE;
  f->settings.unbound = HOSTD_GATE_UNBOUND_ALLOW;
  launch.has_launch_security = TRUE;
  assert_vetoed (f, "migrate", "migration");
  assert_vetoed (f, "restore", "migration");
  launch.asks = launch.has_launch_security = FALSE;
  launch.metadata = "snp";
  assert_vetoed (f, "migrate", "migration");
  assert_allowed (f, "restore", HOSTD_GATE_GUEST_METADATA); /* what follows is prepare */
  launch.metadata = NULL;
  bind (f, "snp", TODAY);
  assert_vetoed (f, "migrate", "migration");
  assert_allowed (f, "restore", HOSTD_GATE_GUEST_BOUND);
  launch.has_launch_security = TRUE;
  assert_vetoed (f, "restore", "migration");
}

/* Where the row allows it, the guest that arrives is held to its policy like one that starts. */
static void
test_move_allowed (Fixture *f, gconstpointer data)
{
  static const char *const moves[] = { "migrate", "restore" };

  launch.moves = launch.has_launch_security = TRUE;
  bind (f, "snp", TODAY);
  for (guint i = 0; i < G_N_ELEMENTS (moves); i++) {
    launch.verdict = HOSTD_VERDICT_ALLOW;
    launch.asked = 0;
    assert_allowed (f, moves[i], HOSTD_GATE_GUEST_BOUND);
    g_assert_cmpuint (launch.asked, ==, 1);
    g_assert_cmpint (launch.asked_stage, ==, HOSTD_STAGE_DEFINITION);
    launch.verdict = HOSTD_VERDICT_NOT_OURS;
    assert_vetoed (f, moves[i], "protection");
  }
}

/* Never a veto, whatever is wrong. */
static void
test_always_allowed (Fixture *f, gconstpointer data)
{
  static const char *const operations[] = { "started", "stopped", "release", "reconnect",
                                            "attach",  "",        NULL };

  bind (f, "snp", TODAY);
  f->device = f->inode = 0;
  f->settings.veto_foreign_folder = TRUE;
  launch.verdict = HOSTD_VERDICT_REFUSE;
  launch.refusals[0] = "launch-security";
  for (guint broken = 0; broken < 2; broken++) {
    launch.unreadable = broken;
    for (guint i = 0; operations[i]; i++)
      assert_allowed (f, operations[i], HOSTD_GATE_GUEST_UNKNOWN);
    assert_allowed (f, NULL, HOSTD_GATE_GUEST_UNKNOWN);
  }
  g_assert_cmpuint (launch.asked, ==, 0);
}

static void
test_folder (Fixture *f, gconstpointer data)
{
  static const HostdGateFolder expected[] = { HOSTD_GATE_FOLDER_SAME, HOSTD_GATE_FOLDER_OTHER,
                                              HOSTD_GATE_FOLDER_MISSING };

  bind (f, "snp", TODAY);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    g_autoptr (HostdGateDecision) decision = NULL;

    if (i > 0)
      f->inode++;
    if (i > 1)
      f->device = f->inode = 0;
    f->settings.veto_foreign_folder = FALSE;
    decision = decide (f, "prepare");
    g_assert_true (hostd_gate_decision_get_allow (decision));
    g_assert_cmpint (hostd_gate_decision_get_folder (decision), ==, expected[i]);
    assert_note (f, "prepare", "bindings-folder", i > 0);
    f->settings.veto_foreign_folder = TRUE;
    if (i > 0)
      assert_vetoed (f, "prepare", "bindings-folder");
    else
      assert_allowed (f, "prepare", HOSTD_GATE_GUEST_BOUND);
  }
}

static void
test_room (Fixture *f, gconstpointer data)
{
  HostdCapacity *capacity = &f->facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].capacity;

  bind (f, "snp", TODAY);
  capacity->total = HOSTD_CAPACITY_UNKNOWN;
  capacity->in_use = HOSTD_CAPACITY_UNKNOWN;
  assert_allowed (f, "prepare", HOSTD_GATE_GUEST_BOUND);
  capacity->total = 2;
  assert_allowed (f, "prepare", HOSTD_GATE_GUEST_BOUND);
  capacity->in_use = 2;
  assert_vetoed (f, "prepare", "room");
  /* Its own slot may be the one that was taken between the two. */
  assert_allowed (f, "start", HOSTD_GATE_GUEST_BOUND);
  capacity->in_use = 1;
  assert_allowed (f, "prepare", HOSTD_GATE_GUEST_BOUND);
  capacity->total = capacity->in_use = 0;
  assert_vetoed (f, "prepare", "room");
}

static void
test_last_operation (Fixture *f, gconstpointer data)
{
  g_assert_cmpstr (hostd_gate_last_operation (f->gate, UUID), ==, NULL);
  assert_allowed (f, "prepare", HOSTD_GATE_GUEST_ORDINARY);
  g_assert_cmpstr (hostd_gate_last_operation (f->gate, UUID), ==, "prepare");
  assert_allowed (f, "start", HOSTD_GATE_GUEST_ORDINARY);
  assert_allowed (f, "started", HOSTD_GATE_GUEST_UNKNOWN);
  g_assert_cmpstr (hostd_gate_last_operation (f->gate, UUID), ==, "started");
  assert_allowed (f, "reconnect", HOSTD_GATE_GUEST_UNKNOWN);
  g_assert_cmpstr (hostd_gate_last_operation (f->gate, UUID), ==, "started");
  assert_allowed (f, "stopped", HOSTD_GATE_GUEST_UNKNOWN);
  assert_allowed (f, "release", HOSTD_GATE_GUEST_UNKNOWN);
  g_assert_cmpstr (hostd_gate_last_operation (f->gate, UUID), ==, NULL);

  /* A guest that was vetoed did not start. */
  launch.no_uuid = TRUE;
  assert_vetoed (f, "prepare", "domain");
  g_assert_cmpstr (hostd_gate_last_operation (f->gate, UUID), ==, NULL);
}

static void
test_setting_names (void)
{
  HostdGateUnbound unbound = HOSTD_GATE_UNBOUND_ALLOW;

  g_assert_true (hostd_gate_unbound_from_name ("veto", &unbound));
  g_assert_cmpint (unbound, ==, HOSTD_GATE_UNBOUND_VETO);
  g_assert_true (hostd_gate_unbound_from_name ("verify-baseline", &unbound));
  g_assert_cmpint (unbound, ==, HOSTD_GATE_UNBOUND_VERIFY_BASELINE);
  g_assert_false (hostd_gate_unbound_from_name ("Veto", &unbound));
  g_assert_cmpint (unbound, ==, HOSTD_GATE_UNBOUND_VERIFY_BASELINE);
  g_assert_true (hostd_gate_unbound_from_name ("allow", &unbound));
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    { "ordinary", test_ordinary },
    { "bound", test_bound },
    { "bound-and-stripped", test_bound_and_stripped },
    { "bound-disagreement", test_bound_disagreement },
    { "bound-policy-gone-or-changed", test_bound_policy_gone_or_changed },
    { "metadata", test_metadata },
    { "unbound", test_unbound },
    { "unreadable", test_unreadable },
    { "move", test_move },
    { "move-allowed", test_move_allowed },
    { "always-allowed", test_always_allowed },
    { "folder", test_folder },
    { "room", test_room },
    { "last-operation", test_last_operation },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree char *path = g_strconcat ("/gate/", tests[i].name, NULL);

    g_test_add (path, Fixture, NULL, setup, tests[i].test, teardown);
  }
  g_test_add_func ("/gate/setting-names", test_setting_names);
  return g_test_run ();
}
