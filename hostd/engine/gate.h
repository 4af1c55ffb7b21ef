/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "base/reasons.h"
#include "engine/roster.h"
#include "launch/known-bad.h"
#include "launch/templates.h"
#include "store/bindings.h"

G_BEGIN_DECLS

/*
 * The gate: what to answer libvirt's qemu hook, by operation (doc/architecture.md has the table).
 *
 * It reads bindings, templates and facts and nothing else. It makes no libvirt call and takes no
 * lock: libvirtd holds the domain while its hook waits for us, so anything that waited for
 * libvirt here would wait for ever. Use it from the main loop's thread only.
 */
typedef struct HostdGate HostdGate;

/* What happens to a guest with launchSecurity that nobody bound: `[gate] unbound=`. */
typedef enum {
  HOSTD_GATE_UNBOUND_ALLOW,
  HOSTD_GATE_UNBOUND_VERIFY_BASELINE, /* the default: what its technology demands must hold */
  HOSTD_GATE_UNBOUND_VETO,
} HostdGateUnbound;
/* "allow", "verify-baseline", "veto"; FALSE for any other word, and *ret_unbound untouched. */
gboolean hostd_gate_unbound_from_name (const char *name, HostdGateUnbound *ret_unbound);

typedef struct {
  HostdGateUnbound unbound;
  /*
   * Veto prepare and start, of guests that ask for protection or are bound, when the hook sees
   * another bindings folder than ours, or none: then it could not hold the gate with hostd dead.
   */
  gboolean veto_foreign_folder;
} HostdGateSettings;

/* One run of the qemu hook. Strings may be NULL where libvirt gave none. */
typedef struct {
  const char *object;        /* argv[1]: the domain's name */
  const char *operation;     /* argv[2]: "prepare", "start", "started", "stopped", ... */
  const char *sub_operation; /* argv[3]: "begin", "end", "-" */
  const char *extra;         /* argv[4]: "-", or at release a reason */
  const char *xml;           /* the hook's stdin, @length bytes, not trusted to be XML */
  gsize length;
  guint64 bindings_device; /* of the folder as the hook sees it; both 0: it sees none */
  guint64 bindings_inode;
} HostdGateEvent;

/* Which row of the table spoke. */
typedef enum {
  HOSTD_GATE_GUEST_UNKNOWN,   /* not looked at: the operation is allowed whatever the guest is */
  HOSTD_GATE_GUEST_ORDINARY,  /* neither bound nor asking for protection */
  HOSTD_GATE_GUEST_BOUND,     /* a binding of its UUID exists */
  HOSTD_GATE_GUEST_METADATA,  /* no binding, but our metadata in it names a policy */
  HOSTD_GATE_GUEST_UNBOUND,   /* asks for protection, and nobody bound it */
  HOSTD_GATE_GUEST_UNREADABLE /* its XML or its binding cannot be read */
} HostdGateGuest;
const char *hostd_gate_guest_name (HostdGateGuest guest); /* "ordinary", "bound", ... for the log */

/* How the folder that the hook sees compares with ours. */
typedef enum {
  HOSTD_GATE_FOLDER_SAME,
  HOSTD_GATE_FOLDER_OTHER,
  HOSTD_GATE_FOLDER_MISSING,
} HostdGateFolder;

typedef struct HostdGateDecision HostdGateDecision;

HostdGate *hostd_gate_new (HostdBindings *bindings, /* (transfer none), outlives the gate */
                           const HostdGateSettings *settings);
void hostd_gate_free (HostdGate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdGate, hostd_gate_free)

/* For a configuration that was read again. */
void hostd_gate_set_settings (HostdGate *self, const HostdGateSettings *settings);

/* What runs here, to count slots by; (transfer none), outlives the gate. NULL: nobody knows. */
void hostd_gate_set_roster (HostdGate *self, const HostdRoster *roster);

/*
 * What is known to break guests on this host: at prepare it vetoes or is noted. (transfer none), to
 * be set again when it is loaded again. NULL: nothing.
 */
void hostd_gate_set_known_bad (HostdGate *self, const HostdKnownBad *known_bad);

/*
 * Decides. Never fails: whatever keeps it from deciding is a veto at an operation that may be
 * vetoed, with that as its reason. @facts may be NULL.
 */
HostdGateDecision *hostd_gate_decide (HostdGate *self, const HostdTemplates *templates,
                                      const HostdFacts *facts, const HostdGateEvent *event);
/* A running guest, as it is now: what the gate would say of its start. Nothing is noted of it. */
HostdGateDecision *hostd_gate_inspect (HostdGate *self, const HostdTemplates *templates,
                                       const HostdFacts *facts, const char *xml, gsize length);
void hostd_gate_decision_free (HostdGateDecision *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdGateDecision, hostd_gate_decision_free)

gboolean hostd_gate_decision_get_allow (const HostdGateDecision *self);
/* One line for the hook to print: why it was vetoed, and what to do. NULL when allowed. */
const char *hostd_gate_decision_get_reason (const HostdGateDecision *self);
/* All reasons of a veto; empty when allowed. */
const HostdReasons *hostd_gate_decision_get_reasons (const HostdGateDecision *self);
/* For the log, whatever the verdict: a policy that changed since it was bound, a foreign folder. */
const HostdReasons *hostd_gate_decision_get_notes (const HostdGateDecision *self);
HostdGateGuest hostd_gate_decision_get_guest (const HostdGateDecision *self);
HostdGateFolder hostd_gate_decision_get_folder (const HostdGateDecision *self);
/* In lower case; NULL where it was not looked at or could not be read. */
const char *hostd_gate_decision_get_uuid (const HostdGateDecision *self);
/* The policy verified against; NULL if none was. */
const char *hostd_gate_decision_get_policy (const HostdGateDecision *self);
/* FALSE if no technology was found out. */
gboolean hostd_gate_decision_get_technology (const HostdGateDecision *self,
                                             HostdTechnology *ret_technology);

/*
 * What the hook told last of a domain: "prepare", "start" or "started"; NULL if it told nothing
 * since the domain was released, or since hostd started. With it the daemon matches libvirt's
 * start events, to know that the gate is armed. It counts nothing: slots are counted from live
 * domains.
 */
const char *hostd_gate_last_operation (const HostdGate *self, const char *uuid);

G_END_DECLS
