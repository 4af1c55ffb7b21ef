/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/recording-parse.h"

#include "sys/named-text.h"
#include "sys/recording-tdx.h"
#include "sys/unreadable.h"

#include <string.h>

typedef gboolean (*ParseLine) (HostdRecording *self, const char *name, const HostdTextLine *line,
                               GError **error);

/* The first line for a key counts. */
static void
insert_first (GHashTable *table, char *key, gpointer value)
{
  if (g_hash_table_contains (table, key)) {
    g_free (key);
    g_free (value);
  } else {
    g_hash_table_insert (table, key, value);
  }
}

static gboolean
parse_cpuid (HostdRecording *self, const char *name, const HostdTextLine *line, GError **error)
{
  guint count = g_strv_length (line->words);
  gboolean absent = count == 3 && g_str_equal (line->words[2], "absent");
  char *colon = count == 6 || absent ? strchr (line->words[1], ':') : NULL;
  guint64 n[6] = { 0 };
  HostdCpuid *answer;

  if (colon == NULL || colon[1] != '\0')
    return hostd_named_text_fail (error, name, line, "not LEAF SUBLEAF: EAX EBX ECX EDX");
  *colon = '\0';
  for (guint i = 0; i < (absent ? 2 : G_N_ELEMENTS (n)); i++)
    if (!hostd_named_text_hex (name, line, i, G_MAXUINT32, &n[i], error))
      return FALSE;

  if (absent) {
    insert_first (self->cpuid, g_strdup_printf ("%x %x", (guint) n[0], (guint) n[1]), NULL);
    return TRUE;
  }
  answer = g_new0 (HostdCpuid, 1);
  answer->eax = n[2];
  answer->ebx = n[3];
  answer->ecx = n[4];
  answer->edx = n[5];
  insert_first (self->cpuid, g_strdup_printf ("%x %x", (guint) n[0], (guint) n[1]), answer);
  return TRUE;
}

/* "VALUE" or "errno NAME" from word @word to the end of the line. */
static HostdRecordedNumber *
parse_number (const char *name, const HostdTextLine *line, guint word, guint64 max, GError **error)
{
  gboolean is_errno = g_strcmp0 (line->words[word], "errno") == 0;
  HostdRecordedNumber number = { 0, 0 };

  if (g_strv_length (line->words) != word + (is_errno ? 2 : 1)) {
    hostd_named_text_fail (error, name, line, "one value, or \"errno NAME\", should end the line");
    return NULL;
  }
  if (is_errno ? !hostd_named_text_errno (name, line, word + 1, &number.errnum, error)
               : !hostd_named_text_hex (name, line, word, max, &number.value, error))
    return NULL;
  return g_memdup2 (&number, sizeof number);
}

static gboolean
parse_msr (HostdRecording *self, const char *name, const HostdTextLine *line, GError **error)
{
  guint64 index;
  HostdRecordedNumber *number;

  if (!hostd_named_text_hex (name, line, 0, G_MAXUINT32, &index, error))
    return FALSE;
  number = parse_number (name, line, 1, G_MAXUINT64, error);
  if (number == NULL)
    return FALSE;
  insert_first (self->msr, g_strdup_printf ("%x", (guint) index), number);
  return TRUE;
}

/* "attr GROUP ATTR VALUE" */
static gboolean
parse_kvm_attr (HostdRecording *self, const char *name, const HostdTextLine *line, GError **error)
{
  guint64 group, attr;
  HostdRecordedNumber *number;

  if (!hostd_named_text_decimal (name, line, 1, G_MAXUINT32, &group, error) ||
      !hostd_named_text_decimal (name, line, 2, G_MAXUINT64, &attr, error))
    return FALSE;
  number = parse_number (name, line, 3, G_MAXUINT64, error);
  if (number == NULL)
    return FALSE;
  insert_first (self->attrs, g_strdup_printf ("%u %" G_GUINT64_FORMAT, (guint) group, attr),
                number);
  return TRUE;
}

/* "create-vm TYPE ok" */
static gboolean
parse_kvm_type (HostdRecording *self, const char *name, const HostdTextLine *line, GError **error)
{
  HostdRecordedNumber *number;
  guint64 type;

  if (!hostd_named_text_hex (name, line, 1, G_MAXUINT64, &type, error))
    return FALSE;
  if (g_strv_length (line->words) == 3 && g_str_equal (line->words[2], "ok"))
    number = g_new0 (HostdRecordedNumber, 1);
  else
    number = parse_number (name, line, 2, 0, error);
  if (number == NULL)
    return FALSE;
  insert_first (self->types, g_strdup_printf ("%" G_GINT64_MODIFIER "x", type), number);
  return TRUE;
}

static gboolean
parse_kvm (HostdRecording *self, const char *name, const HostdTextLine *line, GError **error)
{
  HostdRecordedNumber *number;
  guint64 a;

  if (g_str_equal (line->words[0], "check-extension")) {
    if (!hostd_named_text_decimal (name, line, 1, G_MAXUINT32, &a, error))
      return FALSE;
    number = parse_number (name, line, 2, G_MAXINT, error);
    if (number == NULL)
      return FALSE;
    insert_first (self->extensions, g_strdup_printf ("%u", (guint) a), number);
    return TRUE;
  }
  if (g_str_equal (line->words[0], "attr"))
    return parse_kvm_attr (self, name, line, error);
  if (g_str_equal (line->words[0], "create-vm"))
    return parse_kvm_type (self, name, line, error);
  if (g_str_equal (line->words[0], "tdx-capabilities"))
    return hostd_recording_parse_tdx_capabilities (self, name, line, error);
  return hostd_named_text_fail (error, name, line,
                                "\"%s\" is none of check-extension, attr, "
                                "create-vm, tdx-capabilities",
                                line->words[0]);
}

/* Bytes in any grouping of whole bytes, from the second word on. */
static gboolean
parse_bytes (const char *name, const HostdTextLine *line, gsize want, guint8 *data, GError **error)
{
  g_autofree char *digits = g_strjoinv ("", line->words + 1);

  for (const char *p = digits; *p; p++)
    if (!g_ascii_isxdigit (*p))
      return hostd_named_text_fail (error, name, line, "\"%c\" is not a hexadecimal digit", *p);
  if (strlen (digits) != 2 * want)
    return hostd_named_text_fail (error, name, line,
                                  "%s has %" G_GSIZE_FORMAT
                                  " hexadecimal digits, expected %" G_GSIZE_FORMAT,
                                  line->words[0], strlen (digits), 2 * want);
  for (gsize i = 0; i < want; i++)
    data[i] = g_ascii_xdigit_value (digits[2 * i]) << 4 | g_ascii_xdigit_value (digits[2 * i + 1]);
  return TRUE;
}

/* Commands of /dev/sev by the names that recordings have for them. */
static const struct {
  const char *name;
  gsize size;
  int query; /* -1: known, not asked for yet */
} commands[] = {
  { "sev-platform-status", 12, HOSTD_SEV_PLATFORM_STATUS },
  { "snp-platform-status", 32, HOSTD_SEV_SNP_STATUS },
  { "sev-get-id", 128, -1 },
};

const char *
hostd_recording_sev_name (HostdSevQuery query)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (commands[i].query == (int) query)
      return commands[i].name;
  g_assert_not_reached ();
}

gsize
hostd_recording_sev_size (HostdSevQuery query)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (commands[i].query == (int) query)
      return commands[i].size;
  g_assert_not_reached ();
}

static gboolean
parse_ioctl (HostdRecording *self, const char *name, const HostdTextLine *line, GError **error)
{
  guint8 data[128] = { 0 };
  HostdSevAnswer answer = { 0, G_MAXUINT32, { 0 } };
  guint command, count = g_strv_length (line->words);
  guint64 code;

  for (command = 0; command < G_N_ELEMENTS (commands); command++)
    if (g_str_equal (line->words[0], commands[command].name))
      break;
  if (command == G_N_ELEMENTS (commands))
    return hostd_named_text_fail (error, name, line, "\"%s\" is no command that is recorded",
                                  line->words[0]);
  if (count >= 2 && g_str_equal (line->words[1], "errno")) {
    if (!hostd_named_text_errno (name, line, 2, &answer.errnum, error))
      return FALSE;
    if (count == 5 && g_str_equal (line->words[3], "fw")) {
      if (!hostd_named_text_hex (name, line, 4, G_MAXUINT32, &code, error))
        return FALSE;
      answer.firmware_error = code;
    } else if (count != 3) {
      return hostd_named_text_fail (error, name, line, "not NAME errno NAME [fw CODE]");
    }
  } else {
    if (!parse_bytes (name, line, commands[command].size, data, error))
      return FALSE;
    answer.firmware_error = 0;
    memcpy (answer.data, data, MIN (sizeof answer.data, commands[command].size));
  }
  if (commands[command].query >= 0 && self->sev[commands[command].query] == NULL)
    self->sev[commands[command].query] = g_memdup2 (&answer, sizeof answer);
  return TRUE;
}

static gboolean
parse_devices (HostdRecording *self, const char *name, const HostdTextLine *line, GError **error)
{
  guint count = g_strv_length (line->words);
  guint64 mode = 0;
  HostdRecordedDevice *device;
  char *end;

  if (g_str_equal (line->words[0], "user"))
    return hostd_named_text_decimal (name, line, 1, G_MAXUINT32, &self->user, error);
  if (count == 3)
    mode = g_ascii_strtoull (line->words[2], &end, 8);
  if (count != 3 || strlen (line->words[1]) != 1 || strchr ("cbf", line->words[1][0]) == NULL ||
      *end != '\0' || mode > 07777)
    return hostd_named_text_fail (error, name, line, "not PATH TYPE MODE, TYPE one of c, b, f");
  if (line->words[0][0] == '/')
    return hostd_named_text_fail (error, name, line, "the path should have no leading slash");
  device = g_new0 (HostdRecordedDevice, 1);
  device->type = line->words[1][0];
  device->mode = mode;
  insert_first (self->devices, g_strdup (line->words[0]), device);
  return TRUE;
}

static gboolean
parse_uname (HostdRecording *self, const char *name, const HostdTextLine *line, GError **error)
{
  if (g_strv_length (line->words) != 3)
    return hostd_named_text_fail (error, name, line, "not SYSTEM RELEASE MACHINE");
  if (self->uname.machine == NULL) {
    self->uname.release = g_strdup (line->words[1]);
    self->uname.machine = g_strdup (line->words[2]);
  }
  return TRUE;
}

static gboolean
parse_register (HostdRecording *self, const char *name, const HostdTextLine *line, GError **error)
{
  HostdRecordedNumber *number;

  if (!g_str_equal (line->words[0], "ID_AA64PFR0_EL1"))
    return hostd_named_text_fail (error, name, line, "\"%s\" is no register that is recorded",
                                  line->words[0]);
  number = parse_number (name, line, 1, G_MAXUINT64, error);
  if (number == NULL)
    return FALSE;
  if (self->id_aa64pfr0 == NULL)
    self->id_aa64pfr0 = number;
  else
    g_free (number);
  return TRUE;
}

static gboolean
parse_text (HostdRecording *self, const char *name, ParseLine parse, gboolean *ret_found,
            GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GPtrArray) lines = hostd_named_text_read (self->root_fd, name, &local);

  if (local) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  *ret_found = lines != NULL;
  for (guint i = 0; lines && i < lines->len; i++)
    if (!parse (self, name, g_ptr_array_index (lines, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
parse_emulator (HostdRecording *self, const char *name, const HostdTextLine *line, GError **error)
{
  guint count = self->emulators ? g_strv_length (self->emulators) : 0;

  if (g_strv_length (line->words) != 1 || !g_path_is_absolute (line->words[0]))
    return hostd_named_text_fail (error, name, line, "not one absolute path");
  self->emulators = g_renew (char *, self->emulators, count + 2);
  self->emulators[count] = g_strdup (line->words[0]);
  self->emulators[count + 1] = NULL;
  return TRUE;
}

static gboolean
parse_unreadable (HostdRecording *self, const char *name, const HostdTextLine *line, GError **error)
{
  return hostd_unreadable_parse (self->unreadable, name, line, error);
}

/* A text without a line says that there is none; no text, that nothing is known. */
static gboolean
note_no_emulators (HostdRecording *self, gboolean has_text)
{
  if (has_text && self->emulators == NULL)
    self->emulators = g_new0 (char *, 1);
  return TRUE;
}

gboolean
hostd_recording_parse (HostdRecording *self, GError **error)
{
  gboolean ignored, has_emulators = FALSE;

  return parse_text (self, "cpuid", parse_cpuid, &self->has_cpuid, error) &&
         parse_text (self, "msr", parse_msr, &self->has_msr, error) &&
         parse_text (self, "kvm", parse_kvm, &ignored, error) &&
         parse_text (self, "registers", parse_register, &ignored, error) &&
         parse_text (self, "ioctl", parse_ioctl, &ignored, error) &&
         parse_text (self, "qgs", hostd_recording_parse_qgs, &ignored, error) &&
         parse_text (self, "devices", parse_devices, &self->has_devices, error) &&
         parse_text (self, "uname", parse_uname, &ignored, error) &&
         parse_text (self, "unreadable", parse_unreadable, &ignored, error) &&
         parse_text (self, "emulators", parse_emulator, &has_emulators, error) &&
         note_no_emulators (self, has_emulators);
}
