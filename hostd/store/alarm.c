/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "store/alarm.h"

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILE_NAME "gate-not-armed"
#define FILE_MODE 0600
#define MAX_BYTES (64u * 1024)
#define VERSION 1

struct HostdAlarm {
  int fd; /* of the folder */
  gboolean raised;
  char *uuid, *name;
  gint64 time;
  char *trouble; /* or NULL */
};

static void
set (HostdAlarm *self, const char *uuid, const char *name, gint64 when)
{
  g_free (self->uuid);
  g_free (self->name);
  self->raised = TRUE;
  self->uuid = g_strdup (uuid != NULL ? uuid : "?");
  self->name = g_strdup (name != NULL ? name : "?");
  self->time = when;
}

static void
read_file (HostdAlarm *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *text = NULL;
  gint64 when = 0;
  gsize length;

  text = hostd_read_file_at (self->fd, FILE_NAME, MAX_BYTES, &length, &error);
  if (text == NULL && g_error_matches (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND))
    return;
  if (text != NULL)
    object = hostd_json_parse_object (text, length, NULL);
  if (object == NULL) {
    set (self, NULL, NULL, 0);
    return;
  }
  hostd_json_get_int (object, "time", &when);
  set (self, hostd_json_get_string (object, "uuid"), hostd_json_get_string (object, "name"), when);
}

HostdAlarm *
hostd_alarm_open (const char *state_dir, GError **error)
{
  int fd = hostd_open_dir_at (AT_FDCWD, state_dir, error);
  HostdAlarm *self;

  if (fd < 0)
    return NULL;
  self = g_new0 (HostdAlarm, 1);
  self->fd = fd;
  read_file (self);
  return self;
}

void
hostd_alarm_free (HostdAlarm *self)
{
  if (self == NULL)
    return;
  close (self->fd);
  g_free (self->uuid);
  g_free (self->name);
  g_free (self->trouble);
  g_free (self);
}

gboolean
hostd_alarm_is_raised (const HostdAlarm *self)
{
  return self->raised;
}

const char *
hostd_alarm_get_uuid (const HostdAlarm *self)
{
  return self->uuid;
}

const char *
hostd_alarm_get_name (const HostdAlarm *self)
{
  return self->name;
}

gint64
hostd_alarm_get_time (const HostdAlarm *self)
{
  return self->time;
}

const char *
hostd_alarm_get_trouble (const HostdAlarm *self)
{
  return self->trouble;
}

void
hostd_alarm_raise (HostdAlarm *self, const char *uuid, const char *name, gint64 when)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_clear_pointer (&self->trouble, g_free);
  set (self, uuid, name, when);
  json_object_set_int_member (object, "version", VERSION);
  json_object_set_string_member (object, "uuid", self->uuid);
  json_object_set_string_member (object, "name", self->name);
  json_object_set_int_member (object, "time", when);
  text = hostd_json_object_to_string (object, TRUE);
  if (!hostd_replace_file_at (self->fd, FILE_NAME, text, strlen (text), FILE_MODE, &error))
    self->trouble = g_strdup_printf ("the alarm " FILE_NAME " is not kept: %s", error->message);
}

void
hostd_alarm_clear (HostdAlarm *self)
{
  g_clear_pointer (&self->trouble, g_free);
  self->raised = FALSE;
  if ((unlinkat (self->fd, FILE_NAME, 0) < 0 && errno != ENOENT) || fsync (self->fd) < 0)
    self->trouble = g_strdup_printf ("the alarm " FILE_NAME " comes back after a restart: %s",
                                     g_strerror (errno));
}
