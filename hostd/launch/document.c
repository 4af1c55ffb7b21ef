/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/document.h"

#include "base/error.h"
#include "launch/markup.h"

#include <libxml/parser.h>
#include <string.h>

char hostd_node_made;

void
hostd_xml_set_error (GError **error, const char *prefix)
{
  const xmlError *last = xmlGetLastError ();
  g_autofree char *message = g_strstrip (g_strdup (last && last->message ? last->message : "?"));
  gboolean deep = strstr (message, "xcessive depth") != NULL;

  g_set_error (error, HOSTD_ERROR, deep ? HOSTD_ERROR_TOO_LARGE : HOSTD_ERROR_INVALID,
               "%s line %d: %s", prefix, last ? last->line : 0,
               deep ? "elements nested deeper than 256 levels" : message);
}

static gboolean
refuse (GError **error, HostdError code, const char *why)
{
  g_set_error (error, HOSTD_ERROR, (int) code, "domain XML refused: %s", why);
  return FALSE;
}

/* What may stand before the root: white space, comments and processing instructions, no DOCTYPE. */
static gboolean
has_doctype (const char *p)
{
  for (;;) {
    const char *end;

    while (g_ascii_isspace (*p))
      p++;
    if (g_str_has_prefix (p, "<!--"))
      end = strstr (p + 4, "-->");
    else if (g_str_has_prefix (p, "<?"))
      end = strstr (p, "?>");
    else
      return g_str_has_prefix (p, "<!");
    if (end == NULL)
      return FALSE;
    p = end + 2;
    if (*p == '>')
      p++;
  }
}

static gboolean
encoding_is_utf8 (const char *p)
{
  const char *end, *at;
  g_autofree char *name = NULL;
  char quote;

  if (!g_str_has_prefix (p, "<?xml") || (end = strstr (p, "?>")) == NULL)
    return TRUE;
  at = g_strstr_len (p, end - p, "encoding");
  if (at == NULL)
    return TRUE;
  for (at += strlen ("encoding"); at < end && (g_ascii_isspace (*at) || *at == '='); at++)
    ;
  quote = *at++;
  for (p = at; p < end && *p != quote; p++)
    ;
  name = g_strndup (at, p - at);
  return g_ascii_strcasecmp (name, "UTF-8") == 0 || g_ascii_strcasecmp (name, "UTF8") == 0;
}

/* Most domains are, and this is looked at eight bytes at a time. */
static gboolean
is_ascii (const char *text)
{
  gsize length = strlen (text), i = 0;
  guint64 high = 0;

  for (; i + sizeof high <= length; i += sizeof high) {
    guint64 word;

    memcpy (&word, text + i, sizeof word);
    high |= word;
  }
  for (; i < length; i++)
    high |= (guchar) text[i];
  return (high & G_GUINT64_CONSTANT (0x8080808080808080)) == 0;
}

static gboolean
check_bytes (const char *text, gsize length, GError **error)
{
  const guchar *b = (const guchar *) text;

  if (length >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff) ||
                      (b[0] == '<' && b[1] == 0) || (b[0] == 0 && b[1] == '<')))
    return refuse (error, HOSTD_ERROR_INVALID, "encoded in UTF-16 or UTF-32, expected UTF-8");
  if (memchr (text, 0, length) != NULL)
    return refuse (error, HOSTD_ERROR_INVALID, "a NUL byte in it");
  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    text += 3;
  if (!encoding_is_utf8 (text))
    return refuse (error, HOSTD_ERROR_INVALID, "it declares another encoding than UTF-8");
  if (!is_ascii (text) && !g_utf8_validate (text, -1, NULL))
    return refuse (error, HOSTD_ERROR_INVALID, "not valid UTF-8, the one encoding accepted");
  if (has_doctype (text))
    return refuse (error, HOSTD_ERROR_INVALID, "a DOCTYPE has no place in a domain");
  return TRUE;
}

/*
 * A parser sets itself up for longer than a small domain takes: each thread keeps one, with the
 * names it knows, unless a strange text made those many. They live as long as any document with
 * them.
 */
#define KEPT_NAMES_MAX_BYTES 65536
static GPrivate idle_parser = G_PRIVATE_INIT ((GDestroyNotify) xmlFreeParserCtxt);
static GPrivate idle_tree_parser = G_PRIVATE_INIT ((GDestroyNotify) xmlFreeParserCtxt);

/* For a document's own tree, or with NULL one of libxml2's. */
static xmlParserCtxtPtr
take_parser (HostdTree *tree)
{
  GPrivate *idle = tree ? &idle_tree_parser : &idle_parser;
  xmlParserCtxtPtr parser = g_private_get (idle);

  g_private_set (idle, NULL);
  if (parser == NULL) {
    parser = xmlNewParserCtxt ();
    if (tree)
      hostd_tree_prepare_parser (parser);
  }
  if (tree)
    hostd_tree_begin (tree, parser);
  return parser;
}

static void
put_parser (xmlParserCtxtPtr parser, HostdTree *tree, gboolean well_formed)
{
  if (well_formed && xmlDictGetUsage (parser->dict) <= KEPT_NAMES_MAX_BYTES)
    g_private_replace (tree ? &idle_tree_parser : &idle_parser, parser);
  else
    xmlFreeParserCtxt (parser);
}

static gboolean
check_root (xmlDocPtr xml, GError **error)
{
  xmlNodePtr root = xmlDocGetRootElement (xml);

  if (root && root->ns == NULL && strcmp ((const char *) root->name, "domain") == 0)
    return TRUE;
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
               "domain XML refused: the root element is <%.64s>, expected <domain>%s",
               root ? (const char *) root->name : "?", root && root->ns ? " in no namespace" : "");
  return FALSE;
}

/* Of @self's text, which is complete but for its tree. */
static gboolean
parse (HostdDocument *self, GError **error)
{
  xmlParserCtxtPtr ctxt;
  gboolean well_formed;

  if (!check_bytes (self->text, self->length, error) ||
      !hostd_markup_check (self->text, self->length, error))
    return FALSE;
  xmlResetLastError ();
  ctxt = take_parser (self->tree);
  self->xml = xmlCtxtReadDoc (ctxt, (const xmlChar *) self->text, NULL, NULL,
                              XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                  XML_PARSE_NOBLANKS | XML_PARSE_COMPACT);
  well_formed = self->xml != NULL && ctxt->wellFormed && ctxt->nsWellFormed;
  if (!well_formed)
    hostd_xml_set_error (error, "domain XML refused: not well-formed,");
  if (self->tree && well_formed)
    hostd_tree_end (self->tree, self->xml);
  put_parser (ctxt, self->tree, well_formed);
  return well_formed && check_root (self->xml, error);
}

static gboolean
check_length (gsize length, GError **error)
{
  return length <= HOSTD_DOMAIN_MAX_BYTES ||
         refuse (error, HOSTD_ERROR_TOO_LARGE, "larger than the 4 MiB that libvirt takes");
}

static HostdDocument *
document_new (const char *text, gsize length, HostdTree *tree)
{
  HostdDocument *self = g_new0 (HostdDocument, 1);

  self->text = text;
  self->length = length;
  self->tree = tree;
  return self;
}

/* Callers' texts need no NUL at the end, and the scanners here count on one. */
static void
copy_text (HostdDocument *self)
{
  self->copy = g_malloc (self->length + 1);
  memcpy (self->copy, self->text, self->length);
  self->copy[self->length] = '\0';
  self->text = self->copy;
}

HostdDocument *
hostd_document_parse (const char *text, gsize length, GError **error)
{
  g_autoptr (HostdDocument) self = NULL;

  if (!check_length (length, error))
    return NULL;
  self = document_new (text, length, NULL);
  copy_text (self);
  return parse (self, error) ? g_steal_pointer (&self) : NULL;
}

HostdDocument *
hostd_document_parse_editable (const char *text, gsize length, GError **error)
{
  g_autoptr (HostdDocument) self = NULL;

  if (!check_length (length, error))
    return NULL;
  self = document_new (text, length, hostd_tree_new ());
  copy_text (self);
  return parse (self, error) ? g_steal_pointer (&self) : NULL;
}

HostdDocument *
hostd_document_parse_editable_borrowed (const char *text, gsize length, GError **error)
{
  g_autoptr (HostdDocument) self = NULL;

  if (!check_length (length, error))
    return NULL;
  self = document_new (text, length, hostd_tree_new ());
  return parse (self, error) ? g_steal_pointer (&self) : NULL;
}

void
hostd_document_free (HostdDocument *self)
{
  if (self == NULL)
    return;
  /* The text first: freed behind the tree, it makes glibc give all of it back to the kernel. */
  g_free (self->copy);
  if (self->xml && self->tree)
    self->xml->children = self->xml->last = NULL;
  if (self->xml)
    xmlFreeDoc (self->xml);
  hostd_tree_free (self->tree);
  g_free (self);
}

static gboolean
same_name (xmlNodePtr a, xmlNodePtr b)
{
  const xmlChar *x = a->ns ? a->ns->href : NULL, *y = b->ns ? b->ns->href : NULL;

  return xmlStrEqual (a->name, b->name) && xmlStrEqual (x, y);
}

/* One step; a prefix is used only if the root declares it, since that is what a reader has at hand.
 */
static char *
step_for (xmlNodePtr node)
{
  xmlNodePtr root = xmlDocGetRootElement (node->doc);
  gboolean any = FALSE;
  g_autofree char *name = NULL;
  guint index = 1, count = 0;

  if (node->ns == NULL) {
    name = g_strdup ((const char *) node->name);
  } else {
    xmlNsPtr at_root = node->ns->prefix ? xmlSearchNs (node->doc, root, node->ns->prefix) : NULL;

    if (at_root && xmlStrEqual (at_root->href, node->ns->href))
      name = g_strdup_printf ("%s:%s", (const char *) node->ns->prefix, (const char *) node->name);
    else if (xmlStrEqual (node->ns->href, (const xmlChar *) HOSTD_NS_QEMU))
      name = g_strdup_printf ("qemu:%s", (const char *) node->name);
    else
      any = TRUE;
  }
  if (node->parent == NULL || node->parent->type != XML_ELEMENT_NODE)
    return g_steal_pointer (&name);
  for (xmlNodePtr n = node->parent->children; n; n = n->next) {
    if (n->type != XML_ELEMENT_NODE || n->_private == &hostd_node_made ||
        !(any || same_name (n, node)))
      continue;
    count++;
    if (n == node)
      index = count;
  }
  if (any)
    return g_strdup_printf ("*[%u]", index);
  return count > 1 ? g_strdup_printf ("%s[%u]", name, index) : g_steal_pointer (&name);
}

char *
hostd_node_path (xmlNodePtr node)
{
  g_autoptr (GString) path = g_string_new (NULL);

  if (node->type == XML_ATTRIBUTE_NODE) {
    g_string_printf (path, "/@%s%s%s", node->ns ? (const char *) node->ns->prefix : "",
                     node->ns ? ":" : "", (const char *) node->name);
    node = node->parent;
  }
  for (; node && node->type == XML_ELEMENT_NODE; node = node->parent) {
    g_autofree char *step = step_for (node);

    g_string_prepend (path, step ? step : "*");
    g_string_prepend_c (path, '/');
  }
  return g_string_free (g_steal_pointer (&path), FALSE);
}

xmlNodePtr
hostd_node_child (xmlNodePtr parent, const char *name)
{
  for (xmlNodePtr n = parent ? parent->children : NULL; n; n = n->next)
    if (n->type == XML_ELEMENT_NODE && n->ns == NULL && hostd_name_is (n->name, name))
      return n;
  return NULL;
}

const char *
hostd_attribute_value (xmlAttrPtr attr)
{
  /* Without a DTD there are no entities: the value is one text, or nothing. */
  return attr->children && attr->children->content ? (const char *) attr->children->content : "";
}

const char *
hostd_node_attribute (xmlNodePtr node, const char *name)
{
  if (node == NULL || node->type != XML_ELEMENT_NODE)
    return NULL;
  for (xmlAttrPtr a = node->properties; a; a = a->next)
    if (a->ns == NULL && hostd_name_is (a->name, name))
      return hostd_attribute_value (a);
  return NULL;
}

char *
hostd_node_content (xmlNodePtr node)
{
  xmlNodePtr only = node->children;
  xmlChar *content;
  char *text;

  if (only && only->next == NULL && only->type == XML_TEXT_NODE && only->content)
    return g_strdup ((const char *) only->content);
  content = xmlNodeGetContent (node);
  text = g_strdup (content ? (const char *) content : "");
  xmlFree (content);
  return text;
}

char *
hostd_node_text (xmlNodePtr node)
{
  return node ? g_strstrip (hostd_node_content (node)) : NULL;
}

xmlNodePtr
hostd_document_metadata (xmlNodePtr domain)
{
  xmlNodePtr metadata = hostd_node_child (domain, "metadata");

  for (xmlNodePtr n = metadata ? metadata->children : NULL; n; n = n->next)
    if (n->type == XML_ELEMENT_NODE && n->ns &&
        strcmp ((const char *) n->ns->href, HOSTD_NS_CLOISTER) == 0)
      return n;
  return NULL;
}

char *
hostd_document_uuid (xmlNodePtr domain)
{
  g_autofree char *text = hostd_node_text (hostd_node_child (domain, "uuid"));
  g_autoptr (GString) uuid = g_string_new (NULL);

  /* libvirt takes hyphens anywhere, or none (virUUIDParse). */
  for (const char *p = text; p && *p; p++) {
    if (*p == '-')
      continue;
    if (!g_ascii_isxdigit (*p))
      return NULL;
    if (uuid->len == 8 || uuid->len == 13 || uuid->len == 18 || uuid->len == 23)
      g_string_append_c (uuid, '-');
    g_string_append_c (uuid, g_ascii_tolower (*p));
  }
  return uuid->len == 36 ? g_string_free (g_steal_pointer (&uuid), FALSE) : NULL;
}
