/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sys/sys.h"

G_BEGIN_DECLS

/* Asks the AMD-SP through @sev_fd, an open /dev/sev. Only status commands can be asked. */
void hostd_sev_ioctl_query (int sev_fd, HostdSevQuery query, HostdSevAnswer *ret_answer);

G_END_DECLS
