/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/probe.h"

G_BEGIN_DECLS

/*
 * What Linux tells of the TDX module (7.1 and later, /sys/devices/faux/tdx_host), as values:
 * "module_version" is "1.5.24", "seamldr_version" likewise, "remaining_updates" how many times the
 * module can be updated until the next boot.
 */
void hostd_tdx_read_module (HostdProbe *probe, HostdTechnologyFacts *facts);

/*
 * What a tenant may ask for, and therefore measures, as values: "supported_attributes" and
 * "supported_xfam", bits of TD_PARAMS (hexadecimal with 0x).
 */
void hostd_tdx_read_capabilities (HostdProbe *probe, HostdTechnologyFacts *facts);

G_END_DECLS
