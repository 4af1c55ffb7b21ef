/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/document.h"
#include "launch/verify.h"
#include "launch/xpath.h"

G_BEGIN_DECLS

/*
 * hostd_verify_run(), which is always HOSTD_XPATH_EXACT, of a text that was parsed already.
 * The document is only read.
 */
HostdVerify *hostd_verify_document (const HostdTemplates *templates, const HostdPolicy *policy,
                                    const HostdRequest *request, const HostdFacts *facts,
                                    HostdDocument *document, HostdXPathWay way, HostdStage stage,
                                    gboolean bound, GError **error);

G_END_DECLS
