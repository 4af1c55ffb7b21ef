/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

#include "base/parse.h"
#include "platform/capacity.h"
#include "platform/kvm.h"

#include <string.h>

/* Intel SDM volume 4, IA32_FEATURE_CONTROL: what the BIOS allows, once it is locked. */
#define MSR_FEATURE_CONTROL 0x3a
#define FEATURE_CONTROL_LOCKED (1u << 0)
#define FEATURE_CONTROL_LAUNCH (1u << 17) /* the key hash may be written */
#define FEATURE_CONTROL_SGX (1u << 18)

#define CAP_SGX_ATTRIBUTE 196 /* linux/kvm.h */
#define MAX_SECTIONS 64
#define MAX_NODES 1024
#define NODES "sys/devices/system/node"
#define PARAMETER "sys/module/kvm_intel/parameters/sgx"

/* ---- hardware and firmware ---- */

static void
check_hardware (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  HostdCpuid leaf = { 0, 0, 0, 0 };
  HostdRead read;

  facts->looking_at = HOSTD_LAYER_HARDWARE;
  read = hostd_probe_cpuid (probe, facts, 7, 0, &leaf);
  if (probe->cpu_flags)
    hostd_technology_facts_add_evidence (facts, "proc/cpuinfo", "%s",
                                         hostd_probe_has_cpu_flag (probe, "sgx") ? "flag sgx"
                                                                                 : "no flag sgx");
  if (hostd_probe_has_cpu_flag (probe, "sgx") ||
      (read == HOSTD_READ_VALUE && (leaf.ebx & 1u << 2) != 0))
    return;
  /* The kernel takes the flag away for reasons of its own: its absence alone says nothing. */
  if (read == HOSTD_READ_UNREADABLE)
    hostd_probe_unknown (facts, "", "whether this processor has SGX cannot be read");
  else
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_HARDWARE,
                                       "this processor has no SGX, or the BIOS hides it (CPUID 7 "
                                       "EBX bit 2 is 0)",
                                       "turn SGX on in the BIOS; if it has no such option: none on "
                                       "this CPU");
}

/*
 * Bytes of enclave memory (EPC): CPUID 0x12, sub-leaves from 2 on (Intel SDM volume 3D). EAX[3:0]
 * is 1 for a section; ECX[3:0] says how it is protected, 1 with integrity, 2 without, 3 with TDX.
 */
static gboolean
sum_sections (HostdProbe *probe, HostdTechnologyFacts *facts, guint64 *ret_bytes)
{
  guint64 sum = 0;

  for (guint i = 2; i < MAX_SECTIONS; i++) {
    HostdCpuid leaf;

    if (hostd_probe_cpuid (probe, facts, 0x12, i, &leaf) != HOSTD_READ_VALUE)
      return FALSE;
    if ((leaf.eax & 0xf) == 0)
      break;
    if ((leaf.eax & 0xf) == 1)
      sum += (leaf.ecx & 0xfffff000) | (guint64) (leaf.edx & 0xfffff) << 32;
  }
  *ret_bytes = sum;
  return TRUE;
}

static void
set_feature (HostdTechnologyFacts *facts, const char *name, guint32 bit)
{
  hostd_technology_facts_set_value (facts, name, "%s", bit ? "yes" : "no");
}

/* CPUID 0x12.0 EAX, and launch control: CPUID 7 ECX bit 30 with the BIOS's leave. */
static void
set_features (HostdProbe *probe, HostdTechnologyFacts *facts, gboolean control_read,
              guint64 control)
{
  static const struct {
    const char *name;
    guint bit;
  } features[] = { { "sgx1", 0 },           { "sgx2", 1 },        { "enclv", 5 },
                   { "everifyreport2", 7 }, { "eupdatesvn", 10 }, { "edeccssa", 11 } };
  HostdCpuid leaf = { 0, 0, 0, 0 }, extended = { 0, 0, 0, 0 };
  HostdRead read = hostd_probe_cpuid (probe, facts, 0x12, 0, &leaf);
  HostdRead extended_read = hostd_sys_cpuid (probe->sys, 7, 0, &extended, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (features); i++)
    if (read == HOSTD_READ_VALUE)
      set_feature (facts, features[i].name, leaf.eax & 1u << features[i].bit);
    else
      hostd_technology_facts_set_value_unknown (facts, features[i].name, "CPUID 12 cannot be read");
  if (extended_read == HOSTD_READ_VALUE)
    set_feature (facts, "flc", extended.ecx & 1u << 30);
  else
    hostd_technology_facts_set_value_unknown (facts, "flc", "CPUID 7 cannot be read");
  if (control_read)
    hostd_technology_facts_set_value (facts, "launch_control", "%s",
                                      control & FEATURE_CONTROL_LAUNCH ? "writable" : "locked");
  else
    hostd_technology_facts_set_value_unknown (facts, "launch_control",
                                              "MSR 3a cannot be read: it takes root and the "
                                              "module msr");
}

/* "nodeN" of the folder of nodes. */
static gboolean
parse_node (const char *name, guint64 *ret_number)
{
  return g_str_has_prefix (name, "node") &&
         hostd_parse_decimal (name + strlen ("node"), G_MAXUINT32, ret_number);
}

static int
compare_nodes (gconstpointer a, gconstpointer b)
{
  const HostdCapacityNode *first = a, *second = b;

  return first->node < second->node ? -1 : first->node > second->node;
}

/* What the kernel has of it by node (Linux 5.17). FALSE: it does not say so of all. */
static gboolean
read_nodes (HostdProbe *probe, HostdTechnologyFacts *facts, GArray *nodes)
{
  g_auto (GStrv) names = NULL;
  guint64 number, bytes;

  if (hostd_sys_list_folder (probe->sys, NODES, &names, NULL) != HOSTD_READ_VALUE)
    return FALSE;
  for (guint i = 0; names[i] && nodes->len < MAX_NODES; i++) {
    g_autofree char *path = g_strdup_printf (NODES "/%s/x86/sgx_total_bytes", names[i]);
    HostdRead read;

    if (!parse_node (names[i], &number))
      continue;
    read = hostd_probe_decimal (probe, facts, path, &bytes, NULL);
    if (read == HOSTD_READ_UNREADABLE)
      return FALSE;
    if (read == HOSTD_READ_VALUE) {
      const HostdCapacityNode node = { number, bytes };

      g_array_append_val (nodes, node);
    }
  }
  g_array_sort (nodes, compare_nodes);
  return nodes->len > 0;
}

static void
set_capacity (HostdProbe *probe, HostdTechnologyFacts *facts, gint64 sections)
{
  g_autoptr (GArray) nodes = g_array_new (FALSE, FALSE, sizeof (HostdCapacityNode));
  gint64 sum = 0;

  facts->looking_at = HOSTD_LAYER_KERNEL;
  if (read_nodes (probe, facts, nodes)) {
    for (guint i = 0; i < nodes->len; i++) {
      const HostdCapacityNode *node = &g_array_index (nodes, HostdCapacityNode, i);

      hostd_capacity_add_node (&facts->capacity, node->node, node->total);
      sum = node->total > G_MAXINT64 - sum ? G_MAXINT64 : sum + node->total;
    }
    /* A section that the kernel could not take is lost to guests. */
    if (sections < 0 || sum < sections)
      sections = sum;
  }
  /* No kernel tells how much is in use: it comes of the domains that have it. */
  hostd_capacity_set (facts, "sgx-epc", sections, HOSTD_CAPACITY_UNKNOWN);
}

static void
check_firmware (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  guint64 control = 0, sections = 0;
  gboolean control_read, sections_read;

  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  control_read = hostd_probe_msr (probe, facts, MSR_FEATURE_CONTROL, &control) == HOSTD_READ_VALUE;
  if (control_read &&
      ((control & FEATURE_CONTROL_LOCKED) == 0 || (control & FEATURE_CONTROL_SGX) == 0))
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE, "SGX is off in the BIOS (MSR 3a)", "turn SGX on in the BIOS");
  set_features (probe, facts, control_read, control);
  sections_read = sum_sections (probe, facts, &sections);
  if (sections_read && sections == 0)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE,
                                       "the BIOS sets no memory aside for enclaves (no EPC "
                                       "section in CPUID 12)",
                                       "turn SGX on in the BIOS, with memory (PRMRR) for it");
  set_capacity (probe, facts, sections_read ? (gint64) sections : HOSTD_CAPACITY_UNKNOWN);
}

/* ---- kernel and QEMU ---- */

static void
check_parameter (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  g_autofree char *why = NULL;
  gboolean on = FALSE;
  HostdRead read = hostd_probe_flag (probe, facts, PARAMETER, &on, &why);

  if (hostd_probe_module (probe, facts, "kvm_intel") == HOSTD_READ_ABSENT)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, "kvm_intel is not loaded",
                                       "modprobe kvm_intel");
  else if (read == HOSTD_READ_ABSENT)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL,
                                       "this kernel's kvm_intel knows no \"sgx\"",
                                       "upgrade the kernel: Linux 5.13 or later, with "
                                       "CONFIG_X86_SGX_KVM");
  else if (read == HOSTD_READ_VALUE && !on)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, "kvm_intel.sgx is off",
                                       "load kvm_intel without sgx=0, and look at the kernel log");
  else if (read == HOSTD_READ_UNREADABLE)
    hostd_probe_unknown (facts, "", "kvm_intel.sgx cannot be read: %s", why);
}

/* Guests get their memory from /dev/sgx_vepc, which QEMU opens. */
static void
check_device (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  static const char path[] = "dev/sgx_vepc";
  g_autoptr (GError) error = NULL;
  HostdRead read = hostd_sys_has_device (probe->sys, path, &error);

  hostd_technology_facts_add_evidence (facts, path, "%s",
                                       read == HOSTD_READ_VALUE    ? "present"
                                       : read == HOSTD_READ_ABSENT ? "absent"
                                                                   : error->message);
  if (read == HOSTD_READ_UNREADABLE)
    hostd_probe_unknown (facts, "", "whether there is a /dev/sgx_vepc is not known: %s",
                         error->message);
  else if (read == HOSTD_READ_ABSENT && hostd_probe_has_boot_word (probe, "nosgx"))
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL,
                                       "SGX is off in the kernel (nosgx)", "boot without nosgx");
  else if (read == HOSTD_READ_ABSENT)
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_KERNEL,
        "there is no /dev/sgx_vepc: the kernel gives guests no enclave memory",
        "a kernel with CONFIG_X86_SGX_KVM; its log may say more under \"sgx\"");
}

/*
 * The capability only says whether a guest may be given the provisioning key, which many do
 * without: where KVM cannot be asked, nothing is lost.
 */
static void
check_kvm (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  static const char source[] = "dev/kvm KVM_CAP_SGX_ATTRIBUTE";
  g_autoptr (GError) error = NULL;
  guint value = 0;
  HostdRead read = hostd_sys_kvm_extension (probe->sys, CAP_SGX_ATTRIBUTE, &value, &error);

  if (read == HOSTD_READ_UNREADABLE)
    hostd_technology_facts_add_evidence (facts, source, "unknown: %s", error->message);
  else
    hostd_probe_kvm_capability (probe, facts, CAP_SGX_ATTRIBUTE, "KVM_CAP_SGX_ATTRIBUTE", &value);
}

/*
 * A recording often names the objects of confidential guests only, which memory-backend-epc is not:
 * its absence counts where other memory backends stand.
 */
static void
check_qemu (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  static const char type[] = "memory-backend-epc";
  const char *const *objects = (const char *const *) probe->objects;

  facts->looking_at = HOSTD_LAYER_QEMU;
  if (objects && !g_strv_contains (objects, type) &&
      !g_strv_contains (objects, "memory-backend-ram"))
    hostd_technology_facts_add_evidence (facts, probe->emulator,
                                         "unknown: memory backends are not listed");
  else
    hostd_probe_qemu (probe, facts, type, "6.2 or later");
}

void
hostd_probe_sgx (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  if (!hostd_probe_applies (probe, facts, "x86_64", 1u << HOSTD_VENDOR_INTEL, "Intel"))
    return;
  check_hardware (probe, facts);
  if (facts->layer != HOSTD_LAYER_HARDWARE) {
    check_firmware (probe, facts);
    facts->looking_at = HOSTD_LAYER_KERNEL;
    check_parameter (probe, facts);
    check_device (probe, facts);
    check_kvm (probe, facts);
    check_qemu (probe, facts);
  }
  hostd_probe_conclude (facts);
  if (facts->usability == HOSTD_USABILITY_UNUSABLE) {
    g_clear_pointer (&facts->capacity.nodes, g_array_unref);
    hostd_technology_facts_set_quote (facts, HOSTD_QUOTE_NONE, "SGX is not usable here", NULL);
    return;
  }
  hostd_technology_facts_set_quote (
      facts, HOSTD_QUOTE_UNKNOWN, "quotes of enclaves are made by services inside the guest", NULL);
}
