/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "store/libvirt-cache.h"

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_NAME "libvirt-answers.json"
#define FILE_MODE 0600
#define MAX_BYTES HOSTD_JSON_MAX_BYTES
#define VERSION 1

struct HostdLibvirtCache {
  int fd;             /* of the folder */
  GPtrArray *answers; /* (element-type HostdLibvirtAnswer), the one asked last is the last */
  char *trouble;      /* or NULL */
};

HostdLibvirtAnswer *
hostd_libvirt_answer_copy (const HostdLibvirtAnswer *self)
{
  HostdLibvirtAnswer *copy = g_new0 (HostdLibvirtAnswer, 1);

  copy->emulator = g_strdup (self->emulator);
  copy->identity = g_strdup (self->identity);
  copy->host = g_strdup (self->host);
  copy->libvirt = self->libvirt;
  copy->qemu = self->qemu;
  copy->time = self->time;
  copy->xml = g_strdup (self->xml);
  return copy;
}

void
hostd_libvirt_answer_free (HostdLibvirtAnswer *self)
{
  if (self == NULL)
    return;
  g_free (self->emulator);
  g_free (self->identity);
  g_free (self->host);
  g_free (self->xml);
  g_free (self);
}

/* ---- the file ---- */

static gboolean
get_version (JsonObject *object, const char *member, guint *ret_version)
{
  gint64 value;

  if (!hostd_json_get_int (object, member, &value) || value < 0 || value > G_MAXINT32)
    return FALSE;
  *ret_version = (guint) value;
  return TRUE;
}

/* NULL if a member is missing or not of its kind. */
static HostdLibvirtAnswer *
answer_from_json (JsonObject *object)
{
  g_autoptr (HostdLibvirtAnswer) self = g_new0 (HostdLibvirtAnswer, 1);

  self->emulator = g_strdup (hostd_json_get_string (object, "emulator"));
  self->identity = g_strdup (hostd_json_get_string (object, "identity"));
  self->host = g_strdup (hostd_json_get_string (object, "host"));
  self->xml = g_strdup (hostd_json_get_string (object, "xml"));
  if (self->emulator == NULL || !g_path_is_absolute (self->emulator) || self->identity == NULL ||
      self->host == NULL || self->xml == NULL || strlen (self->xml) > HOSTD_LIBVIRT_CACHE_MAX_XML ||
      !get_version (object, "libvirt", &self->libvirt) ||
      !get_version (object, "qemu", &self->qemu) ||
      !hostd_json_get_int (object, "time", &self->time))
    return NULL;
  return g_steal_pointer (&self);
}

static gboolean
parse (HostdLibvirtCache *self, const char *text, gsize length, GError **error)
{
  g_autoptr (JsonObject) object = hostd_json_parse_object (text, length, error);
  JsonArray *answers = object != NULL ? hostd_json_get_array (object, "answers") : NULL;
  gint64 version = 0;
  guint count;

  if (object == NULL)
    return FALSE;
  if (!hostd_json_get_int (object, "version", &version) || version != VERSION || answers == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_CORRUPT, "it is of another version, or none");
    return FALSE;
  }
  count = MIN (json_array_get_length (answers), HOSTD_LIBVIRT_CACHE_MAX);
  for (guint i = 0; i < count; i++) {
    JsonNode *node = json_array_get_element (answers, i);
    HostdLibvirtAnswer *answer =
        JSON_NODE_HOLDS_OBJECT (node) ? answer_from_json (json_node_get_object (node)) : NULL;

    if (answer == NULL) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_CORRUPT, "its answer %u is none", i + 1);
      return FALSE;
    }
    g_ptr_array_add (self->answers, answer);
  }
  return TRUE;
}

static void
read_file (HostdLibvirtCache *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gsize length;

  text = hostd_read_file_at (self->fd, FILE_NAME, MAX_BYTES, &length, &error);
  if (text == NULL && g_error_matches (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND))
    return;
  if (text != NULL && parse (self, text, length, &error))
    return;
  /* All of it or nothing: half a file is not what we wrote. */
  g_ptr_array_set_size (self->answers, 0);
  self->trouble =
      g_strdup_printf ("what libvirt said before is not known: " FILE_NAME ": %s", error->message);
}

static JsonObject *
answer_to_json (const HostdLibvirtAnswer *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "emulator", self->emulator);
  json_object_set_string_member (object, "identity", self->identity);
  json_object_set_string_member (object, "host", self->host);
  json_object_set_int_member (object, "libvirt", self->libvirt);
  json_object_set_int_member (object, "qemu", self->qemu);
  json_object_set_int_member (object, "time", self->time);
  json_object_set_string_member (object, "xml", self->xml);
  return object;
}

static void
write_file (HostdLibvirtCache *self)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonArray *answers = json_array_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_clear_pointer (&self->trouble, g_free);
  json_object_set_int_member (object, "version", VERSION);
  for (guint i = 0; i < self->answers->len; i++)
    json_array_add_object_element (answers, answer_to_json (g_ptr_array_index (self->answers, i)));
  json_object_set_array_member (object, "answers", answers);
  text = hostd_json_object_to_string (object, FALSE);
  if (!hostd_replace_file_at (self->fd, FILE_NAME, text, strlen (text), FILE_MODE, &error))
    self->trouble = g_strdup_printf (
        "what libvirt says is not kept for a restart: " FILE_NAME ": %s", error->message);
}

/* ---- beginning and end, asking and keeping ---- */

HostdLibvirtCache *
hostd_libvirt_cache_open (const char *state_dir, GError **error)
{
  int fd = hostd_open_dir_at (AT_FDCWD, state_dir, error);
  HostdLibvirtCache *self;

  if (fd < 0)
    return NULL;
  self = g_new0 (HostdLibvirtCache, 1);
  self->fd = fd;
  self->answers = g_ptr_array_new_with_free_func ((GDestroyNotify) hostd_libvirt_answer_free);
  read_file (self);
  return self;
}

void
hostd_libvirt_cache_free (HostdLibvirtCache *self)
{
  if (self == NULL)
    return;
  close (self->fd);
  g_ptr_array_unref (self->answers);
  g_free (self->trouble);
  g_free (self);
}

const char *
hostd_libvirt_cache_get_trouble (const HostdLibvirtCache *self)
{
  return self->trouble;
}

const HostdLibvirtAnswer *
hostd_libvirt_cache_find (const HostdLibvirtCache *self, const char *emulator)
{
  for (guint i = 0; i < self->answers->len; i++) {
    const HostdLibvirtAnswer *answer = g_ptr_array_index (self->answers, i);

    if (strcmp (answer->emulator, emulator) == 0)
      return answer;
  }
  return NULL;
}

static gboolean
says_the_same (const HostdLibvirtAnswer *a, const HostdLibvirtAnswer *b)
{
  return strcmp (a->identity, b->identity) == 0 && strcmp (a->host, b->host) == 0 &&
         a->libvirt == b->libvirt && a->qemu == b->qemu && strcmp (a->xml, b->xml) == 0;
}

void
hostd_libvirt_cache_keep (HostdLibvirtCache *self, const HostdLibvirtAnswer *answer)
{
  const HostdLibvirtAnswer *before = hostd_libvirt_cache_find (self, answer->emulator);

  if (strlen (answer->xml) > HOSTD_LIBVIRT_CACHE_MAX_XML ||
      (before != NULL && says_the_same (before, answer)))
    return;
  if (before != NULL)
    g_ptr_array_remove (self->answers, (gpointer) before);
  else if (self->answers->len >= HOSTD_LIBVIRT_CACHE_MAX)
    g_ptr_array_remove_index (self->answers, 0);
  g_ptr_array_add (self->answers, hostd_libvirt_answer_copy (answer));
  write_file (self);
}

char *
hostd_libvirt_cache_identify (const char *emulator)
{
  struct stat st;

  if (fstatat (AT_FDCWD, emulator, &st, 0) < 0)
    return NULL;
  return g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                          " %" G_GINT64_FORMAT ".%ld %" G_GINT64_FORMAT ".%ld",
                          (guint64) st.st_dev, (guint64) st.st_ino, (guint64) st.st_size,
                          (gint64) st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                          (gint64) st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}
