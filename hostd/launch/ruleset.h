/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/verify.h"
#include "launch/xpath.h"

G_BEGIN_DECLS

/* What is in a template, compiled: rules for Rewrite, assertions for Verify, fields of launch data.
 */

typedef enum {
  HOSTD_RULE_ENSURE,    /* content is in each selected element */
  HOSTD_RULE_ATTRIBUTE, /* an attribute of each has a value */
  HOSTD_RULE_BITS,      /* a hexadecimal word has bits set and clear */
  HOSTD_RULE_REQUIRE,   /* a field of launch data is there in the end */
  HOSTD_RULE_REMOVE,
  HOSTD_RULE_REFUSE,
  HOSTD_RULE_WARN,
  HOSTD_RULE_CALL, /* a named C function of launch/calls.c */
} HostdRuleKind;

typedef enum { HOSTD_CONFLICT_REFUSE, HOSTD_CONFLICT_KEEP, HOSTD_CONFLICT_REPLACE } HostdConflict;

typedef struct {
  HostdRuleKind kind;
  char *id;                /* never NULL */
  char *expression;        /* the XPath as written */
  HostdExpression *select; /* NULL for REQUIRE and CALL */
  HostdConflict conflict;
  char *because;      /* NULL only where nothing is ever said */
  char *name, *value; /* ATTRIBUTE; name: REQUIRE's field, CALL's function, ENSURE's key */
  guint64 set, clear; /* BITS: masks */
  xmlNodePtr content; /* ENSURE: first node of the content, borrowed of the template */
} HostdRule;

typedef struct {
  char *id, *at, *because, *source, *names;
  guint context; /* what @at is, compiled: in HostdRuleset.contexts */
  HostdExpression *test;
  guint min;
  gboolean stage[3]; /* by HostdStage */
  char **needs;      /* host facts: "firmware", "cbitpos"; NULL for none */
} HostdAssertion;

typedef enum { HOSTD_FIELD_BASE64, HOSTD_FIELD_FLAG, HOSTD_FIELD_SOCKET } HostdFieldKind;

typedef struct {
  char *name;
  HostdFieldKind kind; /* FLAG: an attribute, yes or no; the others elements of launchSecurity */
  gsize bytes;         /* BASE64: exact decoded length; 0 any */
} HostdField;

typedef struct HostdRuleset HostdRuleset;

struct HostdRuleset {
  GPtrArray *rules;      /* (element-type HostdRule) in the order written */
  GPtrArray *assertions; /* (element-type HostdAssertion) */
  GPtrArray *contexts;   /* (element-type HostdExpression), each once: many assertions share one */
  GPtrArray *fields;     /* (element-type HostdField) */
  GPtrArray *includes;   /* (element-type utf8) names of rule sets */
};

/* Compiles the children of @root; @file names it in errors, "FILE:LINE: ...". */
HostdRuleset *hostd_ruleset_compile (xmlNodePtr root, const char *file, GError **error);
void hostd_ruleset_free (HostdRuleset *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdRuleset, hostd_ruleset_free)

const HostdField *hostd_ruleset_find_field (const HostdRuleset *self, const char *name);

G_END_DECLS
