/* SPDX-License-Identifier: Apache-2.0 */
/* What guests cost in host memory, and who holds the keys of a pool. */
#include "config.h"

#include "engine/guest-memory.h"
#include "engine/pool-use.h"

#include "base/error.h"

#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define GIB (1024 * MIB)

static void
test_memory (void)
{
  static const struct {
    HostdTechnology technology;
    guint64 bytes;
    gboolean vfio;
    guint64 expected, worst, pinned;
  } rows[] = {
    { HOSTD_TECHNOLOGY_SEV, 4 * GIB, FALSE, 4 * GIB, 4 * GIB, 4 * GIB },
    { HOSTD_TECHNOLOGY_SEV, 4 * GIB, TRUE, 4 * GIB, 4 * GIB, 4 * GIB },
    { HOSTD_TECHNOLOGY_SEV_ES, 1, FALSE, 1, 1, 1 },
    /* 6 %, between 64 MiB and 1 GiB */
    { HOSTD_TECHNOLOGY_SEV_SNP, 10000 * MIB, FALSE, 10600 * MIB, 20000 * MIB, 10000 * MIB },
    { HOSTD_TECHNOLOGY_SEV_SNP, 512 * MIB, FALSE, 576 * MIB, 1024 * MIB, 512 * MIB },
    { HOSTD_TECHNOLOGY_SEV_SNP, 64 * GIB, FALSE, 65 * GIB, 128 * GIB, 64 * GIB },
    { HOSTD_TECHNOLOGY_SEV_SNP, 16 * MIB, FALSE, 32 * MIB, 32 * MIB, 16 * MIB },
    { HOSTD_TECHNOLOGY_SEV_SNP, 16 * GIB, TRUE, 32 * GIB, 32 * GIB, 32 * GIB },
    { HOSTD_TECHNOLOGY_TDX, 16 * GIB, TRUE, 32 * GIB, 32 * GIB, 32 * GIB },
    { HOSTD_TECHNOLOGY_TDX, 0, FALSE, 0, 0, 0 },
    { HOSTD_TECHNOLOGY_TDX, G_MAXUINT64, FALSE, G_MAXUINT64, G_MAXUINT64, G_MAXUINT64 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    HostdGuestMemory memory = { 0 };

    g_assert_true (
        hostd_guest_memory_estimate (rows[i].technology, rows[i].bytes, rows[i].vfio, &memory));
    g_assert_cmpuint (memory.expected, ==, rows[i].expected);
    g_assert_cmpuint (memory.worst, ==, rows[i].worst);
    g_assert_cmpuint (memory.pinned, ==, rows[i].pinned);
  }
}

static void
test_memory_unknown (void)
{
  static const HostdTechnology unknown[] = { HOSTD_TECHNOLOGY_SGX, HOSTD_TECHNOLOGY_CCA,
                                             HOSTD_TECHNOLOGY_PEF, HOSTD_TECHNOLOGY_S390_PV };
  HostdGuestMemory memory = { 1, 2, 3 };

  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    g_assert_false (hostd_guest_memory_estimate (unknown[i], GIB, FALSE, &memory));
  g_assert_cmpuint (memory.expected, ==, 1);
}

static void
set_capacity (HostdFacts *facts, HostdTechnology technology, const char *pool, gint64 in_use,
              gint64 leaked)
{
  HostdCapacity *capacity = &facts->technology[technology].capacity;

  capacity->pool = g_strdup (pool);
  capacity->in_use = in_use;
  capacity->leaked = leaked;
}

static void
test_others (void)
{
  g_autoptr (HostdFacts) facts = hostd_facts_new ();
  HostdPoolUse use = { { 0 } };
  const HostdTechnologyFacts *t = facts->technology;

  set_capacity (facts, HOSTD_TECHNOLOGY_SEV, "sev", 1, HOSTD_CAPACITY_UNKNOWN);
  set_capacity (facts, HOSTD_TECHNOLOGY_SEV_ES, "sev-es", 9, 2);
  set_capacity (facts, HOSTD_TECHNOLOGY_SEV_SNP, "sev-es", 9, 2);
  set_capacity (facts, HOSTD_TECHNOLOGY_TDX, "tdx", HOSTD_CAPACITY_UNKNOWN, 0);
  set_capacity (facts, HOSTD_TECHNOLOGY_SGX, "sgx-epc", 4096, 0);
  use.guests[HOSTD_TECHNOLOGY_SEV] = 3; /* one has just stopped: never less than none */
  use.guests[HOSTD_TECHNOLOGY_SEV_ES] = 1;
  use.guests[HOSTD_TECHNOLOGY_SEV_SNP] = 4;
  hostd_pool_use_join (&use, facts);
  g_assert_cmpint (t[HOSTD_TECHNOLOGY_SEV].capacity.others, ==, 0);
  g_assert_cmpint (t[HOSTD_TECHNOLOGY_SEV_ES].capacity.others, ==, 2);
  g_assert_cmpint (t[HOSTD_TECHNOLOGY_SEV_SNP].capacity.others, ==, 2);
  g_assert_cmpint (t[HOSTD_TECHNOLOGY_TDX].capacity.others, ==, HOSTD_CAPACITY_UNKNOWN);
  g_assert_cmpint (t[HOSTD_TECHNOLOGY_SGX].capacity.others, ==, HOSTD_CAPACITY_UNKNOWN);
}

static void
test_others_unasked (void)
{
  g_autoptr (HostdFacts) facts = hostd_facts_new ();
  g_autoptr (HostdRoster) roster = hostd_roster_new ();
  g_autoptr (GPtrArray) domains =
      g_ptr_array_new_with_free_func ((GDestroyNotify) hostd_virt_domain_free);
  HostdVirtDomain *domain = g_new0 (HostdVirtDomain, 1);
  const HostdCapacity *capacity = &facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].capacity;

  set_capacity (facts, HOSTD_TECHNOLOGY_SEV_SNP, "sev-es", 5, 0);
  hostd_pool_use_join_roster (roster, facts);
  g_assert_cmpint (capacity->others, ==, HOSTD_CAPACITY_UNKNOWN);

  domain->uuid = g_strdup ("0a1b2c3d-0001-4002-8003-000000000001");
  domain->name = g_strdup ("web");
  domain->state = "running";
  domain->active = TRUE;
  domain->xml = g_strdup ("<domain type='kvm'><launchSecurity type='sev-snp'>"
                          "<policy>0x30000</policy></launchSecurity></domain>");
  g_ptr_array_add (domains, domain);
  hostd_roster_replace (roster, domains);
  hostd_pool_use_join_roster (roster, facts);
  g_assert_cmpint (capacity->others, ==, 4);
}

static void
test_parse (void)
{
  static const char *const bad[] = { "sev-snp", "sev-snp three", "snp 3", "sev-snp -1",
                                     "sev-snp 1 2" };
  HostdPoolUse use;

  g_assert_true (hostd_pool_use_parse (&use, "# D\nsev-snp 3\n\n  sev 1  # one\n", NULL));
  g_assert_cmpuint (use.guests[HOSTD_TECHNOLOGY_SEV_SNP], ==, 3);
  g_assert_cmpuint (use.guests[HOSTD_TECHNOLOGY_SEV], ==, 1);
  g_assert_cmpuint (use.guests[HOSTD_TECHNOLOGY_SEV_ES], ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *text = g_strdup_printf ("sev 1\n%s\n", bad[i]);

    g_assert_false (hostd_pool_use_parse (&use, text, &error));
    g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
    g_assert_nonnull (strstr (error->message, "libvirt/running:2"));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/capacity/memory", test_memory);
  g_test_add_func ("/capacity/memory-unknown", test_memory_unknown);
  g_test_add_func ("/capacity/others", test_others);
  g_test_add_func ("/capacity/others-unasked", test_others_unasked);
  g_test_add_func ("/capacity/running", test_parse);
  return g_test_run ();
}
