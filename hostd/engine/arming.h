/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/alarm.h"

G_BEGIN_DECLS

/*
 * Does libvirt run our hook? It ignores the first hook file ever installed until it is reloaded,
 * and nothing else shows that. So each bound guest that libvirt says has started is matched with
 * what the hook told of it; a start without is an alarm, which outlives hostd, until the hook is
 * seen at work or libvirtd was started or reloaded.
 *
 * It reads no clock: times are the caller's.
 */
typedef struct HostdArming HostdArming;

typedef enum {
  HOSTD_ARMING_UNPROVEN,  /* neither seen to work nor seen to fail */
  HOSTD_ARMING_ARMED,     /* the hook has told of a guest */
  HOSTD_ARMING_NOT_ARMED, /* a bound guest started without it */
} HostdArmingState;
const char *hostd_arming_state_name (HostdArmingState state); /* "unproven", "armed", "not-armed" */

/*
 * @alarm (transfer none) keeps it over a restart. @grace_us from @now on starts are not judged: a
 * hook may have run while nobody served its socket.
 */
HostdArming *hostd_arming_new (HostdAlarm *alarm, gint64 now, gint64 grace_us);
void hostd_arming_free (HostdArming *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdArming, hostd_arming_free)

/* What changed; the caller logs it. */
typedef enum { HOSTD_ARMING_SAME, HOSTD_ARMING_RAISED, HOSTD_ARMING_CURED } HostdArmingChange;

/* The qemu hook has told of @operation on @uuid (may be NULL), and was answered. */
HostdArmingChange hostd_arming_note_hook (HostdArming *self, const char *uuid,
                                          const char *operation, gboolean allowed);
/* libvirtd has read its hooks anew. */
HostdArmingChange hostd_arming_note_libvirt (HostdArming *self);
/* libvirt says that the bound guest @uuid has started. @when is for people, seconds since 1970. */
HostdArmingChange hostd_arming_note_started (HostdArming *self, const char *uuid, const char *name,
                                             gint64 now, gint64 when);

HostdArmingState hostd_arming_get_state (const HostdArming *self);
/* What is wrong and what to do, in one line; NULL unless NOT_ARMED. (transfer full) */
char *hostd_arming_describe (const HostdArming *self);

G_END_DECLS
