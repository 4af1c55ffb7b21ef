/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/kvm.h"

#define CAP_VM_TYPES 235 /* linux/kvm.h */
#define FIX "turn virtualisation on in the firmware and load the KVM module"

static void
no_kvm (HostdTechnologyFacts *facts, const char *fix)
{
  hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL,
                                     "there is no /dev/kvm: KVM does not run here", fix);
}

static void
not_asked (HostdTechnologyFacts *facts, const char *source, const GError *error)
{
  hostd_technology_facts_add_evidence (facts, source, "unknown: %s", error->message);
  hostd_probe_unknown (facts, "run as root, or as a member of the group kvm",
                       "KVM cannot be asked what guests it can start: %s", error->message);
}

static HostdRead
check_extension (HostdProbe *self, HostdTechnologyFacts *facts, guint capability, const char *name,
                 const char *fix, guint *ret_value)
{
  g_autofree char *source = g_strconcat ("dev/kvm ", name, NULL);
  g_autoptr (GError) error = NULL;
  HostdRead read = hostd_sys_kvm_extension (self->sys, capability, ret_value, &error);

  if (read == HOSTD_READ_VALUE) {
    hostd_technology_facts_add_evidence (facts, source, "%x", *ret_value);
  } else if (read == HOSTD_READ_ABSENT) {
    hostd_technology_facts_add_evidence (facts, source, "absent");
    no_kvm (facts, fix);
  } else {
    not_asked (facts, source, error);
  }
  return read;
}

HostdRead
hostd_probe_kvm_capability (HostdProbe *self, HostdTechnologyFacts *facts, guint capability,
                            const char *name, guint *ret_value)
{
  return check_extension (self, facts, capability, name, FIX, ret_value);
}

guint
hostd_probe_vm_types (HostdProbe *self, HostdTechnologyFacts *facts)
{
  guint types = 0;

  facts->looking_at = HOSTD_LAYER_KERNEL;
  check_extension (self, facts, CAP_VM_TYPES, "KVM_CAP_VM_TYPES",
                   "turn virtualisation on in the BIOS and load the KVM module", &types);
  return types;
}

HostdRead
hostd_probe_kvm_type (HostdProbe *self, HostdTechnologyFacts *facts, guint64 type)
{
  g_autofree char *source = g_strdup_printf ("dev/kvm KVM_CREATE_VM %" G_GINT64_MODIFIER "x", type);
  g_autoptr (GError) error = NULL;
  HostdRead read = hostd_sys_kvm_takes_type (self->sys, type, &error);

  if (read == HOSTD_READ_UNREADABLE) {
    not_asked (facts, source, error);
    return read;
  }
  hostd_technology_facts_add_evidence (facts, source, "%s",
                                       read == HOSTD_READ_VALUE ? "accepted" : "refused");
  if (read == HOSTD_READ_ABSENT &&
      hostd_sys_has_device (self->sys, "dev/kvm", NULL) == HOSTD_READ_ABSENT)
    no_kvm (facts, FIX);
  return read;
}
