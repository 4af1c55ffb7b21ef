/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/reasons.h"
#include "launch/policy-private.h"
#include "launch/xpath.h"

G_BEGIN_DECLS

/*
 * Which of a policy's technologies a launch uses: the one that the request names; else the one
 * whose launchSecurity the author has written; else the first in the policy's order that the host
 * can do.
 *
 * @reasons (may be NULL) takes why the guest or the host rules it out. A technology is returned
 * even then where one is meant, so that the guest's other faults can be told in the same answer;
 * NULL where none is.
 */
const HostdTechnologyTemplate *hostd_choose_technology (const HostdTemplates *templates,
                                                        const HostdPolicy *policy,
                                                        const HostdRequest *request,
                                                        const HostdFacts *facts, HostdXPath *xpath,
                                                        xmlNodePtr domain, HostdReasons *reasons,
                                                        HostdReasons *notes, GError **error);

/* For Verify: the technology that the finished text has, among the policy's; NULL if it has none.
 */
const HostdTechnologyTemplate *hostd_recognise_technology (const HostdTemplates *templates,
                                                           const HostdPolicy *policy,
                                                           HostdXPath *xpath, xmlNodePtr domain,
                                                           GError **error);

G_END_DECLS
