/* SPDX-License-Identifier: Apache-2.0 */
/* What a scheduler is told of recorded machines. */
#include "config.h"

#include "engine/inventory.h"

#include "engine/host-facts.h"

#include "base/json.h"

/* The pools of @facts, and what is said of the whole. */
typedef struct {
  JsonNode *node;
  JsonArray *pools;
} Inventory;

static void
inventory_clear (Inventory *self)
{
  json_node_unref (self->node);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Inventory, inventory_clear)

static HostdFacts *
read_host (const char *name)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, name, NULL);
  g_autoptr (GError) error = NULL;
  HostdFacts *facts = hostd_host_facts_read (folder, &error);

  g_assert_no_error (error);
  return facts;
}

static Inventory
tell (const HostdFacts *facts, const char *drained)
{
  Inventory self = { hostd_inventory_to_json (facts, drained) };

  self.pools = json_object_get_array_member (json_node_get_object (self.node), "pools");
  return self;
}

static char *
names_of (JsonObject *pool, const char *member)
{
  JsonArray *technologies = json_object_get_array_member (pool, "technologies");
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (technologies); i++)
    g_string_append_printf (
        names, "%s%s", i > 0 ? " " : "",
        json_object_get_string_member (json_array_get_object_element (technologies, i), member));
  return g_string_free (names, FALSE);
}

static void
assert_pool (const Inventory *self, guint i, const char *pool, gint64 total, gint64 reserved,
             const char *technologies)
{
  JsonObject *object = json_array_get_object_element (self->pools, i);
  g_autofree char *names = names_of (object, "name");

  g_assert_cmpstr (json_object_get_string_member (object, "pool"), ==, pool);
  g_assert_cmpint (json_object_get_int_member (object, "total"), ==, total);
  g_assert_cmpint (json_object_get_int_member (object, "reserved"), ==, reserved);
  g_assert_cmpstr (names, ==, technologies);
}

typedef struct {
  const char *host;
  guint n;
  struct {
    const char *pool;
    gint64 total, reserved;
    const char *technologies;
  } pools[3];
} Row;

static const Row rows[] = {
  { "milan-snp", 2, { { "sev", 382, 0, "sev" }, { "sev-es", 127, 0, "sev-es sev-snp" } } },
  /* five in use, three of them by libvirt's guests: two leaked */
  { "milan-snp-leak", 2, { { "sev", 382, 0, "sev" }, { "sev-es", 127, 2, "sev-es sev-snp" } } },
  { "turin-hiding",
    3,
    { { "sev", 907, 0, "sev" }, { "sev-es", 67, 0, "sev-es" }, { "sev-snp", 32, 0, "sev-snp" } } },
  { "min-asid-1", 1, { { "sev", 1006, 0, "sev" } } },
  { "milan-iommu-pt", 2, { { "sev", 410, 0, "sev" }, { "sev-es", 99, 0, "sev-es" } } },
  { "spr-tdx", 1, { { "tdx", 63, 0, "tdx" } } }, /* and SGX, which no guest is launched with */
  { "plain-vm", 0 },
};

static void
test_host (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (HostdFacts) facts = read_host (row->host);
  g_auto (Inventory) inventory = tell (facts, NULL);

  g_assert_cmpuint (json_array_get_length (inventory.pools), ==, row->n);
  for (guint i = 0; i < row->n; i++)
    assert_pool (&inventory, i, row->pools[i].pool, row->pools[i].total, row->pools[i].reserved,
                 row->pools[i].technologies);
  g_assert_true (json_object_get_null_member (json_node_get_object (inventory.node), "drained"));
}

/* Where SEV-SNP excludes SEV-ES the probe says so, and the pool is SEV-SNP's alone. */
static void
test_one_of_a_pool (void)
{
  g_autoptr (HostdFacts) facts = read_host ("milan-snp");
  HostdTechnologyFacts *es = &facts->technology[HOSTD_TECHNOLOGY_SEV_ES];

  hostd_technology_facts_set_broken (es, HOSTD_LAYER_FIRMWARE, "SEV-SNP excludes it", "none");
  {
    g_auto (Inventory) inventory = tell (facts, NULL);

    g_assert_cmpuint (json_array_get_length (inventory.pools), ==, 2);
    assert_pool (&inventory, 1, "sev-es", es->capacity.total, 0, "sev-snp");
  }
}

static gint64
reserved_of_tdx (gint64 in_use, gint64 others, gint64 leaked, const char *drained,
                 gint64 *ret_guests)
{
  g_autoptr (HostdFacts) facts = hostd_facts_new ();
  HostdTechnologyFacts *tdx = &facts->technology[HOSTD_TECHNOLOGY_TDX];
  JsonObject *pool;

  tdx->usability = HOSTD_USABILITY_USABLE;
  tdx->capacity.pool = g_strdup ("tdx");
  tdx->capacity.total = 31;
  tdx->capacity.in_use = in_use;
  tdx->capacity.others = others;
  tdx->capacity.leaked = leaked;
  {
    g_auto (Inventory) inventory = tell (facts, drained);

    g_assert_cmpuint (json_array_get_length (inventory.pools), ==, 1);
    g_assert_cmpstr (json_object_get_string_member_with_default (
                         json_node_get_object (inventory.node), "drained", NULL),
                     ==, drained);
    pool = json_array_get_object_element (inventory.pools, 0);
    *ret_guests = json_object_get_int_member_with_default (pool, "guests", -1);
    if (json_object_get_null_member (pool, "guests"))
      *ret_guests = HOSTD_CAPACITY_UNKNOWN;
    return json_object_get_int_member (pool, "reserved");
  }
}

static void
test_reserved (void)
{
  static const struct {
    gint64 in_use, others, leaked;
    const char *drained;
    gint64 reserved, guests;
  } cases[] = {
    { 0, 0, 0, NULL, 0, 0 },
    { 9, 4, 2, NULL, 6, 3 },
    { 9, 4, -1, NULL, 4, 5 },     /* nobody can tell of leaks: none are known */
    { 9, -1, 2, NULL, 9, -1 },    /* libvirt is silent: they may all be others' */
    { -1, -1, -1, NULL, 31, -1 }, /* nobody counts: no promise */
    { 40, 40, 0, NULL, 31, 0 },   /* never more than there are */
    { 9, 4, 2, "being updated", 31, 3 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gint64 guests;

    g_test_message ("case %u", i);
    g_assert_cmpint (reserved_of_tdx (cases[i].in_use, cases[i].others, cases[i].leaked,
                                      cases[i].drained, &guests),
                     ==, cases[i].reserved);
    g_assert_cmpint (guests, ==, cases[i].guests);
  }
}

static void
test_traits (void)
{
  g_autoptr (HostdFacts) facts = read_host ("milan-snp");
  g_autofree char *traits = NULL, *fallbacks = NULL;
  JsonObject *pool, *snp;

  facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].quote.state = HOSTD_QUOTE_READY;
  facts->technology[HOSTD_TECHNOLOGY_SEV_ES].quote.state = HOSTD_QUOTE_BROKEN;
  {
    g_auto (Inventory) inventory = tell (facts, NULL);

    pool = json_array_get_object_element (inventory.pools, 1);
    traits = names_of (pool, "trait");
    fallbacks = names_of (pool, "fallback");
    g_assert_cmpstr (traits, ==, "HW_CPU_X86_AMD_SEV_ES HW_CPU_X86_AMD_SEV_SNP");
    g_assert_cmpstr (fallbacks, ==, "CUSTOM_HW_CPU_X86_AMD_SEV_ES CUSTOM_HW_CPU_X86_AMD_SEV_SNP");
    snp = json_array_get_object_element (json_object_get_array_member (pool, "technologies"), 1);
    g_assert_cmpuint (json_array_get_length (json_object_get_array_member (snp, "features")), ==,
                      1);
    g_assert_cmpstr (
        json_array_get_string_element (json_object_get_array_member (snp, "features"), 0), ==,
        "CUSTOM_CC_SEV_SNP_QUOTE_READY");
    snp = json_array_get_object_element (json_object_get_array_member (pool, "technologies"), 0);
    g_assert_cmpuint (json_array_get_length (json_object_get_array_member (snp, "features")), ==,
                      0);
  }
}

/* Nothing that could not be read is a promise: unknown technologies, a pool of unknown size. */
static void
test_unknown (void)
{
  g_autoptr (HostdFacts) facts = hostd_facts_new ();
  HostdTechnologyFacts *tdx = &facts->technology[HOSTD_TECHNOLOGY_TDX];

  tdx->usability = HOSTD_USABILITY_USABLE;
  tdx->capacity.pool = g_strdup ("tdx");
  {
    g_auto (Inventory) inventory = tell (facts, NULL);

    g_assert_cmpuint (json_array_get_length (inventory.pools), ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/inventory/host/", rows[i].host, NULL);

    g_test_add_data_func (path, &rows[i], test_host);
  }
  g_test_add_func ("/inventory/one-of-a-pool", test_one_of_a_pool);
  g_test_add_func ("/inventory/reserved", test_reserved);
  g_test_add_func ("/inventory/traits", test_traits);
  g_test_add_func ("/inventory/unknown", test_unknown);
  return g_test_run ();
}
