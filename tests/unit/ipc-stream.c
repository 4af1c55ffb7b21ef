/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/io.h"
#include "ipc/server.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A call that is answered more than once, and clients that leave it or do not read. */

typedef struct {
  HostdServer *server;
  HostdLimits limits;
  HostdCall *watcher; /* a call of Watch in progress */
  guint gone, notices;
  char *folder, *path;
} Fixture;

static void
on_gone (HostdCall *call, gpointer data)
{
  Fixture *f = data;

  g_assert_true (f->watcher == call);
  f->watcher = NULL;
  f->gone++;
  hostd_call_reply (call, NULL);
}

static void
watch (HostdCall *call, gpointer data)
{
  Fixture *f = data;

  g_assert_null (f->watcher);
  g_assert_true (hostd_call_wants_more (call));
  hostd_call_on_gone (call, on_gone, f);
  f->watcher = call;
}

static const HostdMethod methods[] = { { "Watch", watch, .stream = TRUE }, { NULL } };
static const HostdInterface interface = { "io.example.Test", "interface io.example.Test\n",
                                          methods };

static void
on_notice (const char *socket_name, const HostdPeer *peer, const GError *what, gpointer data)
{
  ((Fixture *) data)->notices++;
}

static void
setup (Fixture *f, gconstpointer data)
{
  const HostdService services[] = { { &interface, f }, { NULL, NULL } };
  g_autoptr (GArray) uids = g_array_new (FALSE, FALSE, sizeof (uid_t));
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  uid_t me = geteuid ();
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  f->folder = g_dir_make_tmp ("stream-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "s", NULL);
  g_strlcpy (address.sun_path, f->path, sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fd, 8), ==, 0);
  g_array_append_val (uids, me);
  f->limits = hostd_limits_default;
  f->limits.max_message = 64 * 1024;
  f->server = hostd_server_new (&f->limits, on_notice, f);
  hostd_server_listen (f->server, "test", fd, uids, services);
}

static void
teardown (Fixture *f, gconstpointer data)
{
  hostd_server_free (f->server);
  g_assert_null (f->watcher);
  g_unlink (f->path);
  g_rmdir (f->folder);
  g_free (f->path);
  g_free (f->folder);
}

static int
ask (Fixture *f, const char *request)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, f->path, sizeof address.sun_path);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_true (hostd_write_all (fd, request, strlen (request) + 1, NULL));
  return fd;
}

/* The next answer, without its NUL; NULL at the end. */
static char *
next (int fd)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (;;) {
    char c;
    ssize_t n = recv (fd, &c, 1, MSG_DONTWAIT);

    if (n == 0)
      return NULL;
    if (n < 0) {
      g_assert_cmpint (errno, ==, EAGAIN);
      g_main_context_iteration (NULL, TRUE);
    } else if (c == '\0') {
      return g_strdup (text->str);
    } else {
      g_string_append_c (text, c);
    }
  }
}

static void
say (Fixture *f, const char *text)
{
  JsonObject *answer = json_object_new ();

  json_object_set_string_member (answer, "text", text);
  hostd_call_continue (f->watcher, answer);
}

static void
assert_next (int fd, const char *expected)
{
  g_autofree char *text = next (fd);

  g_assert_cmpstr (text, ==, expected);
}

#define WATCH "{\"method\":\"io.example.Test.Watch\",\"more\":true}"

static void
wait_for_watcher (Fixture *f, gboolean there)
{
  while ((f->watcher != NULL) != there)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_answers (Fixture *f, gconstpointer data)
{
  hostd_autofd int fd = ask (f, WATCH);
  HostdCall *call;

  wait_for_watcher (f, TRUE);
  say (f, "one");
  say (f, "two");
  assert_next (fd, "{\"parameters\":{\"text\":\"one\"},\"continues\":true}");
  assert_next (fd, "{\"parameters\":{\"text\":\"two\"},\"continues\":true}");
  call = g_steal_pointer (&f->watcher);
  hostd_call_on_gone (call, NULL, NULL);
  hostd_call_reply (call, NULL);
  assert_next (fd, "{\"parameters\":{}}");
}

static void
test_needs_more (Fixture *f, gconstpointer data)
{
  hostd_autofd int fd = ask (f, "{\"method\":\"io.example.Test.Watch\"}");

  assert_next (fd, "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}");
}

static void
test_client_leaves (Fixture *f, gconstpointer data)
{
  int fd = ask (f, WATCH);

  wait_for_watcher (f, TRUE);
  close (fd);
  wait_for_watcher (f, FALSE);
  g_assert_cmpuint (f->gone, ==, 1);
  g_assert_cmpuint (hostd_server_count_connections (f->server), ==, 0);
}

/* What is kept for it is bounded; then it is let go, inside the very call that gave it an answer.
 */
static void
test_client_reads_nothing (Fixture *f, gconstpointer data)
{
  hostd_autofd int fd = ask (f, WATCH);
  g_autofree char *text = g_strnfill (8192, 'x');

  g_assert_cmpint (fd, >=, 0);
  wait_for_watcher (f, TRUE);
  for (guint i = 0; i < 1000 && f->watcher != NULL; i++)
    say (f, text);
  g_assert_null (f->watcher);
  g_assert_cmpuint (f->gone, ==, 1);
  g_assert_cmpuint (f->notices, ==, 1);
}

static void
test_server_ends (Fixture *f, gconstpointer data)
{
  hostd_autofd int fd = ask (f, WATCH);

  g_assert_cmpint (fd, >=, 0);
  wait_for_watcher (f, TRUE);
  g_clear_pointer (&f->server, hostd_server_free);
  g_assert_cmpuint (f->gone, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/stream/answers", Fixture, NULL, setup, test_answers, teardown);
  g_test_add ("/stream/needs-more", Fixture, NULL, setup, test_needs_more, teardown);
  g_test_add ("/stream/client-leaves", Fixture, NULL, setup, test_client_leaves, teardown);
  g_test_add ("/stream/client-reads-nothing", Fixture, NULL, setup, test_client_reads_nothing,
              teardown);
  g_test_add ("/stream/server-ends", Fixture, NULL, setup, test_server_ends, teardown);
  return g_test_run ();
}
