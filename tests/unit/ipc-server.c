/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "ipc/client.h"
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

static void
echo (HostdCall *call, gpointer data)
{
  Fixture *f = data;
  JsonObject *reply = json_object_new ();

  f->seen++;
  json_object_set_string_member (reply, "text", hostd_call_get_string (call, "text"));
  hostd_call_reply (call, reply);
}

static void
hold (HostdCall *call, gpointer data)
{
  Fixture *f = data;

  g_assert_null (f->held);
  f->held = call;
}

static void
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

static void
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

static void
on_notice (const char *name, const HostdPeer *peer, const GError *what, gpointer data)
{
  Fixture *f = data;

  g_assert_cmpstr (name, ==, "test");
  f->notices++;
  f->last_notice = (HostdError) what->code;
}

static void
start (Fixture *f, uid_t uid)
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
  f->server = hostd_server_new (&f->limits, on_notice, f);
  hostd_server_listen (f->server, "test", fd, uids, services);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->limits = hostd_limits_default;
  f->limits.max_message = 1024;
  f->limits.quota[HOSTD_QUOTA_CONNECTIONS] = 4;
  f->limits.quota[HOSTD_QUOTA_BYTES] = 4096;
  f->limits.quota[HOSTD_QUOTA_CALLS] = 2;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  hostd_server_free (f->server);
  g_unlink (f->path);
  g_rmdir (f->folder);
  g_free (f->path);
  g_free (f->folder);
}

/* ---- the client's side ---- */

static int
join (Fixture *f)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  strcpy (address.sun_path, f->path);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

static void
say (int fd, const char *bytes, gsize length)
{
  g_assert_cmpint (send (fd, bytes, length, MSG_NOSIGNAL), ==, length);
}

static void
say_message (int fd, const char *text)
{
  say (fd, text, strlen (text) + 1);
}

static void
run_for (guint ms)
{
  gint64 end = g_get_monotonic_time () + 1000 * (gint64) ms;

  while (g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (500);
}

/* The next message, or NULL if the server hung up. */
static char *
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

static void
assert_heard (int fd, const char *expected)
{
  g_autofree char *text = hear (fd);

  g_assert_cmpstr (text, ==, expected);
}

static void
assert_heard_error (int fd, const char *name)
{
  g_autofree char *text = hear (fd);
  g_autofree char *prefix = g_strdup_printf ("{\"error\":\"%s\"", name);

  g_assert_nonnull (text);
  g_test_message ("%s", text);
  g_assert_true (g_str_has_prefix (text, prefix));
}

static void
assert_hung_up (int fd)
{
  g_assert_null (hear (fd));
}

/* Somebody else is served as if nothing were. */
static void
assert_others_are_served (Fixture *f)
{
  hostd_autofd int fd = join (f);

  say_message (fd, "{\"method\":\"io.example.Test.Echo\",\"parameters\":{\"text\":\"fine\"}}");
  assert_heard (fd, "{\"parameters\":{\"text\":\"fine\"}}");
}

#define ECHO(text) "{\"method\":\"io.example.Test.Echo\",\"parameters\":{\"text\":\"" text "\"}}"
#define HOLD "{\"method\":\"io.example.Test.Hold\"}"

static void
test_in_order (Fixture *f, gconstpointer data)
{
  static const char both[] = ECHO ("one") "\0" ECHO ("two");
  hostd_autofd int fd = -1;

  start (f, getuid ());
  fd = join (f);
  say (fd, both, sizeof both);
  assert_heard (fd, "{\"parameters\":{\"text\":\"one\"}}");
  assert_heard (fd, "{\"parameters\":{\"text\":\"two\"}}");
}

/* Many calls sent at once are answered one by one: in between, others are. */
static void
test_turns (Fixture *f, gconstpointer data)
{
  static const char call[] = ECHO ("many");
  hostd_autofd int many = -1;
  hostd_autofd int one = -1;

  start (f, getuid ());
  many = join (f);
  one = join (f);
  for (guint i = 0; i < 50; i++)
    say (many, call, sizeof call);
  say_message (one, ECHO ("one"));
  assert_heard (one, "{\"parameters\":{\"text\":\"one\"}}");
  g_assert_cmpuint (f->seen, <=, 5);
  for (guint i = 0; i < 50; i++)
    assert_heard (many, "{\"parameters\":{\"text\":\"many\"}}");
}

/* All of what was sent is done, also if the client has left before its turn came. */
static void
test_turns_and_gone (Fixture *f, gconstpointer data)
{
  static const char call[] = "{\"method\":\"io.example.Test.Echo\",\"parameters\":{\"text\":\"x\"},"
                             "\"oneway\":true}";
  int fd;

  start (f, getuid ());
  fd = join (f);
  for (guint i = 0; i < 20; i++)
    say (fd, call, sizeof call);
  close (fd);
  run_for (50);
  g_assert_cmpuint (f->seen, ==, 20);
  g_assert_cmpuint (hostd_server_count_connections (f->server), ==, 0);
}

/* A call that takes its time holds back the next of its own connection, and nobody else's. */
static void
test_held (Fixture *f, gconstpointer data)
{
  static const char both[] = HOLD "\0" ECHO ("after");
  hostd_autofd int fd = -1;

  start (f, getuid ());
  fd = join (f);
  say (fd, both, sizeof both);
  run_for (50);
  g_assert_nonnull (f->held);
  g_assert_cmpuint (f->seen, ==, 0);
  assert_others_are_served (f);
  hostd_call_reply (f->held, NULL);
  assert_heard (fd, "{\"parameters\":{}}");
  assert_heard (fd, "{\"parameters\":{\"text\":\"after\"}}");
}

/* The client leaves while its call is handled; the answer goes nowhere and harms nothing. */
static void
test_gone (Fixture *f, gconstpointer data)
{
  int fd;

  start (f, getuid ());
  fd = join (f);
  say_message (fd, HOLD);
  run_for (50);
  close (fd);
  run_for (50);
  g_assert_cmpuint (hostd_server_count_connections (f->server), ==, 0);
  hostd_call_reply (f->held, NULL);
  assert_others_are_served (f);
}

/* A client that has said all it will say still gets its answer (socat, nc -N). */
static void
test_half_closed (Fixture *f, gconstpointer data)
{
  hostd_autofd int fd = -1;

  start (f, getuid ());
  fd = join (f);
  say_message (fd, HOLD);
  shutdown (fd, SHUT_WR);
  run_for (50);
  hostd_call_reply (f->held, NULL);
  assert_heard (fd, "{\"parameters\":{}}");
  assert_hung_up (fd);
}

static void
test_oneway (Fixture *f, gconstpointer data)
{
  hostd_autofd int fd = -1;

  start (f, getuid ());
  fd = join (f);
  say_message (fd, "{\"method\":\"io.example.Test.Echo\",\"parameters\":{\"text\":\"x\"},"
                   "\"oneway\":true}");
  say_message (fd, "{\"method\":\"io.example.Test.Fail\",\"oneway\":true}");
  say_message (fd, "{\"method\":\"io.example.Test.Nothing\",\"oneway\":true}");
  say_message (fd, ECHO ("loud"));
  assert_heard (fd, "{\"parameters\":{\"text\":\"loud\"}}");
  g_assert_cmpuint (f->seen, ==, 2);
}

/* Sent and left at once: it was said, so it is done. */
static void
test_oneway_and_gone (Fixture *f, gconstpointer data)
{
  int fd;

  start (f, getuid ());
  fd = join (f);
  say_message (fd, "{\"method\":\"io.example.Test.Echo\",\"parameters\":{\"text\":\"x\"},"
                   "\"oneway\":true}");
  close (fd);
  run_for (50);
  g_assert_cmpuint (f->seen, ==, 1);
  g_assert_cmpuint (hostd_server_count_connections (f->server), ==, 0);
}

/* A method that does not stream answers `more` once, and does not say that it continues. */
static void
test_more (Fixture *f, gconstpointer data)
{
  hostd_autofd int fd = -1;

  start (f, getuid ());
  fd = join (f);
  say_message (fd, "{\"method\":\"io.example.Test.Echo\",\"parameters\":{\"text\":\"x\"},"
                   "\"more\":true}");
  assert_heard (fd, "{\"parameters\":{\"text\":\"x\"}}");
  say_message (fd, "{\"method\":\"io.example.Test.Hold\",\"upgrade\":true}");
  assert_heard_error (fd, HOSTD_WIRE_ERROR ".Unsupported");
  g_assert_null (f->held);
}

static void
test_standard_errors (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *call, *answer;
  } cases[] = {
    { "{\"method\":\"Echo\"}", "{\"error\":\"org.varlink.service.MethodNotFound\","
                               "\"parameters\":{\"method\":\"Echo\"}}" },
    { "{\"method\":\"io.example.Test.Nothing\"}",
      "{\"error\":\"org.varlink.service.MethodNotFound\","
      "\"parameters\":{\"method\":\"io.example.Test.Nothing\"}}" },
    { "{\"method\":\"io.example.Tes.Echo\"}",
      "{\"error\":\"org.varlink.service.InterfaceNotFound\","
      "\"parameters\":{\"interface\":\"io.example.Tes\"}}" },
    { "{\"method\":\"io.example.Test.Fail\"}",
      "{\"error\":\"io.cloister.Error.Exists\",\"parameters\":{\"message\":\"it is there\"}}" },
    { "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
      "\"parameters\":{\"interface\":\"io.example.Test\"}}",
      "{\"parameters\":{\"description\":\"interface io.example.Test\\n\"}}" },
    { "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
      "\"parameters\":{\"interface\":\"io.example.Other\"}}",
      "{\"error\":\"org.varlink.service.InterfaceNotFound\","
      "\"parameters\":{\"interface\":\"io.example.Other\"}}" },
  };
  hostd_autofd int fd = -1;

  start (f, getuid ());
  fd = join (f);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    say_message (fd, cases[i].call);
    assert_heard (fd, cases[i].answer);
  }
}

static void
test_parameters (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *parameters, *bad; /* NULL: taken */
  } cases[] = {
    { "{\"text\":\"x\",\"flag\":null,\"number\":7,\"data\":{\"a\":\"b\"},\"pair\":{\"c\":1}}",
      NULL },
    { "{}", "text" },
    { "{\"text\":null}", "text" },
    { "{\"text\":7}", "text" },
    { "{\"text\":\"x\",\"flag\":\"true\"}", "flag" },
    { "{\"text\":\"x\",\"number\":1.5}", "number" },
    { "{\"text\":\"x\",\"number\":true}", "number" },
    { "{\"text\":\"x\",\"data\":{\"a\":1}}", "data" },
    { "{\"text\":\"x\",\"data\":[]}", "data" },
    { "{\"text\":\"x\",\"pair\":{\"a\":\"1\"}}", "pair" },
    { "{\"text\":\"x\",\"txet\":\"x\"}", "txet" },
  };
  hostd_autofd int fd = -1;

  start (f, getuid ());
  fd = join (f);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *call = g_strdup_printf (
        "{\"method\":\"io.example.Test.Echo\",\"parameters\":%s}", cases[i].parameters);
    g_autofree char *refusal =
        g_strdup_printf ("{\"error\":\"org.varlink.service.InvalidParameter\","
                         "\"parameters\":{\"parameter\":\"%s\"}}",
                         cases[i].bad);

    say_message (fd, call);
    assert_heard (fd, cases[i].bad != NULL ? refusal : "{\"parameters\":{\"text\":\"x\"}}");
  }
}

/* Bytes that are no message: told why, once, and hung up on. */
static void
test_garbage (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *bytes;
    gsize length;
  } cases[] = {
    { "\0", 1 },
    { "{}\0", 3 },
    { "GET / HTTP/1.1\r\n\r\n\0", 19 },
    { "\xff\xfe\x00", 3 },
    { "{\"method\":\"a\0.b\"}\0", 18 },
  };

  start (f, getuid ());
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    hostd_autofd int fd = join (f);

    say (fd, cases[i].bytes, cases[i].length);
    assert_heard_error (fd, HOSTD_WIRE_ERROR ".Invalid");
    assert_hung_up (fd);
    g_assert_cmpuint (f->notices, ==, i + 1);
  }
  assert_others_are_served (f);
}

static void
test_too_large (Fixture *f, gconstpointer data)
{
  g_autofree char *bytes = g_strnfill (1100, ' ');
  hostd_autofd int fd = -1;

  start (f, getuid ());
  fd = join (f);
  say (fd, bytes, 1100);
  assert_heard_error (fd, HOSTD_WIRE_ERROR ".TooLarge");
  assert_hung_up (fd);
  assert_others_are_served (f);
}

static void
test_half_a_message (Fixture *f, gconstpointer data)
{
  hostd_autofd int fd = -1;
  hostd_autofd int idle = -1;

  f->limits.message_ms = 100;
  start (f, getuid ());
  idle = join (f);
  fd = join (f);
  say (fd, "{\"method\":", 10);
  run_for (50);
  assert_others_are_served (f);
  /* Another byte buys no more time. */
  say (fd, "\"", 1);
  run_for (80);
  assert_hung_up (fd);
  g_assert_cmpint (f->last_notice, ==, HOSTD_ERROR_TIMEOUT);
  /* Who has begun nothing is not in a hurry. */
  g_assert_cmpuint (hostd_server_count_connections (f->server), ==, 1);
}

static void
test_idle (Fixture *f, gconstpointer data)
{
  hostd_autofd int fd = -1;

  f->limits.idle_ms = 50;
  start (f, getuid ());
  fd = join (f);
  assert_hung_up (fd);
  g_assert_cmpuint (f->notices, ==, 0);
}

/* Asks much, reads nothing: is given no more to do, and is let go after a while. */
static void
test_reads_nothing (Fixture *f, gconstpointer data)
{
  hostd_autofd int fd = -1;
  guint sent = 0;

  f->limits.write_ms = 200;
  f->limits.quota[HOSTD_QUOTA_BYTES] = 1024 * 1024;
  start (f, getuid ());
  fd = join (f);
  while (sent < 10000) {
    static const char call[] =
        "{\"method\":\"io.example.Test.Big\",\"parameters\":{\"size\":100000}}";

    if (send (fd, call, sizeof call, MSG_NOSIGNAL) != sizeof call)
      break;
    sent++;
    g_main_context_iteration (NULL, FALSE);
  }
  g_assert_cmpuint (sent, <, 10000);
  assert_others_are_served (f);
  run_for (400);
  g_assert_cmpuint (hostd_server_count_connections (f->server), ==, 0);
  g_assert_cmpint (f->last_notice, ==, HOSTD_ERROR_TIMEOUT);
}

/* A large answer reaches a slow reader whole. */
static void
test_large_answer (Fixture *f, gconstpointer data)
{
  hostd_autofd int fd = -1;
  g_autofree char *text = NULL;

  start (f, getuid ());
  fd = join (f);
  say_message (fd, "{\"method\":\"io.example.Test.Big\",\"parameters\":{\"size\":2000000}}");
  text = hear (fd);
  g_assert_cmpuint (strlen (text), ==, strlen ("{\"parameters\":{\"text\":\"\"}}") + 2000000);
  say_message (fd, "{\"method\":\"io.example.Test.Big\",\"parameters\":{\"size\":9000000}}");
  assert_heard_error (fd, HOSTD_WIRE_ERROR ".TooLarge");
}

static void
test_too_many_connections (Fixture *f, gconstpointer data)
{
  int fds[4];
  hostd_autofd int more = -1;

  start (f, getuid ());
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = join (f);
  more = join (f);
  assert_heard_error (more, HOSTD_WIRE_ERROR ".Busy");
  assert_hung_up (more);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  run_for (50);
  assert_others_are_served (f);
}

static void
test_too_many_bytes (Fixture *f, gconstpointer data)
{
  g_autofree char *bytes = g_strnfill (1000, ' ');
  int fds[4];

  f->limits.quota[HOSTD_QUOTA_BYTES] = 3500;
  start (f, getuid ());
  for (guint i = 0; i < 4; i++) {
    fds[i] = join (f);
    say (fds[i], bytes, 1000);
    run_for (20);
  }
  assert_heard_error (fds[3], HOSTD_WIRE_ERROR ".Busy");
  for (guint i = 0; i < 4; i++)
    close (fds[i]);
  run_for (50);
  assert_others_are_served (f);
}

static void
test_too_many_calls (Fixture *f, gconstpointer data)
{
  hostd_autofd int first = -1;
  hostd_autofd int second = -1;

  f->limits.quota[HOSTD_QUOTA_CALLS] = 1;
  start (f, getuid ());
  first = join (f);
  second = join (f);
  say_message (first, HOLD);
  run_for (50);
  say_message (second, ECHO ("x"));
  assert_heard_error (second, HOSTD_WIRE_ERROR ".Busy");
  hostd_call_reply (f->held, NULL);
  assert_heard (first, "{\"parameters\":{}}");
  assert_others_are_served (f);
}

static void
test_wrong_uid (Fixture *f, gconstpointer data)
{
  hostd_autofd int fd = -1;

  start (f, getuid () + 1);
  fd = join (f);
  assert_heard_error (fd, HOSTD_WIRE_ERROR ".Denied");
  assert_hung_up (fd);
  g_assert_cmpint (f->last_notice, ==, HOSTD_ERROR_DENIED);
  g_assert_cmpuint (hostd_server_count_connections (f->server), ==, 0);
}

/* The server goes away with a call in flight and a message half read: nobody is left dangling. */
static void
test_freed_in_flight (Fixture *f, gconstpointer data)
{
  hostd_autofd int held = -1;
  hostd_autofd int half = -1;

  start (f, getuid ());
  held = join (f);
  half = join (f);
  say_message (held, HOLD);
  say (half, "{", 1);
  run_for (50);
  g_clear_pointer (&f->server, hostd_server_free);
  hostd_call_reply (f->held, NULL);
  assert_hung_up (held);
  assert_hung_up (half);
}

/* ---- the client library against it ---- */

typedef struct {
  const char *path;
  const char *method;
  JsonObject *parameters;
  guint timeout_ms;
  JsonObject *reply;
  GError *error;
  gint done;
} Ask;

static gpointer
ask_in_thread (gpointer data)
{
  Ask *ask = data;
  g_autoptr (HostdClient) client = hostd_client_connect (ask->path, ask->timeout_ms, &ask->error);

  if (client != NULL)
    ask->reply = hostd_client_call (client, ask->method, ask->parameters, &ask->error);
  g_atomic_int_set (&ask->done, 1);
  return NULL;
}

static void
run (Ask *ask)
{
  GThread *thread = g_thread_new ("client", ask_in_thread, ask);

  while (!g_atomic_int_get (&ask->done))
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (500);
  g_thread_join (thread);
}

static void
test_client (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonObject) parameters = json_object_new ();
  Ask ask = { .method = "io.example.Test.Echo", .parameters = parameters, .timeout_ms = 5000 };

  start (f, getuid ());
  ask.path = f->path;
  json_object_set_string_member (parameters, "text", "\xc3\xa9 \"quoted\"\n");
  run (&ask);
  g_assert_no_error (ask.error);
  g_assert_cmpstr (hostd_json_get_string (ask.reply, "text"), ==, "\xc3\xa9 \"quoted\"\n");
  json_object_unref (ask.reply);
}

static void
assert_client_fails (Ask *ask, HostdError code, const char *says)
{
  run (ask);
  g_assert_null (ask->reply);
  g_assert_error (ask->error, HOSTD_ERROR, (int) code);
  g_test_message ("%s", ask->error->message);
  g_assert_nonnull (strstr (ask->error->message, says));
  g_clear_error (&ask->error);
}

static void
test_client_errors (Fixture *f, gconstpointer data)
{
  Ask fails = { .method = "io.example.Test.Fail", .timeout_ms = 5000 };
  Ask waits = { .method = "io.example.Test.Hold", .timeout_ms = 100 };
  Ask lost = { .path = "/nonexistent/sock", .method = "io.example.Test.Hold", .timeout_ms = 100 };

  start (f, getuid ());
  fails.path = waits.path = f->path;
  assert_client_fails (&fails, HOSTD_ERROR_EXISTS, "it is there");
  assert_client_fails (&waits, HOSTD_ERROR_TIMEOUT, "journalctl");
  run_for (50);
  hostd_call_reply (f->held, NULL);
  assert_client_fails (&lost, HOSTD_ERROR_UNAVAILABLE, "systemctl start cloister-hostd");
}

/* What the server said before it hung up is what the client reports, not the broken pipe. */
static void
test_client_denied (Fixture *f, gconstpointer data)
{
  Ask ask = { .method = "io.example.Test.Fail", .timeout_ms = 5000 };

  start (f, getuid () + 1);
  ask.path = f->path;
  assert_client_fails (&ask, HOSTD_ERROR_DENIED, "may not call");
}

#define TEST(name, function)                                                                       \
  g_test_add ("/ipc/server/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("in-order", test_in_order);
  TEST ("turns", test_turns);
  TEST ("turns-and-gone", test_turns_and_gone);
  TEST ("held", test_held);
  TEST ("gone", test_gone);
  TEST ("half-closed", test_half_closed);
  TEST ("oneway", test_oneway);
  TEST ("oneway-and-gone", test_oneway_and_gone);
  TEST ("more", test_more);
  TEST ("standard-errors", test_standard_errors);
  TEST ("parameters", test_parameters);
  TEST ("garbage", test_garbage);
  TEST ("too-large", test_too_large);
  TEST ("half-a-message", test_half_a_message);
  TEST ("idle", test_idle);
  TEST ("reads-nothing", test_reads_nothing);
  TEST ("large-answer", test_large_answer);
  TEST ("too-many-connections", test_too_many_connections);
  TEST ("too-many-bytes", test_too_many_bytes);
  TEST ("too-many-calls", test_too_many_calls);
  TEST ("wrong-uid", test_wrong_uid);
  TEST ("freed-in-flight", test_freed_in_flight);
  TEST ("client", test_client);
  TEST ("client-errors", test_client_errors);
  TEST ("client-denied", test_client_denied);
  return g_test_run ();
}
