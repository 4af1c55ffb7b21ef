/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/kernel-log.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/klog.h>

/* linux/syslog.h names only what the kernel itself uses; syslog(2) has the numbers. */
#define READ_ALL 3
#define SIZE_BUFFER 10
/* log_buf_len= goes up to 2 GiB; what matters is said early and is short. */
#define MAX_LOG (16 * 1024 * 1024)
#define MAX_LINES 500
#define MAX_LINE 1000

char *
hostd_kernel_log_read (GError **error)
{
  int size = klogctl (SIZE_BUFFER, NULL, 0);
  g_autofree char *log = NULL;
  int length;

  if (size >= 0) {
    size = MIN (size, MAX_LOG);
    log = g_malloc (size + 1);
    length = klogctl (READ_ALL, log, size);
    if (length >= 0) {
      log[length] = '\0';
      return g_steal_pointer (&log);
    }
  }
  hostd_error_set_errno (error, errno, "cannot read the kernel log");
  return NULL;
}

/* "<6>[   12.345678] [    T1] text": the text, or NULL if it is not the kernel that speaks. */
static const char *
strip_stamps (const char *line)
{
  const char *p = line;

  if (*p == '<') {
    char *end;
    guint64 priority = g_ascii_strtoull (p + 1, &end, 10);

    /* syslog(3): the facility is above the three bits of severity; the kernel's is 0. */
    if (*end != '>' || priority >> 3 != 0)
      return NULL;
    p = end + 1;
  }
  for (guint stamps = 0; stamps < 2 && *p == '['; stamps++) {
    gsize inside = strspn (p + 1, " .0123456789TC");

    if (p[1 + inside] != ']')
      break;
    p += 1 + inside + 1;
    p += strspn (p, " ");
  }
  return p;
}

static gboolean
is_word (const char *word)
{
  static const char *const words[] = { "sev", "snp", "ccp",     "rmp",       "tdx",
                                       "sgx", "tme", "mktme",   "prot_virt", "ultravisor",
                                       "rmi", "rmm", "kvm_amd", "kvm_intel", "tdx_host",
                                       "sme", "psp", "seamldr", "seamcall" };
  g_autofree char *small = g_ascii_strdown (word, -1);

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (small, words[i]))
      return TRUE;
  return FALSE;
}

static gboolean
matters (const char *line)
{
  g_auto (GStrv) words = NULL;

  /* "Kernel command line: ...", "Unknown kernel command line parameters ..."; audit quotes users.
   */
  if (strstr (line, "ommand line") != NULL || g_str_has_prefix (line, "audit"))
    return FALSE;
  words = g_strsplit_set (line, " \t.,:;/()[]{}<>=\"'+-*!?", -1);
  for (guint i = 0; words[i] != NULL; i++)
    if (is_word (words[i]))
      return TRUE;
  return FALSE;
}

char *
hostd_kernel_log_pick (const char *log)
{
  g_auto (GStrv) lines = g_strsplit (log, "\n", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GString) picked = g_string_new (NULL);

  for (guint i = 0; lines[i] != NULL && g_hash_table_size (seen) < MAX_LINES; i++) {
    const char *line = strip_stamps (lines[i]);

    if (line == NULL || strlen (line) > MAX_LINE || !g_utf8_validate (line, -1, NULL) ||
        !matters (line) || !g_hash_table_add (seen, (gpointer) line))
      continue;
    g_string_append_printf (picked, "%s\n", line);
  }
  return g_string_free (g_steal_pointer (&picked), FALSE);
}
