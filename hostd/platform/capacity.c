/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/capacity.h"

#include "base/parse.h"
#include "platform/platform.h"

#include <string.h>

/* Where the controller may be: v2, or v1 under its own mount. */
typedef struct {
  const char *root, *capacity, *current, *groups;
} Root;

#define ROOT(path)                                                                                 \
  {                                                                                                \
    path, path "/misc.capacity", path "/misc.current", path "/*/misc.current"                      \
  }
static const Root roots[] = { ROOT ("sys/fs/cgroup"), ROOT ("sys/fs/cgroup/misc") };

gboolean
hostd_misc_parse_row (const char *text, const char *row, guint64 *ret_value)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", 64);

  for (guint i = 0; lines[i]; i++) {
    g_auto (GStrv) words = g_strsplit (g_strstrip (lines[i]), " ", 2);

    if (words[0] && words[1] && g_str_equal (words[0], row))
      return hostd_parse_decimal (words[1], G_MAXINT64, ret_value);
  }
  return FALSE;
}

/* The row of ROOT/NAME, quietly: groups are many, and most have no such file. */
static HostdRead
read_row (HostdProbe *self, const char *root, const char *name, const char *row, guint64 *ret_value,
          gboolean *ret_file)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", root, name);
  g_autofree char *text = NULL;
  HostdRead read = hostd_sys_read_file (self->sys, path, &text, NULL);

  *ret_file = read == HOSTD_READ_VALUE;
  if (read != HOSTD_READ_VALUE)
    return read;
  return hostd_misc_parse_row (text, row, ret_value) ? HOSTD_READ_VALUE : HOSTD_READ_ABSENT;
}

/*
 * Where the whole host is counted, or NULL. Only the root of all groups has misc.capacity: in a
 * container's own view of the tree the files are those of the container.
 */
static const Root *
find_root (HostdProbe *self, HostdRead *ret_read)
{
  *ret_read = HOSTD_READ_ABSENT;
  for (guint i = 0; i < G_N_ELEMENTS (roots) && *ret_read == HOSTD_READ_ABSENT; i++) {
    g_autofree char *text = NULL;

    *ret_read = hostd_sys_read_file (self->sys, roots[i].capacity, &text, NULL);
    if (*ret_read == HOSTD_READ_VALUE)
      return &roots[i];
  }
  return NULL;
}

static void
note (HostdTechnologyFacts *facts, const char *source, const char *row, HostdRead read,
      guint64 value)
{
  facts->looking_at = HOSTD_LAYER_KERNEL;
  if (read == HOSTD_READ_VALUE)
    hostd_technology_facts_add_evidence (facts, source, "%s %" G_GUINT64_FORMAT, row, value);
  else
    hostd_technology_facts_add_evidence (facts, source, "%s %s", row,
                                         read == HOSTD_READ_ABSENT ? "absent" : "unknown");
}

HostdRead
hostd_misc_capacity (HostdProbe *self, HostdTechnologyFacts *facts, const char *row,
                     guint64 *ret_value)
{
  HostdRead read;
  const Root *root = find_root (self, &read);
  guint64 value = 0;
  gboolean file;

  if (root != NULL)
    read = read_row (self, root->root, "misc.capacity", row, &value, &file);
  note (facts, (root ? root : roots)->capacity, row, read, value);
  if (read == HOSTD_READ_VALUE)
    *ret_value = value;
  return read;
}

static HostdRead
sum_children (HostdProbe *self, const char *root, const char *row, guint64 *ret_value)
{
  g_auto (GStrv) names = NULL;
  HostdRead read = hostd_sys_list_folder (self->sys, root, &names, NULL);
  gboolean any = FALSE;
  guint64 sum = 0;

  if (read != HOSTD_READ_VALUE)
    return read;
  for (guint i = 0; names[i]; i++) {
    g_autofree char *group = g_strdup_printf ("%s/%s", root, names[i]);
    gboolean file = FALSE;
    guint64 value = 0;

    /* A group's file counts the groups below it. */
    read = read_row (self, group, "misc.current", row, &value, &file);
    if (read == HOSTD_READ_UNREADABLE)
      return read;
    any |= file;
    if (read == HOSTD_READ_VALUE && !g_uint64_checked_add (&sum, sum, value))
      return HOSTD_READ_UNREADABLE;
  }
  *ret_value = sum;
  return any ? HOSTD_READ_VALUE : HOSTD_READ_ABSENT;
}

/* @ret_source: which file was read, for a person. */
static HostdRead
read_current (HostdProbe *self, const char *row, guint64 *ret_value, const char **ret_source)
{
  HostdRead read;
  const Root *root = find_root (self, &read);
  gboolean file = FALSE;

  *ret_source = (root ? root : roots)->current;
  if (root == NULL)
    return read;
  read = read_row (self, root->root, "misc.current", row, ret_value, &file);
  if (read != HOSTD_READ_ABSENT || file)
    return read;
  *ret_source = root->groups;
  return sum_children (self, root->root, row, ret_value);
}

HostdRead
hostd_misc_current (HostdProbe *self, HostdTechnologyFacts *facts, const char *row,
                    guint64 *ret_value)
{
  const char *source;
  guint64 value = 0;
  HostdRead read = read_current (self, row, &value, &source);

  note (facts, source, row, read, value);
  if (read == HOSTD_READ_VALUE)
    *ret_value = value;
  return read;
}

/* Keys that had leaked when all was probed are gone for good. */
static void
count_again (HostdTechnologyFacts *facts, const char *pool, gint64 charged)
{
  HostdCapacity *capacity = &facts->capacity;

  if (g_strcmp0 (capacity->pool, pool) != 0 || capacity->total <= 0)
    return;
  capacity->others = HOSTD_CAPACITY_UNKNOWN;
  hostd_capacity_set (facts, pool, capacity->total, charged + MAX (capacity->leaked, 0));
}

/* Ciphertext hiding: what is charged to sev_es is the sum of two pools, and tells of neither. */
static gboolean
pool_is_split (const HostdFacts *facts)
{
  return g_strcmp0 (facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].capacity.pool, "sev-snp") == 0;
}

void
hostd_platform_count_keys (HostdSys *sys, HostdFacts *facts)
{
  static const struct {
    const char *pool, *row;
  } rows[] = { { "sev", "sev" }, { "sev-es", "sev_es" }, { "tdx", "tdx" } };
  HostdProbe probe = { .sys = sys };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const char *source;
    guint64 value = 0;

    if ((g_str_equal (rows[i].pool, "sev-es") && pool_is_split (facts)) ||
        read_current (&probe, rows[i].row, &value, &source) != HOSTD_READ_VALUE)
      continue;
    for (guint t = 0; t < HOSTD_N_TECHNOLOGIES; t++)
      count_again (&facts->technology[t], rows[i].pool, (gint64) value);
  }
}

void
hostd_capacity_set (HostdTechnologyFacts *facts, const char *pool, gint64 total, gint64 in_use)
{
  HostdCapacity *capacity = &facts->capacity;

  g_free (capacity->pool);
  capacity->pool = g_strdup (pool);
  capacity->total = total;
  capacity->in_use = in_use;
  capacity->free = total < 0 || in_use < 0 ? HOSTD_CAPACITY_UNKNOWN : MAX (total - in_use, 0);
}
