/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "ipc/interface.h"

G_BEGIN_DECLS

/*
 * org.varlink.service, which every socket serves: what is here (GetInfo), and the text of each
 * interface (GetInterfaceDescription). Its data is the list of services that it tells about.
 */
extern const HostdInterface hostd_service_interface;

/* io.cloister.Error: no methods, only the names of our errors, for who introspects. */
extern const HostdInterface hostd_error_interface;

G_END_DECLS
