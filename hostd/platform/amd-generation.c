/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/amd-generation.h"

char *
hostd_amd_generation (const HostdProbe *probe)
{
  /* Models come in sixteens. Siena has those of Bergamo. */
  static const struct {
    guint family, models;
    const char *name;
  } generations[] = {
    { 0x17, 0x00, "Naples" }, { 0x17, 0x30, "Rome" },  { 0x18, 0x00, "Dhyana" },
    { 0x19, 0x00, "Milan" },  { 0x19, 0x10, "Genoa" }, { 0x19, 0xa0, "Bergamo" },
    { 0x1a, 0x00, "Turin" },  { 0x1a, 0x10, "Turin" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (generations); i++)
    if (probe->family == generations[i].family && (probe->model & ~0xfu) == generations[i].models)
      return g_strdup (generations[i].name);
  return probe->family != 0
             ? g_strdup_printf ("family %02xh model %02xh", probe->family, probe->model)
             : NULL;
}

char *
hostd_amd_firmware_file (const HostdProbe *probe)
{
  if (probe->family == 0)
    return g_strdup ("amd/amd_sev_fam*.sbin");
  return g_strdup_printf ("amd/amd_sev_fam%02xh_model%1xxh.sbin", probe->family, probe->model >> 4);
}

static guint
byte_of (guint64 tcb, guint n)
{
  return tcb >> 8 * n & 0xff;
}

char *
hostd_amd_tcb_to_text (const HostdProbe *probe, guint64 tcb)
{
  if (probe->family == HOSTD_FAMILY_ZEN3)
    return g_strdup_printf ("bootloader %u, tee %u, snp %u, microcode %u", byte_of (tcb, 0),
                            byte_of (tcb, 1), byte_of (tcb, 6), byte_of (tcb, 7));
  if (probe->family == HOSTD_FAMILY_ZEN5)
    return g_strdup_printf ("fmc %u, bootloader %u, tee %u, snp %u, microcode %u", byte_of (tcb, 0),
                            byte_of (tcb, 1), byte_of (tcb, 2), byte_of (tcb, 3), byte_of (tcb, 7));
  return NULL;
}

gboolean
hostd_amd_tcb_snp (const HostdProbe *probe, guint64 tcb, guint *ret_level)
{
  if (probe->family == HOSTD_FAMILY_ZEN3)
    *ret_level = byte_of (tcb, 6);
  else if (probe->family == HOSTD_FAMILY_ZEN5)
    *ret_level = byte_of (tcb, 3);
  else
    return FALSE;
  return TRUE;
}
