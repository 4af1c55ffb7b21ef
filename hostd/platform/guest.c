/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/guest.h"

#include "base/parse.h"

#include <string.h>

typedef struct {
  const char *machine; /* a pattern of uname's */
  const char *path;
  const char *word; /* that the file has */
  gboolean whole;   /* as its whole first line, or first entry of a list */
} Sign;

static const Sign signs[] = {
  /* What QEMU's firmware hands over, by ACPI's machines and by device trees. */
  { "aarch64*", "sys/class/dmi/id/sys_vendor", "QEMU", TRUE },
  { "aarch64*", "proc/device-tree/compatible", "linux,dummy-virt", TRUE },
  { "ppc64*", "proc/cpuinfo", "(emulated by qemu)", FALSE },
  { "ppc64*", "sys/devices/system/cpu/svm", "1", TRUE },
  /* Any guest of KVM or z/VM, and a protected one. */
  { "s390x", "proc/sysinfo", "VM00 Control Program", FALSE },
  { "s390x", "sys/firmware/uv/prot_virt_guest", "1", TRUE },
};

static gboolean
shows (HostdProbe *self, const Sign *sign)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;

  if (!g_pattern_match_simple (sign->machine, self->machine) ||
      hostd_sys_read_bytes (self->sys, sign->path, &bytes, NULL) != HOSTD_READ_VALUE)
    return FALSE;
  /* To the first NUL, which ends the first entry of a device tree's list. */
  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  if (!sign->whole)
    return strstr (text, sign->word) != NULL;
  text[strcspn (text, "\n")] = '\0';
  return g_str_equal (text, sign->word);
}

gboolean
hostd_probe_is_guest (HostdProbe *self, HostdTechnologyFacts *facts)
{
  for (guint i = 0; i < G_N_ELEMENTS (signs) && self->machine; i++) {
    if (!shows (self, &signs[i]))
      continue;
    hostd_technology_facts_add_evidence (facts, signs[i].path, "%s", signs[i].word);
    facts->usability = HOSTD_USABILITY_NOT_APPLICABLE;
    g_free (facts->cause);
    facts->cause = g_strdup ("this is a guest, not a host");
    self->guest = TRUE;
    return TRUE;
  }
  return FALSE;
}
