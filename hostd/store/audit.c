/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "store/audit.h"

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MODE 0600
/* What is read back of a log that was never rotated. */
#define MAX_TAIL (4 * 1024 * 1024)

struct HostdAudit {
  int fd; /* of the folder */
};

HostdAudit *
hostd_audit_open (const char *state_dir, GError **error)
{
  int fd = hostd_open_dir_at (AT_FDCWD, state_dir, error);
  HostdAudit *self;

  if (fd < 0)
    return NULL;
  self = g_new0 (HostdAudit, 1);
  self->fd = fd;
  return self;
}

void
hostd_audit_free (HostdAudit *self)
{
  if (self == NULL)
    return;
  close (self->fd);
  g_free (self);
}

static char *
record_text (const char *event, const char *uuid, const char *text, JsonObject *more)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
  g_autoptr (GList) names = more != NULL ? json_object_get_members (more) : NULL;
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree char *line = NULL;

  json_object_set_string_member (object, "time", time);
  json_object_set_string_member (object, "event", event);
  if (uuid != NULL)
    json_object_set_string_member (object, "uuid", uuid);
  if (text != NULL)
    json_object_set_string_member (object, "text", text);
  for (GList *l = names; l != NULL; l = l->next)
    json_object_set_member (object, l->data, json_object_dup_member (more, l->data));
  line = hostd_json_object_to_string (object, FALSE);
  return g_strconcat (line, "\n", NULL);
}

/* A record that a crash or a full disk cut short must not swallow the next one. */
static gboolean
end_last_line (int fd, off_t size)
{
  char last = '\n';

  if (size > 0 && pread (fd, &last, 1, size - 1) != 1)
    return FALSE;
  return last == '\n' || hostd_write_all (fd, "\n", 1, NULL);
}

gboolean
hostd_audit_add (HostdAudit *self, const char *event, const char *uuid, const char *text,
                 JsonObject *more, GError **error)
{
  hostd_autofd int fd = openat (self->fd, HOSTD_AUDIT_FILE,
                                O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
  g_autofree char *line = record_text (event, uuid, text, more);
  struct stat st;

  if (fd < 0 || fstat (fd, &st) < 0)
    return hostd_error_set_errno (error, errno, "cannot open " HOSTD_AUDIT_FILE);
  if (!end_last_line (fd, st.st_size) || !hostd_write_all (fd, line, strlen (line), error)) {
    g_prefix_error (error, "cannot write " HOSTD_AUDIT_FILE ": ");
    if (error != NULL && *error == NULL)
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_IO, "cannot write " HOSTD_AUDIT_FILE);
    return FALSE;
  }
  if (fsync (fd) < 0 || (st.st_size == 0 && fsync (self->fd) < 0))
    return hostd_error_set_errno (error, errno, "cannot sync " HOSTD_AUDIT_FILE);
  return TRUE;
}

/* The end of the file, from the beginning of a line. NULL with an error, or "" if there is none. */
static char *
read_tail (HostdAudit *self, GError **error)
{
  hostd_autofd int fd = openat (self->fd, HOSTD_AUDIT_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  g_autofree char *text = NULL;
  struct stat st;
  gboolean cut;
  gsize length;

  if (fd < 0 && errno == ENOENT)
    return g_strdup ("");
  if (fd < 0 || fstat (fd, &st) < 0) {
    hostd_error_set_errno (error, errno, "cannot open " HOSTD_AUDIT_FILE);
    return NULL;
  }
  cut = st.st_size > MAX_TAIL;
  if (cut && lseek (fd, -MAX_TAIL, SEEK_END) < 0) {
    hostd_error_set_errno (error, errno, "cannot read " HOSTD_AUDIT_FILE);
    return NULL;
  }
  text = hostd_read_fd (fd, HOSTD_AUDIT_FILE, 2 * MAX_TAIL, &length, error); /* it may grow */
  if (text == NULL || !cut)
    return g_steal_pointer (&text);
  return g_strdup (strchr (text, '\n') != NULL ? strchr (text, '\n') + 1 : "");
}

JsonArray *
hostd_audit_read (HostdAudit *self, guint limit, GError **error)
{
  g_autofree char *text = read_tail (self, error);
  g_auto (GStrv) lines = text != NULL ? g_strsplit (text, "\n", -1) : NULL;
  guint n = lines != NULL ? g_strv_length (lines) : 0;
  JsonArray *records;

  if (text == NULL)
    return NULL;
  records = json_array_new ();
  /* What follows the last line's end is nothing, or half a record. */
  n = n > 0 ? n - 1 : 0;
  for (guint i = n > limit ? n - limit : 0; i < n; i++) {
    JsonObject *record = hostd_json_parse_object (lines[i], strlen (lines[i]), NULL);

    if (record != NULL)
      json_array_add_object_element (records, record);
  }
  return records;
}
