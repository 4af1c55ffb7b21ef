/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/tree.h"

#include "launch/tree-private.h"

#include <libxml/parserInternals.h>
#include <string.h>

#define BLOCK_SIZE (32u * 1024)
#define ALIGNMENT sizeof (gpointer) /* of the largest member of a node */

/*
 * Blocks that are given back at the heap's end go back to the kernel, which then has to clear them
 * for the next domain: each thread keeps as many as one with a hundred disks takes. None where a
 * sanitizer looks for what is used after it was freed.
 */
#define KEPT_BLOCKS 32
#ifdef __SANITIZE_ADDRESS__
#undef KEPT_BLOCKS
#define KEPT_BLOCKS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#undef KEPT_BLOCKS
#define KEPT_BLOCKS 0
#endif
#endif

struct HostdBlock {
  HostdBlock *next;
  guint count; /* of this one and those after it, while they are kept */
};

static void
free_blocks (HostdBlock *list)
{
  while (list) {
    HostdBlock *block = list;

    list = block->next;
    g_free (block);
  }
}

static GPrivate idle_blocks = G_PRIVATE_INIT ((GDestroyNotify) free_blocks);

static void
keep_blocks (HostdBlock *list)
{
  HostdBlock *idle = g_private_get (&idle_blocks);

  while (list && (idle ? idle->count : 0) < KEPT_BLOCKS) {
    HostdBlock *block = list;

    list = block->next;
    block->next = idle;
    block->count = (idle ? idle->count : 0) + 1;
    idle = block;
  }
  g_private_set (&idle_blocks, idle);
  free_blocks (list);
}

static HostdBlock *
take_block (void)
{
  HostdBlock *block = g_private_get (&idle_blocks);

  if (block == NULL)
    return g_malloc (sizeof *block + BLOCK_SIZE);
  g_private_set (&idle_blocks, block->next);
  return block;
}

static char *
add_block (HostdBlock **list, HostdBlock *block)
{
  block->next = *list;
  *list = block;
  return (char *) (block + 1);
}

HostdTree *
hostd_tree_new (void)
{
  HostdTree *self = g_new0 (HostdTree, 1);

  self->top.type = XML_DOCUMENT_FRAG_NODE;
  return self;
}

void
hostd_tree_free (HostdTree *self)
{
  if (self == NULL)
    return;
  keep_blocks (self->blocks);
  free_blocks (self->odd_blocks);
  g_free (self);
}

gpointer
hostd_tree_alloc_from (HostdTree *self, HostdPool *pool, gsize size)
{
  char *memory = pool->at;

  size = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  if (size <= (gsize) (pool->end - pool->at)) {
    pool->at += size;
    return memory;
  }
  if (size > BLOCK_SIZE / 4)
    return add_block (&self->odd_blocks, g_malloc (sizeof (HostdBlock) + size));
  memory = add_block (&self->blocks, take_block ());
  pool->at = memory + size;
  pool->end = memory + BLOCK_SIZE;
  return memory;
}

gpointer
hostd_tree_alloc (HostdTree *self, gsize size)
{
  return hostd_tree_alloc_from (self, &self->others, size);
}

char *
hostd_tree_strdup (HostdTree *self, const char *text)
{
  gsize size = strlen (text) + 1;

  return memcpy (hostd_tree_alloc (self, size), text, size);
}

/* ---- nodes ---- */

xmlNodePtr
hostd_tree_new_element (HostdTree *self, xmlDocPtr doc, const xmlChar *name)
{
  xmlNodePtr node = hostd_tree_alloc_from (self, &self->elements, sizeof *node);

  *node = (xmlNode){ .type = XML_ELEMENT_NODE, .name = name, .doc = doc };
  return node;
}

xmlNodePtr
hostd_tree_new_leaf (HostdTree *self, xmlDocPtr doc, xmlElementType type, const xmlChar *name,
                     const xmlChar *content, gsize length)
{
  xmlNodePtr node = hostd_tree_alloc_from (self, &self->others, sizeof *node + length + 1);

  *node = (xmlNode){ .type = type, .name = name, .doc = doc, .content = (xmlChar *) (node + 1) };
  memcpy (node->content, content, length);
  node->content[length] = '\0';
  return node;
}

xmlAttrPtr
hostd_tree_new_attribute (HostdTree *self, xmlNodePtr element, xmlNsPtr ns, const xmlChar *name,
                          xmlAttrPtr last)
{
  xmlAttrPtr attr = hostd_tree_alloc_from (self, &self->others, sizeof *attr);

  *attr = (xmlAttr){ .type = XML_ATTRIBUTE_NODE,
                     .name = name,
                     .doc = element->doc,
                     .parent = element,
                     .prev = last,
                     .ns = ns };
  if (last)
    last->next = attr;
  else
    element->properties = attr;
  return attr;
}

void
hostd_tree_set_value (HostdTree *self, xmlAttrPtr attr, const xmlChar *value, gsize length)
{
  xmlNodePtr text =
      hostd_tree_new_leaf (self, attr->doc, XML_TEXT_NODE, xmlStringText, value, length);

  text->parent = (xmlNodePtr) attr;
  attr->children = attr->last = text;
}

void
hostd_tree_link (xmlNodePtr parent, xmlNodePtr node)
{
  node->parent = parent;
  node->prev = parent->last;
  if (parent->last)
    parent->last->next = node;
  else
    parent->children = node;
  parent->last = node;
}

/* ---- changes ---- */

xmlNodePtr
hostd_tree_add_element (HostdTree *self, xmlNodePtr parent, const char *name)
{
  const xmlChar *copy = (const xmlChar *) hostd_tree_strdup (self, name);
  xmlNodePtr node = hostd_tree_new_element (self, parent->doc, copy);

  hostd_tree_link (parent, node);
  return node;
}

void
hostd_tree_add_text (HostdTree *self, xmlNodePtr parent, const char *text)
{
  hostd_tree_link (parent, hostd_tree_new_leaf (self, parent->doc, XML_TEXT_NODE, xmlStringText,
                                                (const xmlChar *) text, strlen (text)));
}

void
hostd_tree_set_attribute (HostdTree *self, xmlNodePtr element, const char *name, const char *value)
{
  xmlAttrPtr attr = xmlHasNsProp (element, (const xmlChar *) name, NULL), last = NULL;

  if (attr == NULL) {
    for (xmlAttrPtr a = element->properties; a; a = a->next)
      last = a;
    attr = hostd_tree_new_attribute (self, element, NULL,
                                     (const xmlChar *) hostd_tree_strdup (self, name), last);
  }
  hostd_tree_set_value (self, attr, (const xmlChar *) value, strlen (value));
}

void
hostd_tree_set_namespace (HostdTree *self, xmlNodePtr element, const char *href, const char *prefix)
{
  element->ns = hostd_tree_new_namespace (self, (const xmlChar *) href, (const xmlChar *) prefix);
  element->ns->next = element->nsDef;
  element->nsDef = element->ns;
}

xmlNsPtr
hostd_tree_new_namespace (HostdTree *self, const xmlChar *href, const xmlChar *prefix)
{
  xmlNsPtr ns = hostd_tree_alloc (self, sizeof *ns);

  *ns = (xmlNs){ .type = XML_LOCAL_NAMESPACE };
  ns->href = href ? (const xmlChar *) hostd_tree_strdup (self, (const char *) href) : NULL;
  ns->prefix = prefix ? (const xmlChar *) hostd_tree_strdup (self, (const char *) prefix) : NULL;
  return ns;
}
