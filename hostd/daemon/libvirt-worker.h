/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "virt/virt.h"

G_BEGIN_DECLS

/*
 * The one thread that talks to libvirt. Its calls block for as long as libvirtd likes; the main
 * loop never does, and shares no lock with it. Nothing that a hook waits for may come here.
 */
typedef struct HostdLibvirtWorker HostdLibvirtWorker;

HostdLibvirtWorker *hostd_libvirt_worker_new (void);
/* Does not wait for a call that hangs: its answer is thrown away. */
void hostd_libvirt_worker_free (HostdLibvirtWorker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdLibvirtWorker, hostd_libvirt_worker_free)

/*
 * On the main loop: either @domains (element-type HostdVirtDomain, transfer none) or @error, which
 * is then the callee's to free.
 */
typedef void (*HostdLibvirtListed) (GPtrArray *domains, GError *error, gpointer data);

/*
 * Asks for all domains; @listed is called exactly once, unless the worker is freed before. It gets
 * HOSTD_ERROR_UNAVAILABLE if libvirtd cannot be reached, HOSTD_ERROR_TIMEOUT if it does not answer,
 * HOSTD_ERROR_BUSY, at once, if too many wait already.
 */
void hostd_libvirt_worker_list (HostdLibvirtWorker *self, HostdLibvirtListed listed, gpointer data);

G_END_DECLS
