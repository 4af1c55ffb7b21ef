/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/platform.h"

#include "base/text.h"
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

/* Of the machine as a whole, besides its technologies. */
static void
read_machine (HostdProbe *probe, HostdFacts *facts)
{
  g_auto (HostdUname) name = { NULL, NULL };
  HostdSevAnswer answer = { 0, 0, { 0 } };

  if (hostd_sys_uname (probe->sys, &name, NULL) == HOSTD_READ_VALUE)
    facts->kernel_release = g_strdup (name.release);
  facts->guest = probe->guest;
  facts->as_root = hostd_sys_is_root (probe->sys);
  /* struct sev_user_data_status of linux/psp-sev.h: API major, minor, ..., build at 7. */
  if (hostd_sys_sev (probe->sys, HOSTD_SEV_PLATFORM_STATUS, &answer, NULL) == HOSTD_READ_VALUE &&
      answer.errnum == 0) {
    facts->sev_firmware.known = TRUE;
    facts->sev_firmware.major = answer.data[0];
    facts->sev_firmware.minor = answer.data[1];
    facts->sev_firmware.build = answer.data[7];
  }
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
    facts->qemu_version = hostd_version_from_text (version);
}

/*
 * libvirt finds the firmware of a guest by these features. None with it breaks nothing here: a
 * domain may name its image.
 */
static void
note_firmware (HostdFacts *facts)
{
  static const struct {
    HostdTechnology technology;
    const char *feature;
  } wanted[] = {
    { HOSTD_TECHNOLOGY_SEV, "amd-sev" },
    { HOSTD_TECHNOLOGY_SEV_ES, "amd-sev-es" },
    { HOSTD_TECHNOLOGY_SEV_SNP, "amd-sev-snp" },
    { HOSTD_TECHNOLOGY_TDX, "intel-tdx" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++) {
    HostdTechnologyFacts *t = &facts->technology[wanted[i].technology];
    const char *found = NULL;

    if (t->usability == HOSTD_USABILITY_NOT_APPLICABLE || !facts->firmware_known)
      continue;
    for (guint n = 0; n < facts->firmware->len && found == NULL; n++) {
      const HostdFirmware *firmware = g_ptr_array_index (facts->firmware, n);

      if (hostd_firmware_has_feature (firmware, wanted[i].feature))
        found = firmware->descriptor;
    }
    t->looking_at = HOSTD_LAYER_LIBVIRT;
    hostd_technology_facts_add_evidence (t, "firmware descriptors", "%s: %s", wanted[i].feature,
                                         found ? found : "none");
  }
}

/* A descriptor that was left out may be the one that somebody looks for: say so in every row. */
static void
add_notes (HostdFacts *facts, char **notes)
{
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    HostdTechnologyFacts *t = &facts->technology[i];

    t->looking_at = HOSTD_LAYER_LIBVIRT;
    for (guint n = 0; notes[n] && t->usability != HOSTD_USABILITY_NOT_APPLICABLE; n++)
      hostd_technology_facts_add_evidence (t, "firmware descriptors", "left out: %s", notes[n]);
  }
}

void
hostd_platform_probe (HostdSys *sys, HostdFacts *facts)
{
  g_autoptr (HostdProbe) probe = hostd_probe_new (sys);
  g_auto (GStrv) notes = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    table[i].probe (probe, &facts->technology[table[i].technology]);
  read_machine (probe, facts);
  read_cbit (probe, facts);
  read_emulators (probe, facts);
  hostd_firmware_descriptors_read (sys, facts, &notes);
  note_firmware (facts);
  add_notes (facts, notes);
}
