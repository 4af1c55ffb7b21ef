/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/choice.h"

#include "base/error.h"

#include <string.h>

static HostdUsability
usability_of (const HostdFacts *facts, const HostdTechnologyTemplate *t)
{
  return facts ? facts->technology[t->technology].usability : HOSTD_USABILITY_USABLE;
}

static void
blame_host (HostdReasons *reasons, const HostdFacts *facts, const HostdTechnologyTemplate *t,
            const char *path)
{
  const HostdTechnologyFacts *f = &facts->technology[t->technology];
  const char *layer = hostd_layer_name (f->layer);

  hostd_reasons_add (reasons, "host", path, "this host cannot launch %s guests: %s%s%s%s%s",
                     hostd_technology_name (t->technology),
                     layer ? layer : hostd_usability_name (f->usability), f->cause ? ": " : "",
                     f->cause ? f->cause : "", f->fix ? "; " : "", f->fix ? f->fix : "");
}

/* The policy's technologies that the request and the author's own launchSecurity leave. */
static GPtrArray *
candidates (const HostdTemplates *templates, const HostdPolicy *policy, const char *named,
            HostdXPath *xpath, xmlNodePtr domain, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  gboolean author = hostd_node_child (domain, "launchSecurity") != NULL;

  for (guint i = 0; i < hostd_policy_count_technologies (policy); i++) {
    const HostdTechnologyTemplate *t =
        hostd_templates_get_technology (templates, hostd_policy_get_technology (policy, i));
    gboolean match = TRUE;

    if (named && strcmp (named, hostd_technology_name (t->technology)) != 0)
      continue;
    /* Where only one is left anyway, its rules say better what is wrong with the author's. */
    if (author && !named && hostd_policy_count_technologies (policy) > 1 &&
        !hostd_xpath_test (xpath, domain, t->match, &match, error))
      return NULL;
    if (match)
      g_ptr_array_add (list, (gpointer) t);
  }
  return g_steal_pointer (&list);
}

static void
explain_none (const HostdPolicy *policy, const char *named, xmlNodePtr domain,
              HostdReasons *reasons)
{
  xmlNodePtr security = hostd_node_child (domain, "launchSecurity");
  xmlAttrPtr type = security ? xmlHasNsProp (security, (const xmlChar *) "type", NULL) : NULL;
  g_autofree char *path = NULL, *word = NULL;

  if (named) {
    hostd_reasons_add (reasons, "technology", "/domain", "policy %s does not accept %s",
                       hostd_policy_get_name (policy), named);
    return;
  }
  path = hostd_node_path (type ? (xmlNodePtr) type : security);
  word = hostd_node_text ((xmlNodePtr) type);
  hostd_reasons_add (reasons, "technology", path,
                     "launchSecurity '%s' as it stands is none of those that policy %s accepts",
                     word ? word : "", hostd_policy_get_name (policy));
}

const HostdTechnologyTemplate *
hostd_choose_technology (const HostdTemplates *templates, const HostdPolicy *policy,
                         const HostdRequest *request, const HostdFacts *facts, HostdXPath *xpath,
                         xmlNodePtr domain, HostdReasons *reasons, HostdReasons *notes,
                         GError **error)
{
  const char *named = hostd_request_get_technology (request);
  xmlNodePtr security = hostd_node_child (domain, "launchSecurity");
  xmlAttrPtr type = security ? xmlHasNsProp (security, (const xmlChar *) "type", NULL) : NULL;
  g_autoptr (GPtrArray) list = candidates (templates, policy, named, xpath, domain, error);
  g_autofree char *path = NULL;

  if (list == NULL)
    return NULL;
  if (list->len == 0) {
    explain_none (policy, named, domain, reasons);
    return NULL;
  }
  for (guint i = 0; i < list->len; i++)
    if (usability_of (facts, g_ptr_array_index (list, i)) == HOSTD_USABILITY_USABLE)
      return g_ptr_array_index (list, i);
  for (guint i = 0; i < list->len; i++) {
    const HostdTechnologyTemplate *t = g_ptr_array_index (list, i);

    if (usability_of (facts, t) != HOSTD_USABILITY_UNKNOWN)
      continue;
    hostd_reasons_add (
        notes, "host", "/domain", "whether this host can launch %s guests is unknown: %s",
        hostd_technology_name (t->technology),
        facts->technology[t->technology].cause ? facts->technology[t->technology].cause
                                               : "not everything could be read");
    return t;
  }
  path = hostd_node_path (type ? (xmlNodePtr) type : domain);
  for (guint i = 0; i < list->len; i++)
    blame_host (reasons, facts, g_ptr_array_index (list, i), path);
  return g_ptr_array_index (list, 0);
}

const HostdTechnologyTemplate *
hostd_recognise_technology (const HostdTemplates *templates, const HostdPolicy *policy,
                            HostdXPath *xpath, xmlNodePtr domain, GError **error)
{
  g_autoptr (GPtrArray) list = NULL;

  if (hostd_policy_count_technologies (policy) == 1)
    return hostd_templates_get_technology (templates, hostd_policy_get_technology (policy, 0));
  if (hostd_node_child (domain, "launchSecurity") == NULL)
    return NULL;
  list = candidates (templates, policy, NULL, xpath, domain, error);
  return list && list->len ? g_ptr_array_index (list, 0) : NULL;
}
