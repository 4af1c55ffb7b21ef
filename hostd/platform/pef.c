/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

#include "base/bytes.h"
#include "base/parse.h"
#include "platform/capacity.h"
#include "platform/guest.h"
#include "platform/kvm.h"

#include <string.h>

/*
 * IBM's Protected Execution Facility: POWER9 with the Ultravisor firmware. It ended there (POWER10
 * has none), and libvirt never had a word for it.
 */

/* linux Documentation/arch/powerpc/ultravisor.rst: PVR 0x004e1203 and above of POWER9. */
#define PVR_POWER9 0x004e
#define FIRST_REVISION 0x1203
#define CAP_PPC_SECURE_GUEST 181 /* linux/kvm.h */
#define TREE "proc/device-tree"
#define MAX_NODES 1024

/* "revision : 2.3 (pvr 004e 1203)" of /proc/cpuinfo. */
static gboolean
find_pvr (const char *cpuinfo, guint *ret_version, guint *ret_revision)
{
  const char *found = strstr (cpuinfo, "(pvr ");
  g_autofree char *inside = NULL;
  g_auto (GStrv) words = NULL;
  guint64 version, revision;

  if (found == NULL)
    return FALSE;
  found += strlen ("(pvr ");
  inside = g_strndup (found, strcspn (found, ")\n"));
  words = g_strsplit (inside, " ", 3);
  if (g_strv_length (words) != 2 || !hostd_parse_hex (words[0], &version) ||
      !hostd_parse_hex (words[1], &revision) || version > 0xffff || revision > 0xffff)
    return FALSE;
  *ret_version = version;
  *ret_revision = revision;
  return TRUE;
}

static void
check_hardware (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  guint version = 0, revision = 0;

  facts->looking_at = HOSTD_LAYER_HARDWARE;
  if (probe->cpuinfo == NULL || !find_pvr (probe->cpuinfo, &version, &revision)) {
    hostd_technology_facts_add_evidence (facts, "proc/cpuinfo", "unknown: no pvr");
    hostd_probe_unknown (facts, "",
                         "which processor this is cannot be read: /proc/cpuinfo has no pvr");
    return;
  }
  hostd_technology_facts_add_evidence (facts, "proc/cpuinfo", "pvr %04x%04x", version, revision);
  if (version != PVR_POWER9 || revision < FIRST_REVISION)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_HARDWARE,
                                       "this processor has no Protected Execution Facility",
                                       "none on this CPU: POWER9 of revision 2.3 or later has it");
}

/* A property of the device tree; texts end in a NUL, numbers are big-endian. NULL: none. */
static GBytes *
read_property (HostdProbe *probe, const char *node, const char *name)
{
  g_autofree char *path = g_strconcat (node, "/", name, NULL);
  GBytes *bytes = NULL;

  return hostd_sys_read_bytes (probe->sys, path, &bytes, NULL) == HOSTD_READ_VALUE ? bytes : NULL;
}

/* Whether a node's list of compatible things has @wanted. */
static gboolean
is_compatible (HostdProbe *probe, const char *node, const char *wanted)
{
  g_autoptr (GBytes) bytes = read_property (probe, node, "compatible");
  gsize length = 0, start = 0;
  const char *data = bytes ? g_bytes_get_data (bytes, &length) : NULL;

  for (gsize i = 0; i <= length && data; i++) {
    /* A recording of hand may have a line end where the tree has a NUL. */
    if (i < length && data[i] != '\0' && data[i] != '\n')
      continue;
    if (i - start == strlen (wanted) && memcmp (data + start, wanted, i - start) == 0)
      return TRUE;
    start = i + 1;
  }
  return FALSE;
}

/* Adds up the sizes of @property: pairs of address and size, 64 bits each. */
static void
add_sizes (HostdProbe *probe, const char *node, const char *property, guint64 *sum)
{
  g_autoptr (GBytes) bytes = read_property (probe, node, property);
  gsize length = 0;
  const guint8 *data = bytes ? g_bytes_get_data (bytes, &length) : NULL;

  for (gsize i = 0; data && i + 16 <= length; i += 16)
    if (!g_uint64_checked_add (sum, *sum, hostd_get_be64 (data + i + 8)))
      *sum = G_MAXUINT64;
}

/*
 * Memory that the Ultravisor keeps for guests, where Linux finds it (arch/powerpc/kvm/
 * book3s_hv_uvmem.c): nodes compatible with "ibm,secure-memory", else the older list.
 */
static void
read_secure_memory (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  static const char older[] = TREE "/ibm,ultravisor/ibm,uv-firmware";
  g_auto (GStrv) names = NULL;
  g_autoptr (GError) error = NULL;
  guint64 sum = 0;

  if (hostd_sys_list_folder (probe->sys, TREE, &names, &error) != HOSTD_READ_VALUE) {
    hostd_technology_facts_set_value_unknown (facts, "secure_memory_bytes",
                                              "there is no device tree: %s",
                                              error ? error->message : "/" TREE " is absent");
    return;
  }
  for (guint i = 0; i < MAX_NODES && names[i]; i++) {
    g_autofree char *node = g_strconcat (TREE "/", names[i], NULL);

    if (is_compatible (probe, node, "ibm,secure-memory"))
      add_sizes (probe, node, "reg", &sum);
  }
  if (sum == 0 && is_compatible (probe, older, "ibm,uv-firmware"))
    add_sizes (probe, older, "secure-memory-ranges", &sum);
  if (sum != 0 && sum != G_MAXUINT64)
    hostd_technology_facts_set_value (facts, "secure_memory_bytes", "%" G_GUINT64_FORMAT, sum);
  else
    hostd_technology_facts_set_value_unknown (facts, "secure_memory_bytes",
                                              "the device tree names no secure memory");
}

static void
check_firmware (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  static const char folder[] = "sys/firmware/ultravisor", node[] = TREE "/ibm,ultravisor";
  g_auto (GStrv) names = NULL;
  g_autoptr (GError) error = NULL;
  gboolean in_tree = is_compatible (probe, node, "ibm,ultravisor");
  HostdRead read = hostd_sys_list_folder (probe->sys, folder, &names, &error);

  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  hostd_technology_facts_add_evidence (facts, node, "%s",
                                       in_tree ? "ibm,ultravisor" : "absent, or not compatible");
  if (read == HOSTD_READ_UNREADABLE) {
    hostd_technology_facts_add_evidence (facts, folder, "unknown: %s", error->message);
    if (!in_tree)
      hostd_probe_unknown (facts, "", "whether an Ultravisor runs here cannot be read: %s",
                           error->message);
    return;
  }
  hostd_technology_facts_add_evidence (facts, folder, "%s",
                                       read == HOSTD_READ_VALUE ? "present" : "absent");
  if (read == HOSTD_READ_ABSENT && in_tree)
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_KERNEL,
        "the firmware has an Ultravisor, and this kernel does not use it",
        "boot a kernel with CONFIG_PPC_UV");
  else if (read == HOSTD_READ_ABSENT)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE,
                                       "no Ultravisor runs in this machine's firmware",
                                       "boot with firmware that has the Ultravisor");
  read_secure_memory (probe, facts);
}

void
hostd_probe_pef (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  guint secure = 0;

  if (!hostd_probe_applies (probe, facts, "ppc64*", 0, "IBM POWER") ||
      hostd_probe_is_guest (probe, facts))
    return;
  check_hardware (probe, facts);
  check_firmware (probe, facts);
  facts->looking_at = HOSTD_LAYER_KERNEL;
  if (hostd_probe_kvm_capability (probe, facts, CAP_PPC_SECURE_GUEST, "KVM_CAP_PPC_SECURE_GUEST",
                                  &secure) == HOSTD_READ_VALUE &&
      secure == 0)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL,
                                       "KVM starts no secure guests (KVM_CAP_PPC_SECURE_GUEST is "
                                       "0)",
                                       "boot a kernel with CONFIG_PPC_UV and load kvm_hv");
  facts->looking_at = HOSTD_LAYER_QEMU;
  hostd_probe_qemu (probe, facts, "pef-guest", "6.0 or later");
  facts->looking_at = HOSTD_LAYER_LIBVIRT;
  hostd_technology_facts_add_evidence (facts, "libvirt launchSecurity", "no type for PEF");
  hostd_technology_facts_set_broken (facts, HOSTD_LAYER_LIBVIRT,
                                     "libvirt has no launchSecurity type for PEF",
                                     "none; QEMU's own options (qemu:commandline) are not covered "
                                     "by a launch policy");
  hostd_probe_conclude (facts);
  /* Bytes are known, a number of guests is not. */
  if (facts->layer >= HOSTD_LAYER_QEMU)
    hostd_capacity_set (facts, NULL, HOSTD_CAPACITY_UNKNOWN, HOSTD_CAPACITY_UNKNOWN);
  hostd_technology_facts_set_quote (facts, HOSTD_QUOTE_NONE, "PEF has no quotes", NULL);
}
