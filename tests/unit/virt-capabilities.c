/* SPDX-License-Identifier: Apache-2.0 */
/* libvirt's answers: the parser, and what the engine believes of them. */
#include "config.h"

#include "engine/host-facts.h"

#include "base/error.h"
#include "virt/virt.h"

#include <string.h>

#define DOC(features)                                                                              \
  "<domainCapabilities><path>/usr/bin/q</path><machine>pc-q35-9.2</machine><arch>x86_64</arch>"    \
  "<features>" features "</features></domainCapabilities>"
#define SEV_YES                                                                                    \
  "<sev supported='yes'><cbitpos>51</cbitpos><reducedPhysBits>1</reducedPhysBits>"                 \
  "<maxGuests>382</maxGuests><maxESGuests>127</maxESGuests></sev>"
#define TYPES(values)                                                                              \
  "<launchSecurity supported='yes'><enum name='sectype'>" values "</enum></launchSecurity>"

static HostdDomainCapabilities *
parse (const char *xml)
{
  g_autoptr (GError) error = NULL;
  HostdDomainCapabilities *self = hostd_domain_capabilities_parse (xml, strlen (xml), &error);

  g_assert_no_error (error);
  return self;
}

static void
test_parse (void)
{
  g_autoptr (HostdDomainCapabilities) c = parse (
      DOC ("<tdx supported='no'/>" SEV_YES TYPES ("<value>sev</value><value>sev-snp</value>")));

  g_assert_cmpstr (c->emulator, ==, "/usr/bin/q");
  g_assert_cmpstr (c->machine, ==, "pc-q35-9.2");
  g_assert_cmpint (c->sev, ==, HOSTD_SUPPORT_YES);
  g_assert_cmpint (c->tdx, ==, HOSTD_SUPPORT_NO);
  g_assert_cmpint (c->sgx, ==, HOSTD_SUPPORT_UNKNOWN);
  g_assert_cmpint (c->cbitpos, ==, 51);
  g_assert_cmpint (c->max_guests, ==, 382);
  g_assert_cmpint (c->max_es_guests, ==, 127);
  g_assert_true (hostd_domain_capabilities_has_sectype (c, "sev-snp"));
  g_assert_false (hostd_domain_capabilities_has_sectype (c, "tdx"));
}

static void
test_refused (void)
{
  static const char *const texts[] = {
    "",
    "not xml",
    "<domainCapabilities>",
    "<domain/>",
    "<!DOCTYPE a [<!ENTITY x 'y'>]><domainCapabilities/>",
    "<domainCapabilities/>\xff",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (hostd_domain_capabilities_parse (texts[i], strlen (texts[i]), &error));
    g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
  }
}

/* Facts with everything below libvirt usable. */
static HostdFacts *
usable_facts (void)
{
  HostdFacts *facts = hostd_facts_new ();

  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    facts->technology[i].usability = HOSTD_USABILITY_USABLE;
  return facts;
}

typedef struct {
  const char *name, *xml; /* NULL: libvirt did not answer */
  HostdTechnology technology;
  gboolean usable;
} Row;

static const Row rows[] = {
  { "silent", NULL, HOSTD_TECHNOLOGY_SEV_SNP, TRUE },
  { "listed", DOC (SEV_YES TYPES ("<value>sev</value><value>sev-snp</value>")),
    HOSTD_TECHNOLOGY_SEV_SNP, TRUE },
  { "es-by-sev", DOC (SEV_YES TYPES ("<value>sev</value>")), HOSTD_TECHNOLOGY_SEV_ES, TRUE },
  { "not-listed", DOC (SEV_YES TYPES ("<value>sev</value>")), HOSTD_TECHNOLOGY_SEV_SNP, FALSE },
  { "none", DOC ("<sev supported='no'/><launchSecurity supported='no'/>"), HOSTD_TECHNOLOGY_SEV,
    FALSE },
  { "before-10.5-sev", DOC (SEV_YES), HOSTD_TECHNOLOGY_SEV, TRUE },
  { "before-10.5-snp", DOC (SEV_YES), HOSTD_TECHNOLOGY_SEV_SNP, FALSE },
  { "before-10.5-tdx", DOC (SEV_YES), HOSTD_TECHNOLOGY_TDX, FALSE },
  { "tdx-element-no", DOC ("<tdx supported='no'/>" TYPES ("<value>tdx</value>")),
    HOSTD_TECHNOLOGY_TDX, FALSE },
  { "tdx", DOC ("<tdx supported='yes'/>" TYPES ("<value>tdx</value>")), HOSTD_TECHNOLOGY_TDX,
    TRUE },
};

static void
test_join (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (HostdFacts) facts = usable_facts ();
  g_autoptr (HostdDomainCapabilities) c = row->xml ? parse (row->xml) : NULL;
  const HostdTechnologyFacts *t = &facts->technology[row->technology];

  hostd_host_facts_join_libvirt (facts, c, 9000000, 0);
  g_assert_cmpuint (facts->libvirt_version, ==, 9000000);
  g_assert_cmpstr (hostd_usability_name (t->usability), ==, row->usable ? "usable" : "unusable");
  g_assert_cmpstr (hostd_layer_name (t->layer), ==, row->usable ? NULL : "libvirt");
  g_assert_cmpuint (t->evidence->len, >=, 1);
}

/* libvirt before 11.10 lists tdx wherever QEMU has the object: its yes must mend nothing. */
static void
test_yes_mends_nothing (void)
{
  g_autoptr (HostdFacts) facts = usable_facts ();
  g_autoptr (HostdDomainCapabilities) c = parse (DOC (TYPES ("<value>tdx</value>")));
  HostdTechnologyFacts *t = &facts->technology[HOSTD_TECHNOLOGY_TDX];

  t->usability = HOSTD_USABILITY_UNKNOWN;
  hostd_technology_facts_set_broken (t, HOSTD_LAYER_KERNEL, "kvm_intel.tdx is off", "boot with it");
  hostd_host_facts_join_libvirt (facts, c, 11006000, 0);
  g_assert_cmpint (t->usability, ==, HOSTD_USABILITY_UNUSABLE);
  g_assert_cmpint (t->layer, ==, HOSTD_LAYER_KERNEL);
  g_assert_cmpstr (t->cause, ==, "kvm_intel.tdx is off");
}

static void
test_no_libvirtd (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (hostd_virt_open ("qemu+unix:///system?socket=/nonexistent/libvirt-sock", &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "/nonexistent/libvirt-sock"));
}

/* libvirt's own test driver: the calls and their memory, without a daemon. */
static void
test_list (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdVirt) virt = hostd_virt_open ("test:///default", &error);
  g_autoptr (GPtrArray) domains = NULL;
  const HostdVirtDomain *domain;
  guint libvirt_version = 0, qemu_version = 0;

  g_assert_no_error (error);
  g_assert_true (hostd_virt_is_alive (virt));
  g_assert_true (hostd_virt_get_versions (virt, &libvirt_version, &qemu_version, &error));
  g_assert_cmpuint (libvirt_version, >=, 9000000);
  domains = hostd_virt_list_domains (virt, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (domains->len, ==, 1);
  domain = g_ptr_array_index (domains, 0);
  g_assert_cmpstr (domain->name, ==, "test");
  g_assert_cmpstr (domain->state, ==, "running");
  g_assert_true (domain->active);
  g_assert_nonnull (strstr (domain->xml, domain->uuid));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/virt/capabilities/parse", test_parse);
  g_test_add_func ("/virt/capabilities/refused", test_refused);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *name = g_strdup_printf ("/virt/join/%s", rows[i].name);

    g_test_add_data_func (name, &rows[i], test_join);
  }
  g_test_add_func ("/virt/join/yes-mends-nothing", test_yes_mends_nothing);
  g_test_add_func ("/virt/no-libvirtd", test_no_libvirtd);
  g_test_add_func ("/virt/list", test_list);
  return g_test_run ();
}
