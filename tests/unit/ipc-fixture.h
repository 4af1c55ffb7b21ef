/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "ipc/frame.h"
#include "ipc/server.h"
#include "ipc/wire.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/*
 * A server with an interface of its own, run by hand, and clients that do what no honest client
 * does. The wire is written out here: the client library must not hide what the server accepts.
 */

#define PATIENCE_US (20 * G_USEC_PER_SEC)

typedef struct {
  HostdServer *server;
  HostdLimits limits;
  HostdCall *held; /* a call of Hold, not answered yet */
  guint notices;
  HostdError last_notice;
  guint seen; /* calls of Echo */
  char *folder;
  char *path;
} Fixture;

static inline void
echo (HostdCall *call, gpointer data)
{
  Fixture *f = data;
  JsonObject *reply = json_object_new ();

  f->seen++;
  json_object_set_string_member (reply, "text", hostd_call_get_string (call, "text"));
  hostd_call_reply (call, reply);
}

static inline void
hold (HostdCall *call, gpointer data)
{
  Fixture *f = data;

  g_assert_null (f->held);
  f->held = call;
}

static inline void
big (HostdCall *call, gpointer data)
{
  gint64 size = 0;
  g_autofree char *text = NULL;
  JsonObject *reply = json_object_new ();

  hostd_json_get_int (hostd_call_get_parameters (call), "size", &size);
  text = g_strnfill (size, 'x');
  json_object_set_string_member (reply, "text", text);
  hostd_call_reply (call, reply);
}

static inline void
fail (HostdCall *call, gpointer data)
{
  hostd_call_finish (call, NULL, g_error_new (HOSTD_ERROR, HOSTD_ERROR_EXISTS, "it is there"));
}

static const HostdMethod methods[] = {
  { "Echo",
    echo,
    { { "text", HOSTD_PARAMETER_STRING, FALSE },
      { "flag", HOSTD_PARAMETER_BOOLEAN, TRUE },
      { "number", HOSTD_PARAMETER_INTEGER, TRUE },
      { "data", HOSTD_PARAMETER_STRINGS, TRUE },
      { "pair", HOSTD_PARAMETER_INTEGERS, TRUE } } },
  { "Hold", hold },
  { "Big", big, { { "size", HOSTD_PARAMETER_INTEGER, FALSE } } },
  { "Fail", fail },
  { NULL },
};
static const HostdInterface interface = { "io.example.Test", "interface io.example.Test\n",
                                          methods };

static inline void
on_notice (const char *name, const HostdPeer *peer, const GError *what, gpointer data)
{
  Fixture *f = data;

  g_assert_cmpstr (name, ==, "test");
  f->notices++;
  f->last_notice = (HostdError) what->code;
}

/* One more socket of f->server's. */
static inline void
listen_too (Fixture *f, uid_t uid)
{
  const HostdService services[] = { { &interface, f }, { NULL, NULL } };
  g_autoptr (GArray) uids = g_array_new (FALSE, FALSE, sizeof (uid_t));
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_array_append_val (uids, uid);
  f->folder = g_dir_make_tmp ("cloister-ipc-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "sock", NULL);
  strcpy (address.sun_path, f->path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fd, 64), ==, 0);
  hostd_server_listen (f->server, "test", fd, uids, services);
}

static inline void
start (Fixture *f, uid_t uid)
{
  f->server = hostd_server_new (&f->limits, on_notice, f);
  listen_too (f, uid);
}

static inline void
remove_socket (Fixture *f)
{
  g_unlink (f->path);
  g_rmdir (f->folder);
  g_free (f->path);
  g_free (f->folder);
}

static inline void
set_up (Fixture *f, gconstpointer data)
{
  f->limits = hostd_limits_default;
  f->limits.max_message = 1024;
  f->limits.quota[HOSTD_QUOTA_CONNECTIONS] = 4;
  f->limits.quota[HOSTD_QUOTA_BYTES] = 4096;
  f->limits.quota[HOSTD_QUOTA_CALLS] = 2;
}

static inline void
tear_down (Fixture *f, gconstpointer data)
{
  hostd_server_free (f->server);
  remove_socket (f);
}

/* ---- the client's side ---- */

static inline int
join (Fixture *f)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  strcpy (address.sun_path, f->path);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

static inline void
say (int fd, const char *bytes, gsize length)
{
  g_assert_cmpint (send (fd, bytes, length, MSG_NOSIGNAL), ==, length);
}

static inline void
say_message (int fd, const char *text)
{
  say (fd, text, strlen (text) + 1);
}

static inline void
run_for (guint ms)
{
  gint64 end = g_get_monotonic_time () + 1000 * (gint64) ms;

  while (g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (500);
}

/* The next message, or NULL if the server hung up. */
static inline char *
hear (int fd)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 end = g_get_monotonic_time () + PATIENCE_US;

  for (;;) {
    char c;
    ssize_t n = recv (fd, &c, 1, 0);

    if (n == 1 && c == '\0')
      return g_string_free (g_steal_pointer (&text), FALSE);
    if (n == 1) {
      g_string_append_c (text, c);
    } else if (n == 0 || errno == ECONNRESET) {
      g_assert_cmpuint (text->len, ==, 0);
      return NULL;
    } else {
      g_assert_cmpint (errno, ==, EAGAIN);
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (200);
    }
  }
}

static inline void
assert_heard (int fd, const char *expected)
{
  g_autofree char *text = hear (fd);

  g_assert_cmpstr (text, ==, expected);
}

static inline void
assert_heard_error (int fd, const char *name)
{
  g_autofree char *text = hear (fd);
  g_autofree char *prefix = g_strdup_printf ("{\"error\":\"%s\"", name);

  g_assert_nonnull (text);
  g_test_message ("%s", text);
  g_assert_true (g_str_has_prefix (text, prefix));
}

static inline void
assert_hung_up (int fd)
{
  g_assert_null (hear (fd));
}

/* Somebody else is served as if nothing were. */
static inline void
assert_others_are_served (Fixture *f)
{
  hostd_autofd int fd = join (f);

  say_message (fd, "{\"method\":\"io.example.Test.Echo\",\"parameters\":{\"text\":\"fine\"}}");
  assert_heard (fd, "{\"parameters\":{\"text\":\"fine\"}}");
}

#define ECHO(text) "{\"method\":\"io.example.Test.Echo\",\"parameters\":{\"text\":\"" text "\"}}"
#define HOLD "{\"method\":\"io.example.Test.Hold\"}"

#define TEST(name, function)                                                                       \
  g_test_add ("/ipc/server/" name, Fixture, NULL, set_up, function, tear_down)
