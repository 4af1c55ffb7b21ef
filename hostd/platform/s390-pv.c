/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

#include "base/parse.h"
#include "platform/capacity.h"
#include "platform/guest.h"
#include "platform/kvm.h"

#include <string.h>

/* IBM Secure Execution. */

#define FACILITY_UNPACK "158"  /* the ultravisor-call facility, as /proc/cpuinfo lists it */
#define CAP_S390_PROTECTED 180 /* linux/kvm.h */
#define UV "sys/firmware/uv"   /* linux arch/s390/kernel/uv.c */
#define MAX_HASHES 16
#define HASH_DIGITS 64

static gboolean
has_facility (const char *cpuinfo, const char *facility)
{
  const char *line = strstr (cpuinfo, "facilities");
  g_autofree char *text = line ? g_strndup (line, strcspn (line, "\n")) : NULL;
  g_auto (GStrv) words = NULL;

  if (text == NULL)
    return FALSE;
  words = g_strsplit (text, " ", -1);
  return g_strv_contains ((const char *const *) words, facility);
}

static void
check_hardware (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  facts->looking_at = HOSTD_LAYER_HARDWARE;
  if (probe->cpuinfo == NULL || strstr (probe->cpuinfo, "facilities") == NULL) {
    hostd_technology_facts_add_evidence (facts, "proc/cpuinfo", "unknown: no facilities");
    hostd_probe_unknown (facts, "",
                         "the facilities are not known: /proc/cpuinfo does not list them");
    return;
  }
  if (has_facility (probe->cpuinfo, FACILITY_UNPACK)) {
    hostd_technology_facts_add_evidence (facts, "proc/cpuinfo", "facility " FACILITY_UNPACK);
    return;
  }
  hostd_technology_facts_add_evidence (facts, "proc/cpuinfo", "no facility " FACILITY_UNPACK);
  hostd_technology_facts_set_broken (
      facts, HOSTD_LAYER_HARDWARE, "this machine has no Secure Execution (facility 158)",
      "none on this CPU; from z15 and LinuxONE III on, feature code 115 enables it");
}

static gboolean
boots_as_host (HostdProbe *probe)
{
  return hostd_probe_has_boot_word (probe, "prot_virt=1") ||
         hostd_probe_has_boot_word (probe, "prot_virt=y") ||
         hostd_probe_has_boot_word (probe, "prot_virt=on");
}

/*
 * The kernel sets prot_virt_host back to 0 where the Ultravisor refuses to start, so that after
 * prot_virt=1 a 0 speaks of the firmware.
 */
static void
check_host (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  static const char path[] = UV "/prot_virt_host";
  g_autofree char *why = NULL;
  gboolean on = FALSE, asked = boots_as_host (probe);
  HostdRead read;

  facts->looking_at = HOSTD_LAYER_KERNEL;
  read = hostd_probe_flag (probe, facts, path, &on, &why);
  if (read == HOSTD_READ_UNREADABLE) {
    hostd_probe_unknown (facts, "", "prot_virt_host cannot be read: %s", why);
  } else if (read == HOSTD_READ_ABSENT) {
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL,
                                       "this kernel is no host of protected guests: there is no "
                                       "/" UV "/prot_virt_host",
                                       "boot Linux 5.7 or later with prot_virt=1");
  } else if (!on && asked) {
    facts->looking_at = HOSTD_LAYER_FIRMWARE;
    hostd_technology_facts_add_evidence (facts, path, "0 though prot_virt=1 was given");
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE,
        "the Ultravisor did not start: the kernel took prot_virt=1 back",
        "the kernel log says why under \"prot_virt\"; Secure Execution may not be enabled for this "
        "LPAR, or memory is short");
  } else if (!on) {
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL,
                                       "the kernel was not started as a host of protected guests",
                                       "boot with prot_virt=1");
  }
}

static void
check_kvm (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  guint protected = 0;

  facts->looking_at = HOSTD_LAYER_KERNEL;
  if (hostd_probe_kvm_capability (probe, facts, CAP_S390_PROTECTED, "KVM_CAP_S390_PROTECTED",
                                  &protected) == HOSTD_READ_VALUE &&
      protected == 0)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL,
                                       "KVM starts no protected guests (KVM_CAP_S390_PROTECTED is "
                                       "0)",
                                       "upgrade the kernel: Linux 5.7 or later");
}

/* ---- what the Ultravisor tells of itself ---- */

typedef enum {
  FORM_DECIMAL,
  FORM_HEX,       /* without 0x, max_address too */
  FORM_HEX_LINES, /* a few of them */
  FORM_HASH,      /* SHA-256 of a public key, a line each */
} Form;

static const struct {
  const char *name, *path; /* below UV */
  Form form;
  gboolean expected; /* older kernels have it too: without it, something is amiss */
} values[] = {
  { "facilities", "query/facilities", FORM_HEX_LINES, TRUE },
  { "feature_indications", "query/feature_indications", FORM_HEX, FALSE },
  { "max_address", "query/max_address", FORM_HEX, TRUE },
  { "max_cpus", "query/max_cpus", FORM_DECIMAL, FALSE },
  { "supp_se_hdr_ver", "query/supp_se_hdr_ver", FORM_HEX, TRUE },
  { "supp_se_hdr_pcf", "query/supp_se_hdr_pcf", FORM_HEX, TRUE },
  { "supp_att_req_hdr_ver", "query/supp_att_req_hdr_ver", FORM_HEX, FALSE },
  { "supp_att_pflags", "query/supp_att_pflags", FORM_HEX, FALSE },
  { "supp_add_secret_req_ver", "query/supp_add_secret_req_ver", FORM_HEX, FALSE },
  { "supp_add_secret_pcf", "query/supp_add_secret_pcf", FORM_HEX, FALSE },
  { "supp_secret_types", "query/supp_secret_types", FORM_HEX, FALSE },
  { "max_secrets", "query/max_secrets", FORM_DECIMAL, FALSE },
  { "max_assoc_secrets", "query/max_assoc_secrets", FORM_DECIMAL, FALSE },
  { "max_retr_secrets", "query/max_retr_secrets", FORM_DECIMAL, FALSE },
  { "dump_cpu_len", "query/dump_cpu_len", FORM_HEX, FALSE },
  { "dump_cpu_len", "query/uv_query_dump_cpu_len", FORM_HEX, FALSE }, /* its name for a time */
  { "dump_storage_state_len", "query/dump_storage_state_len", FORM_HEX, FALSE },
  { "dump_finalize_len", "query/dump_finalize_len", FORM_HEX, FALSE },
  { "host_key_hash", "keys/host_key", FORM_HASH, FALSE },
  { "backup_host_key_hash", "keys/backup_host_key", FORM_HASH, FALSE },
};

/* The lines, cleaned and one blank apart; NULL if one of them is not of @form. */
static char *
clean_lines (const char *text, Form form)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", MAX_HASHES + 2);
  g_autoptr (GString) all = g_string_new (NULL);
  guint64 ignored;

  for (guint i = 0; lines[i]; i++) {
    const char *line = g_strstrip (lines[i]);

    if (*line == '\0')
      continue;
    if (i > MAX_HASHES ||
        (form == FORM_HASH ? strlen (line) != HASH_DIGITS ||
                                 strspn (line, "0123456789abcdefABCDEF") != HASH_DIGITS
                           : !hostd_parse_hex (line, &ignored)))
      return NULL;
    g_string_append_printf (all, "%s%s", all->len ? " " : "", line);
  }
  return all->len ? g_string_free (g_steal_pointer (&all), FALSE) : NULL;
}

static char *
clean_value (const char *text, Form form)
{
  guint64 number;

  if (form == FORM_HEX_LINES || form == FORM_HASH)
    return clean_lines (text, form);
  if (form == FORM_DECIMAL)
    return hostd_parse_decimal (text, G_MAXINT64, &number)
               ? g_strdup_printf ("%" G_GUINT64_FORMAT, number)
               : NULL;
  return hostd_parse_hex (text, &number) ? g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", number)
                                         : NULL;
}

static void
read_values (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autofree char *path = g_strconcat (UV "/", values[i].path, NULL);
    g_autofree char *text = NULL, *why = NULL, *clean = NULL;
    HostdRead read = hostd_sys_read_file (probe->sys, path, &text, NULL);

    /* What a kernel does not know of is no evidence of anything. */
    if (read == HOSTD_READ_ABSENT && !values[i].expected)
      continue;
    g_clear_pointer (&text, g_free);
    read = hostd_probe_text (probe, facts, path, &text, &why);
    if (read == HOSTD_READ_VALUE)
      clean = clean_value (text, values[i].form);
    if (clean)
      hostd_technology_facts_set_value (facts, values[i].name, "%s", clean);
    else if (read == HOSTD_READ_VALUE)
      hostd_technology_facts_set_value_unknown (facts, values[i].name,
                                                "/%s is not what it should "
                                                "be",
                                                path);
    else
      hostd_technology_facts_set_value_unknown (facts, values[i].name, "/%s: %s", path, why);
  }
}

static void
read_capacity (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  guint64 guests = 0;

  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  if (hostd_probe_decimal (probe, facts, UV "/query/max_guests", &guests, NULL) == HOSTD_READ_VALUE)
    hostd_capacity_set (facts, "s390-pv", guests, HOSTD_CAPACITY_UNKNOWN);
}

void
hostd_probe_s390_pv (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  if (!hostd_probe_applies (probe, facts, "s390x", 0, "IBM Z") ||
      hostd_probe_is_guest (probe, facts))
    return;
  check_hardware (probe, facts);
  check_host (probe, facts);
  check_kvm (probe, facts);
  facts->looking_at = HOSTD_LAYER_QEMU;
  hostd_probe_qemu (probe, facts, "s390-pv-guest", "6.0 or later");
  if (facts->layer != HOSTD_LAYER_HARDWARE) {
    read_values (probe, facts);
    read_capacity (probe, facts);
  }
  hostd_probe_conclude (facts);
  hostd_technology_facts_set_quote (facts, HOSTD_QUOTE_NONE,
                                    "Secure Execution has no quotes: its guests' images hold "
                                    "their proof",
                                    NULL);
}
