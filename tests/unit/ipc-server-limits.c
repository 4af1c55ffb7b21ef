/* SPDX-License-Identifier: Apache-2.0 */
/* What a client may make the server hold, and how long it may take. */
#include "config.h"

#include "ipc-fixture.h"

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

/* Who fills one socket does not close the others. */
static void
test_sockets_apart (Fixture *f, gconstpointer data)
{
  Fixture other = { .limits = f->limits };
  int fds[2];
  hostd_autofd int more = -1;

  f->limits.connections = 2;
  start (f, getuid ());
  other.server = f->server;
  listen_too (&other, getuid ());
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = join (f);
  more = join (f);
  assert_heard_error (more, HOSTD_WIRE_ERROR ".Busy");
  assert_others_are_served (&other);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  remove_socket (&other);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
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
  TEST ("sockets-apart", test_sockets_apart);
  return g_test_run ();
}
