/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/facts-diff.h"

#include "base/text.h"

#include <string.h>

/* Bytes of the one line; the longest of its parts is a cause. */
#define MAX_LINE 2000

G_GNUC_PRINTF (2, 3)
static void
add (GPtrArray *lines, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (lines, g_strdup_vprintf (format, args));
  va_end (args);
}

/* "WHAT is AFTER, was BEFORE", where they differ; NULL is unknown. */
static void
compare (GPtrArray *lines, const char *what, const char *before, const char *after)
{
  if (g_strcmp0 (before, after) != 0)
    add (lines, "%s is %s, was %s", what, after != NULL ? after : "unknown",
         before != NULL ? before : "unknown");
}

/* ---- one technology ---- */

static char *
describe_verdict (const HostdTechnologyFacts *facts)
{
  const char *name = hostd_usability_name (facts->usability);
  const char *layer = hostd_layer_name (facts->layer);

  if (facts->cause == NULL)
    return g_strdup (name);
  return g_strdup_printf ("%s (%s%s%s)", name, layer != NULL ? layer : "",
                          layer != NULL ? ": " : "", facts->cause);
}

static char *
describe_quote (const HostdQuote *quote)
{
  const char *name = hostd_quote_state_name (quote->state);

  return quote->cause != NULL ? g_strdup_printf ("%s (%s)", name, quote->cause) : g_strdup (name);
}

static char *
describe_count (gint64 count)
{
  return count != HOSTD_CAPACITY_UNKNOWN ? g_strdup_printf ("%" G_GINT64_FORMAT, count) : NULL;
}

static void
compare_capacity (GPtrArray *lines, const char *name, const HostdCapacity *before,
                  const HostdCapacity *after)
{
  g_autofree char *total = g_strdup_printf ("%s capacity", name);
  g_autofree char *pool = g_strdup_printf ("%s pool", name);
  g_autofree char *was = describe_count (before->total), *is = describe_count (after->total);

  compare (lines, total, was, is);
  compare (lines, pool, before->pool, after->pool);
}

static void
compare_values (GPtrArray *lines, const char *name, const HostdTechnologyFacts *before,
                const HostdTechnologyFacts *after)
{
  for (guint i = 0; i < after->values->len; i++) {
    const HostdValue *is = g_ptr_array_index (after->values, i);
    const HostdValue *was = hostd_technology_facts_get_value (before, is->name);
    g_autofree char *what = g_strdup_printf ("%s %s", name, is->name);

    compare (lines, what, was != NULL ? was->text : NULL, is->text);
  }
  for (guint i = 0; i < before->values->len; i++) {
    const HostdValue *was = g_ptr_array_index (before->values, i);
    g_autofree char *what = g_strdup_printf ("%s %s", name, was->name);

    if (hostd_technology_facts_get_value (after, was->name) == NULL)
      compare (lines, what, was->text, NULL);
  }
}

static void
compare_verdicts (GPtrArray *lines, const char *name, const HostdTechnologyFacts *before,
                  const HostdTechnologyFacts *after)
{
  g_autofree char *was = describe_verdict (before), *is = describe_verdict (after);

  compare (lines, name, was, is);
}

static void
compare_rest (GPtrArray *lines, const char *name, const HostdTechnologyFacts *before,
              const HostdTechnologyFacts *after)
{
  g_autofree char *quote = g_strdup_printf ("%s quote", name);
  g_autofree char *was = describe_quote (&before->quote), *is = describe_quote (&after->quote);

  compare_capacity (lines, name, &before->capacity, &after->capacity);
  compare (lines, quote, was, is);
  compare_values (lines, name, before, after);
}

/* ---- the host ---- */

static void
compare_versions (GPtrArray *lines, const char *what, guint before, guint after)
{
  g_autofree char *was = hostd_version_to_text (before), *is = hostd_version_to_text (after);

  compare (lines, what, was, is);
}

static void
compare_host (GPtrArray *lines, const HostdFacts *before, const HostdFacts *after)
{
  g_autofree char *sev_was = hostd_facts_describe_sev_firmware (before),
                  *sev_is = hostd_facts_describe_sev_firmware (after);
  g_autofree char *cbit_was = before->cbit_known ? g_strdup_printf ("%u", before->cbitpos) : NULL;
  g_autofree char *cbit_is = after->cbit_known ? g_strdup_printf ("%u", after->cbitpos) : NULL;
  g_autofree char *emulators_was =
      before->emulators != NULL ? g_strjoinv (" ", before->emulators) : NULL;
  g_autofree char *emulators_is =
      after->emulators != NULL ? g_strjoinv (" ", after->emulators) : NULL;

  compare (lines, "the kernel", before->kernel_release, after->kernel_release);
  compare (lines, "SEV firmware", sev_was, sev_is);
  compare (lines, "the C-bit", cbit_was, cbit_is);
  compare_versions (lines, "QEMU", before->qemu_version, after->qemu_version);
  compare_versions (lines, "libvirt", before->libvirt_version, after->libvirt_version);
  compare (lines, "the list of emulators", emulators_was, emulators_is);
}

/* ---- firmware descriptors ---- */

static const HostdFirmware *
find_firmware (const HostdFacts *facts, const char *descriptor)
{
  for (guint i = 0; i < facts->firmware->len; i++) {
    const HostdFirmware *firmware = g_ptr_array_index (facts->firmware, i);

    if (g_strcmp0 (firmware->descriptor, descriptor) == 0)
      return firmware;
  }
  return NULL;
}

static gboolean
same_words (char **a, char **b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return g_strv_equal ((const char *const *) a, (const char *const *) b);
}

static gboolean
same_firmware (const HostdFirmware *a, const HostdFirmware *b)
{
  return g_strcmp0 (a->image, b->image) == 0 && a->flash == b->flash && a->uefi == b->uefi &&
         same_words (a->features, b->features) && same_words (a->machines, b->machines);
}

static void
compare_firmware (GPtrArray *lines, const HostdFacts *before, const HostdFacts *after)
{
  if (before->firmware_known != after->firmware_known) {
    add (lines, "firmware descriptors are %s now", after->firmware_known ? "known" : "unknown");
    return;
  }
  for (guint i = 0; i < after->firmware->len; i++) {
    const HostdFirmware *is = g_ptr_array_index (after->firmware, i);
    const HostdFirmware *was = find_firmware (before, is->descriptor);

    if (was == NULL)
      add (lines, "firmware descriptor %s is new", is->descriptor);
    else if (!same_firmware (was, is))
      add (lines, "firmware descriptor %s changed", is->descriptor);
  }
  for (guint i = 0; i < before->firmware->len; i++) {
    const HostdFirmware *was = g_ptr_array_index (before->firmware, i);

    if (find_firmware (after, was->descriptor) == NULL)
      add (lines, "firmware descriptor %s is gone", was->descriptor);
  }
}

GPtrArray *
hostd_facts_diff (const HostdFacts *before, const HostdFacts *after)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    compare_verdicts (lines, hostd_technology_name (i), &before->technology[i],
                      &after->technology[i]);
  compare_host (lines, before, after);
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    compare_rest (lines, hostd_technology_name (i), &before->technology[i], &after->technology[i]);
  compare_firmware (lines, before, after);
  return lines;
}

char *
hostd_facts_diff_to_line (const GPtrArray *lines)
{
  GString *line = g_string_new (NULL);

  for (guint i = 0; i < lines->len; i++) {
    const char *part = g_ptr_array_index (lines, i);

    if (i > 0 && line->len + strlen (part) > MAX_LINE) {
      g_string_append_printf (line, "; and %u more changes", lines->len - i);
      break;
    }
    g_string_append_printf (line, "%s%s", i > 0 ? "; " : "", part);
  }
  return g_string_free (line, FALSE);
}
