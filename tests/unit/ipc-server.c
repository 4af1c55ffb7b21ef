/* SPDX-License-Identifier: Apache-2.0 */
/* What is said on a connection, and in which order. */
#include "config.h"

#include "ipc-fixture.h"

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
  return g_test_run ();
}
