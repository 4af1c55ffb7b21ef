/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/arming.h"

#include <glib/gstdio.h>

#define A "0a1b2c3d-0001-4002-8003-00000000000a"
#define B "0a1b2c3d-0001-4002-8003-00000000000b"
#define GRACE 100

typedef struct {
  char *state, *file;
  HostdAlarm *alarm;
  HostdArming *arming;
} Fixture;

static void
open_it (Fixture *f)
{
  f->alarm = hostd_alarm_open (f->state, NULL);
  g_assert_nonnull (f->alarm);
  f->arming = hostd_arming_new (f->alarm, 1000, GRACE);
}

static void
close_it (Fixture *f)
{
  hostd_arming_free (f->arming);
  hostd_alarm_free (f->alarm);
}

static void
setup (Fixture *f, gconstpointer data)
{
  f->state = g_dir_make_tmp ("arming-XXXXXX", NULL);
  f->file = g_build_filename (f->state, "gate-not-armed", NULL);
  open_it (f);
}

static void
teardown (Fixture *f, gconstpointer data)
{
  close_it (f);
  g_unlink (f->file);
  g_assert_cmpint (g_rmdir (f->state), ==, 0);
  g_free (f->file);
  g_free (f->state);
}

static HostdArmingChange
start (Fixture *f, const char *uuid)
{
  return hostd_arming_note_started (f->arming, uuid, "web", 1000 + GRACE, 42);
}

static HostdArmingChange
hook (Fixture *f, const char *uuid, const char *operation)
{
  return hostd_arming_note_hook (f->arming, uuid, operation, TRUE);
}

static void
assert_state (Fixture *f, HostdArmingState expected)
{
  g_autofree char *line = hostd_arming_describe (f->arming);

  g_assert_cmpstr (hostd_arming_state_name (hostd_arming_get_state (f->arming)), ==,
                   hostd_arming_state_name (expected));
  g_assert_true ((line != NULL) == (expected == HOSTD_ARMING_NOT_ARMED));
  g_assert_true (g_file_test (f->file, G_FILE_TEST_EXISTS) == (line != NULL));
}

static void
test_matched (Fixture *f, gconstpointer data)
{
  assert_state (f, HOSTD_ARMING_UNPROVEN);
  hook (f, A, "prepare");
  hook (f, A, "start");
  assert_state (f, HOSTD_ARMING_ARMED);
  hook (f, A, "started");
  g_assert_cmpint (start (f, A), ==, HOSTD_ARMING_SAME);
  assert_state (f, HOSTD_ARMING_ARMED);
}

/* What the hook told once stands for one start. */
static void
test_each_start (Fixture *f, gconstpointer data)
{
  hook (f, A, "start");
  g_assert_cmpint (start (f, A), ==, HOSTD_ARMING_SAME);
  g_assert_cmpint (start (f, A), ==, HOSTD_ARMING_RAISED);
  assert_state (f, HOSTD_ARMING_NOT_ARMED);
  g_assert_cmpint (start (f, B), ==, HOSTD_ARMING_SAME); /* told already */
}

static void
test_vetoed_or_released (Fixture *f, gconstpointer data)
{
  hostd_arming_note_hook (f->arming, A, "start", FALSE);
  g_assert_cmpint (start (f, A), ==, HOSTD_ARMING_RAISED);
  hook (f, B, "start");
  hook (f, B, "release");
  assert_state (f, HOSTD_ARMING_ARMED);
  g_assert_cmpint (start (f, B), ==, HOSTD_ARMING_RAISED);
}

static void
test_of_another (Fixture *f, gconstpointer data)
{
  hook (f, A, "start");
  g_assert_cmpint (start (f, B), ==, HOSTD_ARMING_RAISED);
}

static void
test_grace (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (hostd_arming_note_started (f->arming, A, "web", 1000 + GRACE - 1, 42), ==,
                   HOSTD_ARMING_SAME);
  assert_state (f, HOSTD_ARMING_UNPROVEN);
}

static void
test_cures (Fixture *f, gconstpointer data)
{
  start (f, A);
  g_assert_cmpint (hook (f, NULL, "prepare"), ==, HOSTD_ARMING_CURED);
  assert_state (f, HOSTD_ARMING_ARMED);
  start (f, A);
  g_assert_cmpint (hostd_arming_note_libvirt (f->arming), ==, HOSTD_ARMING_CURED);
  assert_state (f,
                HOSTD_ARMING_UNPROVEN); /* it has read its hooks, and not shown that it runs ours */
  g_assert_cmpint (hostd_arming_note_libvirt (f->arming), ==, HOSTD_ARMING_SAME);
}

static void
test_outlives_hostd (Fixture *f, gconstpointer data)
{
  g_autofree char *line = NULL;

  start (f, A);
  close_it (f);
  open_it (f);
  assert_state (f, HOSTD_ARMING_NOT_ARMED);
  line = hostd_arming_describe (f->arming);
  g_assert_nonnull (strstr (line, A));
  g_assert_nonnull (strstr (line, "web"));
  g_assert_cmpint (hostd_alarm_get_time (f->alarm), ==, 42);
}

static void
test_garbled_file (Fixture *f, gconstpointer data)
{
  close_it (f);
  g_assert_true (g_file_set_contents (f->file, "{", -1, NULL));
  open_it (f);
  assert_state (f, HOSTD_ARMING_NOT_ARMED);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "matched", test_matched },
    { "each-start", test_each_start },
    { "vetoed-or-released", test_vetoed_or_released },
    { "of-another", test_of_another },
    { "grace", test_grace },
    { "cures", test_cures },
    { "outlives-hostd", test_outlives_hostd },
    { "garbled-file", test_garbled_file },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree char *path = g_strconcat ("/arming/", tests[i].name, NULL);

    g_test_add (path, Fixture, NULL, setup, tests[i].test, teardown);
  }
  return g_test_run ();
}
