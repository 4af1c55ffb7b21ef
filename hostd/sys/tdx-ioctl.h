/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sys/sys.h"

G_BEGIN_DECLS

/*
 * Asks KVM through @kvm_fd, an open /dev/kvm, what TDX guests it can start. For that an empty guest
 * is made and let go at once: KVM takes a KeyID for one only when it is initialised.
 */
HostdRead hostd_tdx_ioctl_capabilities (int kvm_fd, HostdTdxCapabilities *ret_capabilities,
                                        GError **error);

G_END_DECLS
