/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "sys/sys.h"

G_BEGIN_DECLS

/*
 * QEMU's firmware descriptors (docs/interop/firmware.json) below usr/share/qemu/firmware and
 * etc/qemu/firmware, in the order of preference that QEMU lays down: by file name; a name in etc
 * replaces the same name in usr/share, and an empty file masks it. Only x86_64 targets count.
 *
 * Sets @facts->firmware and firmware_known. One that cannot be understood is left out; @ret_notes
 * (may be NULL) gets a line on each, NULL-terminated.
 */
void hostd_firmware_descriptors_read (HostdSys *sys, HostdFacts *facts, char ***ret_notes);

/* One descriptor. NULL without @error: understood, and not for x86_64. */
HostdFirmware *hostd_firmware_descriptor_parse (const char *path, const char *text, gsize length,
                                                GError **error);

G_END_DECLS
