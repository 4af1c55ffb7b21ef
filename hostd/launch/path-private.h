/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/path.h"
#include "launch/xpath-functions.h"

G_BEGIN_DECLS

/* Shared by path-parse.c and path.c, and nobody else. */

typedef enum {
  HOSTD_CONDITION_OR,     /* a, b */
  HOSTD_CONDITION_AND,    /* a, b */
  HOSTD_CONDITION_NOT,    /* a */
  HOSTD_CONDITION_CONST,  /* value */
  HOSTD_CONDITION_EXISTS, /* operand */
  HOSTD_CONDITION_EQUAL,  /* some node of operand has the text; value FALSE: another text */
  HOSTD_CONDITION_WORDS,  /* operand's first node, or "", has the text, white space normalised */
  HOSTD_CONDITION_STARTS, /* the text of operand's first node, or "", starts with text */
  HOSTD_CONDITION_SELF,   /* is an element of that name: text */
  HOSTD_CONDITION_LOCAL,  /* its name without prefix is text; value FALSE: is not */
  HOSTD_CONDITION_SPACE,  /* its namespace, "" for none, likewise */
  HOSTD_CONDITION_TEST,   /* a function of xpath-functions.h without arguments */
  HOSTD_CONDITION_NTH,    /* of those that came so far: number, or later if value */
} HostdConditionKind;

struct HostdCondition {
  HostdConditionKind kind;
  HostdCondition *a, *b;
  GArray *operand; /* (element-type HostdStep); of no steps: the node itself */
  char *text;
  HostdNodeTest test;
  guint number;
  gboolean value;
};

#define HOSTD_MAX_CONDITIONS 8 /* of one step */

/* One step down: to elements, or at the end to attributes. */
typedef struct {
  char *name;     /* NULL: any, in whatever namespace */
  const char *ns; /* of the elements; NULL: in no namespace */
  gboolean attribute;
  GPtrArray *conditions; /* (element-type HostdCondition) or NULL */
} HostdStep;

typedef struct {
  GArray
      *steps; /* (element-type HostdStep), the first being the root element, whose name is NULL */
  gboolean whole;
} HostdBranch;

/* Arrays of the things themselves: whoever evaluates a hundred of these waits for memory most. */
struct HostdPath {
  GArray *branches; /* (element-type HostdBranch), joined by "|" */
};

/* What can be read of a union of paths from the root; NULL if a branch is none. */
GArray *hostd_branches_parse (const char *text);

G_END_DECLS
