/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/gate.h"

G_BEGIN_DECLS

/* How the gate fills a decision; who only reads one includes engine/gate.h. */

HostdGateDecision *hostd_gate_decision_new (void); /* allows, and knows nothing of the guest */

/* One reason makes it a veto, and nothing takes it back. */
void hostd_gate_decision_veto (HostdGateDecision *self, const char *id, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* All of @reasons; if there are none it is a veto all the same. */
void hostd_gate_decision_veto_all (HostdGateDecision *self, const HostdReasons *reasons);
void hostd_gate_decision_note (HostdGateDecision *self, const char *id, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
void hostd_gate_decision_note_all (HostdGateDecision *self, const HostdReasons *notes);

void hostd_gate_decision_set_guest (HostdGateDecision *self, HostdGateGuest guest);
void hostd_gate_decision_set_folder (HostdGateDecision *self, HostdGateFolder folder);
void hostd_gate_decision_set_uuid (HostdGateDecision *self, const char *uuid);
void hostd_gate_decision_set_policy (HostdGateDecision *self, const char *policy);
void hostd_gate_decision_set_technology (HostdGateDecision *self, HostdTechnology technology);

/* Makes the one line of a veto from its reasons. */
void hostd_gate_decision_seal (HostdGateDecision *self);

G_END_DECLS
