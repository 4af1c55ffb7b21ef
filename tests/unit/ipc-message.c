/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "base/json.h"
#include "ipc/message.h"
#include "ipc/wire.h"

#include <string.h>

static HostdRequestMessage *
parse (const char *text, GError **error)
{
  return hostd_request_message_parse (text, strlen (text), error);
}

static void
test_request (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdRequestMessage) full = NULL;
  g_autoptr (HostdRequestMessage) bare = NULL;
  g_autoptr (HostdRequestMessage) nulls = NULL;

  full = parse ("{\"method\":\"a.B\",\"parameters\":{\"x\":\"y\"},\"more\":true,\"oneway\":false}",
                &error);
  g_assert_no_error (error);
  g_assert_cmpstr (full->method, ==, "a.B");
  g_assert_cmpstr (hostd_json_get_string (full->parameters, "x"), ==, "y");
  g_assert_true (full->more);
  g_assert_false (full->oneway);

  bare = parse ("{\"method\":\"a.B\"}", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_object_get_size (bare->parameters), ==, 0);

  nulls = parse ("{\"method\":\"a.B\",\"parameters\":null,\"more\":null}", &error);
  g_assert_no_error (error);
  g_assert_false (nulls->more);
}

static void
test_bad_request (void)
{
  static const struct {
    const char *text;
    HostdError code;
  } cases[] = {
    { "", HOSTD_ERROR_INVALID },
    { " ", HOSTD_ERROR_INVALID },
    { "[]", HOSTD_ERROR_INVALID },
    { "{}", HOSTD_ERROR_INVALID },
    { "{\"method\":7}", HOSTD_ERROR_INVALID },
    { "{\"method\":\"a.B\"", HOSTD_ERROR_INVALID },
    { "{\"method\":\"a.B\"}{\"method\":\"a.B\"}", HOSTD_ERROR_INVALID },
    { "{\"method\":\"a.B\",\"parameters\":[]}", HOSTD_ERROR_INVALID },
    { "{\"method\":\"a.B\",\"parameters\":\"x\"}", HOSTD_ERROR_INVALID },
    { "{\"method\":\"a.B\",\"oneway\":1}", HOSTD_ERROR_INVALID },
    { "{\"method\":\"a.B\",\"more\":\"yes\"}", HOSTD_ERROR_INVALID },
    { "{\"method\":\"a.B\",\"color\":true}", HOSTD_ERROR_INVALID },
    { "{\"method\":\"a.\xff\"}", HOSTD_ERROR_INVALID },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_test_message ("case %u", i);
    g_assert_null (parse (cases[i].text, &error));
    g_assert_error (error, HOSTD_ERROR, (int) cases[i].code);
  }
}

/* The limit holds in brackets of both kinds, and a thousand levels cost nothing. */
static void
test_depth (void)
{
  for (guint depth = HOSTD_WIRE_MAX_DEPTH - 1; depth <= 1000; depth += 491) {
    g_autoptr (GString) text = g_string_new ("{\"method\":\"a.B\",\"parameters\":{\"x\":");
    g_autoptr (GError) error = NULL;
    g_autoptr (HostdRequestMessage) request = NULL;

    for (guint i = 2; i < depth; i++)
      g_string_append_c (text, '[');
    for (guint i = 2; i < depth; i++)
      g_string_append_c (text, ']');
    g_string_append (text, "}}");
    request = hostd_request_message_parse (text->str, text->len, &error);
    if (depth <= HOSTD_WIRE_MAX_DEPTH)
      g_assert_no_error (error);
    else
      g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE);
  }
}

static void
test_limits_agree (void)
{
  g_assert_cmpuint (HOSTD_WIRE_MAX_MESSAGE, ==, HOSTD_JSON_MAX_BYTES);
  g_assert_cmpuint (HOSTD_WIRE_MAX_DEPTH, ==, HOSTD_JSON_MAX_DEPTH);
}

/* The hook compares bytes: wire.h promises these. */
static void
test_reply_bytes (void)
{
  g_autoptr (JsonObject) allow = json_object_new ();
  g_autoptr (JsonObject) veto = json_object_new ();
  g_autofree char *allowed = NULL;
  g_autofree char *vetoed = NULL;
  g_autofree char *empty = hostd_message_of_reply (NULL);

  json_object_set_string_member (allow, HOSTD_WIRE_VERDICT, HOSTD_WIRE_VERDICT_ALLOW);
  allowed = hostd_message_of_reply (allow);
  g_assert_cmpstr (allowed, ==, HOSTD_WIRE_REPLY_ALLOW);

  json_object_set_string_member (veto, HOSTD_WIRE_VERDICT, HOSTD_WIRE_VERDICT_VETO);
  json_object_set_string_member (veto, HOSTD_WIRE_REASON, "say \"no\"\n");
  vetoed = hostd_message_of_reply (veto);
  g_assert_true (g_str_has_prefix (vetoed, HOSTD_WIRE_REPLY_VETO));
  g_assert_cmpstr (vetoed + strlen (HOSTD_WIRE_REPLY_VETO), ==,
                   ",\"reason\":\"say \\\"no\\\"\\n\"}}");

  g_assert_cmpstr (empty, ==, "{\"parameters\":{}}");
}

/* An error goes over the wire and comes back as itself, whatever bytes are in its message. */
static void
test_error_round_trip (void)
{
  for (guint i = 0; i < HOSTD_ERROR_LAST_; i++) {
    g_autoptr (GError) sent = g_error_new_literal (HOSTD_ERROR, i, "a \"b\" \xff c");
    g_autoptr (GError) received = NULL;
    g_autofree char *text = hostd_message_of_gerror (sent);

    g_assert_null (hostd_reply_message_parse (text, strlen (text), &received));
    g_assert_error (received, HOSTD_ERROR, (int) i);
    g_assert_true (g_str_has_prefix (received->message, "a \"b\" "));
  }
}

static void
test_foreign_error (void)
{
  static const struct {
    const char *text;
    HostdError code;
    const char *says;
  } cases[] = {
    { "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":\"a.B\"}}",
      HOSTD_ERROR_UNSUPPORTED, "a.B" },
    { "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"xml\"}}",
      HOSTD_ERROR_INVALID, "xml" },
    { "{\"error\":\"org.varlink.service.PermissionDenied\"}", HOSTD_ERROR_DENIED, "denied" },
    { "{\"error\":\"org.example.Odd\"}", HOSTD_ERROR_FAILED, "org.example.Odd" },
    { "nonsense", HOSTD_ERROR_INVALID, "cannot be read" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (hostd_reply_message_parse (cases[i].text, strlen (cases[i].text), &error));
    g_assert_error (error, HOSTD_ERROR, (int) cases[i].code);
    g_assert_nonnull (strstr (error->message, cases[i].says));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ipc/message/request", test_request);
  g_test_add_func ("/ipc/message/bad-request", test_bad_request);
  g_test_add_func ("/ipc/message/depth", test_depth);
  g_test_add_func ("/ipc/message/limits-agree", test_limits_agree);
  g_test_add_func ("/ipc/message/reply-bytes", test_reply_bytes);
  g_test_add_func ("/ipc/message/error-round-trip", test_error_round_trip);
  g_test_add_func ("/ipc/message/foreign-error", test_foreign_error);
  return g_test_run ();
}
