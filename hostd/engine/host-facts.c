/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/host-facts.h"

#include "base/error.h"
#include "base/io.h"
#include "base/text.h"
#include "engine/pool-use.h"
#include "platform/platform.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <string.h>

/* ---- the libvirt layer ---- */

#define SOURCE "libvirt domcapabilities"
#define SGX_MEMORY "sgx-epc"
#define NOT_ASKED "unknown: not asked"

static void
broken (HostdTechnologyFacts *facts, const char *name, const char *fix)
{
  g_autofree char *cause =
      g_str_equal (name, SGX_MEMORY)
          ? g_strdup ("libvirt does not offer memory of enclaves (sgx-epc) for this QEMU")
          : g_strdup_printf ("libvirt does not offer launch security of type %s for this QEMU",
                             name);

  hostd_technology_facts_set_broken (facts, HOSTD_LAYER_LIBVIRT, cause, fix);
  facts->capacity.total = facts->capacity.in_use = facts->capacity.free = 0;
}

/* What libvirt says of a type: its list (10.5 and later), else the element of before. */
static HostdSupport
offered (const HostdDomainCapabilities *capabilities, const char *sectype, HostdSupport element)
{
  if (element == HOSTD_SUPPORT_NO)
    return element;
  if (capabilities->has_sectypes)
    return hostd_domain_capabilities_has_sectype (capabilities, sectype) ? HOSTD_SUPPORT_YES
                                                                         : HOSTD_SUPPORT_NO;
  return element;
}

static void
join_type (HostdFacts *facts, HostdTechnology technology, const char *sectype, HostdSupport support,
           const char *fix)
{
  HostdTechnologyFacts *t = &facts->technology[technology];
  static const char *const words[] = { "not said", "no", "yes" };

  if (t->usability == HOSTD_USABILITY_NOT_APPLICABLE)
    return;
  t->looking_at = HOSTD_LAYER_LIBVIRT;
  hostd_technology_facts_add_evidence (t, SOURCE, "%s: %s", sectype, words[support]);
  if (support == HOSTD_SUPPORT_NO)
    broken (t, sectype, fix);
}

/* What libvirt lists where no release has a type for the technology. */
static void
note_types (HostdFacts *facts, HostdTechnology technology, const HostdDomainCapabilities *c)
{
  HostdTechnologyFacts *t = &facts->technology[technology];
  g_autofree char *types = c->has_sectypes ? g_strjoinv (", ", c->sectypes) : NULL;

  if (t->usability == HOSTD_USABILITY_NOT_APPLICABLE)
    return;
  t->looking_at = HOSTD_LAYER_LIBVIRT;
  hostd_technology_facts_add_evidence (t, SOURCE, "types of launch security: %s",
                                       types && *types ? types : "none");
}

/* Before 11.10 libvirt listed it wherever QEMU has the object, on a host without TDX too. */
static void
note_tdx_by_qemu (HostdFacts *facts, const HostdDomainCapabilities *c, HostdSupport offered_tdx)
{
  HostdTechnologyFacts *t = &facts->technology[HOSTD_TECHNOLOGY_TDX];

  if (t->usability == HOSTD_USABILITY_NOT_APPLICABLE || c->tdx != HOSTD_SUPPORT_UNKNOWN ||
      offered_tdx != HOSTD_SUPPORT_YES)
    return;
  t->looking_at = HOSTD_LAYER_LIBVIRT;
  hostd_technology_facts_add_evidence (t, SOURCE,
                                       "tdx: this libvirt (before 11.10) asks QEMU alone");
}

/*
 * How many guests libvirt counts: from CPUID alone, so it knows of no ciphertext hiding, nor that
 * SNP excludes SEV-ES.
 */
static void
note_count (HostdFacts *facts, HostdTechnology technology, const char *element, gint64 count)
{
  HostdTechnologyFacts *t = &facts->technology[technology];
  const gint64 total = t->capacity.total;

  if (count < 0 || t->usability == HOSTD_USABILITY_NOT_APPLICABLE)
    return;
  t->looking_at = HOSTD_LAYER_LIBVIRT;
  if (total == HOSTD_CAPACITY_UNKNOWN || total == count)
    hostd_technology_facts_add_evidence (t, SOURCE, "%s: %" G_GINT64_FORMAT, element, count);
  else
    hostd_technology_facts_add_evidence (
        t, SOURCE, "%s: %" G_GINT64_FORMAT ", by CPUID alone; here is room for %" G_GINT64_FORMAT,
        element, count, total);
}

static void
join_capabilities (HostdFacts *facts, const HostdDomainCapabilities *c)
{
  HostdSupport sev = offered (c, "sev", c->sev);
  HostdSupport snp = offered (c, "sev-snp", HOSTD_SUPPORT_UNKNOWN);
  HostdSupport tdx = offered (c, "tdx", c->tdx);
  static const char refresh[] = "restart libvirtd; if it stays so, upgrade libvirt and QEMU";

  /* Without the list, libvirt is from before both types. */
  if (!c->has_sectypes) {
    snp = HOSTD_SUPPORT_NO;
    tdx = c->tdx == HOSTD_SUPPORT_YES ? HOSTD_SUPPORT_YES : HOSTD_SUPPORT_NO;
  }
  join_type (facts, HOSTD_TECHNOLOGY_SEV, "sev", sev, refresh);
  join_type (facts, HOSTD_TECHNOLOGY_SEV_ES, "sev", sev, refresh);
  join_type (facts, HOSTD_TECHNOLOGY_SEV_SNP, "sev-snp", snp,
             c->has_sectypes ? refresh : "upgrade libvirt: 10.5 or later has it");
  join_type (facts, HOSTD_TECHNOLOGY_TDX, "tdx", tdx, "upgrade libvirt: 11.6 or later has it");
  note_tdx_by_qemu (facts, c, tdx);
  note_types (facts, HOSTD_TECHNOLOGY_CCA, c);
  note_types (facts, HOSTD_TECHNOLOGY_PEF, c);
  join_type (facts, HOSTD_TECHNOLOGY_S390_PV, "s390-pv", offered (c, "s390-pv", c->s390_pv),
             refresh);
  join_type (facts, HOSTD_TECHNOLOGY_SGX, SGX_MEMORY, c->sgx,
             "upgrade libvirt: 8.10 or later has it");

  note_count (facts, HOSTD_TECHNOLOGY_SEV, "maxGuests", c->max_guests);
  note_count (facts, HOSTD_TECHNOLOGY_SEV_ES, "maxESGuests", c->max_es_guests);
  note_count (facts, HOSTD_TECHNOLOGY_SEV_SNP, "maxESGuests", c->max_es_guests);

  if (!facts->cbit_known && c->sev == HOSTD_SUPPORT_YES && c->cbitpos >= 0) {
    facts->cbit_known = TRUE;
    facts->cbitpos = c->cbitpos;
    facts->reduced_phys_bits = 1;
  }
  if (facts->emulators == NULL && c->emulator) {
    facts->emulators = g_new0 (char *, 2);
    facts->emulators[0] = g_strdup (c->emulator);
  }
}

/* Who has not been asked has been now. */
static void
forget_unasked (HostdTechnologyFacts *facts)
{
  for (guint i = facts->evidence->len; i > 0; i--) {
    const HostdEvidence *evidence = g_ptr_array_index (facts->evidence, i - 1);

    if (g_str_equal (evidence->source, SOURCE) && g_str_equal (evidence->value, NOT_ASKED))
      g_ptr_array_remove_index (facts->evidence, i - 1);
  }
}

void
hostd_host_facts_note_libvirt (HostdFacts *facts, const char *line)
{
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    HostdTechnologyFacts *t = &facts->technology[i];

    if (t->usability == HOSTD_USABILITY_NOT_APPLICABLE)
      continue;
    forget_unasked (t);
    t->looking_at = HOSTD_LAYER_LIBVIRT;
    hostd_technology_facts_add_evidence (t, SOURCE, "%s", line);
  }
}

void
hostd_host_facts_join_libvirt (HostdFacts *facts, const HostdDomainCapabilities *capabilities,
                               guint libvirt_version, guint qemu_version)
{
  if (libvirt_version != 0)
    facts->libvirt_version = libvirt_version;
  if (qemu_version != 0)
    facts->qemu_version = qemu_version;
  if (capabilities == NULL) {
    hostd_host_facts_note_libvirt (facts, NOT_ASKED);
    return;
  }
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    forget_unasked (&facts->technology[i]);
  join_capabilities (facts, capabilities);
}

/* ---- a recording's libvirt ---- */

/* The guests that it ran. */
static gboolean
join_recorded_guests (HostdSys *sys, HostdFacts *facts, GError **error)
{
  g_autofree char *text = NULL;
  HostdPoolUse use;
  HostdRead read = hostd_sys_read_file (sys, "libvirt/running", &text, error);

  if (read == HOSTD_READ_VALUE) {
    if (!hostd_pool_use_parse (&use, text, error))
      return FALSE;
    hostd_pool_use_join (&use, facts);
  }
  return read != HOSTD_READ_UNREADABLE;
}

static gboolean
join_recorded_libvirt (HostdSys *sys, HostdFacts *facts, GError **error)
{
  g_autoptr (HostdDomainCapabilities) capabilities = NULL;
  g_autofree char *xml = NULL, *version = NULL;
  HostdRead read = hostd_sys_read_file (sys, "libvirt/domcapabilities.xml", &xml, error);

  if (read == HOSTD_READ_UNREADABLE)
    return FALSE;
  if (read == HOSTD_READ_VALUE) {
    capabilities = hostd_domain_capabilities_parse (xml, strlen (xml), error);
    if (capabilities == NULL) {
      g_prefix_error (error, "libvirt/domcapabilities.xml: ");
      return FALSE;
    }
  }
  read = hostd_sys_read_file (sys, "libvirt/version", &version, error);
  if (read == HOSTD_READ_UNREADABLE)
    return FALSE;
  hostd_host_facts_join_libvirt (
      facts, capabilities, read == HOSTD_READ_VALUE ? hostd_version_from_text (version) : 0, 0);
  return join_recorded_guests (sys, facts, error);
}

HostdFacts *
hostd_host_facts_read_through (HostdSys *sys, const char *source, GError **error)
{
  g_autoptr (HostdFacts) facts = hostd_facts_new ();

  facts->source = g_strdup (source);
  hostd_platform_probe (sys, facts);
  if (hostd_sys_is_recording (sys) && !join_recorded_libvirt (sys, facts, error)) {
    g_prefix_error (error, "recorded host %s: ", source);
    return NULL;
  }
  return g_steal_pointer (&facts);
}

HostdSys *
hostd_host_open (const char *recording, const char *root, const char *replay, GError **error)
{
  hostd_autofd int root_fd = -1;
  HostdSys *answers = NULL;

  if (recording != NULL)
    return hostd_sys_new_recording (recording, error);
  root_fd = hostd_open_dir_at (AT_FDCWD, root != NULL ? root : "/", error);
  if (root_fd < 0)
    return NULL;
  if (replay != NULL && (answers = hostd_sys_new_recording (replay, error)) == NULL)
    return NULL;
  return hostd_sys_new_live (root_fd, answers);
}

HostdFacts *
hostd_host_facts_read_telling (const char *recording, HostdSysAsking asking, gpointer data,
                               GError **error)
{
  g_autoptr (HostdSys) sys = NULL;

  if (recording != NULL && asking != NULL)
    asking (recording, data);
  sys = hostd_host_open (recording, NULL, NULL, error);
  if (sys == NULL)
    return NULL;
  hostd_sys_set_asking (sys, asking, data);
  return hostd_host_facts_read_through (sys, recording != NULL ? recording : "live", error);
}

HostdFacts *
hostd_host_facts_read (const char *recording, GError **error)
{
  return hostd_host_facts_read_telling (recording, NULL, NULL, error);
}

void
hostd_host_facts_count_keys (HostdFacts *facts)
{
  g_autoptr (HostdSys) sys = hostd_host_open (NULL, NULL, NULL, NULL);

  if (sys != NULL)
    hostd_platform_count_keys (sys, facts);
}
