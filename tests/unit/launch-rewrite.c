/* SPDX-License-Identifier: Apache-2.0 */
/* What Rewrite chooses and what it refuses; what it writes is told by the golden tests. */
#include "config.h"

#include "base/error.h"
#include "launch-fixture.h"
#include "launch/rewrite.h"

typedef struct {
  HostdTemplates *templates;
  HostdFacts *facts;
  HostdRequest *request;
} Fixture;

static void
setup (Fixture *f, gconstpointer data)
{
  f->templates = load_templates (NULL);
  f->facts = able_host ();
}

static void
teardown (Fixture *f, gconstpointer data)
{
  hostd_templates_unref (f->templates);
  hostd_facts_free (f->facts);
  hostd_request_unref (f->request);
}

static void
ask (Fixture *f, const char *policy)
{
  hostd_request_unref (f->request);
  f->request = hostd_request_new (policy);
}

static void
give (Fixture *f, const char *key, gsize bytes)
{
  g_autofree guint8 *data = g_malloc0 (bytes + 1);
  g_autofree char *value = g_base64_encode (data, bytes);

  g_assert_true (hostd_request_add_data (f->request, key, value, NULL));
}

static HostdRewrite *
rewrite (Fixture *f, const char *xml)
{
  g_autoptr (GError) error = NULL;
  HostdRewrite *result =
      hostd_rewrite_run (f->templates, f->request, f->facts, xml, strlen (xml), &error);

  g_assert_no_error (error);
  return result;
}

static void
assert_refused (Fixture *f, const char *xml, const char *id, const char *xpath, const char *part)
{
  g_autoptr (HostdRewrite) result = rewrite (f, xml);
  gsize length = 99;

  g_assert_cmpint (hostd_rewrite_get_verdict (result), ==, HOSTD_VERDICT_REFUSE);
  g_assert_cmpstr (hostd_rewrite_get_text (result, &length), ==, NULL);
  g_assert_cmpuint (length, ==, 0);
  g_assert_true (has_reason (hostd_rewrite_get_reasons (result), id, xpath, part));
}

/* @part is in the text; NULL: whatever it is. */
static void
assert_rewritten (Fixture *f, const char *xml, HostdTechnology technology, const char *part)
{
  g_autoptr (HostdRewrite) result = rewrite (f, xml);
  HostdTechnology chosen = HOSTD_N_TECHNOLOGIES;

  has_reason (hostd_rewrite_get_reasons (result), "", NULL, NULL);
  g_assert_cmpint (hostd_rewrite_get_verdict (result), ==, HOSTD_VERDICT_ALLOW);
  g_assert_true (hostd_rewrite_get_technology (result, &chosen));
  g_assert_cmpstr (hostd_technology_name (chosen), ==, hostd_technology_name (technology));
  g_assert_cmpstr (hostd_rewrite_get_uuid (result), ==, UUID);
  g_assert_true (g_str_has_prefix (hostd_rewrite_get_policy_digest (result), "sha256:"));
  if (part)
    g_assert_nonnull (strstr (hostd_rewrite_get_text (result, NULL), part));
}

static void
assert_note (Fixture *f, const char *xml, const char *id, const char *part)
{
  g_autoptr (HostdRewrite) result = rewrite (f, xml);

  g_assert_cmpint (hostd_rewrite_get_verdict (result), ==, HOSTD_VERDICT_ALLOW);
  g_assert_true (has_reason (hostd_rewrite_get_notes (result), id, NULL, part));
}

/* ---- errors: what is no domain, no policy, no data ---- */

static void
test_errors (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *policy, *key, *xml;
    HostdError code;
  } cases[] = {
    { "nothing", NULL, "<domain/>", HOSTD_ERROR_NOT_FOUND },
    { "snp", "hostdata", "<domain/>", HOSTD_ERROR_INVALID },
    { "snp", NULL, "<domains/>", HOSTD_ERROR_INVALID },
    { "snp", NULL, "", HOSTD_ERROR_INVALID },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    ask (f, cases[i].policy);
    if (cases[i].key)
      give (f, cases[i].key, 32);
    g_assert_null (hostd_rewrite_run (f->templates, f->request, NULL, cases[i].xml,
                                      strlen (cases[i].xml), &error));
    g_assert_error (error, HOSTD_ERROR, (int) cases[i].code);
  }
}

/* ---- which technology ---- */

static void
test_any (Fixture *f, gconstpointer data)
{
  g_autofree char *plain = domain_with (NULL, NULL);
  g_autofree char *sev =
      domain_with ("<launchSecurity type='sev'><policy>0x3</policy></launchSecurity>", NULL);
  g_autofree char *es =
      domain_with ("<launchSecurity type='sev'><policy>0x7</policy></launchSecurity>", NULL);
  g_autofree char *foreign = domain_with ("<launchSecurity type='s390-pv'/>", NULL);

  ask (f, "any");
  assert_rewritten (f, plain, HOSTD_TECHNOLOGY_SEV_SNP, "type='sev-snp'");
  assert_rewritten (f, sev, HOSTD_TECHNOLOGY_SEV, "<policy>0x3</policy>");
  assert_rewritten (f, es, HOSTD_TECHNOLOGY_SEV_ES, "<policy>0x7</policy>");
  assert_refused (f, foreign, "technology", "/domain/launchSecurity/@type", "'s390-pv'");

  g_assert_true (hostd_request_set_technology (f->request, "tdx", NULL));
  assert_rewritten (f, plain, HOSTD_TECHNOLOGY_TDX, "type='tdx'");
  assert_refused (f, sev, "tdx-type", "/domain/launchSecurity/@type", "another type");
  ask (f, "snp");
  g_assert_true (hostd_request_set_technology (f->request, "tdx", NULL));
  assert_refused (f, plain, "technology", "/domain", "does not accept tdx");
}

/* The best that the host has; what it surely cannot do is not chosen. */
static void
test_any_by_host (Fixture *f, gconstpointer data)
{
  HostdTechnologyFacts *t = f->facts->technology;
  g_autofree char *plain = domain_with (NULL, NULL);
  g_autofree char *snp = domain_with ("<launchSecurity type='sev-snp'/>", NULL);

  ask (f, "any");
  hostd_technology_facts_set_broken (&t[HOSTD_TECHNOLOGY_SEV_SNP], HOSTD_LAYER_KERNEL,
                                     "kvm_amd.sev_snp is N", "boot with kvm_amd.sev_snp=1");
  t[HOSTD_TECHNOLOGY_TDX].usability = HOSTD_USABILITY_NOT_APPLICABLE;
  assert_rewritten (f, plain, HOSTD_TECHNOLOGY_SEV_ES, NULL);
  /* Its author's own word is not turned into another technology: the type is to blame. */
  assert_refused (f, snp, "host", "/domain/launchSecurity/@type", "kernel: kvm_amd.sev_snp is N");
  assert_refused (f, snp, "host", NULL, "boot with kvm_amd.sev_snp=1");

  /* Known to work goes before not known; not known, where there is nothing else, is noted. */
  t[HOSTD_TECHNOLOGY_SEV_ES].usability = HOSTD_USABILITY_UNKNOWN;
  assert_rewritten (f, plain, HOSTD_TECHNOLOGY_SEV, NULL);
  t[HOSTD_TECHNOLOGY_SEV].usability = HOSTD_USABILITY_UNKNOWN;
  assert_rewritten (f, plain, HOSTD_TECHNOLOGY_SEV_ES, NULL);
  assert_note (f, plain, "host", "is unknown");

  /* None at all: each is told. */
  for (guint i = HOSTD_TECHNOLOGY_SEV; i <= HOSTD_TECHNOLOGY_TDX; i++)
    t[i].usability = HOSTD_USABILITY_NOT_APPLICABLE;
  assert_refused (f, plain, "host", "/domain", "cannot launch tdx guests: not-applicable");
  assert_refused (f, plain, "host", "/domain", "cannot launch sev guests");
}

/* ---- which firmware ---- */

static void
test_firmware_none (Fixture *f, gconstpointer data)
{
  g_autofree char *plain = domain_with (NULL, NULL);
  g_autofree char *old = domain_with (
      NULL, "<os firmware='efi'><type arch='x86_64' machine='pc-q35-6.2'>hvm</type></os>");

  ask (f, "snp");
  assert_rewritten (f, plain, HOSTD_TECHNOLOGY_SEV_SNP, "stateless='yes'");
  assert_rewritten (f, old, HOSTD_TECHNOLOGY_SEV_SNP, NULL);
  g_ptr_array_set_size (f->facts->firmware, 0);
  assert_refused (f, plain, "firmware-missing", "/domain/os", "amd-sev-snp");
  /* Flash keeps variables, and SNP cannot map it. */
  add_firmware (f->facts, "/a.fd", TRUE, "amd-sev-snp");
  assert_refused (f, plain, "firmware-missing", "/domain/os", "amd-sev-snp");
  add_firmware (f->facts, "/b.fd", FALSE, "amd-sev amd-sev-es");
  assert_refused (f, plain, "firmware-missing", "/domain/os", "ovmf-amdsev");
  /* For another machine. */
  add_firmware (f->facts, "/c.fd", FALSE, "amd-sev-snp");
  ((HostdFirmware *) g_ptr_array_index (f->facts->firmware, 2))->machines[0][3] = 'X';
  assert_refused (f, plain, "firmware-missing", "/domain/os", NULL);
  /* Not known is not "none". */
  f->facts->firmware_known = FALSE;
  assert_rewritten (f, plain, HOSTD_TECHNOLOGY_SEV_SNP, NULL);
}

/* What libvirt wrote when the domain was defined is not chosen anew at the next Rewrite. */
static void
test_firmware_chosen (Fixture *f, gconstpointer data)
{
  static const char format[] =
      "<os firmware='efi'><type arch='x86_64' machine='pc-q35-10.0'>hvm</type>"
      "<loader type='rom'%s stateless='yes'>/usr/share/ovmf/OVMF.%s.fd</loader></os>";
  static const char anew[] = "<loader stateless='yes'/>";
  g_autofree char *chosen_os = g_strdup_printf (format, "", "amdsev"),
                  *flag_os = g_strdup_printf (format, " readonly='yes'", "amdsev"),
                  *foreign_os = g_strdup_printf (format, "", "inteltdx"),
                  *chosen = domain_with (NULL, chosen_os), *flag = domain_with (NULL, flag_os),
                  *foreign = domain_with (NULL, foreign_os);

  ask (f, "snp");
  f->facts->libvirt_version = 9002000;
  assert_rewritten (f, chosen, HOSTD_TECHNOLOGY_SEV_SNP, chosen_os);
  assert_rewritten (f, flag, HOSTD_TECHNOLOGY_SEV_SNP, anew);
  assert_rewritten (f, foreign, HOSTD_TECHNOLOGY_SEV_SNP, anew);
  /* An older libvirt takes no type beside firmware='efi', and an unknown one may be old. */
  f->facts->libvirt_version = 9001000;
  assert_rewritten (f, chosen, HOSTD_TECHNOLOGY_SEV_SNP, anew);
  f->facts->libvirt_version = 0;
  assert_rewritten (f, chosen, HOSTD_TECHNOLOGY_SEV_SNP, anew);
}

static void
test_secure_boot (Fixture *f, gconstpointer data)
{
  g_autofree char *secure = domain_with (
      NULL, "<os><type arch='x86_64' machine='q35'>hvm</type>"
            "<loader readonly='yes' secure='yes' type='pflash'>/usr/share/OVMF/c.fd</loader></os>");
  g_autofree char *feature =
      domain_with (NULL, "<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type>"
                         "<firmware><feature enabled='yes' name='secure-boot'/></firmware></os>");
  g_autofree char *without =
      domain_with (NULL, "<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type>"
                         "<firmware><feature enabled='no' name='secure-boot'/></firmware></os>");

  ask (f, "snp");
  assert_refused (f, secure, "firmware-request", "/domain/os/loader/@secure", "Secure Boot");
  assert_refused (f, feature, "firmware-request", "/domain/os/firmware", "Secure Boot");
  assert_rewritten (f, without, HOSTD_TECHNOLOGY_SEV_SNP, NULL);

  ask (f, "tdx");
  assert_refused (f, feature, "firmware-request", "/domain/os/firmware", "Secure Boot");
  add_firmware (f->facts, "/usr/share/ovmf/tdx-sb.fd", FALSE, "intel-tdx secure-boot");
  assert_rewritten (f, feature, HOSTD_TECHNOLOGY_TDX, NULL);
  assert_rewritten (f, secure, HOSTD_TECHNOLOGY_TDX, "<loader stateless='yes'/>");
}

/* As Nova 34 writes it for each guest whose image says nothing of Secure Boot. */
static void
test_no_secure_boot (Fixture *f, gconstpointer data)
{
  g_autofree char *without =
      domain_with (NULL, "<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type>"
                         "<firmware><feature enabled='no' name='secure-boot'/></firmware></os>");

  ask (f, "tdx");
  assert_rewritten (f, without, HOSTD_TECHNOLOGY_TDX, NULL);
  g_ptr_array_set_size (f->facts->firmware, 0);
  add_firmware (f->facts, "/usr/share/ovmf/tdx-sb.fd", FALSE, "intel-tdx secure-boot");
  assert_refused (f, without, "firmware-request", "/domain/os/firmware",
                  "will not have secure-boot");
}

static void
test_bios (Fixture *f, gconstpointer data)
{
  static const char *const os[] = {
    "<os><type arch='x86_64' machine='q35'>hvm</type></os>",
    "<os firmware='bios'><type arch='x86_64' machine='q35'>hvm</type></os>",
    "<os><type arch='x86_64' machine='q35'>hvm</type><loader>/srv/bios.bin</loader></os>",
  };

  ask (f, "sev");
  for (guint i = 0; i < G_N_ELEMENTS (os); i++) {
    g_autofree char *xml = domain_with (NULL, os[i]);

    assert_refused (f, xml, "firmware-bios", "/domain/os", "BIOS");
  }
}

static void
test_firmware_notes (Fixture *f, gconstpointer data)
{
  g_autofree char *xml =
      domain_with (NULL, "<os><type arch='x86_64' machine='q35'>hvm</type>"
                         "<loader readonly='yes' type='pflash'>/usr/share/OVMF/c.fd</loader>"
                         "<nvram>/var/lib/libvirt/qemu/nvram/x.fd</nvram></os>");

  ask (f, "snp");
  assert_note (f, xml, "firmware", "/usr/share/OVMF/c.fd gives way");
  assert_note (f, xml, "firmware-variables", "keeps no variables");
}

/* ---- launch data ---- */

static void
test_lengths (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *policy, *key;
    gsize bytes;
  } cases[] = {
    { "snp", "guestVisibleWorkarounds", 16 },
    { "snp", "idBlock", 96 },
    { "snp", "idAuth", 4096 },
    { "snp", "hostData", 32 },
    { "tdx", "mrConfigId", 48 },
    { "tdx", "mrOwner", 48 },
    { "tdx", "mrOwnerConfig", 48 },
  };
  g_autofree char *plain = domain_with (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *tag = g_strdup_printf ("<%s>", cases[i].key);
    g_autofree char *expected =
        g_strdup_printf ("%s: decodes to %" G_GSIZE_FORMAT " bytes, expected %" G_GSIZE_FORMAT,
                         cases[i].key, cases[i].bytes - 1, cases[i].bytes);

    ask (f, cases[i].policy);
    give (f, cases[i].key, cases[i].bytes);
    assert_rewritten (
        f, plain, strcmp (cases[i].policy, "tdx") ? HOSTD_TECHNOLOGY_SEV_SNP : HOSTD_TECHNOLOGY_TDX,
        tag);
    ask (f, cases[i].policy);
    give (f, cases[i].key, cases[i].bytes - 1);
    assert_refused (f, plain, "data-malformed", NULL, expected);
    ask (f, cases[i].policy);
    g_assert_true (hostd_request_add_data (f->request, cases[i].key, "!!!!", NULL));
    assert_refused (f, plain, "data-malformed", NULL, "not base64");
  }
}

static void
test_other_data (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *policy, *key, *value, *id, *part;
  } cases[] = {
    { "snp", "vcek", "yes", NULL, "vcek='yes'" },
    { "snp", "vcek", "maybe", "data-malformed", "neither yes nor no" },
    { "snp", "kernelHashes", "yes", "kernel-hashes", "no kernel" },
    { "snp", "mrOwner", "AAAA", "data-unknown", "sev-snp has no launch data mrOwner" },
    { "sev", "session", "AAAA", NULL, "<session>AAAA</session>" },
    { "sev", "dhCert", "", "data-malformed", "0 bytes" },
    { "tdx", "quoteGenerationService", "/run/q.sock", NULL, "path='/run/q.sock'" },
    { "tdx", "quoteGenerationService", "yes", NULL, "<quoteGenerationService/>" },
    { "tdx", "quoteGenerationService", "q.sock", "data-malformed", "no absolute path" },
  };
  g_autofree char *plain = domain_with (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    HostdTechnology technology = HOSTD_TECHNOLOGY_SEV_SNP;

    ask (f, cases[i].policy);
    hostd_technology_from_name (cases[i].policy, &technology);
    g_assert_true (hostd_request_add_data (f->request, cases[i].key, cases[i].value, NULL));
    if (cases[i].id)
      assert_refused (f, plain, cases[i].id, NULL, cases[i].part);
    else
      assert_rewritten (f, plain, technology, cases[i].part);
  }
}

/* The author's own data stays, must be well formed, and is not overruled. */
static void
test_author_data (Fixture *f, gconstpointer data)
{
  g_autofree guint8 *zeros = g_malloc0 (32);
  g_autofree char *value = g_base64_encode (zeros, 32);
  g_autofree char *wrapped = g_strdup_printf (
      "<launchSecurity type='sev-snp'><hostData>%.20s\n   %s</hostData></launchSecurity>", value,
      value + 20);
  g_autofree char *same = domain_with (wrapped, NULL);
  g_autofree char *empty =
      domain_with ("<launchSecurity type='sev-snp'><hostData/></launchSecurity>", NULL);

  ask (f, "snp");
  give (f, "hostData", 32);
  assert_rewritten (f, same, HOSTD_TECHNOLOGY_SEV_SNP, "\n   ");
  ask (f, "snp");
  g_assert_true (hostd_request_add_data (f->request, "hostData",
                                         "/////////////////////////////////////////w==", NULL));
  assert_refused (f, same, "data-malformed", NULL, NULL);
  ask (f, "snp");
  g_assert_true (hostd_request_add_data (f->request, "hostData",
                                         "//////////////////////////////////////////8=", NULL));
  assert_refused (f, same, "data-conflict", "/domain/launchSecurity/hostData", "not what");
  ask (f, "snp");
  assert_refused (f, empty, "data-malformed", "/domain/launchSecurity/hostData", "0 bytes");
}

/* ---- the rest ---- */

static void
test_all_reasons (Fixture *f, gconstpointer data)
{
  g_autofree char *xml =
      domain_with ("<launchSecurity type='sev-snp'><policy>0xb0000</policy></launchSecurity>",
                   "<os><type arch='aarch64' machine='virt'>hvm</type></os>");

  ask (f, "snp");
  assert_refused (f, xml, "arch", "/domain/os/type/@arch", NULL);
  assert_refused (f, xml, "q35", "/domain/os/type/@machine", NULL);
  assert_refused (f, xml, "firmware-bios", "/domain/os", NULL);
  assert_refused (f, xml, "policy-bits", "/domain/launchSecurity/policy", "bit 19 must be clear");
}

static void
test_rebind (Fixture *f, gconstpointer data)
{
  g_autofree char *plain = domain_with (NULL, NULL);
  g_autoptr (HostdRewrite) first = NULL;
  g_autofree char *text = NULL, *outdated = NULL;
  char *digest;

  ask (f, "snp");
  first = rewrite (f, plain);
  text = g_strdup (hostd_rewrite_get_text (first, NULL));
  {
    /* Again: not a byte. */
    g_autoptr (HostdRewrite) again = rewrite (f, text);

    g_assert_cmpstr (hostd_rewrite_get_text (again, NULL), ==, text);
  }
  outdated = g_strdup (text);
  digest = strstr (outdated, "sha256:") + strlen ("sha256:");
  memset (digest, '0', 8);
  {
    /* A policy that changed since is written anew. */
    g_autoptr (HostdRewrite) again = rewrite (f, outdated);

    g_assert_cmpstr (hostd_rewrite_get_text (again, NULL), ==, text);
  }
  ask (f, "any");
  assert_refused (f, text, "rebind", NULL, "'snp' contradicts the policy, which wants 'any'");
}

static void
test_cbit (Fixture *f, gconstpointer data)
{
  g_autofree char *xml = domain_with ("<launchSecurity type='sev'><cbitpos>47</cbitpos>"
                                      "<reducedPhysBits>1</reducedPhysBits>"
                                      "<policy>0x3</policy></launchSecurity>",
                                      NULL);
  g_autofree char *plain = domain_with (NULL, NULL);

  ask (f, "sev");
  assert_rewritten (f, xml, HOSTD_TECHNOLOGY_SEV, "<cbitpos>47</cbitpos>");
  f->facts->cbit_known = TRUE;
  f->facts->cbitpos = 51;
  assert_rewritten (f, xml, HOSTD_TECHNOLOGY_SEV, "<cbitpos>51</cbitpos>");
  assert_note (f, xml, "cbitpos", "47 is another machine's: this host has 51");
  f->facts->libvirt_version = 6008000;
  assert_rewritten (f, plain, HOSTD_TECHNOLOGY_SEV, "<cbitpos>51</cbitpos>");
  assert_rewritten (f, plain, HOSTD_TECHNOLOGY_SEV, "<reducedPhysBits>1</reducedPhysBits>");
}

static void
test_refuse_later (Fixture *f, gconstpointer data)
{
  g_autofree char *plain = domain_with (NULL, NULL);
  g_autoptr (HostdRewrite) result = NULL;

  ask (f, "snp");
  result = rewrite (f, plain);
  g_assert_nonnull (hostd_rewrite_get_text (result, NULL));
  hostd_rewrite_refuse (result, "bound", NULL, "bound to another policy");
  g_assert_cmpint (hostd_rewrite_get_verdict (result), ==, HOSTD_VERDICT_REFUSE);
  g_assert_null (hostd_rewrite_get_text (result, NULL));
  g_assert_true (has_reason (hostd_rewrite_get_reasons (result), "bound", NULL, "another policy"));
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    { "errors", test_errors },
    { "any", test_any },
    { "any-by-host", test_any_by_host },
    { "firmware-none", test_firmware_none },
    { "firmware-chosen", test_firmware_chosen },
    { "secure-boot", test_secure_boot },
    { "no-secure-boot", test_no_secure_boot },
    { "bios", test_bios },
    { "firmware-notes", test_firmware_notes },
    { "lengths", test_lengths },
    { "other-data", test_other_data },
    { "author-data", test_author_data },
    { "all-reasons", test_all_reasons },
    { "rebind", test_rebind },
    { "cbit", test_cbit },
    { "refuse-later", test_refuse_later },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree char *path = g_strconcat ("/launch/rewrite/", tests[i].name, NULL);

    g_test_add (path, Fixture, NULL, setup, tests[i].test, teardown);
  }
  return g_test_run ();
}
