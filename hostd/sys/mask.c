/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/mask.h"

#include "base/parse.h"

#include <string.h>

#define MASKED "MASKED"
/* A host name of less would hit words that are none. */
#define MIN_HOST_NAME 3

/* ---- texts ---- */

/* @pattern is our own: it compiles. What it matches is replaced by itself, digits as zeros. */
static gboolean
put_zeros (const GMatchInfo *match, GString *result, gpointer data)
{
  g_autofree char *found = g_match_info_fetch (match, 0);

  for (char *p = found; *p != '\0'; p++)
    if (g_ascii_isxdigit (*p))
      *p = '0';
  g_string_append (result, found);
  return FALSE;
}

static char *
replace (const char *text, const char *pattern, GRegexEvalCallback put)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_RAW, 0, NULL);
  char *result = g_regex_replace_eval (regex, text, -1, 0, 0, put, NULL, NULL);

  /* Only a limit of the matcher can make that fail; then nothing is shown. */
  return result != NULL ? result : g_strdup (MASKED "\n");
}

static gboolean
put_masked (const GMatchInfo *match, GString *result, gpointer data)
{
  g_string_append (result, MASKED);
  return FALSE;
}

char *
hostd_mask_text (const char *text, const char *host_name)
{
#define HEX "[0-9A-Fa-f]"
  g_autofree char *uuids =
      replace (text, "\\b" HEX "{8}-" HEX "{4}-" HEX "{4}-" HEX "{4}-" HEX "{12}\\b", put_zeros);
  g_autofree char *masked =
      replace (uuids, "(?<![0-9A-Fa-f:])(" HEX "{2}:){5}" HEX "{2}(?![0-9A-Fa-f:])", put_zeros);
#undef HEX
  g_autofree char *name = NULL, *pattern = NULL;

  if (host_name == NULL || strlen (host_name) < MIN_HOST_NAME ||
      g_str_has_prefix (host_name, "localhost"))
    return g_steal_pointer (&masked);
  name = g_regex_escape_string (host_name, -1);
  pattern = g_strdup_printf ("(?<![0-9A-Za-z-])%s(?![0-9A-Za-z-])", name);
  return replace (masked, pattern, put_masked);
}

/* ---- the kernel's command line ---- */

/*
 * Words whose value is shown: they decide what the platform can do, and are chosen from a few.
 * Where one ends with a dot, all that begin so.
 */
static const char *const shown_values[] = {
  "acpi",
  "amd_iommu",
  "amd_iommu_intr",
  "amd_pstate",
  "arm64.",
  "ccp.",
  "cgroup_disable",
  "cgroup_enable",
  "cgroup_no_v1",
  "clearcpuid",
  "cma",
  "console",
  "crashkernel",
  "default_hugepagesz",
  "efi",
  "hugepages",
  "hugepagesz",
  "intel_iommu",
  "iomem",
  "iommu",
  "iommu.",
  "kvm-arm.",
  "kvm.",
  "kvm_amd.",
  "kvm_intel.",
  "lockdown",
  "loglevel",
  "maxcpus",
  "mce",
  "mem_encrypt",
  "mitigations",
  "module.sig_enforce",
  "nr_cpus",
  "numa",
  "numa_balancing",
  "panic",
  "pci",
  "preempt",
  "prot_virt",
  "psp.",
  "rodata",
  "sev",
  "spec_store_bypass_disable",
  "svm",
  "swiotlb",
  "systemd.unified_cgroup_hierarchy",
  "tdx",
  "tdx_host",
  "tme",
  "transparent_hugepage",
  "tsc",
  "vfio.",
  "vfio_iommu_type1.",
  "vfio_pci.disable_",
  "x2apic_phys",
};

/* Words that stand alone. */
static const char *const shown_words[] = {
  "debug",    "kaslr", "noefi", "nohibernate", "nohibernation", "noiommu",  "nokaslr", "nomodeset",
  "noresume", "nosgx", "nosmt", "nosmep",      "nosmap",        "nox2apic", "quiet",   "rd.debug",
  "rhgb",     "ro",    "rw",    "sgx",         "single",        "splash",   "sev",     "tdx",
  "nopti",    "nosev",
};

static gboolean
is_listed (const char *const *list, gsize count, const char *word, gsize length)
{
  for (gsize i = 0; i < count; i++) {
    gsize known = strlen (list[i]);
    char last = list[i][known - 1];

    if (last == '.' || last == '_' ? length > known && strncmp (word, list[i], known) == 0
                                   : length == known && strncmp (word, list[i], known) == 0)
      return TRUE;
  }
  return FALSE;
}

/* A value of a switch or a size, "on", "force_isolation", "8G-:512M": nothing to keep a secret in.
 */
static gboolean
is_plain (const char *value)
{
  return strlen (value) <= 64 && value[strspn (value, "abcdefghijklmnopqrstuvwxyz"
                                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                      "0123456789_.,:+-@")] == '\0';
}

/* Of a name nothing but what names are made of. */
static gboolean
is_name (const char *name, gsize length)
{
  return length > 0 && length <= 64 &&
         strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") >=
             length;
}

static void
append_word (GString *line, const char *word)
{
  const char *equals = strchr (word, '=');
  gsize length = equals != NULL ? (gsize) (equals - word) : strlen (word);

  if (equals == NULL) {
    g_string_append (
        line, is_listed (shown_words, G_N_ELEMENTS (shown_words), word, length) ? word : MASKED);
    return;
  }
  if (!is_name (word, length)) {
    g_string_append (line, MASKED);
    return;
  }
  g_string_append_len (line, word, length + 1);
  g_string_append (line, is_listed (shown_values, G_N_ELEMENTS (shown_values), word, length) &&
                                 is_plain (equals + 1)
                             ? equals + 1
                             : MASKED);
}

/* The end of a word of a command line: blanks between quotes belong to it. */
static const char *
end_of_word (const char *p)
{
  gboolean quoted = FALSE;

  for (; *p != '\0' && *p != '\n' && (quoted || (*p != ' ' && *p != '\t')); p++)
    if (*p == '"')
      quoted = !quoted;
  return p;
}

char *
hostd_mask_command_line (const char *text)
{
  g_autoptr (GString) line = g_string_new (NULL);
  gboolean for_init = FALSE;
  const char *p = text;

  while (*p != '\0') {
    const char *end = end_of_word (p);
    g_autofree char *word = g_strndup (p, end - p);

    if (end == p) {
      g_string_append_c (line, *p++);
      continue;
    }
    /* What comes behind "--" is for init, and can be anything. */
    if (for_init)
      g_string_append (line, MASKED);
    else if (g_str_equal (word, "--"))
      g_string_append (line, word);
    else
      append_word (line, word);
    for_init = for_init || g_str_equal (word, "--");
    p = end;
  }
  return g_string_free (g_steal_pointer (&line), FALSE);
}

/* ---- files ---- */

/* "KEY : VALUE" of /proc/cpuinfo or /proc/sysinfo that names one machine. */
static gboolean
put_line_masked (const GMatchInfo *match, GString *result, gpointer data)
{
  g_autofree char *key = g_match_info_fetch (match, 1);

  g_string_append_printf (result, "%s" MASKED, key);
  return FALSE;
}

/* IBM Z has a part of the serial number in each CPU's identification, old Arm a Serial. */
static char *
mask_cpuinfo (const char *text)
{
  g_autofree char *z = replace (text, "(?<=identification = )[0-9A-Fa-f]+", put_zeros);

  return replace (z, "(?<=\\nSerial\\t\\t: )[0-9A-Fa-f]+", put_zeros);
}

static char *
mask_sysinfo (const char *text)
{
  return replace (text,
                  "(?m)^((?:Sequence Code|Plant|LPAR Name|LPAR UUID|LPAR Extended Name|"
                  "Adm[^:]*|VM[^:]*(?:Name|UUID)):[ \\t]*)\\S.*$",
                  put_line_masked);
}

static gboolean
put_base64_zeros (const GMatchInfo *match, GString *result, gpointer data)
{
  g_autofree char *found = g_match_info_fetch (match, 0);

  for (char *p = found; *p != '\0'; p++)
    if (*p != '=' && !g_ascii_isspace (*p))
      *p = 'A';
  g_string_append (result, found);
  return FALSE;
}

/* The chip's id and certificates, in libvirt's XML and QEMU's JSON: zeros of the same length. */
static char *
mask_answer (const char *text)
{
  g_autofree char *xml =
      replace (text, "(?<=<cpu0Id>|<pdh>|<certChain>|<cert-chain>)[^<]*", put_base64_zeros);

  return replace (xml,
                  "(?<=\"pdh\": \"|\"cert-chain\": \"|\"cpu0-id\": \"|\"pdh\":\"|"
                  "\"cert-chain\":\"|\"cpu0-id\":\")[^\"]*",
                  put_base64_zeros);
}

static char *
mask_digits (const char *text)
{
  return replace (text, "[0-9A-Fa-f]+", put_zeros);
}

/* A file that is named for what should not be told. */
static gboolean
names_a_machine (const char *path)
{
  static const char *const parts[] = { "serial",    "uuid",           "asset_tag",
                                       "hostname",  "machine-id",     "nodename",
                                       "system-id", "partition-name", "ppid" };
  const char *slash = strrchr (path, '/');
  g_autofree char *name = g_ascii_strdown (slash != NULL ? slash + 1 : path, -1);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (strstr (name, parts[i]) != NULL)
      return TRUE;
  return FALSE;
}

#define EFI_VARIABLES "sys/firmware/efi/efivars/"
/*
 * Of an EFI variable: 4 bytes of attributes; of those for SGX registration then version, size and
 * the header of the structure (a GUID, size, version, 12 bytes), by which a manifest is told from a
 * request to add a package. The manifest itself, with the platform's id, is zeroed. A status, which
 * is 10 bytes, stays whole.
 */
#define EFI_SHOWN (4 + 4 + 32)

static GBytes *
mask_efi_variable (GBytes *content)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (content, &length);
  g_autofree guint8 *masked = g_malloc0 (MAX (length, 1));

  if (length > 0)
    memcpy (masked, data, MIN (length, EFI_SHOWN));
  return g_bytes_new (masked, length);
}

/*
 * Files of the cache of QGS's library hold answers of a PCCS, with certificates that have the
 * platform's ids in them. What is left says which kinds of answers there are.
 */
#define QUOTE_CACHE "var/opt/qgsd/"

static GBytes *
mask_quote_cache (GBytes *content)
{
  static const char *const kinds[] = {
    "pck-certificate-issuer-chain", "tcb-info-issuer-chain", "enclave-identity-issuer-chain",
    "pck-crl-issuer-chain",         "begin certificate",     "begin x509 crl"
  };
  g_autoptr (GString) found = g_string_new (NULL);
  gsize length;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (hostd_bytes_have (content, kinds[i]))
      g_string_append_printf (found, "%s: " MASKED "\n", kinds[i]);
  length = found->len;
  return g_bytes_new_take (g_string_free (g_steal_pointer (&found), FALSE), length);
}

GBytes *
hostd_mask_file (const char *path, GBytes *content, const char *host_name)
{
  gsize length;
  const char *data = g_bytes_get_data (content, &length);
  g_autofree char *text = NULL, *masked = NULL, *result = NULL;

  if (g_str_has_prefix (path, EFI_VARIABLES))
    return mask_efi_variable (content);
  if (g_str_has_prefix (path, QUOTE_CACHE))
    return mask_quote_cache (content);
  if (names_a_machine (path))
    return g_bytes_new_static (MASKED "\n", strlen (MASKED "\n"));
  /* Bytes: what they mean is not known. No text that is read here has a NUL. */
  if (length == 0 || memchr (data, '\0', length) != NULL)
    return g_bytes_ref (content);

  text = g_strndup (data, length);
  if (g_str_equal (path, "proc/cmdline"))
    masked = hostd_mask_command_line (text);
  else if (g_str_equal (path, "proc/cpuinfo"))
    masked = mask_cpuinfo (text);
  else if (g_str_equal (path, "proc/sysinfo"))
    masked = mask_sysinfo (text);
  else if (g_str_has_prefix (path, "sys/firmware/uv/keys/"))
    masked = mask_digits (text);
  else if (g_str_has_prefix (path, "libvirt/") || g_str_has_prefix (path, "qmp/"))
    masked = mask_answer (text);
  else
    masked = g_steal_pointer (&text);
  result = hostd_mask_text (masked, g_str_equal (path, "dmesg") ? host_name : NULL);
  length = strlen (result);
  return g_bytes_new_take (g_steal_pointer (&result), length);
}

gboolean
hostd_mask_msr (guint32 index)
{
  /* Intel SDM volume 4: IA32_PPIN; AMD PPR: PPIN. */
  return index == 0x4f || index == 0xc00102f1;
}

gboolean
hostd_mask_cpuid (guint32 leaf)
{
  return leaf == 3; /* Intel SDM volume 2, CPUID: processor serial number */
}

/*
 * Intel DCAP's qgs_msg_lib.h: a header of 16 bytes, two SVNs of 2, the sizes of id and CPUSVN, 4
 * bytes each, then the id.
 */
#define QGS_ID (16 + 2 + 2 + 4 + 4)
#define QGS_ID_SIZE (16 + 2 + 2)

char *
hostd_mask_qgs (const char *line)
{
  static const char head[] = "platform-info ";
  g_autofree char *masked = g_strdup (line);
  char *digits = masked + strlen (head);
  guint64 size = 0;

  if (!g_str_has_prefix (line, head) || g_str_has_prefix (digits, "errno"))
    return g_steal_pointer (&masked);
  if (g_str_has_prefix (digits, "00")) /* the length before the message */
    digits += MIN (strlen (digits), 2 * sizeof (guint32));
  if (strlen (digits) < 2 * QGS_ID)
    return g_steal_pointer (&masked);
  for (guint i = 4; i-- > 0;) {
    const char *byte = digits + 2 * (QGS_ID_SIZE + i);

    size = size << 8 | g_ascii_xdigit_value (byte[0]) << 4 | g_ascii_xdigit_value (byte[1]);
  }
  for (gsize i = 2 * QGS_ID; i < 2 * (QGS_ID + size) && digits[i] != '\0'; i++)
    digits[i] = '0';
  return g_steal_pointer (&masked);
}

gboolean
hostd_mask_is_common_cgroup (const char *name)
{
  static const char *const common[] = { "machine",
                                        "machine.slice",
                                        "system.slice",
                                        "user.slice",
                                        "init.scope",
                                        "kubepods",
                                        "kubepods.slice",
                                        "kubepods-burstable.slice",
                                        "kubepods-besteffort.slice",
                                        "libvirt",
                                        "misc",
                                        "openstack.slice",
                                        "libvirtd.service",
                                        "virtqemud.service",
                                        "docker",
                                        "containerd.service" };

  for (guint i = 0; i < G_N_ELEMENTS (common); i++)
    if (g_str_equal (name, common[i]))
      return TRUE;
  return g_str_has_prefix (name, "misc.") || g_str_has_prefix (name, "masked-");
}
