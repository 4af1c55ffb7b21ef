/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "launch-fixture.h"
#include "launch/known-bad-private.h"

#define SNP_GUEST "<launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity>"
#define HOSTDEV "<devices><hostdev mode='subsystem' type='pci'/></devices>"

/* ---- what is shipped ---- */

static HostdKnownBad *
load (const char *folder)
{
  const char *const folders[] = { folder, NULL };
  g_autofree char *shipped = shipped_templates ();
  g_autoptr (GError) error = NULL;
  HostdKnownBad *set = hostd_known_bad_load (shipped, folders, &error);

  g_assert_no_error (error);
  return set;
}

static const HostdCombination *
find (const HostdKnownBad *set, const char *id)
{
  for (guint i = 0; i < hostd_known_bad_count (set); i++)
    if (strcmp (hostd_known_bad_get (set, i)->id, id) == 0)
      return hostd_known_bad_get (set, i);
  return NULL;
}

static void
test_shipped (void)
{
  g_autoptr (HostdKnownBad) set = load (NULL);

  g_assert_cmpuint (hostd_known_bad_count (set), >=, 12);
  for (guint i = 0; i < hostd_known_bad_count (set); i++) {
    const HostdCombination *c = hostd_known_bad_get (set, i);
    gboolean any = FALSE;

    g_test_message ("%s", c->id);
    g_assert_nonnull (strstr (c->place, "known-bad.xml:"));
    g_assert_nonnull (c->sources[0]);
    g_assert_null (strpbrk (c->breaks, "\n\t"));
    g_assert_null (strstr (c->fix, "  "));
    g_assert_false (g_str_has_suffix (c->fix, "."));
    /* Something has to make it apply to fewer than all. */
    g_assert_cmpuint (c->versions->len + c->hosts->len + c->guests->len, >, 0);
    for (guint t = 0; t < HOSTD_N_TECHNOLOGIES; t++)
      any |= c->of[t];
    g_assert_true (any == !c->of_host);
    g_assert_true ((c->guests->len > 0) == (c->who != NULL));
  }
}

/* ---- versions ---- */

static void
test_versions (void)
{
  static const struct {
    const char *text;
    gboolean good;
    guint part[4];
  } cases[] = {
    { "6.11.0-19-generic", TRUE, { 6, 11, 0, 0 } },
    { "6.12.48+deb13-amd64", TRUE, { 6, 12, 48, 0 } },
    { "7.1-rc1", TRUE, { 7, 1, 0, 0 } },
    { "5.14.0-570.el9.x86_64", TRUE, { 5, 14, 0, 0 } },
    { "1.2.3.4.5", TRUE, { 1, 2, 3, 4 } },
    { "6.11.", TRUE, { 6, 11, 0, 0 } },
    { "6", FALSE, { 0 } },
    { "", FALSE, { 0 } },
    { "v6.1", FALSE, { 0 } },
    { "6.100000", FALSE, { 0 } },
    { ".1", FALSE, { 0 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    HostdVersion version = { { 0 } };

    g_test_message ("%s", cases[i].text);
    g_assert_true (hostd_version_parse (cases[i].text, &version) == cases[i].good);
    g_assert_cmpmem (version.part, sizeof version.part, cases[i].part, sizeof cases[i].part);
  }
}

/* ---- an operator's files ---- */

static char *
folder_with (const char *name, const char *text)
{
  char *folder = g_dir_make_tmp ("known-bad-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return folder;
}

#define TAIL "<breaks>it ends</breaks><fix>update it</fix><source>a page</source></combination>"
#define ENTRY(attributes, parts) "<combination id='mine' " attributes ">\n" parts TAIL
#define LIST(text) "<known-bad>\n" text "\n</known-bad>\n"

static const struct {
  const char *text, *line, *part;
} faults[] = {
  { LIST (ENTRY ("severity='fatal'", "")), "2", "combination" },
  { LIST (ENTRY ("severity='warn' technologies='sev tdxx'", "")), "2", "combination" },
  { LIST (ENTRY ("severity='warn'", "<version of='qemu'/>")), "3", "version" },
  { LIST (ENTRY ("severity='warn'", "<version of='qemu' from='v9'/>")), "3", "version" },
  { LIST (ENTRY ("severity='warn'", "<version of='seabios' from='1'/>")), "3", "version" },
  { LIST (ENTRY ("severity='warn'", "<host technology='sev' is='nice'/>")), "3", "host" },
  { LIST (ENTRY ("severity='warn'", "<host technology='sev' is='usable' works-to='qemu'/>")), "3",
    "host" },
  { LIST (ENTRY ("severity='warn' technologies='sev'",
                 "<guest test='devices/hostdev' who='that are so'/>")),
    "3", "test: an XPath that must give true or false does not" },
  { LIST (
        ENTRY ("severity='warn' technologies='sev'", "<guest test='biit(.)' who='that are so'/>")),
    "3", "test: an XPath here has no function biit" },
  { LIST (ENTRY ("severity='warn'", "<guest test='true()' who='that are so'/>")), "2",
    "without technologies it is of the host" },
  { LIST (ENTRY ("severity='refuse'", "<version of='qemu' from='9'/>")), "2",
    "without technologies it is of the host" },
  { LIST ("<combination id='mine' severity='warn'><breaks>it ends</breaks><fix>update it</fix>"
          "</combination>"),
    "2", "source" },
  { LIST ("<ignore id='x'/>"), "2", "ignore" },
  { LIST ("<combination id='snp-pflash' severity='warn' technologies='sev'>" TAIL), "2",
    "is there already" },
  { LIST ("<cough/>"), "2", "cough" },
  { "<policy/>", "1", "policy" },
  { "<known-bad>", "1", "not well-formed" },
  { "<!DOCTYPE known-bad [<!ENTITY a SYSTEM '/etc/passwd'>]><known-bad/>", "1", "DOCTYPE" },
  { "", "1", "it is empty" },
};

static void
test_faults (void)
{
  g_autofree char *shipped = shipped_templates ();

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    g_autofree char *folder = folder_with ("known-bad-mine.xml", faults[i].text);
    g_autofree char *place = g_strdup_printf ("%s/known-bad-mine.xml:%s: ", folder, faults[i].line);
    const char *const folders[] = { folder, NULL };
    g_autoptr (GError) error = NULL;

    if (hostd_known_bad_load (shipped, folders, &error))
      g_error ("taken: %s", faults[i].text);
    g_test_message ("%s", error->message);
    g_assert_true (error->domain == HOSTD_ERROR);
    g_assert_true (g_str_has_prefix (error->message, place));
    g_assert_nonnull (strstr (error->message, faults[i].part));
    g_assert_null (strchr (error->message, '\n'));
    remove_tree (folder);
  }
}

static void
test_names (void)
{
  g_assert_true (hostd_known_bad_is_file ("known-bad.xml"));
  g_assert_true (hostd_known_bad_is_file ("known-bad-site.xml"));
  g_assert_false (hostd_known_bad_is_file ("known-bad"));
  g_assert_false (hostd_known_bad_is_file ("known-badly.xml"));
  g_assert_false (hostd_known_bad_is_file (".known-bad.xml"));
  g_assert_false (hostd_known_bad_is_file ("known-bad.xml~"));
}

/* It is no policy, and what it ignores is gone; an id that is nobody's does not keep it out. */
static void
test_operators (void)
{
  g_autofree char *folder = folder_with (
      "known-bad-site.xml",
      LIST (ENTRY (
          "severity='warn'",
          "<version of='qemu' before='8'/>") "<ignore id='cve-2026-31591' because='mended here'/>"
                                             "<ignore id='long-gone' because='it was there "
                                             "once'/>"));
  g_autoptr (HostdTemplates) templates = load_templates (folder);
  g_autoptr (HostdKnownBad) set = load (folder), shipped = load (NULL);
  g_autofree char *path = g_build_filename (folder, "known-bad-site.xml", NULL);
  g_autofree char *dir = shipped_templates ();
  guint count = 0;

  g_assert_cmpuint (hostd_templates_count_policies (templates), ==, 6);
  g_assert_cmpuint (hostd_known_bad_count (set), ==, hostd_known_bad_count (shipped));
  g_assert_nonnull (find (set, "mine"));
  g_assert_nonnull (find (shipped, "cve-2026-31591"));
  g_assert_null (find (set, "cve-2026-31591"));
  g_assert_true (hostd_known_bad_check (dir, path, &count, NULL));
  g_assert_cmpuint (count, ==, 1);
  remove_tree (folder);
}

/* ---- hosts ---- */

static HostdMatch
match (const HostdKnownBad *set, const char *id, const HostdFacts *facts)
{
  const HostdCombination *c = find (set, id);

  g_assert_nonnull (c);
  return hostd_combination_match_host (c, facts, NULL);
}

static void
set_kernel (HostdFacts *facts, const char *release)
{
  g_free (facts->kernel_release);
  facts->kernel_release = g_strdup (release);
}

static void
test_ranges (void)
{
  static const struct {
    const char *release;
    HostdMatch match;
  } cases[] = {
    { "6.10.14", HOSTD_MATCH_NO },      { "6.11.0-rc1", HOSTD_MATCH_YES },
    { "6.18.23", HOSTD_MATCH_YES },     { "6.18.24", HOSTD_MATCH_NO },
    { "6.18.100-foo", HOSTD_MATCH_NO }, { "6.19.0", HOSTD_MATCH_YES },
    { "6.19.13", HOSTD_MATCH_YES },     { "6.19.14", HOSTD_MATCH_NO },
    { "7.0.0", HOSTD_MATCH_YES },       { "7.0.1", HOSTD_MATCH_NO },
    { "7.1.0", HOSTD_MATCH_NO },        { "unheard of", HOSTD_MATCH_UNKNOWN },
  };
  g_autoptr (HostdKnownBad) set = load (NULL);
  g_autoptr (HostdFacts) facts = able_host ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].release);
    set_kernel (facts, cases[i].release);
    g_assert_cmpint (match (set, "cve-2026-31591", facts), ==, cases[i].match);
  }
}

static void
test_unknown (void)
{
  g_autoptr (HostdKnownBad) set = load (NULL);
  g_autoptr (HostdFacts) facts = able_host ();
  const char *missing = NULL;

  g_assert_cmpint (match (set, "snp-vfio-qemu", NULL), ==, HOSTD_MATCH_UNKNOWN);
  g_assert_cmpint (match (set, "snp-pflash", NULL), ==, HOSTD_MATCH_YES);
  g_assert_cmpint (hostd_combination_match_host (find (set, "snp-vfio-qemu"), facts, &missing), ==,
                   HOSTD_MATCH_UNKNOWN);
  g_assert_cmpstr (missing, ==, "QEMU's version");
  facts->qemu_version = 9001002;
  g_assert_cmpint (match (set, "snp-vfio-qemu", facts), ==, HOSTD_MATCH_YES);
  facts->qemu_version = 9002000;
  g_assert_cmpint (match (set, "snp-vfio-qemu", facts), ==, HOSTD_MATCH_NO);

  /* What is known to be no is no, whatever else is not known. */
  facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].usability = HOSTD_USABILITY_NOT_APPLICABLE;
  g_assert_cmpint (match (set, "es-beside-snp", facts), ==, HOSTD_MATCH_NO);
  facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].usability = HOSTD_USABILITY_UNKNOWN;
  g_assert_cmpint (match (set, "es-beside-snp", facts), ==, HOSTD_MATCH_UNKNOWN);
}

static void
test_layers (void)
{
  g_autoptr (HostdKnownBad) set = load (NULL);
  g_autoptr (HostdFacts) facts = able_host ();
  HostdTechnologyFacts *snp = &facts->technology[HOSTD_TECHNOLOGY_SEV_SNP];

  set_kernel (facts, "6.18.30");
  facts->sev_firmware.known = TRUE;
  facts->sev_firmware.major = 1;
  facts->sev_firmware.minor = 57;
  facts->sev_firmware.build = 9;
  g_assert_cmpint (match (set, "es-beside-snp", facts), ==, HOSTD_MATCH_NO);
  g_assert_cmpint (match (set, "es-beside-snp-old-firmware", facts), ==, HOSTD_MATCH_YES);
  facts->sev_firmware.minor = 58;
  facts->sev_firmware.build = 0;
  g_assert_cmpint (match (set, "es-beside-snp", facts), ==, HOSTD_MATCH_YES);
  g_assert_cmpint (match (set, "es-beside-snp-old-firmware", facts), ==, HOSTD_MATCH_NO);
  set_kernel (facts, "7.2.3"); /* it knows better */
  g_assert_cmpint (match (set, "es-beside-snp", facts), ==, HOSTD_MATCH_NO);
  set_kernel (facts, "6.18.30");

  /* The kernel has it on, and only libvirt is too old: the firmware refuses all the same. */
  hostd_technology_facts_set_broken (snp, HOSTD_LAYER_LIBVIRT, "too old", "update it");
  g_assert_cmpint (match (set, "es-beside-snp", facts), ==, HOSTD_MATCH_YES);
  hostd_technology_facts_set_broken (snp, HOSTD_LAYER_KERNEL, "off", "turn it on");
  g_assert_cmpint (match (set, "es-beside-snp", facts), ==, HOSTD_MATCH_NO);

  facts->libvirt_version = 11009000;
  g_assert_cmpint (match (set, "libvirt-tdx-sectype", facts), ==, HOSTD_MATCH_NO);
  facts->technology[HOSTD_TECHNOLOGY_TDX].usability = HOSTD_USABILITY_NOT_APPLICABLE;
  g_assert_cmpint (match (set, "libvirt-tdx-sectype", facts), ==, HOSTD_MATCH_YES);
  facts->libvirt_version = 11010000;
  g_assert_cmpint (match (set, "libvirt-tdx-sectype", facts), ==, HOSTD_MATCH_NO);
}

/* ---- guests ---- */

typedef struct {
  HostdReasons *refusals, *warnings;
} Judged;

static void
judged_clear (Judged *self)
{
  hostd_reasons_free (self->refusals);
  hostd_reasons_free (self->warnings);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Judged, judged_clear)

static Judged
judge (const HostdKnownBad *set, const HostdFacts *facts, HostdTechnology technology,
       const char *more, const char *os)
{
  Judged judged = { hostd_reasons_new (), hostd_reasons_new () };
  g_autofree char *xml = domain_with (more, os);
  g_autoptr (HostdGlance) glance = hostd_glance_at (xml, strlen (xml), NULL);

  g_assert_nonnull (glance);
  hostd_known_bad_judge (set, facts, technology, glance, judged.refusals, judged.warnings);
  return judged;
}

static void
test_guest_warned (void)
{
  g_autoptr (HostdKnownBad) set = load (NULL);
  g_autoptr (HostdFacts) facts = able_host ();
  g_auto (Judged) plain = judge (set, facts, HOSTD_TECHNOLOGY_SEV_SNP, SNP_GUEST, NULL);
  g_auto (Judged) unknown = judge (set, facts, HOSTD_TECHNOLOGY_SEV_SNP, SNP_GUEST HOSTDEV, NULL);

  g_assert_cmpuint (hostd_reasons_count (plain.warnings), ==, 0);
  g_assert_cmpuint (hostd_reasons_count (plain.refusals), ==, 0);
  g_assert_false (has_reason (unknown.warnings, "known-bad-snp-vfio-qemu", NULL, NULL));
  g_assert_true (has_reason (unknown.warnings, "known-bad-snp-vfio-memory", "/domain", NULL));

  facts->qemu_version = 9001000;
  {
    g_auto (Judged) bad = judge (set, facts, HOSTD_TECHNOLOGY_SEV_SNP, SNP_GUEST HOSTDEV, NULL);
    g_auto (Judged) other = judge (set, facts, HOSTD_TECHNOLOGY_SEV, SNP_GUEST HOSTDEV, NULL);

    g_assert_true (has_reason (bad.warnings, "known-bad-snp-vfio-qemu", "/domain",
                               "; to do: use QEMU 9.2 or later"));
    g_assert_true (has_reason (bad.warnings, "known-bad-snp-vfio-qemu", "/domain",
                               "(https://github.com/kubevirt/kubevirt/issues/16407)"));
    g_assert_cmpuint (hostd_reasons_count (bad.refusals), ==, 0);
    g_assert_cmpuint (hostd_reasons_count (other.warnings), ==, 0);
  }
}

static void
test_guest_refused (void)
{
  static const char flash[] = "<os><type arch='x86_64' machine='q35'>hvm</type>"
                              "<loader type='pflash'>/x.fd</loader></os>";
  static const char rom[] = "<os><type arch='x86_64' machine='q35'>hvm</type>"
                            "<loader type='rom'>/x.fd</loader></os>";
  g_autoptr (HostdKnownBad) set = load (NULL);
  g_auto (Judged) bad = judge (set, NULL, HOSTD_TECHNOLOGY_SEV_SNP, SNP_GUEST, flash);
  g_auto (Judged) good = judge (set, NULL, HOSTD_TECHNOLOGY_SEV_SNP, SNP_GUEST, rom);
  g_auto (Judged) nothing = judge (NULL, NULL, HOSTD_TECHNOLOGY_SEV_SNP, SNP_GUEST, flash);

  g_assert_true (has_reason (bad.refusals, "known-bad-snp-pflash", "/domain", "flash"));
  g_assert_cmpuint (hostd_reasons_count (good.refusals), ==, 0);
  g_assert_cmpuint (hostd_reasons_count (nothing.refusals), ==, 0);
}

static void
test_guest_size (void)
{
  g_autoptr (HostdKnownBad) set = load (NULL);
  g_autofree char *xml = domain_with (NULL, NULL);

  for (guint gib = 63; gib <= 64; gib++) {
    g_autofree char *size = g_strdup_printf ("%u", gib * 1024);
    g_auto (GStrv) parts = g_strsplit (xml, ">512<", 2);
    g_autofree char *large = g_strconcat (parts[0], ">", size, "<", parts[1], NULL);
    g_autoptr (HostdGlance) glance = hostd_glance_at (large, strlen (large), NULL);
    g_auto (Judged) judged = { hostd_reasons_new (), hostd_reasons_new () };

    hostd_known_bad_judge (set, NULL, HOSTD_TECHNOLOGY_TDX, glance, judged.refusals,
                           judged.warnings);
    g_assert_true (has_reason (judged.warnings, "known-bad-tdx-eager-accept", NULL, NULL) ==
                   (gib == 64));
  }
}

static void
test_needs_guest (void)
{
  g_autoptr (HostdKnownBad) set = load (NULL);

  g_assert_false (hostd_known_bad_needs_guest (NULL, NULL, HOSTD_TECHNOLOGY_SEV_SNP));
  g_assert_true (hostd_known_bad_needs_guest (set, NULL, HOSTD_TECHNOLOGY_SEV_SNP));
  g_assert_false (hostd_known_bad_needs_guest (set, NULL, HOSTD_TECHNOLOGY_CCA));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch/known-bad/shipped", test_shipped);
  g_test_add_func ("/launch/known-bad/versions", test_versions);
  g_test_add_func ("/launch/known-bad/faults", test_faults);
  g_test_add_func ("/launch/known-bad/names", test_names);
  g_test_add_func ("/launch/known-bad/operators", test_operators);
  g_test_add_func ("/launch/known-bad/ranges", test_ranges);
  g_test_add_func ("/launch/known-bad/unknown", test_unknown);
  g_test_add_func ("/launch/known-bad/layers", test_layers);
  g_test_add_func ("/launch/known-bad/guest-warned", test_guest_warned);
  g_test_add_func ("/launch/known-bad/guest-refused", test_guest_refused);
  g_test_add_func ("/launch/known-bad/guest-size", test_guest_size);
  g_test_add_func ("/launch/known-bad/needs-guest", test_needs_guest);
  return g_test_run ();
}
