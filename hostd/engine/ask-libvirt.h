/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What libvirt says of a host, asked by a program that is no daemon and does not want to hang. */
typedef struct {
  char *version;      /* "10.10.0" */
  char *capabilities; /* the document for one emulator */
  char *running;      /* guests by technology, as a recorded host's "libvirt/running" has it */
} HostdLibvirtAnswers;
void hostd_libvirt_answers_free (HostdLibvirtAnswers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdLibvirtAnswers, hostd_libvirt_answers_free)

/*
 * Asks on a thread of its own and waits @deadline_ms for it. HOSTD_ERROR_TIMEOUT: the thread was
 * left behind, and libvirt's client code may be in the midst of anything: such a process must not
 * run exit handlers. @emulator NULL: libvirt's default.
 */
HostdLibvirtAnswers *hostd_ask_libvirt (const char *uri, const char *emulator, guint deadline_ms,
                                        GError **error);

G_END_DECLS
