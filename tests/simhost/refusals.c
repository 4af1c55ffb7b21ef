/* SPDX-License-Identifier: Apache-2.0 */

/* What real QEMU says before it gives up, in its own words where it has some. */
#include "standin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char line[256];

static const char *
first_line (const char *path)
{
  FILE *file = fopen (path, "re");
  char *got = file ? fgets (line, sizeof line, file) : NULL;

  if (file)
    fclose (file);
  if (got == NULL)
    return NULL;
  line[strcspn (line, "\n")] = '\0';
  return line;
}

const char *
said (const char *name)
{
  char path[128];

  snprintf (path, sizeof path, "/etc/simhost/%s", name);
  return first_line (path);
}

static bool
parameter_is_on (const char *path)
{
  const char *value = first_line (path);

  return value && strchr ("1Yy", value[0]);
}

bool
host_has_sev (void)
{
  return said ("sev") && access ("/dev/sev", F_OK) == 0 &&
         parameter_is_on ("/sys/module/kvm_amd/parameters/sev");
}

static const char *
refusal_of_host (const Guest *guest)
{
  if (guest->kind == GUEST_TDX)
    return said ("tdx") ? NULL : "vm-type tdx not supported by KVM";
  if (!host_has_sev ())
    return "sev_kvm_init: SEV is not enabled in KVM";
  if (guest->kind == GUEST_SNP && !parameter_is_on ("/sys/module/kvm_amd/parameters/sev_snp"))
    return "vm-type SEV-SNP not supported by KVM";
  if (guest->kind == GUEST_SEV && (guest->policy & 4) &&
      !parameter_is_on ("/sys/module/kvm_amd/parameters/sev_es"))
    return "vm-type SEV-ES not supported by KVM";
  return NULL;
}

static const char *
refusal_of_tcg (const Guest *guest)
{
  if (guest->kind == GUEST_TDX)
    return "accelerator does not support confidential guest tdx-guest";
  return guest->kind == GUEST_SNP ? "accelerator does not support confidential guest sev-snp-guest"
                                  : "accelerator does not support confidential guest sev-guest";
}

static const char *
refusal_of_firmware (const Guest *guest)
{
  if (guest->kind == GUEST_SEV)
    return NULL; /* plain SEV starts with any; the measurement tells */
  if (guest->flash)
    return guest->kind == GUEST_TDX ? "TDX doesn't support readonly memslot (pflash)"
                                    : "SNP_LAUNCH_START ret=-22 fw_error=0 '' (pflash)";
  if (guest->bios == NULL ||
      !strstr (guest->bios, guest->kind == GUEST_TDX ? "inteltdx" : "amdsev"))
    return guest->kind == GUEST_TDX ? "Cannot find TDX metadata in the firmware"
                                    : "SEV: Failed to locate the SNP metadata in the firmware";
  return NULL;
}

bool
guest_ends_at_reset (const Guest *guest)
{
  const char *version = said ("qemu");

  if (guest->kind == GUEST_PLAIN || (guest->kind == GUEST_SEV && !(guest->policy & 4)))
    return false;
  return version && atoi (version) < 11; /* QEMU 11 builds such a guest anew */
}

unsigned
launch_delay (void)
{
  const char *fault = said ("refuse");
  unsigned seconds;

  return fault && sscanf (fault, "slow %u", &seconds) == 1 ? seconds : 0;
}

const char *
guest_refusal (const Guest *guest)
{
  const char *cbit, *why, *fault;

  if (guest->tcg)
    return refusal_of_tcg (guest);
  why = refusal_of_host (guest);
  if (why)
    return why;
  cbit = said ("cbitpos");
  if (guest->kind != GUEST_TDX && guest->cbitpos >= 0 && cbit && atoi (cbit) != guest->cbitpos) {
    static char text[128];

    snprintf (text, sizeof text, "cbitpos check failed, host '%s' requested '%d'", cbit,
              guest->cbitpos);
    return text;
  }
  why = refusal_of_firmware (guest);
  if (why)
    return why;
  if (guest->smm && guest->kind != GUEST_SEV)
    return guest->kind == GUEST_TDX ? "TDX VM doesn't support SMM"
                                    : "SEV-SNP does not support SMM.";
  if (guest->kind == GUEST_TDX && guest->unsplit)
    return "TDX VM requires kernel_irqchip to be split";
  fault = said ("refuse");
  if (fault && strcmp (fault, "launch") == 0)
    return guest->kind == GUEST_TDX ? "KVM_TDX_INIT_VM failed: Device or resource busy"
                                    : "sev_launch_start: LAUNCH_START ret=-16 fw_error=23 "
                                      "'Required firmware resource depleted'";
  return NULL;
}
