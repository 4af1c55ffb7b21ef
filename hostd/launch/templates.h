/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/policy.h"

G_BEGIN_DECLS

/*
 * The loaded templates: rule sets, technologies and launch policies, checked against their RelaxNG
 * schema and compiled. Immutable and reference counted, so that a reload swaps the whole set and
 * whoever is in the middle of a Rewrite keeps his own.
 */
typedef struct HostdTemplates HostdTemplates;

/*
 * @template_dir holds schema/, rulesets/, technologies/ and policies/. @policy_dirs
 * (NULL-terminated, may be NULL) are further folders of *.xml launch policies; one that does not
 * exist is an error unless it ends in a slash-less default the caller tested. A policy name that is
 * taken already is refused: nobody shall redefine "snp" by accident.
 *
 * Errors name file and line: "FILE:LINE: what is wrong".
 */
HostdTemplates *hostd_templates_load (const char *template_dir, const char *const *policy_dirs,
                                      GError **error);
HostdTemplates *hostd_templates_ref (HostdTemplates *self);
void hostd_templates_unref (HostdTemplates *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdTemplates, hostd_templates_unref)

/* Checks one policy file against the schema and these templates, without adding it. */
HostdPolicy *hostd_templates_check_policy (HostdTemplates *self, const char *path, GError **error);

/* The same of a policy that is in no file; @name stands for its path in errors. */
HostdPolicy *hostd_templates_check_policy_text (const HostdTemplates *self, const char *name,
                                                const char *text, gsize length, GError **error);

/* Sorted by name. */
guint hostd_templates_count_policies (const HostdTemplates *self);
const HostdPolicy *hostd_templates_get_policy (const HostdTemplates *self, guint index);
/* HOSTD_ERROR_NOT_FOUND, naming the policies there are. */
const HostdPolicy *hostd_templates_find_policy (const HostdTemplates *self, const char *name,
                                                GError **error);

/* NULL if no template is there for it. */
const HostdTechnologyTemplate *hostd_templates_get_technology (const HostdTemplates *self,
                                                               HostdTechnology technology);

G_END_DECLS
