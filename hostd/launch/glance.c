/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/parse.h"
#include "launch/document.h"
#include "launch/policy-private.h"
#include "launch/verify.h"

#include <string.h>

/* An element of that name anywhere, in any namespace: a guest that only looks encrypted asked too.
 */
static gboolean
mentions_security (xmlNodePtr node)
{
  for (xmlNodePtr n = node->children; n; n = n->next)
    if (n->type == XML_ELEMENT_NODE &&
        (strcmp ((const char *) n->name, "launchSecurity") == 0 || mentions_security (n)))
      return TRUE;
  return FALSE;
}

static gboolean
is_request (const char *name, const char *value)
{
  if (strcmp (name, "cc:policy") == 0 || strcmp (name, "cc:technology") == 0)
    return *value != '\0';
  if (strcmp (name, "cc:required") == 0 || strcmp (name, "hw:mem_encryption") == 0)
    return g_ascii_strcasecmp (value, "true") == 0 || strcmp (value, "1") == 0 ||
           g_ascii_strcasecmp (value, "yes") == 0;
  return FALSE;
}

/* Nova 32 and later write the flavor's extra specs into the domain's metadata. */
static gboolean
nova_asks (xmlNodePtr node)
{
  for (xmlNodePtr n = node ? node->children : NULL; n; n = n->next) {
    xmlChar *name;
    gboolean asks = FALSE;

    if (n->type != XML_ELEMENT_NODE)
      continue;
    if (strcmp ((const char *) n->name, "extraSpec") == 0 && n->ns &&
        strcmp ((const char *) n->ns->href, HOSTD_NS_NOVA) == 0 &&
        (name = xmlGetNoNsProp (n, (const xmlChar *) "name"))) {
      g_autofree char *value = hostd_node_text (n);

      asks = is_request ((const char *) name, value);
      xmlFree (name);
    }
    if (asks || nova_asks (n))
      return TRUE;
  }
  return FALSE;
}

gboolean
hostd_document_asks (xmlNodePtr domain)
{
  return hostd_document_metadata (domain) != NULL || mentions_security (domain) ||
         nova_asks (hostd_node_child (domain, "metadata"));
}

static GHashTable *
collect_data (xmlNodePtr security)
{
  GHashTable *data = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (xmlNodePtr n = security ? security->children : NULL; n; n = n->next) {
    xmlAttrPtr path;

    if (n->type != XML_ELEMENT_NODE || n->ns)
      continue;
    path = xmlHasNsProp (n, (const xmlChar *) "path", NULL);
    g_hash_table_replace (data, g_strdup ((const char *) n->name),
                          hostd_node_text (path ? (xmlNodePtr) path : n));
  }
  for (xmlAttrPtr a = security ? security->properties : NULL; a; a = a->next)
    g_hash_table_replace (data, g_strdup ((const char *) a->name),
                          hostd_node_text ((xmlNodePtr) a));
  return data;
}

static guint64
read_memory (xmlNodePtr domain)
{
  xmlNodePtr memory = hostd_node_child (domain, "memory");
  g_autofree char *text = memory ? hostd_node_text (memory) : NULL;
  guint64 bytes = 0;

  if (text == NULL || !hostd_parse_memory (text, hostd_node_attribute (memory, "unit"), &bytes))
    return 0;
  return bytes;
}

static gboolean
has_assigned_device (xmlNodePtr domain)
{
  xmlNodePtr devices = hostd_node_child (domain, "devices");

  for (xmlNodePtr n = devices ? devices->children : NULL; n; n = n->next)
    if (n->type == XML_ELEMENT_NODE && n->ns == NULL &&
        (g_str_equal ((const char *) n->name, "hostdev") ||
         (g_str_equal ((const char *) n->name, "interface") &&
          g_strcmp0 (hostd_node_attribute (n, "type"), "hostdev") == 0)))
      return TRUE;
  return FALSE;
}

HostdGlance *
hostd_glance_at (const char *xml, gsize length, GError **error)
{
  g_autoptr (HostdDocument) document = hostd_document_parse (xml, length, error);
  g_autoptr (HostdGlance) self = NULL;
  xmlNodePtr domain, ours;

  if (document == NULL)
    return NULL;
  self = g_new0 (HostdGlance, 1);
  domain = xmlDocGetRootElement (document->xml);
  ours = hostd_document_metadata (domain);
  self->uuid = hostd_document_uuid (domain);
  self->live = xmlHasNsProp (domain, (const xmlChar *) "id", NULL) != NULL;
  self->has_launch_security = hostd_node_child (domain, "launchSecurity") != NULL;
  self->data = collect_data (hostd_node_child (domain, "launchSecurity"));
  if (ours)
    self->policy =
        hostd_node_text ((xmlNodePtr) xmlHasNsProp (ours, (const xmlChar *) "policy", NULL));
  self->asks = hostd_document_asks (domain);
  self->memory = read_memory (domain);
  self->assigned = has_assigned_device (domain);
  self->document = g_steal_pointer (&document);
  return g_steal_pointer (&self);
}

void
hostd_glance_free (HostdGlance *self)
{
  if (self == NULL)
    return;
  g_free (self->uuid);
  g_free (self->policy);
  if (self->data)
    g_hash_table_unref (self->data);
  hostd_document_free (self->document);
  g_free (self);
}

gboolean
hostd_glance_may_move (const HostdGlance *self, const HostdTemplates *templates,
                       const HostdTechnology *technology, const char **ret_because)
{
  const char *type = g_hash_table_lookup (self->data, "type");
  gboolean known = FALSE;

  *ret_because = NULL;
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    const HostdTechnologyTemplate *template =
        hostd_templates_get_technology (templates, (HostdTechnology) i);

    if (template == NULL || (technology != NULL ? *technology != (HostdTechnology) i
                                                : g_strcmp0 (template->type, type) != 0))
      continue;
    known = TRUE;
    if (!template->moves) {
      *ret_because = template->moves_because;
      return FALSE;
    }
  }
  return known;
}
