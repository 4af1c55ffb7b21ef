/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sys/sys.h"

G_BEGIN_DECLS

/*
 * Questions to a QEMU binary, each answered by running it once: a few tenths of a second, and at
 * most HOSTD_EMULATOR_DEADLINE_MS, after which it is killed.
 */
#define HOSTD_EMULATOR_DEADLINE_MS 5000

HostdRead hostd_emulator_version (const char *emulator, char **ret_version, GError **error);
HostdRead hostd_emulator_objects (const char *emulator, char ***ret_types, GError **error);

/* The answers' parsers; NULL with HOSTD_ERROR_INVALID if @text is not such an answer. */
char *hostd_emulator_parse_version (const char *text, GError **error);
char **hostd_emulator_parse_objects (const char *text, GError **error);

G_END_DECLS
