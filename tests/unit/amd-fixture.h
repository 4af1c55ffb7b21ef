/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/host-facts.h"

#include "host-copy.h"

/* Facts of recorded AMD hosts that differ in a few answers, and what tests ask of them. */

#define P "sys/module/kvm_amd/parameters/"
#define MILAN "milan-snp"
#define PS "sev-platform-status "
#define SS "snp-platform-status "
#define PS_GOOD PS "01 37 01 00 01 00 00 1d 00 00 00 00\n"
#define TCB_MILAN "04000000000018db "
#define LEAVES(version, sev)                                                                       \
  "0 0: 00000010 68747541 444d4163 69746e65\n"                                                     \
  "1 0: " version " 00800800 7efa320b 178bfbff\n"                                                  \
  "8000001f 0: " sev "\n"

static const HostdTechnology family[] = { HOSTD_TECHNOLOGY_SEV, HOSTD_TECHNOLOGY_SEV_ES,
                                          HOSTD_TECHNOLOGY_SEV_SNP };

/* Facts of a recorded host after @edits: path, text, ..., NULL; the text "-" removes. */
static inline HostdFacts *
probe_edited (const char *base, const char *const *edits)
{
  char *folder = host_copy_new (base);
  g_autoptr (GError) error = NULL;
  HostdFacts *facts;

  for (guint i = 0; edits[i]; i += 2)
    host_copy_edit (folder, edits[i], g_str_equal (edits[i + 1], "-") ? NULL : edits[i + 1], -1);
  facts = hostd_host_facts_read (folder, &error);
  g_assert_no_error (error);
  host_copy_free (folder);
  return facts;
}

#define PROBE(base, ...) probe_edited (base, (const char *const[]){ __VA_ARGS__, NULL, NULL })

static inline void
assert_verdict (const HostdFacts *facts, HostdTechnology technology, HostdUsability usability,
                HostdLayer layer, const char *cause)
{
  const HostdTechnologyFacts *t = &facts->technology[technology];

  g_test_message ("%s: %s; %s", hostd_technology_name (technology), t->cause, t->fix);
  g_assert_cmpstr (hostd_usability_name (t->usability), ==, hostd_usability_name (usability));
  g_assert_cmpstr (hostd_layer_name (t->layer), ==, hostd_layer_name (layer));
  if (cause)
    g_assert_nonnull (strstr (t->cause, cause));
}

static inline void
assert_value (const HostdFacts *facts, HostdTechnology technology, const char *name,
              const char *text)
{
  const HostdValue *value = hostd_technology_facts_get_value (&facts->technology[technology], name);

  g_test_message ("%s", name);
  g_assert_nonnull (value);
  g_assert_cmpstr (value->text, ==, text);
  if (text == NULL)
    g_assert_nonnull (value->why);
}

static inline void
assert_capacity (const HostdFacts *facts, HostdTechnology technology, const char *pool,
                 gint64 total, gint64 in_use, gint64 leaked)
{
  const HostdCapacity *capacity = &facts->technology[technology].capacity;

  g_assert_cmpstr (capacity->pool, ==, pool);
  g_assert_cmpint (capacity->total, ==, total);
  g_assert_cmpint (capacity->in_use, ==, in_use);
  g_assert_cmpint (capacity->leaked, ==, leaked);
}

#define SEV HOSTD_TECHNOLOGY_SEV
#define ES HOSTD_TECHNOLOGY_SEV_ES
#define SNP HOSTD_TECHNOLOGY_SEV_SNP
#define USABLE HOSTD_USABILITY_USABLE
#define UNUSABLE HOSTD_USABILITY_UNUSABLE
#define UNKNOWN HOSTD_USABILITY_UNKNOWN
