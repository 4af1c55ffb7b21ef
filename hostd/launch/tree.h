/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/*
 * The nodes of a document that is to be changed: libxml2's, for its XPath to work on, but in a few
 * blocks of memory instead of one for each node, each attribute and each value. Taking those and
 * giving them back is most of what a small tree costs.
 *
 * Of Rewrite alone: Verify has the tree that libxml2 makes. A unit test holds both to be one tree.
 *
 * The nodes must never be given to what frees one: xmlFreeNode(), xmlSetProp(), xmlRemoveProp(),
 * xmlNodeSetContent(), xmlFreeDoc() of a document that still has them. xmlUnlinkNode() is harmless.
 */
typedef struct HostdTree HostdTree;

HostdTree *hostd_tree_new (void);
/* All nodes go, in the tree or taken out of it. */
void hostd_tree_free (HostdTree *self);

/* Memory that lives as long as the tree. */
gpointer hostd_tree_alloc (HostdTree *self, gsize size);
char *hostd_tree_strdup (HostdTree *self, const char *text);

/* ---- changes; names and values are copied ---- */

/* Both at the end of @parent; the element in no namespace. */
xmlNodePtr hostd_tree_add_element (HostdTree *self, xmlNodePtr parent, const char *name);
void hostd_tree_add_text (HostdTree *self, xmlNodePtr parent, const char *text);
/* Of an attribute in no namespace. */
void hostd_tree_set_attribute (HostdTree *self, xmlNodePtr element, const char *name,
                               const char *value);
/* Declares a namespace on @element and puts it there. */
void hostd_tree_set_namespace (HostdTree *self, xmlNodePtr element, const char *href,
                               const char *prefix);

/* ---- tree-build.c ---- */

/* Has @parser build its documents' trees with what hostd_tree_begin() names. */
void hostd_tree_prepare_parser (xmlParserCtxtPtr parser);
/* What @parser reads next is built in @self. */
void hostd_tree_begin (HostdTree *self, xmlParserCtxtPtr parser);
/* Gives @doc what was built, once the parser has found it well-formed. */
void hostd_tree_end (HostdTree *self, xmlDocPtr doc);

G_END_DECLS
