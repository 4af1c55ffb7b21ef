/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"

G_BEGIN_DECLS

/*
 * One launch policy, compiled: what an operator decides (templates/policies/NAME.xml). Its
 * technologies' templates say what each of them demands of any guest.
 */
typedef struct HostdPolicy HostdPolicy;
typedef struct HostdTechnologyTemplate HostdTechnologyTemplate;

void hostd_policy_free (HostdPolicy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdPolicy, hostd_policy_free)

const char *hostd_policy_get_name (const HostdPolicy *self);
const char *hostd_policy_get_title (const HostdPolicy *self);
const char *hostd_policy_get_path (const HostdPolicy *self);
/* The file as it was read: what a binding keeps. */
const char *hostd_policy_get_text (const HostdPolicy *self);
/* "sha256:HEX" over the policy's text and those of the technologies and rule sets that it uses. */
const char *hostd_policy_get_digest (const HostdPolicy *self);

/* Technologies accepted, in order of preference. */
guint hostd_policy_count_technologies (const HostdPolicy *self);
HostdTechnology hostd_policy_get_technology (const HostdPolicy *self, guint index);

G_END_DECLS
