/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/prober.h"

#include "base/error.h"

/*
 * A probe that comes back when it is let go: its number, in order of beginning, has to be in
 * @let_go. All that is shared with the threads has @lock.
 */
static struct {
  GMutex lock;
  GCond cond;
  guint begun, running, most;
  guint64 let_go; /* bits */
  gboolean fail;
} world;

static HostdFacts *
read_slowly (const char *recording, HostdSysAsking asking, gpointer data, GError **error)
{
  g_autofree char *place = NULL;
  HostdFacts *facts = NULL;
  guint number;

  g_mutex_lock (&world.lock);
  number = ++world.begun;
  world.running++;
  world.most = MAX (world.most, world.running);
  place = g_strdup_printf ("/sys/%s/%u", recording, number);
  asking (place, data);
  g_cond_broadcast (&world.cond);
  while ((world.let_go & (G_GUINT64_CONSTANT (1) << number)) == 0)
    g_cond_wait (&world.cond, &world.lock);
  world.running--;
  if (world.fail) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "no such host");
  } else {
    facts = hostd_facts_new ();
    facts->source = g_strdup_printf ("probe %u", number);
  }
  g_cond_broadcast (&world.cond);
  g_mutex_unlock (&world.lock);
  return facts;
}

static void
let_go (guint number)
{
  g_mutex_lock (&world.lock);
  world.let_go |= G_GUINT64_CONSTANT (1) << number;
  g_cond_broadcast (&world.cond);
  g_mutex_unlock (&world.lock);
}

/* Everything is let go, and every thread has gone. */
static void
clean_up (void)
{
  g_mutex_lock (&world.lock);
  world.let_go = G_MAXUINT64;
  g_cond_broadcast (&world.cond);
  while (world.running > 0)
    g_cond_wait (&world.cond, &world.lock);
  g_assert_cmpuint (world.most, <=, 2);
  world.begun = world.most = 0;
  world.let_go = 0;
  world.fail = FALSE;
  g_mutex_unlock (&world.lock);
  /* Of threads whose prober is gone: what they have to tell goes nowhere. */
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
wait_until_begun (guint count)
{
  g_mutex_lock (&world.lock);
  while (world.begun < count)
    g_cond_wait (&world.cond, &world.lock);
  g_assert_cmpuint (world.begun, ==, count);
  g_mutex_unlock (&world.lock);
}

/* What was told, one line each: "2 b, c: probe 2". */
static GString *told;

static void
on_done (guint64 number, const char *why, HostdFacts *facts, GError *error, gpointer data)
{
  g_autoptr (HostdFacts) taken G_GNUC_UNUSED = facts;
  g_autoptr (GError) owned G_GNUC_UNUSED = error;

  g_assert_true ((facts == NULL) != (error == NULL));
  g_string_append_printf (told, "%" G_GUINT64_FORMAT " %s: %s\n", number, why,
                          facts != NULL ? facts->source : error->message);
}

static void
expect (const char *lines)
{
  while (told->len < strlen (lines))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (told->str, ==, lines);
  g_string_truncate (told, 0);
}

static HostdProber *
make (guint deadline)
{
  return hostd_prober_new (read_slowly, "host", deadline, on_done, NULL);
}

#define HANGS(n) "the probe of the host hangs at /sys/host/" n " for more than 1 seconds\n"

static void
test_back (void)
{
  HostdProber *prober = make (60);

  g_assert_false (hostd_prober_is_running (prober));
  g_assert_cmpuint (hostd_prober_request (prober, "start"), ==, 1);
  g_assert_true (hostd_prober_is_running (prober));
  let_go (1);
  expect ("1 start: probe 1\n");
  g_assert_false (hostd_prober_is_running (prober));
  g_assert_null (hostd_prober_get_hang (prober));
  world.fail = TRUE;
  hostd_prober_request (prober, "reload");
  let_go (2);
  expect ("2 reload: no such host\n");
  g_assert_true (hostd_prober_end (prober));
  clean_up ();
}

/* What is asked for while one runs is one more: the one that runs may have passed the place. */
static void
test_together (void)
{
  HostdProber *prober = make (60);

  g_assert_cmpuint (hostd_prober_request (prober, "a"), ==, 1);
  g_assert_cmpuint (hostd_prober_request (prober, "b"), ==, 2);
  g_assert_cmpuint (hostd_prober_request (prober, "c"), ==, 2);
  g_assert_cmpuint (hostd_prober_request (prober, "b"), ==, 2);
  wait_until_begun (1);
  let_go (1);
  expect ("1 a: probe 1\n");
  wait_until_begun (2);
  let_go (2);
  expect ("2 b, c: probe 2\n");
  g_assert_cmpuint (hostd_prober_request (prober, "d"), ==, 3);
  let_go (3);
  expect ("3 d: probe 3\n");
  g_assert_cmpuint (world.most, ==, 1);
  g_assert_true (hostd_prober_end (prober));
  clean_up ();
}

static void
test_hangs (void)
{
  HostdProber *prober = make (1);
  g_autofree char *at = NULL;

  hostd_prober_request (prober, "a");
  expect ("1 a: " HANGS ("1"));
  at = hostd_prober_get_hang (prober);
  g_assert_cmpstr (at, ==, "/sys/host/1");
  g_assert_false (hostd_prober_is_running (prober));

  /* One beside it, and no third, however often it is asked for. */
  g_assert_cmpuint (hostd_prober_request (prober, "b"), ==, 2);
  g_assert_cmpuint (hostd_prober_request (prober, "c"), ==, 3);
  expect ("2 b: " HANGS ("2") "3 c: " HANGS ("2"));
  g_assert_cmpuint (hostd_prober_request (prober, "d"), ==, 0);
  g_assert_cmpuint (world.begun, ==, 2);

  /* The second comes back: that is news, and what was asked for begins. */
  let_go (2);
  expect ("2 b: probe 2\n");
  wait_until_begun (3);
  /* The first comes back after the second: older, so nobody is told. */
  let_go (1);
  let_go (3);
  expect ("3 c, d: probe 3\n");
  g_assert_true (hostd_prober_end (prober));
  clean_up ();
}

/* Nobody asked again meanwhile. */
static void
test_back_after_all (void)
{
  HostdProber *prober = make (1);

  hostd_prober_request (prober, "a");
  expect ("1 a: " HANGS ("1"));
  let_go (1);
  expect ("1 a: probe 1\n");
  g_assert_null (hostd_prober_get_hang (prober));
  g_assert_true (hostd_prober_end (prober));
  clean_up ();
}

static void
test_wait (void)
{
  HostdProber *prober = make (1);

  let_go (1);
  hostd_prober_request (prober, "a");
  hostd_prober_wait (prober);
  g_assert_cmpstr (told->str, ==, "1 a: probe 1\n");
  g_string_truncate (told, 0);
  hostd_prober_request (prober, "b");
  hostd_prober_wait (prober);
  g_assert_cmpstr (told->str, ==, "2 b: " HANGS ("2"));
  g_string_truncate (told, 0);
  hostd_prober_wait (prober); /* for none */
  let_go (2);
  expect ("2 b: probe 2\n");
  g_assert_true (hostd_prober_end (prober));
  clean_up ();
}

static void
test_end (void)
{
  HostdProber *prober = make (60);

  hostd_prober_request (prober, "a");
  wait_until_begun (1);
  g_assert_false (hostd_prober_end (prober));
  clean_up ();
  g_assert_cmpuint (told->len, ==, 0);
  g_assert_true (hostd_prober_end (NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  told = g_string_new (NULL);
  g_test_add_func ("/prober/back", test_back);
  g_test_add_func ("/prober/together", test_together);
  g_test_add_func ("/prober/hangs", test_hangs);
  g_test_add_func ("/prober/back-after-all", test_back_after_all);
  g_test_add_func ("/prober/wait", test_wait);
  g_test_add_func ("/prober/end", test_end);
  return g_test_run ();
}
