/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "base/reasons.h"
#include "launch/request.h"
#include "launch/templates.h"

G_BEGIN_DECLS

/*
 * Where the XML comes from: libvirt completes it on the way, and some assertions hold only at some.
 */
typedef enum {
  HOSTD_STAGE_DEFINITION, /* about to be defined, or `virsh dumpxml --inactive` */
  HOSTD_STAGE_PREPARE,    /* the hook's stdin at prepare: live XML, devices completed */
  HOSTD_STAGE_START, /* the hook's stdin at start and started, `virsh dumpxml` of a running one */
} HostdStage;
gboolean hostd_stage_from_name (const char *name, HostdStage *ret_stage);
const char *hostd_stage_name (HostdStage stage); /* "definition", "prepare", "start" */

/*
 * Judges a finished domain XML against the assertions of a policy and of its technology. Shares no
 * code with Rewrite but the guarded parser and the XPath functions (launch/document.h,
 * launch/xpath-functions.h): libxml2 evaluates every assertion, HOSTD_XPATH_EXACT.
 */
typedef struct HostdVerify HostdVerify;

/*
 * With launch data in @request the XML must carry exactly that data. @facts may be NULL: what needs
 * a fact is then "not checked", and is said in the notes.
 *
 * NOT_OURS if the domain has neither launchSecurity (in whatever disguise) nor our metadata nor a
 * request for protection in Nova's, unless @bound says that the caller knows better. Errors as
 * hostd_rewrite_run().
 */
HostdVerify *hostd_verify_run (const HostdTemplates *templates, const HostdRequest *request,
                               const HostdFacts *facts, const char *xml, gsize length,
                               HostdStage stage, gboolean bound, GError **error);
void hostd_verify_free (HostdVerify *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdVerify, hostd_verify_free)

HostdVerdict hostd_verify_get_verdict (const HostdVerify *self);
const HostdReasons *hostd_verify_get_reasons (const HostdVerify *self);
const HostdReasons *hostd_verify_get_notes (const HostdVerify *self);
gboolean hostd_verify_get_technology (const HostdVerify *self, HostdTechnology *ret_technology);

/*
 * A first look at a domain, for who has no policy yet (the gate): its UUID in lower case, whether
 * it asks for protection, and the policy that our metadata names. Strings are NULL where absent.
 */
typedef struct {
  char *uuid;
  char *policy;
  gboolean asks; /* as in NOT_OURS above */
  gboolean has_launch_security;
  gboolean live;     /* the root has an id: libvirt runs it, or is about to */
  guint64 memory;    /* bytes, as the guest starts with; 0 unknown */
  gboolean assigned; /* a device of the host is passed through to it */
  GHashTable *data;  /* launchSecurity's children and attributes by name: text, or a child's path */
  struct HostdDocument *document; /* launch/ alone */
} HostdGlance;

/*
 * May the guest go elsewhere, or come back, with its memory (live migration, a saved state)? By the
 * migration row of @technology; NULL: of every technology that the domain's launchSecurity may be.
 * FALSE with the row's reason, which @templates own, or NULL where nobody knows the technology.
 */
gboolean hostd_glance_may_move (const HostdGlance *self, const HostdTemplates *templates,
                                const HostdTechnology *technology, const char **ret_because);

HostdGlance *hostd_glance_at (const char *xml, gsize length, GError **error);
void hostd_glance_free (HostdGlance *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdGlance, hostd_glance_free)

/*
 * hostd_verify_run() of a domain that was glanced at, which need not be parsed again, by @policy,
 * whatever the request names: it need not be among @templates, but is a policy as it was when
 * somebody was promised it.
 */
HostdVerify *hostd_verify_glanced (const HostdTemplates *templates, const HostdPolicy *policy,
                                   const HostdRequest *request, const HostdFacts *facts,
                                   const HostdGlance *glance, HostdStage stage, gboolean bound,
                                   GError **error);

G_END_DECLS
