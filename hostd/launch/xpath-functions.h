/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <libxml/xpath.h>

G_BEGIN_DECLS

/* Adds the functions that xpath.h lists; and the prefixes; the context's userData is a `const
 * HostdFacts *`. */
void hostd_xpath_register_functions (xmlXPathContextPtr context);

/* The namespace that a prefix of @length bytes stands for in templates, or NULL. */
const char *hostd_xpath_namespace (const char *prefix, gsize length);

/* Those without arguments, which look at the context node and at nothing of the host. */
typedef gboolean (*HostdNodeTest) (xmlNodePtr node);
/* NULL if @name is none of them. */
HostdNodeTest hostd_xpath_node_test (const char *name);

G_END_DECLS
