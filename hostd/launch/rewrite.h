/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "base/reasons.h"
#include "launch/request.h"
#include "launch/templates.h"

G_BEGIN_DECLS

/*
 * Turns a domain XML into one that launches under a policy, by editing its text: every byte that no
 * rule owns stays. The result has been parsed again, verified, and rewritten again without an edit.
 */
typedef struct HostdRewrite HostdRewrite;

/*
 * @facts may be NULL: then nothing about the host is checked and no firmware is chosen by
 * descriptor.
 *
 * Returns a result with verdict ALLOW or REFUSE. HOSTD_ERROR_INVALID or HOSTD_ERROR_TOO_LARGE if
 * @xml is no domain that may be read at all (not XML, DOCTYPE, not UTF-8, NUL, root, depth, size),
 * or if a key of the request is no launch data of any technology; HOSTD_ERROR_NOT_FOUND for an
 * unknown policy.
 */
HostdRewrite *hostd_rewrite_run (const HostdTemplates *templates, const HostdRequest *request,
                                 const HostdFacts *facts, const char *xml, gsize length,
                                 GError **error);
void hostd_rewrite_free (HostdRewrite *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdRewrite, hostd_rewrite_free)

/*
 * Makes a refusal of an allowance, for who knows what launch/ cannot see (engine/: a binding that
 * says otherwise). The text is gone then. @xpath may be NULL.
 */
void hostd_rewrite_refuse (HostdRewrite *self, const char *id, const char *xpath, const char *text);

/* Likewise adds a note. */
void hostd_rewrite_note (HostdRewrite *self, const char *id, const char *xpath, const char *text);

HostdVerdict hostd_rewrite_get_verdict (const HostdRewrite *self);
/* The new text, NUL-terminated; NULL when refused. */
const char *hostd_rewrite_get_text (const HostdRewrite *self, gsize *ret_length);
/* Why it was refused: all of it. */
const HostdReasons *hostd_rewrite_get_reasons (const HostdRewrite *self);
/* What the operator should know beside a success: "the old variables file is no longer used". */
const HostdReasons *hostd_rewrite_get_notes (const HostdRewrite *self);
/* Valid once a technology could be chosen (always with ALLOW): then TRUE. */
gboolean hostd_rewrite_get_technology (const HostdRewrite *self, HostdTechnology *ret_technology);
/* The domain's UUID in lower case, or NULL where it has none. */
const char *hostd_rewrite_get_uuid (const HostdRewrite *self);
const char *hostd_rewrite_get_policy_digest (const HostdRewrite *self);

G_END_DECLS
