/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/tdx-quote.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/parse.h"

#include <string.h>

/* Bit 27 is set on parts that Intel certifies no keys for (canonical/tdx check-production.sh). */
#define MSR_PLATFORM_INFO 0xce
#define PREPRODUCTION (1u << 27)

/* Variables of the BIOS, Intel DCAP UefiVar.h; efivarfs puts 4 bytes of attributes before each. */
#define EFIVARS "sys/firmware/efi/efivars"
#define STATUS_VARIABLE "SgxRegistrationStatus-f236c5dc-a491-4bbe-bcdd-88885770df45"
#define REQUEST_VARIABLE "SgxRegistrationServerRequest-304e0796-d515-4698-ac6e-e76cb1a71c28"
#define STATUS_COMPLETE (1u << 0)

/* Where QGS's home is in Intel's packages, with the cache of its library (QCNL). */
#define CACHE "var/opt/qgsd/.dcap-qcnl"
#define PCCS "opt/intel/sgx-dcap-pccs"
#define MAX_CACHED 64
#define QGS_CONFIG "etc/qgs.conf"

/* "Broken" stands over "unknown", and the first of each over later ones. */
static void add_state (HostdTechnologyFacts *facts, HostdQuoteState state, const char *fix,
                       const char *format, ...) G_GNUC_PRINTF (4, 5);

static void
add_state (HostdTechnologyFacts *facts, HostdQuoteState state, const char *fix, const char *format,
           ...)
{
  g_autofree char *cause = NULL;
  va_list args;

  if (facts->quote.state == HOSTD_QUOTE_BROKEN ||
      (facts->quote.state == HOSTD_QUOTE_UNKNOWN && facts->quote.cause != NULL &&
       state == HOSTD_QUOTE_UNKNOWN))
    return;
  va_start (args, format);
  cause = g_strdup_vprintf (format, args);
  va_end (args);
  hostd_technology_facts_set_quote (facts, state, cause, fix);
}

/* ---- the processor ---- */

static void
check_production (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  guint64 value = 0;

  facts->looking_at = HOSTD_LAYER_HARDWARE;
  if (hostd_probe_msr (probe, facts, MSR_PLATFORM_INFO, &value) != HOSTD_READ_VALUE) {
    /* Nearly all are; what is certified below is one. */
    hostd_technology_facts_set_value_unknown (facts, "production", "MSR ce cannot be read");
    return;
  }
  hostd_technology_facts_set_value (facts, "production", "%s",
                                    value & PREPRODUCTION ? "no" : "yes");
  if (value & PREPRODUCTION)
    add_state (facts, HOSTD_QUOTE_BROKEN, "none on this CPU: use one that is for sale",
               "this processor is a pre-production part, whose keys Intel does not certify");
}

/* ---- QGS ---- */

/* qgs_msg_lib: header, u16 TDQE SVN, u16 PCE SVN, u32 and u32 sizes, platform id, CPUSVN. */
#define HEADER_SIZE 16
#define PLATFORM_INFO_RESP 5
#define RESP_SIZE (HEADER_SIZE + 12)
#define MAX_ID 64

#define REGISTER                                                                                   \
  "register the platform with Intel, or load its certificates into the PCCS; again after an SGX "  \
  "factory reset or a changed processor"

/*
 * Numbers that the service (qgs_msg_lib.h) or its libraries (sgx_ql_lib_common.h, QCNL) give; what
 * the rest means is in its log alone.
 */
static const struct {
  guint32 code;
  const char *meaning, *fix;
} qgs_errors[] = {
  { 0x12001, "an unexpected error of its libraries",
    "its log says which (journalctl -u qgsd): often no PCK certificate, or no PCCS to fetch it "
    "from" },
  { 0x12002, "it is out of memory", "restart qgsd; look at the memory of the host" },
  { 0x12004, "it does not know this version of the question", "upgrade qgsd" },
  { 0x12005, "it does not know this question", "upgrade qgsd" },
  { 0xe011, "no PCK certificate for this platform", REGISTER },
  { 0xe012, "no enclave memory is left", "give SGX more memory in the BIOS" },
  { 0xe016, "its enclaves cannot be loaded", "see that SGX is on and qgsd may use /dev/sgx_*" },
  { 0xe019, "the PCCS cannot be reached",
    "see that the PCCS of /etc/sgx_default_qcnl.conf answers" },
  { 0xe044, "the PCCS answers with an error", "look at the PCCS's log; then restart qgsd" },
  { 0xe047, "the PCCS does not know this platform", REGISTER },
  { 0xe049, "Intel has no certificates for this platform", REGISTER },
  { 0xb011, "the PCCS cannot be reached", "see that the PCCS answers; then restart qgsd" },
  { 0xb033, "the PCCS's certificate is not trusted",
    "trust it, or set use_secure_cert in /etc/sgx_default_qcnl.conf" },
};

static void
qgs_error (HostdTechnologyFacts *facts, guint32 code)
{
  guint i = 0;

  while (i < G_N_ELEMENTS (qgs_errors) && qgs_errors[i].code != code)
    i++;
  if (i < G_N_ELEMENTS (qgs_errors))
    add_state (facts, HOSTD_QUOTE_BROKEN, qgs_errors[i].fix, "QGS answers with error 0x%x: %s",
               code, qgs_errors[i].meaning);
  else
    add_state (facts, HOSTD_QUOTE_BROKEN, "look at its log (journalctl -u qgsd)",
               "QGS answers with error 0x%x", code);
}

/* FALSE: not an answer to what was asked. */
static gboolean
read_platform_info (HostdTechnologyFacts *facts, const guint8 *d, gsize length)
{
  guint32 id_size, svn_size;

  if (length < HEADER_SIZE || hostd_get_le16 (d) != 1 || hostd_get_le32 (d + 8) != length ||
      hostd_get_le32 (d + 4) != PLATFORM_INFO_RESP)
    return FALSE;
  if (hostd_get_le32 (d + 12) != 0) {
    hostd_technology_facts_add_evidence (facts, "QGS", "error 0x%x", hostd_get_le32 (d + 12));
    qgs_error (facts, hostd_get_le32 (d + 12));
    return TRUE;
  }
  if (length < RESP_SIZE)
    return FALSE;
  id_size = hostd_get_le32 (d + HEADER_SIZE + 4);
  svn_size = hostd_get_le32 (d + HEADER_SIZE + 8);
  if (id_size > MAX_ID || svn_size > MAX_ID || length != RESP_SIZE + (gsize) id_size + svn_size)
    return FALSE;

  hostd_technology_facts_add_evidence (facts, "QGS", "answers: TDQE %u, PCE %u",
                                       hostd_get_le16 (d + HEADER_SIZE),
                                       hostd_get_le16 (d + HEADER_SIZE + 2));
  hostd_technology_facts_set_value (facts, "qgs", "answers");
  hostd_technology_facts_set_value (facts, "tdqe_svn", "%u", hostd_get_le16 (d + HEADER_SIZE));
  hostd_technology_facts_set_value (facts, "pce_svn", "%u", hostd_get_le16 (d + HEADER_SIZE + 2));
  if (svn_size > 0) {
    g_autoptr (GString) hex = g_string_new (NULL);

    for (guint i = 0; i < svn_size; i++)
      g_string_append_printf (hex, "%02x", d[RESP_SIZE + id_size + i]);
    hostd_technology_facts_set_value (facts, "cpusvn", "%s", hex->str);
  }
  return TRUE;
}

/* A service that is set to vsock serves guests that ask it there by themselves. */
static void
no_qgs (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  hostd_technology_facts_add_evidence (facts, "QGS", "nobody listens");
  if (hostd_sys_read_file (probe->sys, QGS_CONFIG, &text, NULL) == HOSTD_READ_VALUE)
    lines = g_strsplit (text, "\n", 256);
  for (guint i = 0; lines && lines[i]; i++) {
    const char *line = g_strstrip (lines[i]);
    gsize name = strcspn (line, " \t=");

    if (name != strlen ("port") || !g_str_has_prefix (line, "port") || strchr (line, '=') == NULL)
      continue;
    hostd_technology_facts_add_evidence (facts, QGS_CONFIG, "a port is set");
    add_state (facts, HOSTD_QUOTE_UNKNOWN,
               "take the line \"port\" out of /etc/qgs.conf and restart qgsd",
               "QGS is set to listen on vsock (/etc/qgs.conf), where libvirt's guests are not led");
    return;
  }
  add_state (facts, HOSTD_QUOTE_BROKEN, "install and start Intel's qgsd (package tdx-qgs)",
             "the quote generation service (QGS) does not listen at "
             "/var/run/tdx-qgs/qgs.socket");
}

static void
check_qgs (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  /* The socket is for its group, and the daemon is root without the right to pass over that. */
  static const char group[] =
      "let hostd use the service's socket: SupplementaryGroups=qgsd in a drop-in of "
      "cloister-hostd.service";
  const char *denied = hostd_sys_is_root (probe->sys) ? group : "run as root";
  g_autoptr (GBytes) message = NULL;
  g_autoptr (GError) error = NULL;
  HostdRead read = hostd_sys_qgs (probe->sys, &message, &error);

  /* It is none of the layers of the machine, but stands beside the kernel. */
  facts->looking_at = HOSTD_LAYER_NONE;
  if (read == HOSTD_READ_VALUE) {
    if (!read_platform_info (facts, g_bytes_get_data (message, NULL), g_bytes_get_size (message))) {
      hostd_technology_facts_add_evidence (facts, "QGS", "another answer than to what was asked");
      add_state (facts, HOSTD_QUOTE_BROKEN, "see what listens at /var/run/tdx-qgs/qgs.socket",
                 "QGS answers with something that is no platform information");
    }
    return;
  }
  if (read == HOSTD_READ_ABSENT) {
    no_qgs (probe, facts);
    return;
  }
  hostd_technology_facts_add_evidence (facts, "QGS", "unknown: %s", error->message);
  if (g_error_matches (error, HOSTD_ERROR, HOSTD_ERROR_TIMEOUT))
    add_state (facts, HOSTD_QUOTE_BROKEN, "restart qgsd; if it hangs again, look at its log", "%s",
               error->message);
  else if (g_error_matches (error, HOSTD_ERROR, HOSTD_ERROR_INVALID))
    add_state (facts, HOSTD_QUOTE_BROKEN, "see what listens at /var/run/tdx-qgs/qgs.socket", "%s",
               error->message);
  else
    add_state (facts, HOSTD_QUOTE_UNKNOWN,
               g_error_matches (error, HOSTD_ERROR, HOSTD_ERROR_DENIED) ? denied : NULL,
               "whether QGS answers is not known: %s", error->message);
}

/* ---- registration with Intel ---- */

static void
registration_unknown (HostdTechnologyFacts *facts, const char *why)
{
  hostd_technology_facts_set_value_unknown (facts, "registration", "%s", why);
  add_state (facts, HOSTD_QUOTE_UNKNOWN, NULL, "whether the platform is registered with Intel: %s",
             why);
}

static gboolean
has_request (HostdProbe *probe)
{
  g_auto (GStrv) names = NULL;

  return hostd_sys_list_folder (probe->sys, EFIVARS, &names, NULL) == HOSTD_READ_VALUE &&
         g_strv_contains ((const char *const *) names, REQUEST_VARIABLE);
}

/* Attributes u32; then u16 version 1, u16 size, u16 status, u8 error code; little-endian. */
static void
read_registration (HostdProbe *probe, HostdTechnologyFacts *facts, const guint8 *d, gsize length)
{
  guint status;

  if (length != 11 || hostd_get_le16 (d + 4) != 1 || hostd_get_le16 (d + 6) != 3) {
    registration_unknown (facts, "the variable SgxRegistrationStatus is not what it should be");
    return;
  }
  status = hostd_get_le16 (d + 8);
  hostd_technology_facts_add_evidence (facts, "SgxRegistrationStatus", "status %x, error %x",
                                       status, d[10]);
  if ((status & STATUS_COMPLETE) != 0 && d[10] == 0) {
    hostd_technology_facts_set_value (facts, "registration", "complete");
  } else if (d[10] != 0) {
    hostd_technology_facts_set_value (facts, "registration", "pending");
    add_state (facts, HOSTD_QUOTE_BROKEN, "register again: mpa_registration's log says more",
               "registration of the platform with Intel failed with error 0x%x", d[10]);
  } else if (has_request (probe)) {
    hostd_technology_facts_set_value (facts, "registration", "pending");
    add_state (facts, HOSTD_QUOTE_BROKEN,
               "run mpa_registration (package sgx-ra-service), or PCKIDRetrievalTool with a PCCS",
               "the platform is not registered with Intel: the BIOS holds a request that waits");
  } else {
    registration_unknown (facts, "it is not complete, and no request waits");
  }
}

static void
check_registration (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  HostdRead read = hostd_sys_read_bytes (probe->sys, EFIVARS "/" STATUS_VARIABLE, &bytes, &error);

  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  if (read == HOSTD_READ_VALUE) {
    read_registration (probe, facts, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
    return;
  }
  hostd_technology_facts_add_evidence (facts, "SgxRegistrationStatus", "%s",
                                       error ? error->message : "absent");
  registration_unknown (facts,
                        error ? error->message : "the BIOS has no variable SgxRegistrationStatus");
}

/* ---- the PCK certificate ---- */

/*
 * A file of QCNL's cache is the answer of a PCCS, with its headers: that with a PCK certificate has
 * the chain of its issuer in one.
 */
static gboolean
holds_pck (GBytes *bytes)
{
  return hostd_bytes_have (bytes, "pck-certificate-issuer-chain") &&
         hostd_bytes_have (bytes, "begin certificate");
}

static void
check_pck (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  static const char name[] = "pck_certificate";
  g_auto (GStrv) names = NULL, services = NULL;
  g_autoptr (GError) error = NULL;
  HostdRead read = hostd_sys_list_folder (probe->sys, CACHE, &names, &error);

  facts->looking_at = HOSTD_LAYER_NONE;
  if (hostd_sys_list_folder (probe->sys, PCCS, &services, NULL) == HOSTD_READ_VALUE)
    hostd_technology_facts_add_evidence (
        facts, PCCS, "a PCCS is installed here%s",
        g_strv_contains ((const char *const *) services, "pckcache.db") ? ", with its cache" : "");
  for (guint i = 0; read == HOSTD_READ_VALUE && i < MAX_CACHED && names[i]; i++) {
    g_autofree char *path = g_strconcat (CACHE "/", names[i], NULL);
    g_autoptr (GBytes) bytes = NULL;

    if (hostd_sys_read_bytes (probe->sys, path, &bytes, NULL) != HOSTD_READ_VALUE ||
        !holds_pck (bytes))
      continue;
    hostd_technology_facts_add_evidence (facts, CACHE, "holds a PCK certificate");
    hostd_technology_facts_set_value (facts, name, "cached");
    return;
  }
  hostd_technology_facts_add_evidence (facts, CACHE, "%s",
                                       read == HOSTD_READ_VALUE ? "holds no PCK certificate"
                                       : error                  ? error->message
                                                                : "absent");
  hostd_technology_facts_set_value_unknown (
      facts, name, "%s",
      error ? error->message : "QGS has none in its cache (/" CACHE "): it may fetch one");
  add_state (facts, HOSTD_QUOTE_UNKNOWN,
             error ? "run as root"
                   : "make a quote in one TDX guest; if it fails, qgsd's log says what is missing",
             "whether a PCK certificate is at hand is not known: %s",
             error ? error->message : "QGS has none in its cache yet");
}

void
hostd_tdx_judge_quote (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  if (facts->usability == HOSTD_USABILITY_UNUSABLE) {
    hostd_technology_facts_set_quote (facts, HOSTD_QUOTE_NONE, "TDX is not usable here", NULL);
    return;
  }
  check_production (probe, facts);
  check_qgs (probe, facts);
  check_registration (probe, facts);
  check_pck (probe, facts);
  if (facts->quote.state == HOSTD_QUOTE_UNKNOWN && facts->quote.cause == NULL)
    hostd_technology_facts_set_quote (facts, HOSTD_QUOTE_READY, NULL, NULL);
}
