/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

G_BEGIN_DECLS

/* libvirt's types under g_autoptr, and its errors as ours; for the files of virt/ only. */

static inline void
hostd_vir_connect_unref (virConnect *connect)
{
  virConnectClose (connect);
}

static inline void
hostd_vir_domain_unref (virDomain *domain)
{
  virDomainFree (domain);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (virConnect, hostd_vir_connect_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virDomain, hostd_vir_domain_unref)

/* What libvirt last reported on this thread, with "MESSAGE: " before it. Returns FALSE. */
gboolean hostd_virt_set_error (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
