/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/known-bad.h"
#include "launch/xpath.h"

G_BEGIN_DECLS

/* Shared by known-bad.c and known-bad-match.c: what a combination goes by. All of it has to hold.
 */

typedef enum {
  HOSTD_COMPONENT_QEMU,
  HOSTD_COMPONENT_LIBVIRT,
  HOSTD_COMPONENT_KERNEL,
  HOSTD_COMPONENT_SEV_FIRMWARE,
  HOSTD_N_COMPONENTS
} HostdComponent;

/* As numbers compare: 9.10 is later than 9.9, 9.1 and 9.1.0 are one. */
typedef struct {
  guint part[4];
} HostdVersion;

/*
 * Up to four numbers divided by dots at the beginning of @text; what follows them, as in
 * "6.11.0-19-generic", does not count. FALSE without at least two, or with one of six digits.
 */
gboolean hostd_version_parse (const char *text, HostdVersion *ret_version);

/* [from, before[ of a component. Of several of one component, one has to hold. */
typedef struct {
  HostdComponent component;
  gboolean has_from, has_before;
  HostdVersion from, before;
} HostdVersionRange;

typedef struct {
  HostdTechnology technology;
  /* One of these verdicts, or, if none is set: every layer up to this one works. */
  gboolean is[HOSTD_USABILITY_NOT_APPLICABLE + 1];
  HostdLayer works_to;
} HostdHostCondition;

typedef struct {
  HostdExpression *test; /* of /domain */
} HostdGuestCondition;

G_END_DECLS
