/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/platform.h"

#include "base/parse.h"
#include "platform/firmware-descriptors.h"
#include "platform/technology.h"

/* Every technology that is known, and the file that judges it. */
static const struct {
  HostdTechnology technology;
  HostdTechnologyProbe probe;
} table[] = {
  { HOSTD_TECHNOLOGY_SEV, hostd_probe_sev },
  { HOSTD_TECHNOLOGY_SEV_ES, hostd_probe_sev_es },
  { HOSTD_TECHNOLOGY_SEV_SNP, hostd_probe_sev_snp },
  { HOSTD_TECHNOLOGY_TDX, hostd_probe_tdx },
  { HOSTD_TECHNOLOGY_SGX, hostd_probe_sgx },
  { HOSTD_TECHNOLOGY_CCA, hostd_probe_cca },
  { HOSTD_TECHNOLOGY_PEF, hostd_probe_pef },
  { HOSTD_TECHNOLOGY_S390_PV, hostd_probe_s390_pv },
};
G_STATIC_ASSERT (G_N_ELEMENTS (table) == HOSTD_N_TECHNOLOGIES);

static void
read_cbit (HostdProbe *probe, HostdFacts *facts)
{
  HostdCpuid leaf = { 0, 0, 0, 0 };

  if ((probe->vendor != HOSTD_VENDOR_AMD && probe->vendor != HOSTD_VENDOR_HYGON) || probe->guest ||
      hostd_sys_cpuid (probe->sys, 0x8000001f, 0, &leaf, NULL) != HOSTD_READ_VALUE || leaf.eax == 0)
    return;
  /*
   * EBX: [5:0] position of the C-bit, [11:6] bits of address that the host loses. A guest loses
   * one.
   */
  facts->cbit_known = TRUE;
  facts->cbitpos = leaf.ebx & 0x3f;
  facts->reduced_phys_bits = 1;
}

static guint
version_number (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ".", 4);
  guint64 n[3] = { 0, 0, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (n) && parts[i]; i++)
    if (!hostd_parse_decimal (parts[i], 999, &n[i]))
      return 0;
  return n[0] * 1000000 + n[1] * 1000 + n[2];
}

static void
read_emulators (HostdProbe *probe, HostdFacts *facts)
{
  g_autofree char *version = NULL;

  if (probe->emulators == NULL)
    return;
  facts->emulators = g_strdupv (probe->emulators);
  if (probe->emulator &&
      hostd_sys_qemu_version (probe->sys, probe->emulator, &version, NULL) == HOSTD_READ_VALUE)
    facts->qemu_version = version_number (version);
}

/* A descriptor that was left out may be the one that somebody looks for: say so in every row. */
static void
add_notes (HostdFacts *facts, char **notes)
{
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    if (facts->technology[i].usability != HOSTD_USABILITY_NOT_APPLICABLE)
      for (guint n = 0; notes[n]; n++)
        hostd_technology_facts_add_evidence (&facts->technology[i], "firmware descriptor",
                                             "left out: %s", notes[n]);
}

void
hostd_platform_probe (HostdSys *sys, HostdFacts *facts)
{
  g_autoptr (HostdProbe) probe = hostd_probe_new (sys);
  g_auto (GStrv) notes = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    table[i].probe (probe, &facts->technology[table[i].technology]);
  read_cbit (probe, facts);
  read_emulators (probe, facts);
  hostd_firmware_descriptors_read (sys, facts, &notes);
  add_notes (facts, notes);
}
