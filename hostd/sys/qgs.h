/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sys/sys.h"

G_BEGIN_DECLS

/*
 * Intel's quote generation service (QGS), which signs the quotes of TDX guests, asked over its unix
 * socket how it is (GET_PLATFORM_INFO: that needs no guest and changes nothing). Intel's qgs.conf
 * can have it listen on vsock instead; libvirt's <quoteGenerationService> knows the unix socket
 * only.
 */
#define HOSTD_QGS_SOCKET "var/run/tdx-qgs/qgs.socket"

/* No message that is read is longer: a platform's answer has 64 bytes. */
#define HOSTD_QGS_MAX_MESSAGE (64u * 1024)
/* For both ways of asking together. The service itself gives a client 30 seconds. */
#define HOSTD_QGS_DEADLINE_MS 10000

/*
 * Asks at the socket @path below @root_fd, within @deadline_ms. Messages stand behind their length
 * (4 bytes, big-endian); who does not understand that is asked again without it. ABSENT: there is
 * no socket, or nobody listens. *ret_message is one whole message without the length before it,
 * otherwise as it came.
 */
HostdRead hostd_qgs_ask (int root_fd, const char *path, guint deadline_ms, GBytes **ret_message,
                         GError **error);

/*
 * How much of @data is still to come, 0 if it is whole: *ret_message is then the message in it.
 * HOSTD_ERROR_INVALID if this is no message in either framing (-1 is returned), or one that is too
 * long. At least one byte is asked for while the length is not known.
 */
gssize hostd_qgs_missing (const guint8 *data, gsize length, GBytes **ret_message, GError **error);

G_END_DECLS
