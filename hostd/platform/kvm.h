/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/probe.h"

G_BEGIN_DECLS

/*
 * KVM's word on one thing, KVM_CHECK_EXTENSION of @capability, whose name in linux/kvm.h is @name.
 * 0 is a value. Without /dev/kvm the kernel layer is broken; where it cannot be asked, "unknown" is
 * set.
 */
HostdRead hostd_probe_kvm_capability (HostdProbe *self, HostdTechnologyFacts *facts,
                                      guint capability, const char *name, guint *ret_value);

/*
 * KVM_CAP_VM_TYPES, which is KVM's own word on what it can start. Breaks the kernel layer if there
 * is no /dev/kvm. 0: KVM does not say (before Linux 6.10), or could not be asked (then "unknown"
 * is set).
 */
guint hostd_probe_vm_types (HostdProbe *self, HostdTechnologyFacts *facts);

/* Whether KVM_CREATE_VM takes @type; otherwise as above, and ABSENT is its "no" too. */
HostdRead hostd_probe_kvm_type (HostdProbe *self, HostdTechnologyFacts *facts, guint64 type);

G_END_DECLS
