/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/ruleset.h"
#include "launch/templates.h"

G_BEGIN_DECLS

/* One template file as it was read; its tree stays, since rules point into it. */
typedef struct {
  char *path, *text;
  xmlDocPtr xml;
  HostdRuleset *ruleset;
} HostdTemplateFile;

HostdTemplateFile *hostd_template_file_ref (HostdTemplateFile *self);
void hostd_template_file_unref (HostdTemplateFile *self);

struct HostdPolicy {
  HostdTemplateFile *file;
  char *name, *title, *digest;
  GArray *technologies; /* (element-type HostdTechnology) */
};

struct HostdTechnologyTemplate {
  HostdTemplateFile *file;
  HostdTechnology technology;
  char *type;             /* launchSecurity/@type */
  HostdExpression *match; /* of the domain: is its author's launchSecurity this technology's */
  gboolean moves;         /* its migration row: a guest may go elsewhere with its memory */
  char *moves_because;    /* the row's reason */
};

/*
 * Everything that holds for one launch, in order: what the technology includes, the technology,
 * what the policy includes, the policy.
 */
GPtrArray *hostd_templates_rulesets_for (const HostdTemplates *self, const HostdPolicy *policy,
                                         const HostdTechnologyTemplate *technology);

/* Is @key launch data of any technology? */
gboolean hostd_templates_has_field (const HostdTemplates *self, const char *key);

G_END_DECLS
