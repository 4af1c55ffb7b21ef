/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate with the real launch/ and the shipped templates, on what Rewrite made: what libvirt
 * would be answered. Every cell of the gate's table is in gate-table.c, where launch/ is stood in
 * for.
 */
#include "config.h"

#include "engine/gate.h"
#include "launch-fixture.h"
#include "launch/rewrite.h"

typedef struct {
  char *state;
  HostdTemplates *templates;
  HostdBindings *bindings;
  HostdFacts *facts;
  HostdGate *gate;
  HostdGateSettings settings;
  char *good; /* as Rewrite made it for snp, with a hostData */
} Fixture;

#define OTHER_UUID "0a1b2c3d-0001-4002-8003-00000000dcba"
#define HOST_DATA "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void
setup (Fixture *f, gconstpointer data)
{
  g_autofree char *plain = domain_with (NULL, NULL);
  g_autoptr (HostdRequest) request = hostd_request_new ("snp");
  g_autoptr (HostdRewrite) rewrite = NULL;

  f->state = g_dir_make_tmp ("gate-XXXXXX", NULL);
  f->templates = load_templates (NULL);
  f->bindings = hostd_bindings_open (f->state, NULL);
  f->facts = able_host ();
  f->settings = (HostdGateSettings){ .unbound = HOSTD_GATE_UNBOUND_VERIFY_BASELINE };
  f->gate = hostd_gate_new (f->bindings, &f->settings);
  g_assert_true (hostd_request_add_data (request, "hostData", HOST_DATA, NULL));
  rewrite = hostd_rewrite_run (f->templates, request, f->facts, plain, strlen (plain), NULL);
  g_assert_nonnull (rewrite);
  f->good = g_strdup (hostd_rewrite_get_text (rewrite, NULL));
  g_assert_nonnull (f->good);
}

static void
teardown (Fixture *f, gconstpointer data)
{
  hostd_gate_free (f->gate);
  hostd_bindings_free (f->bindings);
  hostd_facts_free (f->facts);
  hostd_templates_unref (f->templates);
  remove_tree (f->state);
  g_free (f->state);
  g_free (f->good);
}

static void
bind (Fixture *f, const char *policy)
{
  const HostdPolicy *p = hostd_templates_find_policy (f->templates, policy, NULL);
  g_autoptr (HostdBinding) binding =
      hostd_binding_new (UUID, "vm", policy, hostd_policy_get_text (p), hostd_policy_get_digest (p),
                         HOSTD_TECHNOLOGY_SEV_SNP, NULL);

  hostd_binding_add_data (binding, "hostData", HOST_DATA);
  g_assert_true (hostd_bindings_bind (f->bindings, binding, NULL));
}

static HostdGateDecision *
decide (Fixture *f, const char *operation, const char *xml)
{
  HostdGateEvent event = { .object = "vm",
                           .operation = operation,
                           .sub_operation = "begin",
                           .extra = "-",
                           .xml = xml,
                           .length = strlen (xml) };

  hostd_bindings_get_identity (f->bindings, &event.bindings_device, &event.bindings_inode);
  return hostd_gate_decide (f->gate, f->templates, f->facts, &event);
}

static void
assert_allowed (Fixture *f, const char *operation, const char *xml, HostdGateGuest guest)
{
  g_autoptr (HostdGateDecision) decision = decide (f, operation, xml);

  g_assert_cmpstr (hostd_gate_decision_get_reason (decision), ==, NULL);
  g_assert_true (hostd_gate_decision_get_allow (decision));
  g_assert_cmpstr (hostd_gate_guest_name (hostd_gate_decision_get_guest (decision)), ==,
                   hostd_gate_guest_name (guest));
}

static void
assert_vetoed (Fixture *f, const char *operation, const char *xml, const char *id)
{
  g_autoptr (HostdGateDecision) decision = decide (f, operation, xml);
  const char *line = hostd_gate_decision_get_reason (decision);

  g_assert_false (hostd_gate_decision_get_allow (decision));
  g_assert_nonnull (line);
  g_test_message ("%s: %s", operation, line);
  g_assert_null (strchr (line, '\n'));
  g_assert_true (has_reason (hostd_gate_decision_get_reasons (decision), id, NULL, NULL));
}

/* @text with each @from made @to; there must be one. */
static char *
changed (const char *text, const char *from, const char *to)
{
  g_auto (GStrv) parts = g_strsplit (text, from, -1);

  g_assert_cmpuint (g_strv_length (parts), >, 1);
  return g_strjoinv (to, parts);
}

/* Without the element @name, and all that is in it. */
static char *
stripped (const char *text, const char *name)
{
  g_autofree char *open = g_strconcat ("<", name, NULL);
  g_autofree char *close = g_strconcat ("</", name, ">", NULL);
  const char *from = strstr (text, open), *to = strstr (text, close);

  g_assert_true (from && to);
  return g_strdup_printf ("%.*s%s", (int) (from - text), text, to + strlen (close));
}

static const char *const start_operations[] = { "prepare", "start" };

static void
test_bound (Fixture *f, gconstpointer data)
{
  g_autofree char *live = changed (f->good, "<domain type='kvm'>", "<domain type='kvm' id='3'>");
  g_autofree char *bare = stripped (f->good, "launchSecurity");
  g_autofree char *debug = changed (f->good, "<policy>0x30000<", "<policy>0xb0000<");
  g_autofree char *iommu = changed (f->good, "iommu='on'", "iommu='off'");
  g_autofree char *rom = changed (
      f->good, "</devices>", "<interface type='user'><model type='virtio'/></interface></devices>");

  bind (f, "snp");
  for (guint i = 0; i < G_N_ELEMENTS (start_operations); i++) {
    assert_allowed (f, start_operations[i], live, HOSTD_GATE_GUEST_BOUND);
    assert_vetoed (f, start_operations[i], bare, "snp-type");
    assert_vetoed (f, start_operations[i], debug, "snp-debug-off");
    assert_vetoed (f, start_operations[i], iommu, "iommu");
    assert_vetoed (f, start_operations[i], rom, "rom");
  }
}

/* Of all traces of protection, the binding is the one that is left. */
static void
test_bound_and_stripped (Fixture *f, gconstpointer data)
{
  g_autofree char *half = stripped (f->good, "launchSecurity");
  g_autofree char *bare = stripped (half, "metadata");

  assert_vetoed (f, "prepare", half, "snp-type"); /* its metadata says so */
  assert_allowed (f, "prepare", bare, HOSTD_GATE_GUEST_ORDINARY);
  bind (f, "snp");
  assert_vetoed (f, "prepare", bare, "snp-type");
}

static void
test_metadata (Fixture *f, gconstpointer data)
{
  g_autofree char *strict = changed (f->good, "policy='snp'", "policy='snp-strict'");
  g_autofree char *unknown = changed (f->good, "policy='snp'", "policy='gone'");

  assert_allowed (f, "prepare", f->good, HOSTD_GATE_GUEST_METADATA);
  assert_vetoed (f, "prepare", strict, "strict-single-socket");
  assert_vetoed (f, "prepare", unknown, "policy");
  bind (f, "snp");
  assert_vetoed (f, "prepare", strict, "binding");
}

/* Nobody's: held to what its technology demands of any guest. */
static void
test_unbound (Fixture *f, gconstpointer data)
{
  g_autofree char *own = stripped (f->good, "metadata");
  g_autofree char *debug = changed (own, "<policy>0x30000<", "<policy>0xb0000<");
  g_autofree char *pv = changed (own, "type='sev-snp'", "type='s390-pv'");

  assert_allowed (f, "start", own, HOSTD_GATE_GUEST_UNBOUND);
  assert_vetoed (f, "start", debug, "snp-debug-off");
  assert_vetoed (f, "start", pv, "launch-security");
}

static void
test_data (Fixture *f, gconstpointer data)
{
  g_autofree char *other =
      changed (f->good, HOST_DATA, "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=");
  g_autofree char *empty = changed (f->good, HOST_DATA, "");

  bind (f, "snp");
  assert_allowed (f, "prepare", f->good, HOSTD_GATE_GUEST_BOUND);
  assert_vetoed (f, "prepare", other, "launch-data");
  assert_vetoed (f, "prepare", empty, "snp-host-data");
}

static void
test_unreadable (Fixture *f, gconstpointer data)
{
  assert_vetoed (f, "prepare", "<domain", "domain");
  assert_vetoed (f, "start", "<!DOCTYPE domain><domain/>", "domain");
  assert_vetoed (f, "prepare", "<domain/>", "domain"); /* no UUID */
}

/* Another guest that libvirt runs holds the last key, whatever the kernel says it has charged. */
static void
test_room (Fixture *f, gconstpointer data)
{
  HostdCapacity *capacity = &f->facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].capacity;
  g_autoptr (HostdRoster) roster = hostd_roster_new ();
  HostdVirtDomain other = { .name = (char *) "other", .uuid = (char *) OTHER_UUID, .active = TRUE };
  HostdVirtDomain same = { .name = (char *) "vm", .uuid = (char *) UUID, .active = TRUE };

  bind (f, "snp");
  capacity->total = 1;
  capacity->in_use = 0;
  other.xml = same.xml = f->good;
  hostd_gate_set_roster (f->gate, roster);
  assert_allowed (f, "prepare", f->good, HOSTD_GATE_GUEST_BOUND);
  hostd_roster_note (roster, &same); /* its own, which it comes back to */
  assert_allowed (f, "prepare", f->good, HOSTD_GATE_GUEST_BOUND);
  hostd_roster_note (roster, &other);
  assert_vetoed (f, "prepare", f->good, "room");
  hostd_roster_note_stopped (roster, OTHER_UUID);
  assert_allowed (f, "prepare", f->good, HOSTD_GATE_GUEST_BOUND);
  hostd_gate_set_roster (f->gate, NULL);
}

/* Today's policy is looser than the one that the guest was bound to: the promise stands. */
static void
test_as_bound (Fixture *f, gconstpointer data)
{
  static const char promised[] =
      "<policy name='snp' title='as it was'><accept technology='sev-snp'/>"
      "<assert id='promised' at='/domain' test=\"title = 'kept'\" "
      "because='it was promised' source='the tenant'/></policy>";
  g_autofree char *kept = changed (f->good, "<memory ", "<title>kept</title><memory ");
  g_autoptr (HostdBinding) binding = hostd_binding_new (UUID, "vm", "snp", promised, "sha256:other",
                                                        HOSTD_TECHNOLOGY_SEV_SNP, NULL);

  g_assert_true (hostd_bindings_bind (f->bindings, binding, NULL));
  assert_vetoed (f, "prepare", f->good, "promised");
  assert_allowed (f, "prepare", kept, HOSTD_GATE_GUEST_BOUND);
}

/* What is added to a running guest is looked at, and nothing is noted of it. */
static void
test_inspect (Fixture *f, gconstpointer data)
{
  g_autofree char *weak = changed (f->good, "<policy>0x30000</policy>", "<policy>0xb0000</policy>");
  g_autoptr (HostdGateDecision) good = NULL, bad = NULL;

  bind (f, "snp");
  good = hostd_gate_inspect (f->gate, f->templates, f->facts, f->good, strlen (f->good));
  g_assert_cmpstr (hostd_gate_decision_get_reason (good), ==, NULL);
  bad = hostd_gate_inspect (f->gate, f->templates, f->facts, weak, strlen (weak));
  g_assert_true (has_reason (hostd_gate_decision_get_reasons (bad), "snp-debug-off", NULL, NULL));
  g_assert_cmpstr (hostd_gate_last_operation (f->gate, UUID), ==, NULL);
}

static HostdKnownBad *
known_bad (const char *folder, const char *severity, const char *test)
{
  g_autofree char *shipped = shipped_templates ();
  g_autofree char *path = g_build_filename (folder, "known-bad-test.xml", NULL);
  g_autofree char *text = g_strdup_printf (
      "<known-bad><combination id='mine' severity='%s' technologies='sev-snp'>"
      "<version of='qemu' from='9.1' before='9.2'/><guest test=\"%s\" who='that are so'/>"
      "<breaks>it ends</breaks><fix>update QEMU</fix><source>a page</source>"
      "</combination></known-bad>",
      severity, test);
  const char *const folders[] = { folder, NULL };
  g_autoptr (GError) error = NULL;
  HostdKnownBad *set;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  set = hostd_known_bad_load (shipped, folders, &error);
  g_assert_no_error (error);
  return set;
}

/* At prepare, and only if versions and guest are those that break: veto or note. */
static void
test_known_bad (Fixture *f, gconstpointer data)
{
  g_autoptr (HostdKnownBad) refuse = known_bad (f->state, "refuse", "name = 'vm'");
  g_autoptr (HostdKnownBad) other = known_bad (f->state, "refuse", "name = 'other'");
  g_autoptr (HostdKnownBad) warn = known_bad (f->state, "warn", "name = 'vm'");
  g_autoptr (HostdGateDecision) vetoed = NULL, warned = NULL, inspected = NULL;

  bind (f, "snp");
  hostd_gate_set_known_bad (f->gate, refuse);
  assert_allowed (f, "prepare", f->good, HOSTD_GATE_GUEST_BOUND); /* QEMU's version is not known */
  f->facts->qemu_version = 9002000;
  assert_allowed (f, "prepare", f->good, HOSTD_GATE_GUEST_BOUND);
  f->facts->qemu_version = 9001002;
  assert_allowed (f, "start", f->good, HOSTD_GATE_GUEST_BOUND);
  vetoed = decide (f, "prepare", f->good);
  g_assert_cmpstr (hostd_gate_decision_get_reason (vetoed), ==,
                   "known-bad-mine: /domain: it ends; to do: update QEMU (a page)");
  inspected = hostd_gate_inspect (f->gate, f->templates, f->facts, f->good, strlen (f->good));
  g_assert_true (hostd_gate_decision_get_allow (inspected));
  hostd_gate_set_known_bad (f->gate, other);
  assert_allowed (f, "prepare", f->good, HOSTD_GATE_GUEST_BOUND);
  hostd_gate_set_known_bad (f->gate, warn);
  warned = decide (f, "prepare", f->good);
  g_assert_true (hostd_gate_decision_get_allow (warned));
  g_assert_true (has_reason (hostd_gate_decision_get_notes (warned), "known-bad-mine", "/domain",
                             "it ends; to do"));
}

/* The shipped templates, but that SEV-SNP guests may move. */
static HostdTemplates *
moving_templates (const char *folder)
{
  g_autofree char *shipped = shipped_templates ();
  g_autofree char *path =
      g_build_filename (folder, "templates", "technologies", "sev-snp.xml", NULL);
  g_autofree char *copy = g_build_filename (folder, "templates", NULL);
  g_autofree char *text = NULL, *moving = NULL;
  const char *argv[] = { "cp", "-r", shipped, copy, NULL };
  g_autoptr (GError) error = NULL;
  HostdTemplates *templates;
  int status = -1;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, &status, &error));
  g_assert_cmpint (status, ==, 0);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  moving = changed (text, "<migration live=\"refuse\"", "<migration live=\"allow\"");
  g_assert_true (g_file_set_contents (path, moving, -1, NULL));
  templates = hostd_templates_load (copy, NULL, &error);
  g_assert_no_error (error);
  return templates;
}

/* The row of the guest's technology decides; where it allows, the guest is still verified. */
static void
test_move (Fixture *f, gconstpointer data)
{
  static const char *const moves[] = { "migrate", "restore" };
  g_autofree char *debug = changed (f->good, "<policy>0x30000<", "<policy>0xb0000<");

  for (guint i = 0; i < 2 * G_N_ELEMENTS (moves); i++) {
    const char *move = moves[i / 2];
    g_autoptr (HostdGateDecision) decision = NULL;

    if (i % 2 == 1)
      bind (f, "snp");
    decision = decide (f, move, f->good);
    g_assert_nonnull (strstr (hostd_gate_decision_get_reason (decision),
                              "QEMU has no migration of SEV-SNP guests"));
    hostd_bindings_forget (f->bindings, UUID, NULL);
  }
  hostd_templates_unref (f->templates);
  f->templates = moving_templates (f->state);
  for (guint i = 0; i < G_N_ELEMENTS (moves); i++) {
    assert_allowed (f, moves[i], f->good, HOSTD_GATE_GUEST_METADATA);
    assert_vetoed (f, moves[i], debug, "snp-debug-off");
  }
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    { "bound", test_bound },       { "bound-and-stripped", test_bound_and_stripped },
    { "metadata", test_metadata }, { "unbound", test_unbound },
    { "data", test_data },         { "unreadable", test_unreadable },
    { "room", test_room },         { "inspect", test_inspect },
    { "as-bound", test_as_bound }, { "known-bad", test_known_bad },
    { "move", test_move },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree char *path = g_strconcat ("/gate/templates/", tests[i].name, NULL);

    g_test_add (path, Fixture, NULL, setup, tests[i].test, teardown);
  }
  return g_test_run ();
}
