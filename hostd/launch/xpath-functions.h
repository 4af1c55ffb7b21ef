/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/xpath.h"

G_BEGIN_DECLS

/* Adds the functions that xpath.h lists; the context's userData is a `const HostdFacts *`. */
void hostd_xpath_register_functions (xmlXPathContextPtr context);

G_END_DECLS
