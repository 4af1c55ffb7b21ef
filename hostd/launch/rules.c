/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/work.h"

#include "base/error.h"
#include "base/parse.h"

#include <string.h>

void
hostd_work_set_attribute (HostdWork *work, const char *id, xmlNodePtr element, const char *name,
                          const char *value, HostdConflict conflict, const char *because)
{
  xmlAttrPtr attr = xmlHasNsProp (element, (const xmlChar *) name, NULL);
  g_autofree char *now = NULL;

  if (attr) {
    if (strcmp (hostd_attribute_value (attr), value) == 0)
      return;
    now = hostd_node_text ((xmlNodePtr) attr); /* white space around it says nothing */
    if (strcmp (now, value) == 0 || conflict == HOSTD_CONFLICT_KEEP)
      return;
    if (conflict == HOSTD_CONFLICT_REFUSE) {
      g_autofree char *path = hostd_node_path ((xmlNodePtr) attr);

      hostd_reasons_add (work->reasons, id, path,
                         "'%s' contradicts the policy, which wants '%s'%s%s", now, value,
                         because ? ": " : "", because ? because : "");
      return;
    }
  }
  hostd_spans_set_attribute (work->spans, element, name, value);
}

/* ---- ensure ---- */

static xmlNodePtr
find_child (xmlNodePtr parent, xmlNodePtr like, const char *key)
{
  for (xmlNodePtr n = parent->children; n; n = n->next) {
    if (n->type == XML_ELEMENT_NODE && n->ns == NULL &&
        hostd_name_is (n->name, (const char *) like->name) &&
        (key == NULL ||
         g_strcmp0 (hostd_node_attribute (n, key), hostd_node_attribute (like, key)) == 0))
      return n;
  }
  return NULL;
}

static void
ensure_text (HostdWork *work, const HostdRule *rule, xmlNodePtr have, xmlNodePtr want)
{
  g_autofree char *value = NULL, *now = NULL;

  for (xmlNodePtr n = want->children; n; n = n->next)
    if (n->type == XML_ELEMENT_NODE)
      return;
  value = hostd_node_text (want);
  if (*value == '\0')
    return;
  now = hostd_node_text (have);
  if (strcmp (now, value) == 0 || rule->conflict == HOSTD_CONFLICT_KEEP)
    return;
  if (rule->conflict == HOSTD_CONFLICT_REFUSE) {
    g_autofree char *path = hostd_node_path (have);

    hostd_reasons_add (work->reasons, rule->id, path,
                       "'%s' contradicts the policy, which wants '%s'", now, value);
    return;
  }
  hostd_spans_set_text (work->spans, have, value);
}

static void
ensure_element (HostdWork *work, const HostdRule *rule, xmlNodePtr parent, xmlNodePtr want)
{
  xmlNodePtr have = find_child (parent, want, rule->name);
  gboolean made = have == NULL;

  if (made) {
    have = hostd_spans_make (work->spans, parent, (const char *) want->name);
  } else if (have->_private != &hostd_node_made) {
    ensure_text (work, rule, have, want);
  }
  for (xmlAttrPtr a = want->properties; a; a = a->next) {
    hostd_work_set_attribute (work, rule->id, have, (const char *) a->name,
                              hostd_attribute_value (a), rule->conflict, rule->because);
  }
  for (xmlNodePtr n = want->children; n; n = n->next) {
    if (n->type == XML_ELEMENT_NODE)
      ensure_element (work, rule, have, n);
    else if (made && n->type == XML_TEXT_NODE && !xmlIsBlankNode (n))
      hostd_tree_add_text (work->document->tree, have, (const char *) n->content);
  }
}

/* ---- bits ---- */

static char *
list_bits (guint64 mask)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < 64; i++)
    if (mask >> i & 1)
      g_string_append_printf (list, "%sbit %u", list->len ? ", " : "", i);
  return g_string_free (list, FALSE);
}

static void
apply_bits (HostdWork *work, const HostdRule *rule, xmlNodePtr node)
{
  g_autofree char *text = hostd_node_text (node), *path = NULL;
  guint64 word, wanted;

  if (!hostd_parse_hex (text, &word)) {
    path = hostd_node_path (node);
    hostd_reasons_add (work->reasons, rule->id, path, "'%s' is no hexadecimal word", text);
    return;
  }
  wanted = (word | rule->set) & ~rule->clear;
  if (wanted == word)
    return;
  if (rule->conflict == HOSTD_CONFLICT_REPLACE || node->_private == &hostd_node_made) {
    const char *digits = g_str_has_prefix (text, "0x") ? text + 2 : text;
    g_autofree char *value =
        g_strdup_printf ("0x%0*" G_GINT64_MODIFIER "x", (int) strlen (digits), wanted);

    hostd_spans_set_text (work->spans, node, value);
    return;
  }
  path = hostd_node_path (node);
  if (rule->set & ~word) {
    g_autofree char *bits = list_bits (rule->set & ~word);

    hostd_reasons_add (work->reasons, rule->id, path, "%s: %s must be set: %s", text, bits,
                       rule->because);
  }
  if (rule->clear & word) {
    g_autofree char *bits = list_bits (rule->clear & word);

    hostd_reasons_add (work->reasons, rule->id, path, "%s: %s must be clear: %s", text, bits,
                       rule->because);
  }
}

/* ---- the others ---- */

static void
apply_remove (HostdWork *work, const HostdRule *rule, xmlNodePtr node)
{
  if (rule->because) {
    g_autofree char *path = hostd_node_path (node);

    hostd_reasons_add (work->notes, rule->id, path, "removed: %s", rule->because);
  }
  if (node->type == XML_ATTRIBUTE_NODE)
    hostd_spans_remove_attribute (work->spans, (xmlAttrPtr) node);
  else
    hostd_spans_remove (work->spans, node);
}

static void
apply_require (HostdWork *work, const HostdRule *rule)
{
  xmlNodePtr security = hostd_node_child (work->domain, "launchSecurity");

  if (security && (hostd_node_child (security, rule->name) ||
                   xmlHasNsProp (security, (const xmlChar *) rule->name, NULL)))
    return;
  hostd_reasons_add (work->reasons, rule->id, "/domain",
                     "launchSecurity has no %s, and the policy requires one: %s", rule->name,
                     rule->because);
}

static void
apply_to_node (HostdWork *work, const HostdRule *rule, xmlNodePtr node)
{
  g_autofree char *path = NULL;

  switch (rule->kind) {
  case HOSTD_RULE_ENSURE:
    for (xmlNodePtr n = rule->content; n; n = n->next)
      if (n->type == XML_ELEMENT_NODE)
        ensure_element (work, rule, node, n);
    break;
  case HOSTD_RULE_ATTRIBUTE:
    hostd_work_set_attribute (work, rule->id, node, rule->name, rule->value, rule->conflict,
                              rule->because);
    break;
  case HOSTD_RULE_BITS:
    apply_bits (work, rule, node);
    break;
  case HOSTD_RULE_REMOVE:
    apply_remove (work, rule, node);
    break;
  case HOSTD_RULE_REFUSE:
  case HOSTD_RULE_WARN:
    path = hostd_node_path (node);
    hostd_reasons_add (rule->kind == HOSTD_RULE_REFUSE ? work->reasons : work->notes, rule->id,
                       path, "%s", rule->because);
    break;
  case HOSTD_RULE_REQUIRE:
  case HOSTD_RULE_CALL:
    break;
  }
}

static gboolean
fits (HostdRuleKind kind, xmlNodePtr node)
{
  return node->type == XML_ELEMENT_NODE ||
         (kind != HOSTD_RULE_ENSURE && kind != HOSTD_RULE_ATTRIBUTE && kind != HOSTD_RULE_BITS);
}

static gboolean
apply_rule (HostdWork *work, const HostdRule *rule, GPtrArray *nodes, GError **error)
{

  if (rule->kind == HOSTD_RULE_CALL) {
    hostd_work_call (work, rule->name, rule->value);
    return TRUE;
  }
  if (rule->kind == HOSTD_RULE_REQUIRE) {
    apply_require (work, rule);
    return TRUE;
  }
  if (!hostd_xpath_select (work->xpath, rule->select, nodes, error)) {
    g_prefix_error (error, "rule %s (%s): ", rule->id, rule->expression);
    return FALSE;
  }
  for (guint i = 0; i < nodes->len; i++) {
    xmlNodePtr node = g_ptr_array_index (nodes, i);

    if (!fits (rule->kind, node)) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                   "rule %s (%s): it selects an attribute, and works on elements alone", rule->id,
                   rule->expression);
      return FALSE;
    }
    apply_to_node (work, rule, node);
  }
  return TRUE;
}

/* 0: what judges the author's text, before anything is changed. 1: what changes. 2: what takes
 * away. */
static int
phase_of (HostdRuleKind kind)
{
  switch (kind) {
  case HOSTD_RULE_REFUSE:
  case HOSTD_RULE_WARN:
    return 0;
  case HOSTD_RULE_REMOVE:
    return 2;
  case HOSTD_RULE_ENSURE:
  case HOSTD_RULE_ATTRIBUTE:
  case HOSTD_RULE_BITS:
  case HOSTD_RULE_REQUIRE:
  case HOSTD_RULE_CALL:
    return 1;
  }
  return 0;
}

gboolean
hostd_work_apply_rules (HostdWork *work, GError **error)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();

  for (int phase = 0; phase < 3; phase++) {
    for (guint i = 0; i < work->rulesets->len; i++) {
      const HostdRuleset *ruleset = g_ptr_array_index (work->rulesets, i);

      for (guint r = 0; r < ruleset->rules->len; r++) {
        const HostdRule *rule = g_ptr_array_index (ruleset->rules, r);

        if (phase_of (rule->kind) == phase && !apply_rule (work, rule, nodes, error))
          return FALSE;
      }
    }
  }
  return TRUE;
}
