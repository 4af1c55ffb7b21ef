/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/settings.h"

#include "base/error.h"
#include "base/io.h"
#include "base/parse.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#define MAX_BYTES (256u * 1024)

/* One key: how its value gets into the settings. FALSE with an error that says what is wrong. */
typedef gboolean (*Setter) (HostdSettings *self, guint which, const char *value, GError **error);

typedef struct {
  const char *section, *key;
  Setter set;
  guint which; /* socket or field, as @set understands it */
} Key;

const char *
hostd_socket_name (HostdSocket which)
{
  static const char *const names[] = { "compute", "hook", "admin" };

  return names[which];
}

G_GNUC_PRINTF (2, 3)
static gboolean
invalid (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (HOSTD_ERROR, HOSTD_ERROR_INVALID, format, args);
  va_end (args);
  return FALSE;
}

enum { FIELD_RUN_DIR, FIELD_STATE_DIR, FIELD_TEMPLATE_DIR, FIELD_REPLAY };

static gboolean
set_folder (HostdSettings *self, guint which, const char *value, GError **error)
{
  char **fields[] = { [FIELD_RUN_DIR] = &self->run_dir,
                      [FIELD_STATE_DIR] = &self->state_dir,
                      [FIELD_TEMPLATE_DIR] = &self->template_dir,
                      [FIELD_REPLAY] = &self->replay };

  if (!g_path_is_absolute (value))
    return invalid (error, "\"%s\" is not an absolute path", value);
  g_free (*fields[which]);
  *fields[which] = g_strdup (value);
  return TRUE;
}

static gboolean
set_policy_dirs (HostdSettings *self, guint which, const char *value, GError **error)
{
  g_auto (GStrv) dirs = g_strsplit_set (value, " ;", -1);
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; dirs[i] != NULL; i++) {
    if (dirs[i][0] == '\0')
      continue;
    if (!g_path_is_absolute (dirs[i]))
      return invalid (error, "\"%s\" is not an absolute path", dirs[i]);
    g_ptr_array_add (kept, g_strdup (dirs[i]));
  }
  g_ptr_array_add (kept, NULL);
  g_strfreev (self->policy_dirs);
  self->policy_dirs = (char **) g_ptr_array_free (g_steal_pointer (&kept), FALSE);
  return TRUE;
}

/* A number as it is; a name as this host knows it. */
static gboolean
find_user (const char *word, uid_t *ret_uid)
{
  guint64 number;
  struct passwd *entry;

  if (hostd_parse_decimal (word, G_MAXUINT32 - 1, &number)) {
    *ret_uid = (uid_t) number;
    return TRUE;
  }
  entry = getpwnam (word);
  if (entry != NULL)
    *ret_uid = entry->pw_uid;
  return entry != NULL;
}

static gboolean
set_uids (HostdSettings *self, guint which, const char *value, GError **error)
{
  g_auto (GStrv) words = g_strsplit_set (value, " ;,", -1);
  GArray *uids = self->sockets[which].uids;

  g_array_set_size (uids, 0);
  for (guint i = 0; words[i] != NULL; i++) {
    uid_t uid;

    if (words[i][0] == '\0')
      continue;
    /* One configuration serves hosts with and without Nova's user: a name too few lets nobody in.
     */
    if (find_user (words[i], &uid))
      g_array_append_val (uids, uid);
    else
      g_ptr_array_add (self->warnings,
                       g_strdup_printf ("[%s] uids: there is no user \"%s\" here, left out",
                                        hostd_socket_name (which), words[i]));
  }
  return TRUE;
}

static gboolean
set_mode (HostdSettings *self, guint which, const char *value, GError **error)
{
  char *end = NULL;
  guint64 mode = g_ascii_strtoull (value, &end, 8);

  if (!g_ascii_isdigit (value[0]) || *end != '\0' || mode > 0777 || (mode & 0111) != 0)
    return invalid (error, "\"%s\" is not the mode of a socket, such as 0660", value);
  self->sockets[which].mode = (mode_t) mode;
  return TRUE;
}

static gboolean
set_group (HostdSettings *self, guint which, const char *value, GError **error)
{
  guint64 number;
  struct group *entry;

  if (hostd_parse_decimal (value, G_MAXUINT32 - 1, &number)) {
    self->sockets[which].group = (gid_t) number;
    return TRUE;
  }
  entry = getgrnam (value);
  if (entry == NULL)
    return invalid (error, "there is no group \"%s\" on this host", value);
  self->sockets[which].group = entry->gr_gid;
  return TRUE;
}

static gboolean
set_unbound (HostdSettings *self, guint which, const char *value, GError **error)
{
  if (!hostd_gate_unbound_from_name (value, &self->gate.unbound))
    return invalid (error, "\"%s\" is none of allow, verify-baseline, veto", value);
  return TRUE;
}

static gboolean
set_foreign_folder (HostdSettings *self, guint which, const char *value, GError **error)
{
  if (strcmp (value, "note") != 0 && strcmp (value, "veto") != 0)
    return invalid (error, "\"%s\" is neither note nor veto", value);
  self->gate.veto_foreign_folder = strcmp (value, "veto") == 0;
  return TRUE;
}

/* More, and systemd's patience with our start ends first. */
#define MAX_PROBE_SECONDS 60
#define PROBE_SECONDS 30

static gboolean
set_probe_seconds (HostdSettings *self, guint which, const char *value, GError **error)
{
  guint64 seconds;

  if (!hostd_parse_decimal (value, MAX_PROBE_SECONDS, &seconds) || seconds == 0)
    return invalid (error, "\"%s\" is not a number from 1 to %d", value, MAX_PROBE_SECONDS);
  self->probe_seconds = (guint) seconds;
  return TRUE;
}

#define MAX_ORPHAN_DAYS 36500

static gboolean
set_orphan_days (HostdSettings *self, guint which, const char *value, GError **error)
{
  guint64 days;

  if (!hostd_parse_decimal (value, MAX_ORPHAN_DAYS, &days))
    return invalid (error, "\"%s\" is no number of days, 0 to %d", value, MAX_ORPHAN_DAYS);
  self->orphan_days = (guint) days;
  return TRUE;
}

enum { LIMIT_CONNECTIONS, LIMIT_CONNECTIONS_PER_UID, LIMIT_CALLS_PER_UID, LIMIT_BYTES_PER_UID };

static gboolean
set_limit (HostdSettings *self, guint which, const char *value, GError **error)
{
  gsize *const fields[] = { [LIMIT_CONNECTIONS] = &self->limits.connections,
                            [LIMIT_CONNECTIONS_PER_UID] =
                                &self->limits.quota[HOSTD_QUOTA_CONNECTIONS],
                            [LIMIT_CALLS_PER_UID] = &self->limits.quota[HOSTD_QUOTA_CALLS],
                            [LIMIT_BYTES_PER_UID] = &self->limits.quota[HOSTD_QUOTA_BYTES] };
  /* One call of the largest message must remain possible. */
  guint64 least = which == LIMIT_BYTES_PER_UID ? self->limits.max_message : 1;
  guint64 number;

  if (!hostd_parse_decimal (value, G_MAXINT32, &number) || number < least)
    return invalid (error, "\"%s\" is no number of %" G_GUINT64_FORMAT " or more", value, least);
  *fields[which] = (gsize) number;
  return TRUE;
}

static const Key keys[] = {
  { "hostd", "run_dir", set_folder, FIELD_RUN_DIR },
  { "hostd", "state_dir", set_folder, FIELD_STATE_DIR },
  { "hostd", "template_dir", set_folder, FIELD_TEMPLATE_DIR },
  { "hostd", "policy_dirs", set_policy_dirs, 0 },
  { "compute", "uids", set_uids, HOSTD_SOCKET_COMPUTE },
  { "compute", "mode", set_mode, HOSTD_SOCKET_COMPUTE },
  { "compute", "group", set_group, HOSTD_SOCKET_COMPUTE },
  { "hook", "uids", set_uids, HOSTD_SOCKET_HOOK },
  { "hook", "mode", set_mode, HOSTD_SOCKET_HOOK },
  { "hook", "group", set_group, HOSTD_SOCKET_HOOK },
  { "admin", "uids", set_uids, HOSTD_SOCKET_ADMIN },
  { "admin", "mode", set_mode, HOSTD_SOCKET_ADMIN },
  { "admin", "group", set_group, HOSTD_SOCKET_ADMIN },
  { "probe", "deadline_seconds", set_probe_seconds, 0 },
  { "gate", "unbound", set_unbound, 0 },
  { "gate", "foreign_folder", set_foreign_folder, 0 },
  { "bindings", "orphan_days", set_orphan_days, 0 },
  { "limits", "connections", set_limit, LIMIT_CONNECTIONS },
  { "limits", "connections_per_uid", set_limit, LIMIT_CONNECTIONS_PER_UID },
  { "limits", "calls_per_uid", set_limit, LIMIT_CALLS_PER_UID },
  { "limits", "bytes_per_uid", set_limit, LIMIT_BYTES_PER_UID },
  { "simulation", "replay", set_folder, FIELD_REPLAY },
};

static gboolean
has_section (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (strcmp (keys[i].section, name) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
set_key (HostdSettings *self, const char *section, const char *name, const char *value,
         GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (strcmp (keys[i].section, section) != 0 || strcmp (keys[i].key, name) != 0)
      continue;
    if (keys[i].set (self, keys[i].which, value, error))
      return TRUE;
    g_prefix_error (error, "%s: ", name);
    return FALSE;
  }
  return invalid (error, "[%s] has no key \"%s\"", section, name);
}

/*
 * One line of the file. GKeyFile knows no line numbers and says nothing of a key that is given
 * twice, which is why this reads the same format by itself.
 */
static gboolean
read_line (HostdSettings *self, char *line, char **section, GHashTable *seen, GError **error)
{
  char *equals;
  gsize length;

  g_strstrip (line);
  length = strlen (line);
  if (length == 0 || line[0] == '#' || line[0] == ';')
    return TRUE;
  if (line[0] == '[') {
    if (line[length - 1] != ']')
      return invalid (error, "a section's name does not end with \"]\"");
    g_free (*section);
    *section = g_strndup (line + 1, length - 2);
    return has_section (*section) || invalid (error, "there is no section [%s]", *section);
  }
  equals = strchr (line, '=');
  if (equals == NULL)
    return invalid (error, "neither [SECTION] nor KEY=VALUE: \"%.64s\"", line);
  if (*section == NULL)
    return invalid (error, "a key stands before the first [SECTION]");
  *equals = '\0';
  g_strchomp (line);
  if (!g_hash_table_add (seen, g_strdup_printf ("%s.%s", *section, line)))
    return invalid (error, "[%s] %s is given twice", *section, line);
  return set_key (self, *section, line, g_strchug (equals + 1), error);
}

static gboolean
read_text (HostdSettings *self, const char *text, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *section = NULL;

  for (guint i = 0; lines[i] != NULL; i++) {
    if (!read_line (self, lines[i], &section, seen, error)) {
      g_prefix_error (error, "%s:%u: ", self->path, i + 1);
      return FALSE;
    }
  }
  return TRUE;
}

static void
set_defaults (HostdSettings *self, const char *template_dir)
{
  static const uid_t root = 0;
  /* The operator's folder, where there is one; a folder that is configured has to exist. */
  static const char operators[] = CLOISTER_SYSCONF_DIR "/policies";

  self->run_dir = g_strdup (CLOISTER_RUN_DIR);
  self->state_dir = g_strdup (CLOISTER_STATE_DIR);
  self->template_dir = g_strdup (template_dir);
  self->policy_dirs = g_new0 (char *, 2);
  if (g_file_test (operators, G_FILE_TEST_IS_DIR))
    self->policy_dirs[0] = g_strdup (operators);
  self->warnings = g_ptr_array_new_with_free_func (g_free);
  self->gate.unbound = HOSTD_GATE_UNBOUND_VERIFY_BASELINE;
  self->limits = hostd_limits_default;
  self->probe_seconds = PROBE_SECONDS;
  for (guint i = 0; i < HOSTD_N_SOCKETS; i++) {
    self->sockets[i].uids = g_array_new (FALSE, FALSE, sizeof (uid_t));
    g_array_append_val (self->sockets[i].uids, root);
    self->sockets[i].mode = i == HOSTD_SOCKET_COMPUTE ? 0660 : 0600;
  }
}

HostdSettings *
hostd_settings_load (const char *path, gboolean optional, const char *template_dir, GError **error)
{
  g_autoptr (HostdSettings) self = g_new0 (HostdSettings, 1);
  g_autoptr (GError) local = NULL;
  g_autofree char *text = NULL;
  gsize length;

  self->path = g_strdup (path);
  set_defaults (self, template_dir);
  text = hostd_read_file_at (AT_FDCWD, path, MAX_BYTES, &length, &local);
  if (text == NULL) {
    if (optional && g_error_matches (local, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND))
      return g_steal_pointer (&self);
    g_propagate_error (error, g_steal_pointer (&local));
    return NULL;
  }
  if (!g_utf8_validate_len (text, length, NULL)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s: it is not UTF-8", path);
    return NULL;
  }
  if (!read_text (self, text, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
hostd_settings_free (HostdSettings *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < HOSTD_N_SOCKETS; i++)
    g_clear_pointer (&self->sockets[i].uids, g_array_unref);
  g_clear_pointer (&self->warnings, g_ptr_array_unref);
  g_strfreev (self->policy_dirs);
  g_free (self->replay);
  g_free (self->template_dir);
  g_free (self->state_dir);
  g_free (self->run_dir);
  g_free (self->path);
  g_free (self);
}
