/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would a TDX guest's quote verify? On a recorded host that is changed in what QGS answers, what
 * the BIOS holds of the registration, and what QGS's cache has.
 */
#include "config.h"

#include "platform/platform.h"

#include "host-copy.h"

#define STATUS "sys/firmware/efi/efivars/SgxRegistrationStatus-f236c5dc-a491-4bbe-bcdd-88885770df45"
#define REQUEST                                                                                    \
  "sys/firmware/efi/efivars/SgxRegistrationServerRequest-304e0796-d515-4698-ac6e-e76cb1a71c28"
#define CACHED "var/opt/qgsd/.dcap-qcnl/3f0e"

/* A platform information: TDQE 4, PCE 13, an id and a CPUSVN of 16 bytes. */
#define HEAD(size, code) "01000000 05000000 " size " " code " "
#define BODY                                                                                       \
  "0400 0d00 10000000 10000000 "                                                                   \
  "00000000000000000000000000000000 0d0d0202ff0100030000000000000000"
#define GOOD_QGS "platform-info 0000003c " HEAD ("3c000000", "00000000") BODY "\n"
#define ERROR_QGS(code) "platform-info 00000010 " HEAD ("10000000", code) "\n"

/* 4 bytes of attributes; version 1, size 3, status, error code. */
#define VARIABLE(status, error) "\x07\0\0\0\x01\0\x03\0" status "\0" error
#define COMPLETE VARIABLE ("\x01", "\0")
#define SIZE 11

/* Version 1, kind 1, an expiry; the sizes of headers and body before each. */
#define CACHE                                                                                      \
  "\x01\0\x01\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0"                                                     \
  "HTTP/2 200\r\nsgx-pck-certificate-issuer-chain: x\r\n\r\n\0\0\0\0"                              \
  "-----BEGIN CERTIFICATE-----\nx\n"

typedef struct {
  const char *name;
  const char *qgs;         /* the text; NULL: not recorded */
  const char *status;      /* of the variable, STATUS_SIZE bytes; NULL: none */
  gboolean request;        /* the variable is there */
  const char *cached;      /* text of the cached file, sizeof CACHE - 1 bytes; NULL: no cache */
  const char *path, *text; /* one more file */
  HostdQuoteState state;
  const char *cause, *fix; /* words in them */
} Row;

#define READY HOSTD_QUOTE_READY
#define BROKEN HOSTD_QUOTE_BROKEN
#define UNKNOWN HOSTD_QUOTE_UNKNOWN
#define GOOD COMPLETE, FALSE, CACHE, NULL, NULL

/* clang-format off */
static const Row rows[] = {
  { "ready", GOOD_QGS, GOOD, READY, "", "" },
  { "ready-bare", "platform-info " HEAD ("3c000000", "00000000") BODY "\n", GOOD, READY, "", "" },
  { "ready-request-left", GOOD_QGS, COMPLETE, TRUE, CACHE, NULL, NULL, READY, "", "" },
  { "nothing-known", NULL, NULL, FALSE, NULL, NULL, NULL, UNKNOWN, "QGS", "" },

  /* QGS */
  { "qgs-not-recorded", NULL, GOOD, UNKNOWN, "whether QGS answers", "" },
  { "qgs-absent", "platform-info errno ENOENT\n", GOOD, BROKEN, "does not listen", "qgsd" },
  { "qgs-dead", "platform-info errno ECONNREFUSED\n", GOOD, BROKEN, "does not listen", "qgsd" },
  { "qgs-hangs", "platform-info errno ETIMEDOUT\n", GOOD, BROKEN, "QGS", "restart qgsd" },
  { "qgs-denied", "platform-info errno EACCES\n", GOOD, UNKNOWN, "whether QGS answers",
    "SupplementaryGroups=qgsd" },
  { "qgs-denied-user", "platform-info errno EACCES\n", COMPLETE, FALSE, CACHE, "devices",
    "user 1000\ndev/kvm c 666\ndev/sgx_vepc c 600\n", UNKNOWN, "whether QGS answers",
    "run as root" },
  { "qgs-on-vsock", "platform-info errno ENOENT\n", COMPLETE, FALSE, CACHE, "etc/qgs.conf",
    "port = 4050\nnumber_threads = 4\n", UNKNOWN, "vsock", "port" },
  { "qgs-not-on-vsock", "platform-info errno ENOENT\n", COMPLETE, FALSE, CACHE, "etc/qgs.conf",
    "#port = 4050\n", BROKEN, "does not listen", "qgsd" },
  { "qgs-error", ERROR_QGS ("01200100"), GOOD, BROKEN, "0x12001", "journalctl" },
  { "qgs-no-pck", ERROR_QGS ("11e00000"), GOOD, BROKEN, "0xe011: no PCK", "register" },
  { "qgs-no-network", ERROR_QGS ("19e00000"), GOOD, BROKEN, "0xe019: the PCCS", "PCCS" },
  { "qgs-tls", ERROR_QGS ("33b00000"), GOOD, BROKEN, "0xb033", "use_secure_cert" },
  { "qgs-other-error", ERROR_QGS ("efbeadde"), GOOD, BROKEN, "0xdeadbeef", "log" },
  { "qgs-garbage", "platform-info 48545450\n", GOOD, BROKEN, "no message", "listens" },
  { "qgs-nothing", "platform-info\n", GOOD, BROKEN, "after 0 bytes", "listens" },
  { "qgs-other-message", "platform-info 01000000 01000000 10000000 00000000\n", GOOD, BROKEN,
    "no platform information", "listens" },
  { "qgs-other-version", "platform-info 02000000 05000000 10000000 00000000\n", GOOD, BROKEN,
    "no message", "listens" },
  { "qgs-no-body", "platform-info 01000000 05000000 10000000 00000000\n", GOOD, BROKEN,
    "no platform information", "listens" },
  { "qgs-lying-size", "platform-info 01000000 05000000 1c000000 00000000 0400 0d00 ffffffff "
    "10000000\n", GOOD, BROKEN, "no platform information", "listens" },
  { "qgs-sizes-overflow", "platform-info 01000000 05000000 1c000000 00000000 0400 0d00 f0ffffff "
    "10000000\n", GOOD, BROKEN, "no platform information", "listens" },

  /* registration */
  { "no-variable", GOOD_QGS, NULL, FALSE, CACHE, NULL, NULL, UNKNOWN, "SgxRegistrationStatus", "" },
  { "pending", GOOD_QGS, VARIABLE ("\0", "\0"), TRUE, CACHE, NULL, NULL, BROKEN, "not registered",
    "mpa_registration" },
  { "neither", GOOD_QGS, VARIABLE ("\0", "\0"), FALSE, CACHE, NULL, NULL, UNKNOWN, "not complete",
    "" },
  { "failed", GOOD_QGS, VARIABLE ("\0", "\x81"), TRUE, CACHE, NULL, NULL, BROKEN, "0x81",
    "mpa_registration" },
  { "package-alone", GOOD_QGS, VARIABLE ("\x02", "\0"), TRUE, CACHE, NULL, NULL, BROKEN,
    "not registered", "mpa_registration" },
  { "variable-garbage", GOOD_QGS, "\x07\0\0\0\xff\xff\xff\xff\x01\0\0", FALSE, CACHE, NULL, NULL,
    UNKNOWN, "not what it should be", "" },
  { "variable-big-endian", GOOD_QGS, "\0\0\0\x07\0\x01\0\x03\0\x01\0", FALSE, CACHE, NULL, NULL,
    UNKNOWN, "not what it should be", "" },

  /* the certificate */
  { "no-cache", GOOD_QGS, COMPLETE, FALSE, NULL, NULL, NULL, UNKNOWN, "PCK", "make a quote" },
  { "other-cache", GOOD_QGS, COMPLETE, FALSE, NULL, "var/opt/qgsd/.dcap-qcnl/00", "tcb info",
    UNKNOWN, "PCK", "make a quote" },
  { "empty-cache", GOOD_QGS, COMPLETE, FALSE, NULL, "var/opt/qgsd/.dcap-qcnl/00", "", UNKNOWN,
    "PCK", "make a quote" },

  /* more than one: broken stands over unknown, the first over later ones */
  { "broken-first", NULL, VARIABLE ("\0", "\x81"), FALSE, NULL, NULL, NULL, BROKEN, "0x81", "" },
  { "two-broken", "platform-info errno ENOENT\n", VARIABLE ("\0", "\x81"), FALSE, NULL, NULL, NULL,
    BROKEN, "does not listen", "" },
  { "pre-production", GOOD_QGS, COMPLETE, FALSE, CACHE, "msr", "87 400000003f\nce 8000000\n",
    BROKEN, "pre-production", "none on this CPU" },
};
/* clang-format on */

static HostdFacts *
probe (const char *base, const Row *row)
{
  char *folder = host_copy_new (base);
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdSys) sys = NULL;
  HostdFacts *facts = hostd_facts_new ();

  if (row->qgs)
    host_copy_edit (folder, "qgs", row->qgs, -1);
  if (row->status)
    host_copy_edit (folder, STATUS, row->status, SIZE);
  if (row->request)
    host_copy_edit (folder, REQUEST, "", 0);
  if (row->cached)
    host_copy_edit (folder, CACHED, row->cached, sizeof CACHE - 1);
  if (row->path)
    host_copy_edit (folder, row->path, row->text, -1);
  sys = hostd_sys_new_recording (folder, &error);
  g_assert_no_error (error);
  hostd_platform_probe (sys, facts);
  host_copy_free (folder);
  return facts;
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (HostdFacts) facts = probe ("spr-tdx", row);
  const HostdTechnologyFacts *t = &facts->technology[HOSTD_TECHNOLOGY_TDX];

  g_test_message ("cause: %s; fix: %s", t->quote.cause, t->quote.fix);
  g_assert_cmpint (t->usability, ==, HOSTD_USABILITY_USABLE);
  g_assert_cmpstr (hostd_quote_state_name (t->quote.state), ==,
                   hostd_quote_state_name (row->state));
  if (row->state == READY) {
    g_assert_null (t->quote.cause);
    g_assert_cmpstr (hostd_technology_facts_get_value (t, "tdqe_svn")->text, ==, "4");
    g_assert_cmpstr (hostd_technology_facts_get_value (t, "pce_svn")->text, ==, "13");
    g_assert_cmpstr (hostd_technology_facts_get_value (t, "cpusvn")->text, ==,
                     "0d0d0202ff0100030000000000000000");
    g_assert_cmpstr (hostd_technology_facts_get_value (t, "registration")->text, ==, "complete");
    g_assert_cmpstr (hostd_technology_facts_get_value (t, "pck_certificate")->text, ==, "cached");
    return;
  }
  g_assert_nonnull (strstr (t->quote.cause, row->cause));
  if (row->state == BROKEN)
    g_assert_nonnull (t->quote.fix);
  if (*row->fix)
    g_assert_nonnull (strstr (t->quote.fix, row->fix));
}

/* Where no TDX guest runs, no quote is made. */
static void
test_not_usable (void)
{
  g_autoptr (HostdFacts) facts = probe ("spr-tdx-parameter-N", &rows[0]);
  const HostdTechnologyFacts *t = &facts->technology[HOSTD_TECHNOLOGY_TDX];

  g_assert_cmpint (t->usability, ==, HOSTD_USABILITY_UNUSABLE);
  g_assert_cmpint (t->quote.state, ==, HOSTD_QUOTE_NONE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *name = g_strdup_printf ("/platform/quote/%s", rows[i].name);

    g_test_add_data_func (name, &rows[i], test_row);
  }
  g_test_add_func ("/platform/quote/not-usable", test_not_usable);
  return g_test_run ();
}
