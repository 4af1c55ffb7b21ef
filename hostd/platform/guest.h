/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/probe.h"

G_BEGIN_DECLS

/*
 * Where no CPUID tells that a hypervisor runs us (Arm, POWER, IBM Z): looks for what does, and then
 * sets NOT_APPLICABLE and @self->guest, and returns TRUE.
 */
gboolean hostd_probe_is_guest (HostdProbe *self, HostdTechnologyFacts *facts);

G_END_DECLS
