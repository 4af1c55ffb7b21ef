/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/flavor-request.h"

G_BEGIN_DECLS

/*
 * Of the host itself, on its root provider, while Cloister's driver runs there: nothing else tells
 * a pool that Nova counts on such a host from the same pool on a host without Cloister, where cc:*
 * is ignored. The driver's name for it is in nova/virt/cloister (a test holds both to it).
 */
#define HOSTD_FLAVOR_HOST_TRAIT "CUSTOM_CC_HOST"

/* Up to Nova 31 our pools have a class of their own; from 32 on Nova's. */
#define HOSTD_FLAVOR_OWN_CLASS "CUSTOM_CC_CONTEXT"
#define HOSTD_FLAVOR_NOVA_CLASS "MEM_ENCRYPTION_CONTEXT"
#define HOSTD_FLAVOR_NOVA_CLASS_SINCE 32

/* Finds what the flavor's resources and traits lack for @request, which is clear. */
void hostd_flavor_check_placement (HostdFlavor *flavor, guint nova_release,
                                   const HostdFlavorRequest *request);

G_END_DECLS
