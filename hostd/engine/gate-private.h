/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/gate-decision.h"
#include "engine/gate.h"
#include "launch/verify.h"

G_BEGIN_DECLS

/* Shared by gate.c and gate-bound.c, and nobody else. */

struct HostdGate {
  HostdBindings *bindings;        /* unowned */
  const HostdRoster *roster;      /* unowned, or NULL */
  const HostdKnownBad *known_bad; /* likewise */
  HostdGateSettings settings;
  GHashTable *last; /* UUID -> operation (static), until the guest is released */
};

/* One decision in the making. */
typedef struct {
  HostdGate *gate;
  const HostdTemplates *templates;
  const HostdFacts *facts;
  const HostdGateEvent *event;
  const char *operation; /* static */
  HostdStage stage;
  HostdGlance *glance;
  HostdBinding *binding; /* NULL if there is none */
  HostdGateDecision *decision;
} HostdGateCase;

/* What the domain's binding says beside what the domain itself says: vetoes where they disagree. */
void hostd_gate_compare_with_binding (HostdGateCase *c);

/*
 * The policy as the domain was bound to it, which is what its owner was promised: a policy that was
 * changed since, or taken away, neither loosens that nor keeps the guest from starting again. NULL,
 * with a veto that says why, if it cannot be read; *@ret_owned, if set, is the caller's to free.
 */
const HostdPolicy *hostd_gate_policy_as_bound (HostdGateCase *c, HostdPolicy **ret_owned);

G_END_DECLS
