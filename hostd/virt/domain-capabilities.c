/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "virt/domain-capabilities.h"

#include "base/error.h"
#include "base/parse.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)

/* The first element of that name directly below @parent, which may be NULL. */
static xmlNode *
child (xmlNode *parent, const char *name)
{
  for (xmlNode *node = parent ? parent->children : NULL; node; node = node->next)
    if (node->type == XML_ELEMENT_NODE && g_str_equal ((const char *) node->name, name))
      return node;
  return NULL;
}

static char *
text_of (xmlNode *node)
{
  xmlChar *content = node ? xmlNodeGetContent (node) : NULL;
  char *text = content ? g_strstrip (g_strdup ((const char *) content)) : NULL;

  xmlFree (content);
  return text;
}

static gboolean
attribute_is (xmlNode *node, const char *name, const char *value)
{
  xmlChar *content = xmlGetNoNsProp (node, (const xmlChar *) name);
  gboolean same = g_strcmp0 ((const char *) content, value) == 0;

  xmlFree (content);
  return same;
}

static HostdSupport
support_of (xmlNode *features, const char *name)
{
  xmlNode *node = child (features, name);

  if (node == NULL)
    return HOSTD_SUPPORT_UNKNOWN;
  if (attribute_is (node, "supported", "yes"))
    return HOSTD_SUPPORT_YES;
  return attribute_is (node, "supported", "no") ? HOSTD_SUPPORT_NO : HOSTD_SUPPORT_UNKNOWN;
}

static gint64
number_of (xmlNode *parent, const char *name, guint64 max)
{
  g_autofree char *text = text_of (child (parent, name));
  guint64 value;

  return text && hostd_parse_decimal (text, max, &value) ? (gint64) value : -1;
}

/* <launchSecurity supported='no'/> has no list, and that is an answer: no types. */
static void
read_sectypes (HostdDomainCapabilities *self, xmlNode *security)
{
  g_autoptr (GPtrArray) types = NULL;

  if (security == NULL)
    return;
  types = g_ptr_array_new_with_free_func (g_free);
  for (xmlNode *list = security->children; list; list = list->next) {
    if (list->type != XML_ELEMENT_NODE || !g_str_equal ((const char *) list->name, "enum") ||
        !attribute_is (list, "name", "sectype"))
      continue;
    for (xmlNode *value = list->children; value; value = value->next)
      if (value->type == XML_ELEMENT_NODE)
        g_ptr_array_add (types, text_of (value));
  }
  g_ptr_array_add (types, NULL);
  self->has_sectypes = TRUE;
  self->sectypes = (char **) g_ptr_array_free (g_steal_pointer (&types), FALSE);
}

HostdDomainCapabilities *
hostd_domain_capabilities_parse (const char *xml, gsize length, GError **error)
{
  g_autoptr (HostdDomainCapabilities) self = NULL;
  g_autoptr (xmlDoc) document = NULL;
  xmlNode *root, *features, *sev;

  if (length > HOSTD_DOMAIN_CAPABILITIES_MAX) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE,
                 "libvirt's domain capabilities are larger than %u bytes",
                 HOSTD_DOMAIN_CAPABILITIES_MAX);
    return NULL;
  }
  document = xmlReadMemory (xml, length, NULL, NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  root = document ? xmlDocGetRootElement (document) : NULL;
  if (root == NULL || document->intSubset != NULL ||
      !g_str_equal ((const char *) root->name, "domainCapabilities")) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                 "this is not libvirt's domain capabilities: %s",
                 root == NULL                  ? "not XML"
                 : document->intSubset != NULL ? "it has a document type"
                                               : "another root element");
    return NULL;
  }

  self = g_new0 (HostdDomainCapabilities, 1);
  self->emulator = text_of (child (root, "path"));
  self->machine = text_of (child (root, "machine"));
  self->arch = text_of (child (root, "arch"));
  features = child (root, "features");
  self->sev = support_of (features, "sev");
  self->tdx = support_of (features, "tdx");
  self->sgx = support_of (features, "sgx");
  self->s390_pv = support_of (features, "s390-pv");
  sev = child (features, "sev");
  self->cbitpos = number_of (sev, "cbitpos", 63);
  self->max_guests = number_of (sev, "maxGuests", G_MAXUINT32);
  self->max_es_guests = number_of (sev, "maxESGuests", G_MAXUINT32);
  read_sectypes (self, child (features, "launchSecurity"));
  return g_steal_pointer (&self);
}

void
hostd_domain_capabilities_free (HostdDomainCapabilities *self)
{
  if (self == NULL)
    return;
  g_free (self->emulator);
  g_free (self->machine);
  g_free (self->arch);
  g_strfreev (self->sectypes);
  g_free (self);
}

gboolean
hostd_domain_capabilities_has_sectype (const HostdDomainCapabilities *self, const char *type)
{
  return self->has_sectypes && g_strv_contains ((const char *const *) self->sectypes, type);
}
