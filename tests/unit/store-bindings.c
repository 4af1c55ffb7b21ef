/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "store/bindings.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define UUID "0a1b2c3d-0001-4002-8003-00000000abcd"
#define OTHER "ffffffff-0001-4002-8003-00000000abcd"
#define DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000000"

typedef struct {
  char *state, *folder;
  HostdBindings *bindings;
} Fixture;

static void
setup (Fixture *f, gconstpointer data)
{
  g_autofree char *top = g_dir_make_tmp ("store-bindings-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;

  f->state = g_build_filename (top, "lib", "cloister", NULL);
  f->folder = g_build_filename (f->state, "bindings", NULL);
  f->bindings = hostd_bindings_open (f->state, &error);
  g_assert_no_error (error);
}

static void
teardown (Fixture *f, gconstpointer data)
{
  g_autofree char *above = g_path_get_dirname (f->state);
  g_autofree char *top = g_path_get_dirname (above);
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", top);

  hostd_bindings_free (f->bindings);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (f->state);
  g_free (f->folder);
}

static HostdBinding *
make (const char *uuid, const char *policy, const char *digest)
{
  return hostd_binding_new (uuid, "vm", policy, "<policy/>", digest, HOSTD_TECHNOLOGY_SEV_SNP,
                            NULL);
}

static void
bind_good (Fixture *f, const char *uuid, const char *policy)
{
  g_autoptr (HostdBinding) binding = make (uuid, policy, DIGEST);
  g_autoptr (GError) error = NULL;

  g_assert_true (hostd_bindings_bind (f->bindings, binding, &error));
  g_assert_no_error (error);
}

/* "" where it is not bound. */
static char *
policy_of (Fixture *f, const char *uuid)
{
  g_autoptr (HostdBinding) binding = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (hostd_bindings_lookup (f->bindings, uuid, &binding, &error));
  g_assert_no_error (error);
  return g_strdup (binding ? hostd_binding_get_policy (binding) : "");
}

static void
assert_policy (Fixture *f, const char *uuid, const char *expected)
{
  g_autofree char *policy = policy_of (f, uuid);

  g_assert_cmpstr (policy, ==, expected);
}

static void
write_file (Fixture *f, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_bind (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, UUID, NULL);
  struct stat st;

  assert_policy (f, UUID, "");
  bind_good (f, UUID, "snp");
  assert_policy (f, UUID, "snp");
  assert_policy (f, "0A1B2C3D00014002800300000000ABCD", "snp");
  assert_policy (f, OTHER, "");

  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0600);
  g_assert_cmpint (stat (f->folder, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0700);
}

static void
test_rebind (Fixture *f, gconstpointer data)
{
  g_autoptr (HostdBinding) same = make (UUID, "snp", "sha256:of-a-changed-text");
  g_autoptr (HostdBinding) other_policy = make (UUID, "any", DIGEST);
  g_autoptr (HostdBinding) other_data = make (UUID, "snp", DIGEST);
  g_autoptr (HostdBinding) present = NULL;
  g_autoptr (GError) error = NULL;

  bind_good (f, UUID, "snp");
  hostd_binding_add_data (other_data, "hostData", "AAAA");
  g_assert_false (hostd_bindings_bind (f->bindings, other_policy, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, "snp"));
  g_clear_error (&error);
  g_assert_false (hostd_bindings_bind (f->bindings, other_data, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_EXISTS);
  g_clear_error (&error);

  g_assert_true (hostd_bindings_bind (f->bindings, same, &error));
  g_assert_true (hostd_bindings_lookup (f->bindings, UUID, &present, &error));
  g_assert_cmpstr (hostd_binding_get_policy_digest (present), ==, DIGEST);
}

static void
test_forget (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (hostd_bindings_forget (f->bindings, UUID, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (hostd_bindings_forget (f->bindings, "../x", &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
  g_clear_error (&error);

  bind_good (f, UUID, "snp");
  g_assert_true (hostd_bindings_forget (f->bindings, UUID, &error));
  assert_policy (f, UUID, "");
  bind_good (f, UUID, "any");
  assert_policy (f, UUID, "any");
}

static void
assert_damaged (Fixture *f, int code)
{
  g_autoptr (HostdBinding) binding = NULL;
  g_autoptr (HostdBinding) again = make (UUID, "snp", DIGEST);
  g_autoptr (GError) error = NULL;

  g_assert_false (hostd_bindings_lookup (f->bindings, UUID, &binding, &error));
  g_assert_error (error, HOSTD_ERROR, code);
  g_assert_null (binding);
  g_assert_nonnull (strstr (error->message, f->folder));
  g_assert_nonnull (strstr (error->message, UUID));
  g_clear_error (&error);
  /* And nothing is written over it. */
  g_assert_false (hostd_bindings_bind (f->bindings, again, &error));
  g_assert_error (error, HOSTD_ERROR, code);
}

static void
test_damaged (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, UUID, NULL);
  g_autofree char *other = g_build_filename (f->folder, OTHER, NULL);
  g_autofree char *large = g_strnfill (HOSTD_BINDING_MAX_BYTES + 1, ' ');
  g_autoptr (GError) error = NULL;

  write_file (f, UUID, "");
  assert_damaged (f, HOSTD_ERROR_CORRUPT);
  write_file (f, UUID, "{\"version\": 99}");
  assert_damaged (f, HOSTD_ERROR_UNSUPPORTED);
  write_file (f, UUID, large);
  assert_damaged (f, HOSTD_ERROR_CORRUPT);
  g_assert_true (hostd_bindings_forget (f->bindings, UUID, &error));

  /* Copied over from another domain. */
  bind_good (f, OTHER, "snp");
  g_assert_cmpint (g_rename (other, path), ==, 0);
  assert_damaged (f, HOSTD_ERROR_CORRUPT);
  g_assert_cmpint (g_remove (path), ==, 0);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  assert_damaged (f, HOSTD_ERROR_CORRUPT);
}

static void
test_list (Fixture *f, gconstpointer data)
{
  g_autoptr (HostdReasons) problems = hostd_reasons_new ();
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GError) error = NULL;

  bind_good (f, OTHER, "any");
  bind_good (f, UUID, "snp");
  write_file (f, "11111111-1111-1111-1111-111111111111", "{");
  write_file (f, "README", "what am I");
  list = hostd_bindings_list (f->bindings, problems, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, 2);
  g_assert_cmpstr (hostd_binding_get_uuid (list->pdata[0]), ==, UUID);
  g_assert_cmpstr (hostd_binding_get_uuid (list->pdata[1]), ==, OTHER);
  g_assert_cmpuint (hostd_reasons_count (problems), ==, 2);
}

static void
test_reopen (Fixture *f, gconstpointer data)
{
  g_autofree char *leftover = g_build_filename (f->folder, "." UUID ".0123abcd.tmp", NULL);
  g_autofree char *hidden = g_build_filename (f->folder, ".keep", NULL);
  g_autoptr (GError) error = NULL;
  guint64 device, inode;
  struct stat st;

  bind_good (f, UUID, "snp");
  write_file (f, "." UUID ".0123abcd.tmp", "half a bind");
  write_file (f, ".keep", "");
  hostd_bindings_free (f->bindings);
  f->bindings = hostd_bindings_open (f->state, &error);
  g_assert_no_error (error);
  assert_policy (f, UUID, "snp");
  g_assert_false (g_file_test (leftover, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (hidden, G_FILE_TEST_EXISTS));

  g_assert_cmpint (stat (f->folder, &st), ==, 0);
  hostd_bindings_get_identity (f->bindings, &device, &inode);
  g_assert_cmpuint (device, ==, st.st_dev);
  g_assert_cmpuint (inode, ==, st.st_ino);
}

static void
test_folder_gone (Fixture *f, gconstpointer data)
{
  g_autoptr (HostdBinding) binding = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_assert_false (hostd_bindings_lookup (f->bindings, UUID, &binding, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_CORRUPT);
}

static void
test_folder_open_to_others (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_chmod (f->folder, 0777), ==, 0);
  g_assert_null (hostd_bindings_open (f->state, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_DENIED);
}

static guint
count_files (Fixture *f)
{
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  guint count = 0;

  while (g_dir_read_name (dir))
    count++;
  return count;
}

/*
 * A disk without room, by a limit on the size of a file: write() fails after some bytes, as it does
 * with ENOSPC. In a child, since the limit holds for our own output too.
 */
static void
test_no_room (Fixture *f, gconstpointer data)
{
  pid_t child;
  int status;

  bind_good (f, OTHER, "snp");
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0) {
    struct rlimit limit = { 64, 64 };
    g_autoptr (HostdBinding) binding = make (UUID, "snp", DIGEST);
    g_autoptr (GError) error = NULL;

    signal (SIGXFSZ, SIG_IGN);
    setrlimit (RLIMIT_FSIZE, &limit);
    _exit (hostd_bindings_bind (f->bindings, binding, &error) ? 1 : error ? 0 : 2);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  assert_policy (f, UUID, "");
  assert_policy (f, OTHER, "snp");
  g_assert_cmpuint (count_files (f), ==, 1); /* no temporary file is left */
  bind_good (f, UUID, "snp");
  assert_policy (f, UUID, "snp");
}

/* Killed in the middle of it, over and over: whoever was told yes finds his binding. */
static void
test_killed (Fixture *f, gconstpointer data)
{
  for (guint round = 0; round < 50; round++) {
    int told[2], status;
    char last = 0;
    pid_t child;

    g_assert_cmpint (pipe (told), ==, 0);
    child = fork ();
    g_assert_cmpint (child, >=, 0);
    if (child == 0) {
      for (char i = 1; i < 100; i++) {
        g_autofree char *uuid = g_strdup_printf ("%08x-0000-0000-0000-%012d", round, i);
        g_autoptr (HostdBinding) binding = make (uuid, "snp", DIGEST);

        if (!hostd_bindings_bind (f->bindings, binding, NULL) || write (told[1], &i, 1) != 1)
          _exit (1);
      }
      _exit (0);
    }
    close (told[1]);
    g_usleep (g_random_int_range (0, 4000));
    kill (child, SIGKILL);
    waitpid (child, &status, 0);
    while (read (told[0], &last, 1) == 1) {
      g_autofree char *uuid = g_strdup_printf ("%08x-0000-0000-0000-%012d", round, last);

      assert_policy (f, uuid, "snp");
    }
    close (told[0]);
  }
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    { "bind", test_bind },
    { "rebind", test_rebind },
    { "forget", test_forget },
    { "damaged", test_damaged },
    { "list", test_list },
    { "reopen", test_reopen },
    { "folder-gone", test_folder_gone },
    { "folder-open-to-others", test_folder_open_to_others },
    { "no-room", test_no_room },
    { "killed", test_killed },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree char *path = g_strconcat ("/store/bindings/", tests[i].name, NULL);

    g_test_add (path, Fixture, NULL, setup, tests[i].test, teardown);
  }
  return g_test_run ();
}
