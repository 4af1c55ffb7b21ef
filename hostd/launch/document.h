/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/tree.h"

#include <glib.h>
#include <libxml/tree.h>
#include <string.h>

G_BEGIN_DECLS

/*
 * A domain XML that may be looked at: parsed under guard, without network, entities, DTD or the
 * parser's "huge" and "recover" modes. Both Rewrite and Verify begin here.
 */

#define HOSTD_DOMAIN_MAX_BYTES                                                                     \
  (4u * 1024 * 1024) /* libvirt: VIR_REMOTE_STRING_MAX, src/remote/remote_protocol.x */

#define HOSTD_NS_QEMU "http://libvirt.org/schemas/domain/qemu/1.0"
#define HOSTD_NS_NOVA "http://openstack.org/xmlns/libvirt/nova/1.1"
#define HOSTD_NS_CLOISTER "urn:cloister:launch:1"

typedef struct HostdDocument {
  const char *text; /* terminated by a NUL that length does not count */
  gsize length;
  xmlDocPtr xml;
  char *copy;      /* the text, if it is the document's own */
  HostdTree *tree; /* that xml's nodes are of, or NULL: they are libxml2's */
} HostdDocument;

/*
 * HOSTD_ERROR_TOO_LARGE: bytes or depth. HOSTD_ERROR_INVALID: NUL, not UTF-8, another encoding,
 * DOCTYPE, not well-formed (with the line), a root that is not <domain>.
 */
HostdDocument *hostd_document_parse (const char *text, gsize length, GError **error);
/*
 * Likewise with a tree of our own (launch/tree.h), the one that may be changed: launch/spans.h. For
 * Rewrite.
 */
HostdDocument *hostd_document_parse_editable (const char *text, gsize length, GError **error);
/* Without a copy: @text ends with a NUL (which @length does not count), and outlives the document.
 */
HostdDocument *hostd_document_parse_editable_borrowed (const char *text, gsize length,
                                                       GError **error);
void hostd_document_free (HostdDocument *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdDocument, hostd_document_free)

/* The bridge of libxml2: the last error of this thread as ours, "PREFIX line N: message". */
void hostd_xml_set_error (GError **error, const char *prefix);

/*
 * An XPath that names exactly this element or attribute in the text as it was parsed. Elements that
 * were made since carry hostd_node_made in _private and do not count.
 */
extern char hostd_node_made;
char *hostd_node_path (xmlNodePtr node);

/* Most names that are compared differ in their first letter already: no call for those. */
static inline gboolean
hostd_name_is (const xmlChar *have, const char *name)
{
  return have[0] == (guchar) name[0] && strcmp ((const char *) have, name) == 0;
}

/* The first child element of that name in no namespace, or NULL. */
xmlNodePtr hostd_node_child (xmlNodePtr parent, const char *name);

/*
 * The value of an attribute in no namespace: borrowed, until it is changed. NULL if it is not
 * there, or for a NULL node.
 */
const char *hostd_node_attribute (xmlNodePtr node, const char *name);
/* Likewise of an attribute at hand. */
const char *hostd_attribute_value (xmlAttrPtr attr);

/* All text in an element or attribute. */
char *hostd_node_content (xmlNodePtr node);
/* Likewise without the white space around it; NULL for a NULL node. */
char *hostd_node_text (xmlNodePtr node);

/* The child of /domain/metadata that Rewrite writes, or NULL. */
xmlNodePtr hostd_document_metadata (xmlNodePtr domain);

/* Does the domain ask for protection: as HostdGlance.asks (launch/verify.h) has it. In glance.c. */
gboolean hostd_document_asks (xmlNodePtr domain);

/* The domain's UUID in lower case with hyphens, or NULL if there is none that is one. */
char *hostd_document_uuid (xmlNodePtr domain);

G_END_DECLS
