/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/ruleset.h"

#include "base/error.h"
#include "base/parse.h"
#include "launch/xpath.h"

#include <string.h>

typedef struct {
  HostdRuleset *ruleset;
  const char *file;
} Compiler;

static void
rule_free (HostdRule *rule)
{
  g_free (rule->id);
  g_free (rule->expression);
  g_free (rule->because);
  g_free (rule->name);
  g_free (rule->value);
  hostd_expression_free (rule->select);
  g_free (rule);
}

static void
assertion_free (HostdAssertion *a)
{
  g_free (a->id);
  g_free (a->at);
  g_free (a->because);
  g_free (a->source);
  g_free (a->names);
  hostd_expression_free (a->test);
  g_strfreev (a->needs);
  g_free (a);
}

static void
field_free (HostdField *field)
{
  g_free (field->name);
  g_free (field);
}

void
hostd_ruleset_free (HostdRuleset *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->rules);
  g_ptr_array_unref (self->assertions);
  g_ptr_array_unref (self->contexts);
  g_ptr_array_unref (self->fields);
  g_ptr_array_unref (self->includes);
  g_free (self);
}

static char *
attribute (xmlNodePtr node, const char *name)
{
  xmlChar *value = xmlGetNoNsProp (node, (const xmlChar *) name);
  char *copy = g_strdup ((const char *) value);

  xmlFree (value);
  return copy;
}

static HostdExpression *
compile (Compiler *c, xmlNodePtr node, const char *text, HostdExpressionKind kind, GError **error)
{
  HostdExpression *expression = hostd_expression_compile (text, kind, error);

  if (expression == NULL)
    g_prefix_error (error, "%s:%d: \"%s\": ", c->file, node->line, text);
  return expression;
}

/* "0 3 6-15" as a mask; the schema has checked the form. */
static guint64
bit_mask (xmlNodePtr node, const char *name)
{
  g_autofree char *list = attribute (node, name);
  g_auto (GStrv) words = g_strsplit (list ? list : "", " ", -1);
  guint64 mask = 0;

  for (guint i = 0; words[i]; i++) {
    g_auto (GStrv) ends = g_strsplit (words[i], "-", 2);
    guint64 from, to;

    if (ends[0] == NULL || !hostd_parse_decimal (ends[0], 63, &from) ||
        !hostd_parse_decimal (ends[1] ? ends[1] : ends[0], 63, &to))
      continue;
    for (; from <= to; from++)
      mask |= G_GUINT64_CONSTANT (1) << from;
  }
  return mask;
}

static HostdConflict
conflict_of (xmlNodePtr node)
{
  g_autofree char *word = attribute (node, "conflict");

  if (g_strcmp0 (word, "keep") == 0)
    return HOSTD_CONFLICT_KEEP;
  if (g_strcmp0 (word, "replace") == 0)
    return HOSTD_CONFLICT_REPLACE;
  return HOSTD_CONFLICT_REFUSE;
}

static const struct {
  const char *element, *select, *name;
  HostdRuleKind kind;
} rule_words[] = {
  { "ensure", "in", "key", HOSTD_RULE_ENSURE },
  { "attribute", "on", "name", HOSTD_RULE_ATTRIBUTE },
  { "bits", "at", NULL, HOSTD_RULE_BITS },
  { "require", NULL, "field", HOSTD_RULE_REQUIRE },
  { "remove", "select", NULL, HOSTD_RULE_REMOVE },
  { "refuse", "select", NULL, HOSTD_RULE_REFUSE },
  { "warn", "select", NULL, HOSTD_RULE_WARN },
  { "call", NULL, "function", HOSTD_RULE_CALL },
};

static gboolean
compile_rule (Compiler *c, xmlNodePtr node, guint word, GError **error)
{
  HostdRule *rule = g_new0 (HostdRule, 1);

  g_ptr_array_add (c->ruleset->rules, rule);
  rule->kind = rule_words[word].kind;
  rule->id = attribute (node, "id");
  if (rule->id == NULL)
    rule->id = g_strdup (rule_words[word].element);
  rule->because = attribute (node, "because");
  rule->conflict = conflict_of (node);
  if (rule_words[word].name)
    rule->name = attribute (node, rule_words[word].name);
  rule->value = attribute (node, rule->kind == HOSTD_RULE_CALL ? "feature" : "value");
  rule->set = bit_mask (node, "set");
  rule->clear = bit_mask (node, "clear");
  rule->content = node->children;
  if (rule_words[word].select) {
    rule->expression = attribute (node, rule_words[word].select);
    rule->select = compile (c, node, rule->expression, HOSTD_EXPRESSION_NODES, error);
    return rule->select != NULL;
  }
  return TRUE;
}

/* Of an assertion that is the last in the list: one before it may have the same. */
static gboolean
compile_context (Compiler *c, xmlNodePtr node, HostdAssertion *a, GError **error)
{
  const GPtrArray *assertions = c->ruleset->assertions;
  HostdExpression *context;

  for (guint i = 0; i + 1 < assertions->len; i++) {
    const HostdAssertion *other = g_ptr_array_index (assertions, i);

    if (strcmp (a->at, other->at) == 0) {
      a->context = other->context;
      return TRUE;
    }
  }
  context = compile (c, node, a->at, HOSTD_EXPRESSION_NODES, error);
  if (context == NULL)
    return FALSE;
  a->context = c->ruleset->contexts->len;
  g_ptr_array_add (c->ruleset->contexts, context);
  return TRUE;
}

static gboolean
compile_assertion (Compiler *c, xmlNodePtr node, GError **error)
{
  HostdAssertion *a = g_new0 (HostdAssertion, 1);
  g_autofree char *test = attribute (node, "test"), *min = attribute (node, "min"),
                  *stages = attribute (node, "stages"), *needs = attribute (node, "needs");
  guint64 count = 0;

  g_ptr_array_add (c->ruleset->assertions, a);
  a->id = attribute (node, "id");
  a->at = attribute (node, "at");
  a->because = attribute (node, "because");
  a->source = attribute (node, "source");
  a->names = attribute (node, "names");
  if (min)
    hostd_parse_decimal (min, 1000, &count);
  a->min = (guint) count;
  for (guint i = 0; i < G_N_ELEMENTS (a->stage); i++)
    a->stage[i] = stages == NULL || strstr (stages, hostd_stage_name ((HostdStage) i)) != NULL;
  if (needs)
    a->needs = g_strsplit (needs, " ", -1);
  if (!compile_context (c, node, a, error))
    return FALSE;
  a->test = compile (c, node, test, HOSTD_EXPRESSION_TEST, error);
  return a->test != NULL;
}

static void
compile_field (Compiler *c, xmlNodePtr node)
{
  HostdField *field = g_new0 (HostdField, 1);
  g_autofree char *kind = attribute (node, "kind"), *bytes = attribute (node, "bytes");
  guint64 length = 0;

  field->name = attribute (node, "name");
  if (g_strcmp0 (kind, "flag") == 0)
    field->kind = HOSTD_FIELD_FLAG;
  else if (g_strcmp0 (kind, "socket") == 0)
    field->kind = HOSTD_FIELD_SOCKET;
  if (bytes)
    hostd_parse_decimal (bytes, 65536, &length);
  field->bytes = length;
  g_ptr_array_add (c->ruleset->fields, field);
}

static gboolean
compile_child (Compiler *c, xmlNodePtr node, GError **error)
{
  const char *name = (const char *) node->name;

  for (guint i = 0; i < G_N_ELEMENTS (rule_words); i++)
    if (strcmp (name, rule_words[i].element) == 0)
      return compile_rule (c, node, i, error);
  if (strcmp (name, "assert") == 0)
    return compile_assertion (c, node, error);
  if (strcmp (name, "field") == 0)
    compile_field (c, node);
  else if (strcmp (name, "include") == 0)
    g_ptr_array_add (c->ruleset->includes, attribute (node, "ruleset"));
  return TRUE; /* anything else is for policy.c or technology.c; the schema has checked it */
}

HostdRuleset *
hostd_ruleset_compile (xmlNodePtr root, const char *file, GError **error)
{
  g_autoptr (HostdRuleset) self = g_new0 (HostdRuleset, 1);
  Compiler c = { self, file };

  self->rules = g_ptr_array_new_with_free_func ((GDestroyNotify) rule_free);
  self->assertions = g_ptr_array_new_with_free_func ((GDestroyNotify) assertion_free);
  self->contexts = g_ptr_array_new_with_free_func ((GDestroyNotify) hostd_expression_free);
  self->fields = g_ptr_array_new_with_free_func ((GDestroyNotify) field_free);
  self->includes = g_ptr_array_new_with_free_func (g_free);
  for (xmlNodePtr n = root->children; n; n = n->next)
    if (n->type == XML_ELEMENT_NODE && !compile_child (&c, n, error))
      return NULL;
  return g_steal_pointer (&self);
}

const HostdField *
hostd_ruleset_find_field (const HostdRuleset *self, const char *name)
{
  for (guint i = 0; i < self->fields->len; i++) {
    const HostdField *field = g_ptr_array_index (self->fields, i);

    if (strcmp (field->name, name) == 0)
      return field;
  }
  return NULL;
}
