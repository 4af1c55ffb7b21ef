/* SPDX-License-Identifier: Apache-2.0 */
/* The client library against a server. */
#include "config.h"

#include "ipc-fixture.h"
#include "ipc/client.h"

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("client", test_client);
  TEST ("client-errors", test_client_errors);
  TEST ("client-denied", test_client_denied);
  return g_test_run ();
}
