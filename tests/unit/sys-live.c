/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live machine: files that fail, answers replayed beside live files, emulators that misbehave.
 */
#include "config.h"

#include "sys/emulator.h"
#include "sys/sys.h"

#include "base/error.h"
#include "base/io.h"

#include "host-copy.h"

#include <fcntl.h>
#include <sys/stat.h>

static void
test_files (void)
{
  hostd_autofd int root_fd = hostd_open_dir_at (AT_FDCWD, "/", NULL);
  g_autoptr (HostdSys) sys = hostd_sys_new_live (root_fd, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_auto (HostdUname) name = { NULL, NULL };

  g_assert_false (hostd_sys_is_recording (sys));
  g_assert_cmpint (hostd_sys_read_file (sys, "proc/cmdline", &text, NULL), ==, HOSTD_READ_VALUE);
  g_clear_pointer (&text, g_free);
  /* Reading address 0 of a process gives EIO, as a broken sysfs attribute does. */
  g_assert_cmpint (hostd_sys_read_file (sys, "proc/thread-self/mem", &text, &error), ==,
                   HOSTD_READ_UNREADABLE);
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_IO);
  g_assert_null (text);
  g_clear_error (&error);
  /* A device is no file to read to its end. */
  g_assert_cmpint (hostd_sys_read_file (sys, "dev/zero", &text, &error), ==, HOSTD_READ_UNREADABLE);
  g_assert_cmpint (hostd_sys_uname (sys, &name, NULL), ==, HOSTD_READ_VALUE);
  g_assert_nonnull (name.machine);
}

/* Files of one root, the processor of a recording. */
static void
test_replay (void)
{
  char *folder = host_copy_new (NULL);
  g_autofree char *recording = g_test_build_filename (G_TEST_DIST, "milan-snp", NULL);
  hostd_autofd int root_fd = hostd_open_dir_at (AT_FDCWD, folder, NULL);
  g_autoptr (GError) error = NULL;
  HostdSys *replay = hostd_sys_new_recording (recording, &error);
  g_autoptr (HostdSys) sys = hostd_sys_new_live (root_fd, replay);
  g_autofree char *text = NULL;
  g_auto (GStrv) emulators = NULL;
  HostdSevAnswer answer;
  HostdCpuid leaf;
  guint64 msr = 0;
  guint kvm = 0;

  g_assert_no_error (error);
  host_copy_edit (folder, "sys/module/kvm_amd/parameters/sev", "N\n", -1);
  g_assert_cmpint (hostd_sys_read_file (sys, "sys/module/kvm_amd/parameters/sev", &text, NULL), ==,
                   HOSTD_READ_VALUE);
  g_assert_cmpstr (text, ==, "N\n");
  g_assert_cmpint (hostd_sys_cpuid (sys, 0x8000001f, 0, &leaf, NULL), ==, HOSTD_READ_VALUE);
  g_assert_cmphex (leaf.eax, ==, 0x0101fd3f);
  g_assert_cmpint (hostd_sys_msr (sys, 0xc0010010, &msr, NULL), ==, HOSTD_READ_VALUE);
  g_assert_cmpint (hostd_sys_kvm_extension (sys, 235, &kvm, NULL), ==, HOSTD_READ_VALUE);
  g_assert_cmphex (kvm, ==, 0x1d);
  g_assert_cmpint (hostd_sys_sev (sys, HOSTD_SEV_PLATFORM_STATUS, &answer, NULL), ==,
                   HOSTD_READ_VALUE);
  g_assert_cmpint (answer.data[1], ==, 55);
  g_assert_cmpint (hostd_sys_emulators (sys, &emulators, NULL), ==, HOSTD_READ_VALUE);
  g_assert_null (emulators[0]);
  host_copy_free (folder);
}

/* A shell script in place of QEMU. */
static char *
write_emulator (const char *folder, const char *body)
{
  g_autofree char *script = g_strconcat ("#!/bin/sh\n", body, "\n", NULL);
  char *path = g_build_filename (folder, "emulator", NULL);

  host_copy_edit (folder, "emulator", script, -1);
  g_assert_cmpint (chmod (path, 0700), ==, 0);
  return path;
}

static void
test_emulator (void)
{
  char *folder = host_copy_new (NULL);
  g_autofree char *path = write_emulator (
      folder,
      "case $1 in --version) echo 'QEMU emulator version 10.0.2 (Debian)';;"
      " *) printf 'List of user creatable objects:\\n  tdx-guest\\n  rng-random\\n';; esac");
  g_autoptr (GError) error = NULL;
  g_autofree char *version = NULL;
  g_auto (GStrv) types = NULL;

  g_assert_cmpint (hostd_emulator_version (path, &version, &error), ==, HOSTD_READ_VALUE);
  g_assert_cmpstr (version, ==, "10.0.2");
  g_assert_cmpint (hostd_emulator_objects (path, &types, &error), ==, HOSTD_READ_VALUE);
  g_assert_cmpuint (g_strv_length (types), ==, 2);
  g_assert_cmpstr (types[0], ==, "rng-random");
  g_assert_cmpstr (types[1], ==, "tdx-guest");
  g_assert_cmpint (hostd_emulator_version ("/no/such/emulator", &version, &error), ==,
                   HOSTD_READ_ABSENT);
  host_copy_free (folder);
}

static void
test_emulator_misbehaves (void)
{
  static const struct {
    const char *body;
    HostdError code;
  } rows[] = {
    { "exec sleep 60", HOSTD_ERROR_TIMEOUT },
    { "exec yes", HOSTD_ERROR_TOO_LARGE },
    { "echo something else", HOSTD_ERROR_INVALID },
    { "exit 1", HOSTD_ERROR_INVALID },
    { "exec >&- 2>&-; exec sleep 60", HOSTD_ERROR_INVALID }, /* closes its output and stays */
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    char *folder = host_copy_new (NULL);
    g_autofree char *path = write_emulator (folder, rows[i].body);
    g_autoptr (GError) error = NULL;
    g_autofree char *version = NULL;
    gint64 start = g_get_monotonic_time ();

    g_assert_cmpint (hostd_emulator_version (path, &version, &error), ==, HOSTD_READ_UNREADABLE);
    g_assert_error (error, HOSTD_ERROR, (int) rows[i].code);
    g_assert_null (version);
    g_assert_cmpint ((g_get_monotonic_time () - start) / 1000, <,
                     HOSTD_EMULATOR_DEADLINE_MS + 3000);
    host_copy_free (folder);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sys/live/files", test_files);
  g_test_add_func ("/sys/live/replay", test_replay);
  g_test_add_func ("/sys/emulator/answers", test_emulator);
  g_test_add_func ("/sys/emulator/misbehaves", test_emulator_misbehaves);
  return g_test_run ();
}
