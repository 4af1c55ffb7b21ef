/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/monitor.h"

#include "base/error.h"

/* Streams at a time: each costs a message for each event. */
#define MAX_STREAMS 16

struct HostdMonitor {
  GPtrArray *calls; /* (element-type HostdCall) */
};

HostdMonitor *
hostd_monitor_new (void)
{
  HostdMonitor *self = g_new0 (HostdMonitor, 1);

  self->calls = g_ptr_array_new ();
  return self;
}

static void
end (HostdCall *call)
{
  g_autoptr (GError) error =
      g_error_new (HOSTD_ERROR, HOSTD_ERROR_UNAVAILABLE, "cloister-hostd ends");

  hostd_call_on_gone (call, NULL, NULL);
  hostd_call_fail (call, error);
}

void
hostd_monitor_free (HostdMonitor *self)
{
  if (self == NULL)
    return;
  while (self->calls->len > 0)
    end (g_ptr_array_steal_index_fast (self->calls, 0));
  g_ptr_array_unref (self->calls);
  g_free (self);
}

static void
on_gone (HostdCall *call, gpointer data)
{
  HostdMonitor *self = data;

  g_ptr_array_remove_fast (self->calls, call);
  hostd_call_reply (call, NULL); /* to nobody */
}

void
hostd_monitor_add (HostdMonitor *self, HostdCall *call)
{
  if (self->calls->len >= MAX_STREAMS) {
    g_autoptr (GError) error =
        g_error_new (HOSTD_ERROR, HOSTD_ERROR_BUSY,
                     "%d programs watch cloister-hostd already: end one of them", MAX_STREAMS);

    hostd_call_fail (call, error);
    return;
  }
  hostd_call_on_gone (call, on_gone, self);
  g_ptr_array_add (self->calls, call);
}

static JsonObject *
describe (const char *event, const char *uuid, const char *name, const char *text)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "time", g_get_real_time () / G_USEC_PER_SEC);
  json_object_set_string_member (object, "event", event);
  if (uuid != NULL)
    json_object_set_string_member (object, "uuid", uuid);
  if (name != NULL)
    json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "text", text);
  return object;
}

void
hostd_monitor_emit (HostdMonitor *self, const char *event, const char *uuid, const char *name,
                    const char *text)
{
  g_autofree char *clean_name = name != NULL ? g_utf8_make_valid (name, -1) : NULL;
  g_autofree char *clean_text = g_utf8_make_valid (text, -1);

  /* From the end: who is let go meanwhile leaves the array, and only the last takes its place. */
  for (guint i = self->calls->len; i > 0; i--)
    if (i <= self->calls->len)
      hostd_call_continue (g_ptr_array_index (self->calls, i - 1),
                           describe (event, uuid, clean_name, clean_text));
}
