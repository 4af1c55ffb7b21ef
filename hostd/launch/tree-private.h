/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/tree.h"

G_BEGIN_DECLS

/* Shared by tree.c and tree-build.c, and nobody else. */

typedef struct {
  char *at, *end; /* what is free of the block in use */
} HostdPool;

typedef struct HostdBlock HostdBlock;

struct HostdTree {
  HostdBlock *blocks;
  HostdBlock *odd_blocks; /* of one thing that is too large for a common one */
  /* Who looks for an element goes from one to the next: what they hold does not lie between. */
  HostdPool elements, others;

  /* While it is built: */
  xmlNode top;     /* has the children that will be the document's */
  xmlNodePtr text; /* may still grow, if it is the last of its parent */
  gsize text_length, text_size;
};

gpointer hostd_tree_alloc_from (HostdTree *self, HostdPool *pool, gsize size);

/* Nodes, not linked to a parent. What is called @name is not copied: it outlives the tree. */

xmlNodePtr hostd_tree_new_element (HostdTree *self, xmlDocPtr doc, const xmlChar *name);
/* A text, CDATA section, comment or processing instruction, with a copy of @content. */
xmlNodePtr hostd_tree_new_leaf (HostdTree *self, xmlDocPtr doc, xmlElementType type,
                                const xmlChar *name, const xmlChar *content, gsize length);
void hostd_tree_link (xmlNodePtr parent, xmlNodePtr node);

/* An attribute of @element, linked behind @last, which is its last one or NULL. */
xmlAttrPtr hostd_tree_new_attribute (HostdTree *self, xmlNodePtr element, xmlNsPtr ns,
                                     const xmlChar *name, xmlAttrPtr last);
void hostd_tree_set_value (HostdTree *self, xmlAttrPtr attr, const xmlChar *value, gsize length);

/* With copies of both, which may be NULL. */
xmlNsPtr hostd_tree_new_namespace (HostdTree *self, const xmlChar *href, const xmlChar *prefix);

G_END_DECLS
