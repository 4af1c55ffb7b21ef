/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The kernel's own word that something of the platform came or went: its uevents (kobject_uevent(),
 * over netlink), as far as they are about what a probe looks at: the device nodes of SEV, KVM, SGX
 * and TDX, their modules, the driver of AMD's secure processor, processors that go on- or offline.
 * Not KVM's notice of each guest that begins and ends, which are uevents too.
 *
 * They come in bursts, and a device is not ready the moment it is there: who listens is told once
 * it has been quiet for a moment, or, if it never is, ten moments after the first. Not udev's
 * events: those need an udevd, and a host, or a container, may be without.
 */
typedef struct HostdUevents HostdUevents;

/* What a daemon calls a moment. */
#define HOSTD_UEVENTS_QUIET_MS 1000

/* On the main loop. @what says what came, "add module kvm_amd, add misc kvm"; not all, if much. */
typedef void (*HostdUeventsFunc) (const char *what, gpointer data);

/* NULL with an error if the kernel cannot be heard. */
HostdUevents *hostd_uevents_new (guint quiet_ms, HostdUeventsFunc func, gpointer data,
                                 GError **error);
void hostd_uevents_free (HostdUevents *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdUevents, hostd_uevents_free)

G_END_DECLS
