/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/command.h"
#include "launch/request.h"

G_BEGIN_DECLS

/* libvirt's own limit of a domain XML on its wire. */
#define HOSTD_INPUT_MAX_XML (4u * 1024 * 1024)

/*
 * A file, a pipe, or with "-" standard input. HOSTD_ERROR_TOO_LARGE over @max bytes.
 */
char *hostd_input_read (const char *path, gsize max, gsize *ret_length, GError **error);

/*
 * A domain XML from a file, a pipe, or with "-" from standard input. HOSTD_ERROR_TOO_LARGE over
 * the limit.
 */
char *hostd_input_read_xml (const char *path, gsize *ret_length, GError **error);

/*
 * The request of --policy, --technology and --data. NULL: it was said on stderr what is wrong, and
 * the program ends with *@ret_exit.
 */
HostdRequest *hostd_input_make_request (const HostdCommand *command, const HostdOptions *options,
                                        HostdExit *ret_exit);

G_END_DECLS
