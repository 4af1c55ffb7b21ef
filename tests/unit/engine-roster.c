/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/orphans.h"

#include <fcntl.h>
#include <sys/stat.h>

#define UUID(n) "0a1b2c3d-0001-4002-8003-00000000000" n
#define DAY (24 * 60 * 60)
#define NOW (20000 * (gint64) DAY)

static void
add (GPtrArray *domains, const char *uuid, gboolean active, const char *security)
{
  HostdVirtDomain *domain = g_new0 (HostdVirtDomain, 1);

  domain->uuid = g_strdup (uuid);
  domain->name = g_strdup ("web");
  domain->state = active ? "running" : "shut-off";
  domain->active = active;
  domain->xml = g_strdup_printf ("<domain type='kvm'><uuid>%s</uuid>%s</domain>", uuid, security);
  g_ptr_array_add (domains, domain);
}

#define SNP "<launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity>"
#define ES "<launchSecurity type='sev'><policy>0x0007</policy></launchSecurity>"
#define SEV "<launchSecurity type='sev'><policy>0x0003</policy></launchSecurity>"

static GPtrArray *
new_domains (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) hostd_virt_domain_free);
}

static HostdFacts *
new_facts (void)
{
  static const HostdTechnology shared[] = { HOSTD_TECHNOLOGY_SEV_ES, HOSTD_TECHNOLOGY_SEV_SNP };
  HostdFacts *facts = hostd_facts_new ();

  for (guint i = 0; i < G_N_ELEMENTS (shared); i++)
    facts->technology[shared[i]].capacity.pool = g_strdup ("sev-es");
  facts->technology[HOSTD_TECHNOLOGY_SEV].capacity.pool = g_strdup ("sev");
  return facts;
}

static void
test_counts (void)
{
  g_autoptr (HostdRoster) roster = hostd_roster_new ();
  g_autoptr (GPtrArray) domains = new_domains ();
  g_autoptr (HostdFacts) facts = new_facts ();

  g_assert_false (hostd_roster_is_known (roster));
  add (domains, UUID ("1"), TRUE, SNP);
  add (domains, UUID ("2"), TRUE, ES);
  add (domains, UUID ("3"), TRUE, SEV);
  add (domains, UUID ("4"), TRUE, "");
  add (domains, UUID ("5"), FALSE, SNP);
  hostd_roster_replace (roster, domains);
  g_assert_true (hostd_roster_is_known (roster));
  g_assert_true (hostd_roster_is_running (roster, UUID ("1")));
  g_assert_false (hostd_roster_is_running (roster, UUID ("5")));

  /* SEV-ES and SEV-SNP draw on one pool, SEV on another. */
  g_assert_cmpuint (hostd_roster_count_pool (roster, facts, HOSTD_TECHNOLOGY_SEV_SNP, NULL), ==, 2);
  g_assert_cmpuint (hostd_roster_count_pool (roster, facts, HOSTD_TECHNOLOGY_SEV_ES, NULL), ==, 2);
  g_assert_cmpuint (hostd_roster_count_pool (roster, facts, HOSTD_TECHNOLOGY_SEV, NULL), ==, 1);
  g_assert_cmpuint (hostd_roster_count_pool (roster, facts, HOSTD_TECHNOLOGY_SEV_SNP, UUID ("1")),
                    ==, 1);

  hostd_roster_note_stopped (roster, UUID ("1"));
  g_assert_cmpuint (hostd_roster_count_pool (roster, facts, HOSTD_TECHNOLOGY_SEV_SNP, NULL), ==, 1);
  g_assert_true (hostd_roster_has (roster, UUID ("1")));
  hostd_roster_remove (roster, UUID ("1"));
  g_assert_false (hostd_roster_has (roster, UUID ("1")));
}

/* ---- bindings without a domain ---- */

typedef struct {
  char *state, *folder;
  HostdBindings *bindings;
  HostdRoster *roster;
  GPtrArray *reaped;
} Fixture;

static void
setup (Fixture *f, gconstpointer data)
{
  f->state = g_dir_make_tmp ("orphans-XXXXXX", NULL);
  f->folder = g_build_filename (f->state, HOSTD_BINDINGS_FOLDER, NULL);
  f->bindings = hostd_bindings_open (f->state, NULL);
  f->roster = hostd_roster_new ();
  f->reaped = g_ptr_array_new_with_free_func (g_free);
}

static void
teardown (Fixture *f, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", f->state);

  hostd_bindings_free (f->bindings);
  hostd_roster_free (f->roster);
  g_ptr_array_unref (f->reaped);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (f->folder);
  g_free (f->state);
}

static void
bind_at (Fixture *f, const char *uuid, gint64 seen)
{
  g_autoptr (HostdBinding) binding = hostd_binding_new (uuid, "web", "snp", "<policy/>", "sha256:x",
                                                        HOSTD_TECHNOLOGY_SEV_SNP, NULL);
  g_autofree char *path = g_build_filename (f->folder, uuid, NULL);
  const struct timespec times[2] = { { .tv_sec = seen }, { .tv_sec = seen } };

  g_assert_true (hostd_bindings_bind (f->bindings, binding, NULL));
  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
}

static void
on_reaped (const char *uuid, gpointer data)
{
  g_ptr_array_add (((Fixture *) data)->reaped, g_strdup (uuid));
}

static void
reconcile (Fixture *f, guint max_days)
{
  g_assert_true (
      hostd_orphans_reconcile (f->bindings, f->roster, NOW, max_days, on_reaped, f, NULL));
}

static void
test_reaped (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) domains = new_domains ();

  bind_at (f, UUID ("1"), NOW - 40 * DAY); /* libvirt knows it */
  bind_at (f, UUID ("2"), NOW - 40 * DAY);
  bind_at (f, UUID ("3"), NOW - 20 * DAY);
  add (domains, UUID ("1"), FALSE, SNP);

  reconcile (f, 30); /* libvirt was never asked: nothing follows */
  g_assert_cmpuint (f->reaped->len, ==, 0);
  hostd_roster_replace (f->roster, domains);
  reconcile (f, 0); /* never */
  g_assert_cmpuint (f->reaped->len, ==, 0);
  g_assert_cmpint (hostd_orphan_days (f->bindings, UUID ("1"), NOW), ==, 0); /* seen just now */
  g_assert_cmpint (hostd_orphan_days (f->bindings, UUID ("2"), NOW), ==, 40);
  reconcile (f, 30);
  g_assert_cmpuint (f->reaped->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (f->reaped, 0), ==, UUID ("2"));
  g_assert_cmpint (hostd_orphan_days (f->bindings, UUID ("2"), NOW), ==, -1);
  g_assert_cmpint (hostd_orphan_days (f->bindings, UUID ("3"), NOW), ==, 20);
}

/* Somebody has to look at it, and the gate vetoes by it. */
static void
test_garbled_stays (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) domains = new_domains ();
  g_autofree char *path = g_build_filename (f->folder, UUID ("4"), NULL);
  const struct timespec times[2] = { { .tv_sec = DAY }, { .tv_sec = DAY } };

  g_assert_true (g_file_set_contents (path, "{", -1, NULL));
  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
  hostd_roster_replace (f->roster, domains);
  reconcile (f, 1);
  g_assert_cmpuint (f->reaped->len, ==, 0);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

/* A clock that was wrong must not make everything old, nor move what is known back. */
static void
test_clock (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) domains = new_domains ();
  gint64 seen = 0;

  bind_at (f, UUID ("5"), NOW + DAY);
  g_assert_cmpint (hostd_orphan_days (f->bindings, UUID ("5"), NOW), ==, -1);
  hostd_roster_replace (f->roster, domains);
  reconcile (f, 1);
  g_assert_cmpuint (f->reaped->len, ==, 0);
  hostd_bindings_note_seen (f->bindings, UUID ("5"), NOW);
  g_assert_true (hostd_bindings_get_seen (f->bindings, UUID ("5"), &seen));
  g_assert_cmpint (seen, ==, NOW + DAY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/roster/counts", test_counts);
  g_test_add ("/orphans/reaped", Fixture, NULL, setup, test_reaped, teardown);
  g_test_add ("/orphans/garbled-stays", Fixture, NULL, setup, test_garbled_stays, teardown);
  g_test_add ("/orphans/clock", Fixture, NULL, setup, test_clock, teardown);
  return g_test_run ();
}
