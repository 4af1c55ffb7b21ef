/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/reasons.h"
#include "launch/policy-private.h"
#include "launch/spans.h"
#include "launch/xpath.h"

G_BEGIN_DECLS

/* One Rewrite under way: what its parts share. All borrowed; nobody but rewrite.c makes one. */
typedef struct {
  HostdDocument *document;
  HostdSpans *spans;
  HostdXPath *xpath;
  xmlNodePtr domain;
  const HostdPolicy *policy;
  const HostdTechnologyTemplate *technology;
  GPtrArray *rulesets; /* (element-type HostdRuleset) */
  const HostdRequest *request;
  const HostdFacts *facts; /* or NULL */
  HostdReasons *reasons, *notes;
} HostdWork;

/* ---- rules.c ---- */

/* All the rules, in order: what refuses and warns first, on the text as it came; removals last. */
gboolean hostd_work_apply_rules (HostdWork *work, GError **error);

/*
 * Sets an attribute; where it has another value, @conflict decides, and a refusal names it with
 * @because.
 */
void hostd_work_set_attribute (HostdWork *work, const char *id, xmlNodePtr element,
                               const char *name, const char *value, HostdConflict conflict,
                               const char *because);

/* ---- calls.c: the named functions of <call function=""/> ---- */

gboolean hostd_work_has_call (const char *function);
void hostd_work_call (HostdWork *work, const char *function, const char *feature);

/* ---- firmware.c, launch-data.c, metadata.c ---- */

void hostd_work_choose_firmware (HostdWork *work, const char *feature);
void hostd_work_add_launch_data (HostdWork *work);
void hostd_work_write_metadata (HostdWork *work);

G_END_DECLS
