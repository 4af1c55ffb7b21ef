/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/tree-private.h"

#include <libxml/parserInternals.h>
#include <string.h>

/*
 * What the parser finds, made into nodes: as libxml2's own SAX2.c does it for a document without
 * DTD, validation, entities and ids. The parser looks at its ctxt->node to tell white space that is
 * there for the eye, and at nothing else that is built.
 */

/* The document holds nothing until hostd_tree_end(): a parser frees one that is not well-formed. */
static HostdTree *
tree_of (xmlParserCtxtPtr ctxt)
{
  return ctxt->_private;
}

static void
link_here (xmlParserCtxtPtr ctxt, xmlNodePtr node)
{
  hostd_tree_link (ctxt->node ? ctxt->node : &tree_of (ctxt)->top, node);
}

/* ---- elements ---- */

/*
 * The value of an attribute, between @value and @end. One in which the parser has left references
 * (to an ampersand and the like) is a copy of its own that ends with a NUL, others are in the text
 * and end with a quote.
 */
static void
add_value (HostdTree *tree, xmlAttrPtr attr, const xmlChar *value, const xmlChar *end)
{
  xmlNodePtr list;
  xmlChar *plain;

  if (*end != '\0' || memchr (value, '&', end - value) == NULL) {
    hostd_tree_set_value (tree, attr, value, end - value);
    return;
  }
  list = xmlStringLenGetNodeList (attr->doc, value, (int) (end - value));
  plain = xmlNodeListGetString (attr->doc, list, 1);
  xmlFreeNodeList (list);
  hostd_tree_set_value (tree, attr, plain ? plain : (const xmlChar *) "",
                        plain ? strlen ((const char *) plain) : 0);
  xmlFree (plain);
}

/* @attributes: of each the name, the prefix, the namespace, where the value begins and ends. */
static void
add_attributes (HostdTree *tree, xmlNodePtr element, int n, const xmlChar **attributes)
{
  xmlAttrPtr last = NULL;

  for (const xmlChar **a = attributes; n > 0; n--, a += 5) {
    xmlNsPtr ns = a[1] ? xmlSearchNs (element->doc, element, a[1]) : NULL;

    last = hostd_tree_new_attribute (tree, element, ns, a[0], last);
    add_value (tree, last, a[3], a[4]);
  }
}

/* @declared: of each the prefix and the namespace. */
static void
declare_namespaces (HostdTree *tree, xmlNodePtr element, int n, const xmlChar **declared)
{
  xmlNsPtr *next = &element->nsDef;

  for (; n > 0; n--, declared += 2, next = &(*next)->next)
    *next = hostd_tree_new_namespace (tree, declared[1], declared[0]);
}

static void
start_element (void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *href,
               int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
               const xmlChar **attributes)
{
  xmlParserCtxtPtr ctxt = ctx;
  HostdTree *tree = tree_of (ctxt);
  xmlNodePtr element = hostd_tree_new_element (tree, ctxt->myDoc, name);

  declare_namespaces (tree, element, n_namespaces, namespaces);
  link_here (ctxt, element);
  if (href)
    element->ns = xmlSearchNs (ctxt->myDoc, element, prefix);
  add_attributes (tree, element, n_attributes, attributes);
  ctxt->node = element;
}

static void
end_element (void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *href)
{
  xmlParserCtxtPtr ctxt = ctx;
  xmlNodePtr parent = ctxt->node ? ctxt->node->parent : NULL;

  ctxt->node = parent == &tree_of (ctxt)->top ? NULL : parent;
}

/* ---- what stands in them ---- */

/* A text comes in pieces: more of @tree->text, which is the last one. */
static void
grow_text (HostdTree *tree, const xmlChar *piece, gsize length)
{
  xmlNodePtr text = tree->text;

  if (tree->text_length + length >= tree->text_size) {
    xmlChar *old = text->content;

    tree->text_size = 2 * (tree->text_length + length + 1);
    text->content = hostd_tree_alloc (tree, tree->text_size);
    memcpy (text->content, old, tree->text_length);
  }
  memcpy (text->content + tree->text_length, piece, length);
  tree->text_length += length;
  text->content[tree->text_length] = '\0';
}

static void
add_text (xmlParserCtxtPtr ctxt, xmlElementType type, const xmlChar *name, const xmlChar *piece,
          gsize length)
{
  HostdTree *tree = tree_of (ctxt);
  xmlNodePtr parent = ctxt->node;

  if (parent == NULL)
    return;
  if (parent->last && parent->last == tree->text && parent->last->type == type) {
    grow_text (tree, piece, length);
    return;
  }
  tree->text = hostd_tree_new_leaf (tree, ctxt->myDoc, type, name, piece, length);
  tree->text_length = length;
  tree->text_size = length + 1;
  hostd_tree_link (parent, tree->text);
}

static void
characters (void *ctx, const xmlChar *piece, int length)
{
  add_text (ctx, XML_TEXT_NODE, xmlStringText, piece, length);
}

static void
cdata (void *ctx, const xmlChar *piece, int length)
{
  add_text (ctx, XML_CDATA_SECTION_NODE, NULL, piece, length);
}

static void
comment (void *ctx, const xmlChar *text)
{
  xmlParserCtxtPtr ctxt = ctx;

  link_here (ctxt, hostd_tree_new_leaf (tree_of (ctxt), ctxt->myDoc, XML_COMMENT_NODE,
                                        xmlStringComment, text, strlen ((const char *) text)));
}

static void
instruction (void *ctx, const xmlChar *target, const xmlChar *data)
{
  xmlParserCtxtPtr ctxt = ctx;
  const char *content = data ? (const char *) data : "";
  xmlNodePtr node = hostd_tree_new_leaf (tree_of (ctxt), ctxt->myDoc, XML_PI_NODE,
                                         xmlDictLookup (ctxt->dict, target, -1),
                                         (const xmlChar *) content, strlen (content));

  if (data == NULL)
    node->content = NULL;
  link_here (ctxt, node);
}

/* ---- the parser ---- */

void
hostd_tree_prepare_parser (xmlParserCtxtPtr parser)
{
  xmlSAXHandlerPtr sax = parser->sax;

  sax->startElementNs = start_element;
  sax->endElementNs = end_element;
  sax->characters = characters;
  sax->cdataBlock = cdata;
  sax->comment = comment;
  sax->processingInstruction = instruction;
  sax->reference = NULL; /* of entities, which only a DTD declares */
}

void
hostd_tree_begin (HostdTree *self, xmlParserCtxtPtr parser)
{
  parser->_private = self;
}

void
hostd_tree_end (HostdTree *self, xmlDocPtr doc)
{
  doc->children = self->top.children;
  doc->last = self->top.last;
  for (xmlNodePtr n = doc->children; n; n = n->next)
    n->parent = (xmlNodePtr) doc;
}
