/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "base/reasons.h"
#include "launch/verify.h"

G_BEGIN_DECLS

/*
 * Known-bad combinations: versions of QEMU, kernel, firmware and libvirt, and features, that do not
 * go together, as data (templates/known-bad.xml, doc/known-bad.md). A set of them is immutable.
 */
typedef struct HostdKnownBad HostdKnownBad;

/* One of them. What it goes by is launch/'s own. */
typedef struct {
  char *id;
  char *place;      /* "FILE:LINE" */
  gboolean refuses; /* guests are refused, not only warned about */
  gboolean of_host; /* it is of the host, whatever runs on it; else of guests of: */
  gboolean of[HOSTD_N_TECHNOLOGIES];
  char *who;          /* which of these, in words: "that have a device of the host"; NULL: all */
  char *breaks, *fix; /* sentences, without a line break */
  char **sources;     /* at least one: addresses, CVE numbers, files */

  GPtrArray *versions, *hosts, *guests;
} HostdCombination;

/* A file of combinations is called known-bad.xml, or known-bad-SOMETHING.xml. */
gboolean hostd_known_bad_is_file (const char *name);

/*
 * Loads @template_dir/known-bad.xml and the files of that name in @policy_dirs (NULL-terminated,
 * may be NULL). What one of them ignores is left out. Errors are "FILE:LINE: what is wrong".
 */
HostdKnownBad *hostd_known_bad_load (const char *template_dir, const char *const *policy_dirs,
                                     GError **error);
/* Checks one file by itself; how many combinations are in it. */
gboolean hostd_known_bad_check (const char *template_dir, const char *path, guint *ret_count,
                                GError **error);
void hostd_known_bad_free (HostdKnownBad *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdKnownBad, hostd_known_bad_free)

guint hostd_known_bad_count (const HostdKnownBad *self); /* 0 for NULL */
const HostdCombination *hostd_known_bad_get (const HostdKnownBad *self, guint index);

typedef enum {
  HOSTD_MATCH_NO,
  HOSTD_MATCH_UNKNOWN, /* a fact that it goes by is not known */
  HOSTD_MATCH_YES,
} HostdMatch;

/*
 * Is the host one that the combination breaks? Versions and technologies alone are looked at.
 * @facts may be NULL: nothing is known. *@ret_missing (may be NULL) is set with UNKNOWN: "QEMU's
 * version", static.
 */
HostdMatch hostd_combination_match_host (const HostdCombination *self, const HostdFacts *facts,
                                         const char **ret_missing);

/* "BREAKS; to do: FIX (SOURCE)" (transfer full) */
char *hostd_combination_describe (const HostdCombination *self);

/*
 * Judges a guest of @technology on this host: what breaks it goes to @refusals or @warnings, as
 * "known-bad-ID". What is not known about the host breaks nothing: who starts guests is not kept
 * from it because libvirt did not answer. @self may be NULL. Quick: most is decided by versions,
 * and then a few XPaths (by libxml2 alone) are evaluated on a tree that is there.
 */
void hostd_known_bad_judge (const HostdKnownBad *self, const HostdFacts *facts,
                            HostdTechnology technology, const HostdGlance *glance,
                            HostdReasons *refusals, HostdReasons *warnings);
/* Has it anything to say of the guests of this host that only their XML decides? */
gboolean hostd_known_bad_needs_guest (const HostdKnownBad *self, const HostdFacts *facts,
                                      HostdTechnology technology);

G_END_DECLS
