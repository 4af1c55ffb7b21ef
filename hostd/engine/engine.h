/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "engine/roster.h"
#include "launch/known-bad.h"
#include "launch/rewrite.h"
#include "launch/verify.h"
#include "store/bindings.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * Where the leaves meet, without a wire: templates, host facts and the store. The daemon serves it
 * over its sockets, the command line uses it directly with --offline.
 */
typedef struct HostdEngine HostdEngine;

typedef struct {
  const char *template_dir;       /* see hostd_templates_load() */
  const char *const *policy_dirs; /* likewise; may be NULL */
  const char *recording;          /* a recorded host to answer from, or NULL for this machine */
  gboolean no_host;               /* no facts at all: `verify --offline` without --host */
  gboolean probe_later;           /* all is unknown until hostd_engine_set_facts() */
  const char *state_dir;          /* bindings live here; NULL: none are kept (offline) */
} HostdEngineOptions;

HostdEngine *hostd_engine_new (const HostdEngineOptions *options, GError **error);
void hostd_engine_free (HostdEngine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdEngine, hostd_engine_free)

/*
 * Reads templates and known-bad combinations again. On failure the old ones stay, all of them, and
 * @error names file and line.
 */
gboolean hostd_engine_reload (HostdEngine *self, GError **error);
/* Reads the host again; the old facts stay on failure. */
gboolean hostd_engine_probe (HostdEngine *self, GError **error);
/* Facts that were read elsewhere, on a thread, take the place of those there are. (transfer full)
 */
void hostd_engine_set_facts (HostdEngine *self, HostdFacts *facts);

/* Counts again how many keys are in use; quick. Of a recorded host nothing changes. */
void hostd_engine_count_keys (HostdEngine *self);
/* Who holds them, as far as @roster knows; see engine/pool-use.h. */
void hostd_engine_count_others (HostdEngine *self, const HostdRoster *roster);

HostdTemplates *hostd_engine_get_templates (HostdEngine *self);      /* (transfer none) */
const HostdFacts *hostd_engine_get_facts (HostdEngine *self);        /* NULL with no_host */
const HostdKnownBad *hostd_engine_get_known_bad (HostdEngine *self); /* (transfer none) */
/*
 * Why the operator's known-bad combinations are not among them, or NULL. They were at fault when
 * the engine was made: guests start all the same, warned of by the shipped ones alone.
 */
const char *hostd_engine_get_known_bad_error (HostdEngine *self);
/* Checks one file of them by the schema, without adding it; how many are in it. */
gboolean hostd_engine_check_known_bad (HostdEngine *self, const char *path, guint *ret_count,
                                       GError **error);
/*
 * The store that Rewrite binds in, for the gate and for Forget; NULL without a state_dir. (transfer
 * none)
 */
HostdBindings *hostd_engine_get_bindings (HostdEngine *self);

/*
 * Rewrite; where there is a store and the verdict is ALLOW, the domain's UUID is bound to the
 * policy, fsynced, before this returns (a domain without uuid is refused then). Rebinding to
 * another policy is a REFUSE with a reason of id "binding". What is known to break the guest on
 * this host is in its notes, or a reason, as "known-bad-ID".
 */
HostdRewrite *hostd_engine_rewrite (HostdEngine *self, const HostdRequest *request, const char *xml,
                                    gsize length, GError **error);
HostdVerify *hostd_engine_verify (HostdEngine *self, const HostdRequest *request, const char *xml,
                                  gsize length, HostdStage stage, GError **error);

/*
 * One answer, one shape: what --json prints and what goes over the wire. (transfer full)
 *
 *   policies: { "policies": [ { "name", "title", "path", "digest": "sha256:HEX",
 *                               "technologies": ["sev-snp", ...] } ] }
 *   rewrite:  { "verdict": "allow" or "refuse", "technology": "sev-snp" or null, "uuid" or null,
 *               "policy_digest", "reasons": [...], "notes": [...], "xml": text or null }
 *   verify:   { "verdict": "allow", "refuse" or "not-ours", "technology" or null,
 *               "reasons": [...], "notes": [...] }
 *
 * A reason or note is { "id", "xpath" or null, "text" }. engine/capabilities-json.h has the
 * capabilities.
 */
JsonNode *hostd_engine_capabilities_to_json (HostdEngine *self);
JsonNode *hostd_engine_policies_to_json (HostdEngine *self);
JsonNode *hostd_rewrite_to_json (const HostdRewrite *rewrite);
JsonNode *hostd_verify_to_json (const HostdVerify *verify);

G_END_DECLS
