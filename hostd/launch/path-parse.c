/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/path-private.h"

#include <string.h>

/*
 * Reads the part of XPath that path.h describes. libxml2 has compiled the same text before: what is
 * not understood is not wrong, and every function here may give up.
 */

#define ROOT "/domain"
#define MAX_DEPTH 32

typedef struct {
  const char *p;
  guint depth;
} Reader;

static HostdCondition *read_or (Reader *r);

static void
step_clear (HostdStep *step)
{
  g_free (step->name);
  if (step->conditions)
    g_ptr_array_unref (step->conditions);
}

static GArray *
steps_new (void)
{
  GArray *steps = g_array_new (FALSE, FALSE, sizeof (HostdStep));

  g_array_set_clear_func (steps, (GDestroyNotify) step_clear);
  return steps;
}

static void
branch_clear (HostdBranch *branch)
{
  g_array_unref (branch->steps);
}

void
hostd_condition_free (HostdCondition *self)
{
  if (self == NULL)
    return;
  hostd_condition_free (self->a);
  hostd_condition_free (self->b);
  if (self->operand)
    g_array_unref (self->operand);
  g_free (self->text);
  g_free (self);
}

static HostdCondition *
condition_new (HostdConditionKind kind)
{
  HostdCondition *self = g_new0 (HostdCondition, 1);

  self->kind = kind;
  return self;
}

/* Takes both over; NULL if @b, which was expected, is. */
static HostdCondition *
join (HostdConditionKind kind, HostdCondition *a, HostdCondition *b)
{
  HostdCondition *self;

  if (b == NULL) {
    hostd_condition_free (a);
    return NULL;
  }
  self = condition_new (kind);
  self->a = a;
  self->b = b;
  return self;
}

static HostdCondition *
negate (HostdCondition *a)
{
  HostdCondition *self = condition_new (HOSTD_CONDITION_NOT);

  self->a = a;
  return self;
}

/* Takes @condition over; FALSE if there are too many. */
static gboolean
add_condition (HostdStep *step, HostdCondition *condition)
{
  if (step->conditions == NULL)
    step->conditions = g_ptr_array_new_with_free_func ((GDestroyNotify) hostd_condition_free);
  if (step->conditions->len == HOSTD_MAX_CONDITIONS) {
    hostd_condition_free (condition);
    return FALSE;
  }
  g_ptr_array_add (step->conditions, condition);
  return TRUE;
}

/* ---- words ---- */

static void
skip_space (Reader *r)
{
  while (g_ascii_isspace (*r->p))
    r->p++;
}

static gboolean
take (Reader *r, const char *token)
{
  skip_space (r);
  if (!g_str_has_prefix (r->p, token))
    return FALSE;
  r->p += strlen (token);
  return TRUE;
}

/* A name of ASCII; 0 if there is none, or it goes on in other letters. */
static gsize
name_length (const char *p)
{
  gsize n = 0;

  if (!g_ascii_isalpha (p[0]))
    return 0;
  while (g_ascii_isalnum (p[n]) || p[n] == '-' || p[n] == '_' || p[n] == '.')
    n++;
  return (guchar) p[n] >= 0x80 ? 0 : n;
}

static gboolean
take_word (Reader *r, const char *word)
{
  skip_space (r);
  if (name_length (r->p) != strlen (word) || !g_str_has_prefix (r->p, word))
    return FALSE;
  r->p += strlen (word);
  return TRUE;
}

static char *
read_literal (Reader *r)
{
  const char *end;
  char *text;

  skip_space (r);
  if (*r->p != '\'' && *r->p != '"')
    return NULL;
  end = strchr (r->p + 1, *r->p);
  if (end == NULL)
    return NULL;
  text = g_strndup (r->p + 1, end - r->p - 1);
  r->p = end + 1;
  return text;
}

/* ---- steps ---- */

/* "[2]", "[position() > 1]" or a condition; FALSE with the reader before it. */
static gboolean
read_condition (Reader *r, HostdStep *step)
{
  const char *from = r->p;
  HostdCondition *condition = NULL;

  if (*r->p != '[')
    return FALSE;
  r->p++;
  skip_space (r);
  if (g_ascii_isdigit (*r->p) && *r->p != '0' && !g_ascii_isdigit (r->p[1])) {
    condition = condition_new (HOSTD_CONDITION_NTH);
    condition->number = (guint) (*r->p++ - '0');
  } else if (g_str_has_prefix (r->p, "position() > 1")) {
    condition = condition_new (HOSTD_CONDITION_NTH);
    condition->number = 1;
    condition->value = TRUE;
    r->p += strlen ("position() > 1");
  } else {
    condition = read_or (r);
  }
  if (condition && !take (r, "]"))
    g_clear_pointer (&condition, hostd_condition_free);
  if (condition && add_condition (step, condition))
    return TRUE;
  r->p = from;
  return FALSE;
}

/* "name", "prefix:name", "*", "@name" or "@*"; FALSE with the reader before it. */
static gboolean
read_step (Reader *r, HostdStep *step)
{
  gboolean attribute = *r->p == '@';
  const char *p = r->p + attribute, *ns = NULL, *after;
  gsize n = *p == '*' ? 1 : name_length (p);

  if (!attribute && n && p[n] == ':' && (ns = hostd_xpath_namespace (p, n))) {
    p += n + 1;
    n = name_length (p);
  }
  after = p + n + strspn (p + n, " \t\r\n");
  /* Another prefix, an axis, a function or a node test. */
  if (n == 0 || *after == ':' || *after == '(')
    return FALSE;
  step->attribute = attribute;
  step->name = *p == '*' ? NULL : g_strndup (p, n);
  step->ns = ns;
  r->p = p + n;
  return TRUE;
}

/* Steps joined by "/", as far as they are understood; with conditions, which then end it too. */
static void
read_steps (Reader *r, GArray *steps)
{
  for (;;) {
    HostdStep step = { 0 };

    if (!read_step (r, &step))
      return;
    while (read_condition (r, &step))
      ;
    g_array_append_val (steps, step);
    if (*r->p != '/' || step.attribute)
      return;
    r->p++;
  }
}

/* "." or steps; NULL if it is neither. */
static GArray *
read_operand (Reader *r)
{
  GArray *steps = steps_new ();

  skip_space (r);
  if (*r->p == '.' && r->p[1] != '.' && r->p[1] != '/') {
    r->p++;
    return steps;
  }
  read_steps (r, steps);
  if (steps->len == 0 || (*r->p && strchr ("/[:.(", *r->p))) {
    g_array_unref (steps);
    return NULL;
  }
  return steps;
}

/* ---- conditions ---- */

/* "= 'text'" or "!= 'text'" behind what @condition is about; else it is freed. */
static HostdCondition *
read_comparison (Reader *r, HostdCondition *condition)
{
  condition->value = take (r, "=");
  if (condition->value || take (r, "!="))
    condition->text = read_literal (r);
  if (condition->text)
    return condition;
  hostd_condition_free (condition);
  return NULL;
}

/* "OPERAND" or "OPERAND, 'text'", and ")". */
static HostdCondition *
read_arguments (Reader *r, HostdConditionKind kind, gboolean with_text)
{
  HostdCondition *condition = condition_new (kind);

  condition->operand = read_operand (r);
  if (condition->operand && with_text)
    condition->text = take (r, ",") ? read_literal (r) : NULL;
  if (condition->operand && (condition->text || !with_text) && take (r, ")"))
    return condition;
  hostd_condition_free (condition);
  return NULL;
}

/* Functions whose value is compared with a text. */
static HostdCondition *
read_text_function (Reader *r, const char *name)
{
  HostdCondition *condition = NULL;

  if (strcmp (name, "normalize-space") == 0)
    condition = read_arguments (r, HOSTD_CONDITION_WORDS, FALSE);
  else if (strcmp (name, "local-name") == 0 && take (r, ")"))
    condition = condition_new (HOSTD_CONDITION_LOCAL);
  else if (strcmp (name, "namespace-uri") == 0 && take (r, ")"))
    condition = condition_new (HOSTD_CONDITION_SPACE);
  return condition ? read_comparison (r, condition) : NULL;
}

static HostdCondition *
read_function (Reader *r)
{
  HostdCondition *condition = NULL;
  HostdNodeTest test = NULL;
  gsize n = name_length (r->p);
  g_autofree char *name = g_strndup (r->p, n);

  r->p += n;
  if (!take (r, "("))
    return NULL;
  if (strcmp (name, "not") == 0 || strcmp (name, "boolean") == 0) {
    condition = read_or (r);
    if (condition && strcmp (name, "not") == 0)
      condition = negate (condition);
  } else if (strcmp (name, "starts-with") == 0) {
    return read_arguments (r, HOSTD_CONDITION_STARTS, TRUE);
  } else if (strcmp (name, "true") == 0 || strcmp (name, "false") == 0) {
    condition = condition_new (HOSTD_CONDITION_CONST);
    condition->value = strcmp (name, "true") == 0;
  } else if ((test = hostd_xpath_node_test (name))) {
    condition = condition_new (HOSTD_CONDITION_TEST);
    condition->test = test;
  } else {
    return read_text_function (r, name);
  }
  if (condition && take (r, ")"))
    return condition;
  hostd_condition_free (condition);
  return NULL;
}

static HostdCondition *
read_primary (Reader *r)
{
  HostdCondition *condition;
  gsize n;

  skip_space (r);
  if (take (r, "(")) {
    condition = read_or (r);
    if (condition && take (r, ")"))
      return condition;
    hostd_condition_free (condition);
    return NULL;
  }
  if (take (r, "self::")) {
    n = name_length (r->p);
    if (n == 0 || r->p[n] == ':' || r->p[n] == '(')
      return NULL;
    condition = condition_new (HOSTD_CONDITION_SELF);
    condition->text = g_strndup (r->p, n);
    r->p += n;
    return condition;
  }
  n = name_length (r->p);
  if (n && r->p[n] == '(')
    return read_function (r);
  condition = condition_new (HOSTD_CONDITION_EXISTS);
  condition->operand = read_operand (r);
  if (condition->operand == NULL) {
    hostd_condition_free (condition);
    return NULL;
  }
  skip_space (r);
  if (*r->p != '=' && *r->p != '!')
    return condition;
  condition->kind = HOSTD_CONDITION_EQUAL;
  return read_comparison (r, condition);
}

static HostdCondition *
read_and (Reader *r)
{
  HostdCondition *condition = read_primary (r);

  while (condition && take_word (r, "and"))
    condition = join (HOSTD_CONDITION_AND, condition, read_primary (r));
  return condition;
}

static HostdCondition *
read_or (Reader *r)
{
  HostdCondition *condition = NULL;

  if (r->depth++ < MAX_DEPTH) {
    condition = read_and (r);
    while (condition && take_word (r, "or"))
      condition = join (HOSTD_CONDITION_OR, condition, read_and (r));
  }
  r->depth--;
  return condition;
}

HostdCondition *
hostd_condition_parse (const char *text)
{
  Reader reader = { text, 0 };
  HostdCondition *condition = read_or (&reader);

  skip_space (&reader);
  if (*reader.p == '\0')
    return condition;
  hostd_condition_free (condition);
  return NULL;
}

/* ---- branches ---- */

/* The end of a branch: a "|" outside of brackets and quotes, or of all; NULL if unbalanced. */
static const char *
find_end (const char *p)
{
  guint depth = 0;

  for (; *p; p++) {
    if (*p == '|' && depth == 0)
      return p;
    if (*p == '"' || *p == '\'') {
      p = strchr (p + 1, *p);
      if (p == NULL)
        return NULL;
    } else if (*p == '[' || *p == '(') {
      depth++;
    } else if ((*p == ']' || *p == ')') && depth-- == 0) {
      return NULL;
    }
  }
  return p;
}

static gboolean
read_branch (const char *text, HostdBranch *branch)
{
  Reader reader = { text + strlen (ROOT), 0 };
  HostdStep root = { 0 };

  if (!g_str_has_prefix (text, ROOT) || name_length (text + 1) != strlen (ROOT) - 1 ||
      text[strlen (ROOT)] == ':')
    return FALSE;
  while (read_condition (&reader, &root))
    ;
  branch->steps = steps_new ();
  g_array_append_val (branch->steps, root);
  if (*reader.p == '/') {
    reader.p++;
    read_steps (&reader, branch->steps);
  }
  branch->whole = *reader.p == '\0' && reader.p[-1] != '/';
  return TRUE;
}

GArray *
hostd_branches_parse (const char *text)
{
  g_autoptr (GArray) branches = g_array_new (FALSE, FALSE, sizeof (HostdBranch));

  g_array_set_clear_func (branches, (GDestroyNotify) branch_clear);
  for (const char *p = text;;) {
    const char *end = find_end (p);
    g_autofree char *one = end ? g_strstrip (g_strndup (p, end - p)) : NULL;
    HostdBranch branch = { 0 };

    if (one == NULL || !read_branch (one, &branch))
      return NULL;
    g_array_append_val (branches, branch);
    if (*end == '\0')
      return g_steal_pointer (&branches);
    p = end + 1;
  }
}
