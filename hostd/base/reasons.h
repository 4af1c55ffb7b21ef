/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is decided about a guest. An outcome, never an error. */
typedef enum {
  HOSTD_VERDICT_ALLOW,
  HOSTD_VERDICT_REFUSE,   /* the reasons say why, all of them */
  HOSTD_VERDICT_NOT_OURS, /* the guest asks for no protection; nothing was checked */
} HostdVerdict;
const char *hostd_verdict_name (HostdVerdict verdict); /* "allow", "refuse", "not-ours" */

/* One reason of a refusal, or one note beside an allowance. */
typedef struct {
  char *id;    /* the rule or assertion that speaks: "iommu-disk" */
  char *xpath; /* names exactly one node of the text that was judged */
  char *text;  /* one sentence, no line break */
} HostdReason;

/* A list of reasons in the order in which they were found, without repetitions. */
typedef struct HostdReasons HostdReasons;

HostdReasons *hostd_reasons_new (void);
void hostd_reasons_free (HostdReasons *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdReasons, hostd_reasons_free)

/*
 * @xpath may be NULL where no node is meant. Text from a guest's XML is clipped and made printable.
 */
void hostd_reasons_add (HostdReasons *self, const char *id, const char *xpath, const char *format,
                        ...) G_GNUC_PRINTF (4, 5);
void hostd_reasons_append (HostdReasons *self, const HostdReasons *other);

guint hostd_reasons_count (const HostdReasons *self);
const HostdReason *hostd_reasons_get (const HostdReasons *self, guint index);

/* "ID: XPATH: TEXT", the one-line form of the command line, the log and the hook. */
char *hostd_reason_to_line (const HostdReason *reason);

G_END_DECLS
