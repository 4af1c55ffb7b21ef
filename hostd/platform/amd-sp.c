/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/amd-sp.h"

#include "base/bytes.h"

#include <errno.h>

#define STATUS_CONFIG_ES (1u << 8)
#define NEEDS_ROOT "run as root: /dev/sev is its own"

/* TRUE if the driver answered; else evidence and, where it is certain, the broken layer are set. */
static gboolean
ask_sev (HostdProbe *probe, HostdTechnologyFacts *facts, HostdSevQuery query, const char *source,
         HostdSevAnswer *ret_answer, HostdRead *ret_read)
{
  g_autoptr (GError) error = NULL;

  *ret_read = hostd_sys_sev (probe->sys, query, ret_answer, &error);
  if (*ret_read == HOSTD_READ_ABSENT) {
    hostd_technology_facts_add_evidence (facts, source, "absent");
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_KERNEL,
        "there is no /dev/sev: the driver of the AMD secure processor (ccp) has not started",
        "load the module ccp; if it is loaded, the kernel log says why under \"ccp\"");
    return FALSE;
  }
  if (*ret_read == HOSTD_READ_UNREADABLE) {
    hostd_technology_facts_add_evidence (facts, source, "unknown: %s", error->message);
    hostd_probe_unknown (facts, NEEDS_ROOT,
                         "the state of the AMD secure processor is not known, which needs root: %s",
                         error->message);
    return FALSE;
  }
  if (ret_answer->errnum == 0)
    return TRUE;
  if (ret_answer->firmware_error == G_MAXUINT32)
    hostd_technology_facts_add_evidence (facts, source, "refused: %s, firmware not reached",
                                         g_strerror (ret_answer->errnum));
  else
    hostd_technology_facts_add_evidence (facts, source, "refused: %s, firmware error 0x%x",
                                         g_strerror (ret_answer->errnum),
                                         ret_answer->firmware_error);
  return FALSE;
}

void
hostd_amd_read_sev_status (HostdProbe *probe, HostdTechnologyFacts *facts,
                           HostdSevStatus *ret_status)
{
  static const char source[] = "dev/sev SEV_PLATFORM_STATUS";
  HostdSevAnswer answer = { 0, 0, { 0 } };
  const guint8 *d = answer.data;
  HostdRead read;

  *ret_status = (HostdSevStatus){ 0 };
  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  if (ask_sev (probe, facts, HOSTD_SEV_PLATFORM_STATUS, source, &answer, &read)) {
    *ret_status = (HostdSevStatus){ TRUE,
                                    d[0],
                                    d[1],
                                    d[7],
                                    d[2],
                                    (hostd_get_le32 (d + 3) & STATUS_CONFIG_ES) != 0,
                                    hostd_get_le32 (d + 8) };
    hostd_technology_facts_add_evidence (
        facts, source, "API %u.%u build %u, state %u, flags %x, guests %u", ret_status->api_major,
        ret_status->api_minor, ret_status->build, ret_status->state, hostd_get_le32 (d + 3),
        ret_status->guests);
  } else if (answer.errnum == ENODEV || answer.errnum == EBUSY) {
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE,
                                       "the AMD secure processor does not answer",
                                       "reboot; the kernel log says more under \"ccp\"");
  } else if (answer.errnum != 0) {
    hostd_probe_unknown (facts, "the kernel log may say more under \"ccp\"",
                         "the AMD secure processor did not tell its state: %s",
                         g_strerror (answer.errnum));
  }
}

void
hostd_amd_read_snp_status (HostdProbe *probe, HostdTechnologyFacts *facts,
                           HostdSnpStatus *ret_status)
{
  static const char source[] = "dev/sev SNP_PLATFORM_STATUS";
  HostdSevAnswer answer = { 0, 0, { 0 } };
  const guint8 *d = answer.data;
  HostdSnpStatus *snp = ret_status;
  HostdRead read;

  *snp = (HostdSnpStatus){ 0 };
  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  if (!ask_sev (probe, facts, HOSTD_SEV_SNP_STATUS, source, &answer, &read)) {
    snp->errnum = answer.errnum;
    snp->not_root = read == HOSTD_READ_UNREADABLE;
    return;
  }
  snp->known = TRUE;
  snp->api_major = d[0];
  snp->api_minor = d[1];
  snp->state = d[2];
  snp->rmp_initialized = (d[3] & 1) != 0;
  snp->flags = hostd_get_le32 (d + 8);
  snp->guests = hostd_get_le32 (d + 12);
  snp->current_tcb = hostd_get_le64 (d + 16);
  snp->reported_tcb = hostd_get_le64 (d + 24);
  hostd_technology_facts_add_evidence (
      facts, source,
      "API %u.%u, state %u, RMP %02x, flags %x, guests %u, current TCB %016" G_GINT64_MODIFIER
      "x, reported TCB %016" G_GINT64_MODIFIER "x",
      snp->api_major, snp->api_minor, snp->state, d[3], snp->flags, snp->guests, snp->current_tcb,
      snp->reported_tcb);
}
