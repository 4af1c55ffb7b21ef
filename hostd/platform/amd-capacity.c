/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/amd-capacity.h"

#include "platform/capacity.h"

#define HIDING "sys/module/kvm_amd/parameters/ciphertext_hiding_asids"
#define UNKNOWN HOSTD_CAPACITY_UNKNOWN

/* What the kernel has charged to @row, or unknown. */
static gint64
charged (HostdProbe *probe, HostdTechnologyFacts *facts, const char *row)
{
  guint64 value = 0;

  return hostd_misc_current (probe, facts, row, &value) == HOSTD_READ_VALUE ? (gint64) value
                                                                            : UNKNOWN;
}

void
hostd_amd_set_sev_capacity (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd)
{
  gint64 total = UNKNOWN, in_use;
  guint64 value = 0;
  HostdRead read = hostd_misc_capacity (probe, facts, "sev", &value);

  /* ECX 0 is no guests at all, not one of number 0. */
  if (amd->leaf_known)
    total = amd->leaf.ecx == 0 || amd->leaf.edx > amd->leaf.ecx
                ? 0
                : (gint64) amd->leaf.ecx - amd->leaf.edx + 1;
  else if (read == HOSTD_READ_VALUE)
    total = value;

  in_use = charged (probe, facts, "sev");
  /* The firmware's count has all its guests together: it tells only when there are none. */
  if (in_use == UNKNOWN && amd->status.known && amd->status.guests == 0)
    in_use = 0;
  hostd_capacity_set (facts, "sev", total, in_use);
  if (amd->status.known && in_use != UNKNOWN) {
    gint64 es = charged (probe, facts, "sev_es");

    /* More guests than charges may be SEV-ES's or SEV-SNP's as well. */
    if ((gint64) amd->status.guests <= in_use + MAX (es, 0))
      facts->capacity.leaked = 0;
  }

  if (amd->leaf_known && total == 0)
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE,
        "no encryption keys are left for SEV: the BIOS gives all of them to SEV-ES and SEV-SNP",
        "lower the \"SEV-ES ASID space limit\" in the BIOS");
}

/*
 * Keys below EDX that are in use, SEV-ES's and SEV-SNP's together; @ret_leaked of them are held by
 * nobody.
 */
static gint64
es_in_use (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
           const HostdSnpStatus *snp, gint64 *ret_leaked)
{
  gint64 current = charged (probe, facts, "sev_es");
  gint64 guests = snp->known ? (gint64) snp->guests : UNKNOWN;

  *ret_leaked = UNKNOWN;
  /* Firmware that has not initialised SNP, or cannot, has no guests of it. */
  if (!snp->known && !snp->not_root)
    guests = 0;
  if (current != UNKNOWN) {
    /* Only SNP's guests are counted apart; the other count has those of SEV in it. */
    if (guests > current)
      *ret_leaked = guests - current;
    else if (amd->status.known &&
             (gint64) amd->status.guests <= current + MAX (charged (probe, facts, "sev"), 0))
      *ret_leaked = 0;
    return MAX (current, guests);
  }
  if (amd->status.known && amd->status.guests == 0 && guests != UNKNOWN)
    return guests;
  return UNKNOWN;
}

/* The keys below EDX, all of them. */
static gint64
es_total (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd)
{
  guint64 value = 0;
  HostdRead read = hostd_misc_capacity (probe, facts, "sev_es", &value);

  if (amd->leaf_known)
    return amd->leaf.ecx == 0 || amd->leaf.edx == 0 ? 0 : MIN (amd->leaf.edx - 1, amd->leaf.ecx);
  return read == HOSTD_READ_VALUE ? (gint64) value : UNKNOWN;
}

gint64
hostd_amd_hidden_keys (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  guint64 value = 0;
  HostdRead read;

  facts->looking_at = HOSTD_LAYER_KERNEL;
  read = hostd_probe_decimal (probe, facts, HIDING, &value, NULL);
  if (read == HOSTD_READ_ABSENT)
    return 0;
  return read == HOSTD_READ_VALUE ? (gint64) value : UNKNOWN;
}

/*
 * With ciphertext hiding the kernel charges both kinds to sev_es all the same; only the firmware's
 * count of SNP guests tells them apart.
 */
static void
set_split_capacity (HostdTechnologyFacts *facts, gint64 total, gint64 hidden, gint64 in_use,
                    gint64 leaked, const HostdSnpStatus *snp, gboolean for_snp)
{
  gint64 snp_total = MIN (hidden, total);
  gint64 snp_used = snp->known ? (gint64) snp->guests : UNKNOWN;

  if (for_snp) {
    hostd_capacity_set (facts, "sev-snp", snp_total, snp_used);
    facts->capacity.leaked = snp_used == 0 ? 0 : leaked;
    return;
  }
  hostd_capacity_set (facts, "sev-es", total - snp_total,
                      in_use < 0 || snp_used < 0 ? UNKNOWN : MAX (in_use - snp_used, 0));
  if (leaked == 0 || facts->capacity.in_use == 0)
    facts->capacity.leaked = 0;
}

void
hostd_amd_set_es_capacity (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                           const HostdSnpStatus *snp, gboolean for_snp)
{
  gint64 total = es_total (probe, facts, amd), leaked;
  gint64 in_use = es_in_use (probe, facts, amd, snp, &leaked);
  gint64 hidden = hostd_amd_hidden_keys (probe, facts);

  if (hidden == UNKNOWN) {
    /* One pool or two: nobody can say how many are whose. */
    hostd_capacity_set (facts, for_snp ? "sev-snp" : "sev-es", UNKNOWN, UNKNOWN);
  } else if (hidden > 0 && total >= 0) {
    set_split_capacity (facts, total, hidden, in_use, leaked, snp, for_snp);
  } else {
    hostd_capacity_set (facts, "sev-es", total, in_use);
    facts->capacity.leaked = leaked;
  }
}
