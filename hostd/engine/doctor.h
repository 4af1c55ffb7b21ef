/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "launch/known-bad.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * What is wrong with a host, and what to do: facts and known-bad combinations become findings. The
 * daemon adds its own, of gate and store; `cloisterctl doctor --offline` has those of the machine.
 */
typedef struct HostdDiagnosis HostdDiagnosis;

typedef enum {
  HOSTD_FINDING_ERROR,   /* guests are at risk, or cannot be started */
  HOSTD_FINDING_WARNING, /* they can, and something is to be known */
  HOSTD_FINDING_NOTE,    /* holds anywhere: in JSON only */
} HostdFindingLevel;
const char *hostd_finding_level_name (HostdFindingLevel level); /* "error", "warning", "note" */

HostdDiagnosis *hostd_diagnosis_new (void);
void hostd_diagnosis_free (HostdDiagnosis *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdDiagnosis, hostd_diagnosis_free)

/* @fix and @source may be NULL; @format is what is wrong and why, one sentence. */
void hostd_diagnosis_add (HostdDiagnosis *self, HostdFindingLevel level, const char *id,
                          const char *fix, const char *source, const char *format, ...)
    G_GNUC_PRINTF (6, 7);

/*
 * The machine. On a guest that is all there is to say. A technology that another vendor or
 * architecture has is no finding, and none that this CPU lacks, unless there is no other.
 * @known_bad may be NULL.
 */
void hostd_diagnosis_examine (HostdDiagnosis *self, const HostdFacts *facts,
                              const HostdKnownBad *known_bad);

/*
 * What is not known of a host because it was not asked as root: "sev quote; sev-snp (cannot read
 * ...)". NULL if it was, or if that cost nothing. (transfer full)
 */
char *hostd_diagnosis_describe_costs (const HostdFacts *facts);

/*
 * { "guest": false,          this machine is a guest; then no technology is judged
 *   "root": true,            what only root may read was read
 *   "technologies": { "sev-snp": "usable", ... },  verdicts, as in the capabilities
 *   "findings": [ { "id": "sev-snp", "level": "error", "text": "kernel: ...", "fix": "..." or null,
 *                   "source": null } ] }   errors first
 * (transfer full)
 */
JsonObject *hostd_diagnosis_to_json (const HostdDiagnosis *self);

G_END_DECLS
