/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sys/named-text.h"
#include "sys/recording-parse.h"

G_BEGIN_DECLS

/*
 * What a recorded host says of TDX: "tdx-capabilities ATTRIBUTES XFAM" in the text "kvm", and in
 * the text "qgs" the line "platform-info BYTES". Either may be "errno NAME" instead.
 */
gboolean hostd_recording_parse_tdx_capabilities (HostdRecording *self, const char *name,
                                                 const HostdTextLine *line, GError **error);
gboolean hostd_recording_parse_qgs (HostdRecording *self, const char *name,
                                    const HostdTextLine *line, GError **error);

/* As hostd_sys_tdx_capabilities() and hostd_sys_qgs(). */
HostdRead hostd_recording_tdx_capabilities (HostdRecording *self,
                                            HostdTdxCapabilities *ret_capabilities, GError **error);
HostdRead hostd_recording_qgs (HostdRecording *self, GBytes **ret_message, GError **error);

G_END_DECLS
