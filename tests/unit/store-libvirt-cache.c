/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "store/libvirt-cache.h"

#include "base/error.h"
#include "base/json.h"

#include <glib/gstdio.h>
#include <string.h>

static char *folder, *file;

static void
make_folder (void)
{
  folder = g_dir_make_tmp ("cloister-XXXXXX", NULL);
  file = g_build_filename (folder, "libvirt-answers.json", NULL);
}

static void
remove_folder (void)
{
  g_unlink (file);
  g_rmdir (folder);
  g_clear_pointer (&file, g_free);
  g_clear_pointer (&folder, g_free);
}

static HostdLibvirtCache *
open_cache (void)
{
  g_autoptr (GError) error = NULL;
  HostdLibvirtCache *cache = hostd_libvirt_cache_open (folder, &error);

  g_assert_no_error (error);
  return cache;
}

static void
keep (HostdLibvirtCache *cache, const char *emulator, const char *xml, gint64 time)
{
  const HostdLibvirtAnswer answer = {
    .emulator = (char *) emulator,
    .identity = (char *) "1 2 3 4.5 6.7",
    .host = (char *) "a host",
    .libvirt = 11003000,
    .qemu = 10000002,
    .time = time,
    .xml = (char *) xml,
  };

  hostd_libvirt_cache_keep (cache, &answer);
}

static void
test_kept (void)
{
  g_autoptr (HostdLibvirtCache) cache = NULL;
  const HostdLibvirtAnswer *found;
  GStatBuf st;

  make_folder ();
  cache = open_cache ();
  g_assert_null (hostd_libvirt_cache_get_trouble (cache));
  g_assert_null (hostd_libvirt_cache_find (cache, "/usr/bin/qemu"));
  keep (cache, "/usr/bin/qemu", "<domainCapabilities>\"\\</domainCapabilities>\n", 5);
  g_assert_null (hostd_libvirt_cache_get_trouble (cache));
  g_clear_pointer (&cache, hostd_libvirt_cache_free);

  cache = open_cache ();
  g_assert_null (hostd_libvirt_cache_get_trouble (cache));
  g_assert_null (hostd_libvirt_cache_find (cache, "/usr/bin/other"));
  found = hostd_libvirt_cache_find (cache, "/usr/bin/qemu");
  g_assert_nonnull (found);
  g_assert_cmpstr (found->identity, ==, "1 2 3 4.5 6.7");
  g_assert_cmpstr (found->host, ==, "a host");
  g_assert_cmpuint (found->libvirt, ==, 11003000);
  g_assert_cmpuint (found->qemu, ==, 10000002);
  g_assert_cmpint (found->time, ==, 5);
  g_assert_cmpstr (found->xml, ==, "<domainCapabilities>\"\\</domainCapabilities>\n");
  g_assert_cmpint (g_stat (file, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0600);

  /* The same again is not written: the file stays the one it is. */
  keep (cache, "/usr/bin/qemu", "<domainCapabilities>\"\\</domainCapabilities>\n", 6);
  {
    GStatBuf again;

    g_assert_cmpint (g_stat (file, &again), ==, 0);
    g_assert_cmpuint (again.st_ino, ==, st.st_ino);
  }
  keep (cache, "/usr/bin/qemu", "<x/>", 7);
  found = hostd_libvirt_cache_find (cache, "/usr/bin/qemu");
  g_assert_cmpstr (found->xml, ==, "<x/>");
  remove_folder ();
}

/* One more than are kept: the one that was asked longest ago goes. */
static void
test_bounded (void)
{
  g_autoptr (HostdLibvirtCache) cache = NULL;
  g_autofree char *huge = g_strnfill (HOSTD_LIBVIRT_CACHE_MAX_XML + 1, 'x');

  make_folder ();
  cache = open_cache ();
  for (guint i = 0; i <= HOSTD_LIBVIRT_CACHE_MAX; i++) {
    g_autofree char *emulator = g_strdup_printf ("/qemu/%u", i);

    keep (cache, emulator, "<x/>", i);
  }
  g_assert_null (hostd_libvirt_cache_find (cache, "/qemu/0"));
  keep (cache, "/qemu/1", huge, 20);
  g_assert_cmpstr (hostd_libvirt_cache_find (cache, "/qemu/1")->xml, ==, "<x/>");
  huge[HOSTD_LIBVIRT_CACHE_MAX_XML] = '\0';
  for (guint i = 1; i <= HOSTD_LIBVIRT_CACHE_MAX; i++) {
    g_autofree char *emulator = g_strdup_printf ("/qemu/%u", i);

    keep (cache, emulator, huge, 20 + i);
  }
  g_assert_null (hostd_libvirt_cache_get_trouble (cache));
  g_clear_pointer (&cache, hostd_libvirt_cache_free);
  cache = open_cache ();
  g_assert_null (hostd_libvirt_cache_get_trouble (cache));
  for (guint i = 1; i <= HOSTD_LIBVIRT_CACHE_MAX; i++) {
    g_autofree char *emulator = g_strdup_printf ("/qemu/%u", i);

    g_assert_nonnull (hostd_libvirt_cache_find (cache, emulator));
  }
  remove_folder ();
}

#define GOOD                                                                                       \
  "\"emulator\":\"/q\",\"identity\":\"i\",\"host\":\"h\",\"libvirt\":1,\"qemu\":2,\"time\":3"

/* Garbage is none, and is said; the next answer is written over it. */
static void
test_garbage (void)
{
  static const char *const texts[] = {
    "",
    "garbage",
    "[]",
    "{}",
    "{\"version\":1}",
    "{\"version\":2,\"answers\":[]}",
    "{\"version\":\"1\",\"answers\":[]}",
    "{\"version\":1,\"answers\":{}}",
    "{\"version\":1,\"answers\":[1]}",
    "{\"version\":1,\"answers\":[{}]}",
    "{\"version\":1,\"answers\":[{" GOOD "}]}",
    "{\"version\":1,\"answers\":[{" GOOD ",\"xml\":5}]}",
    "{\"version\":1,\"answers\":[{" GOOD ",\"xml\":\"<x/>\"},7]}",
    "{\"version\":1,\"answers\":[{\"emulator\":\"q\",\"identity\":\"i\",\"host\":\"h\","
    "\"libvirt\":1,\"qemu\":2,\"time\":3,\"xml\":\"<x/>\"}]}",
    "{\"version\":1,\"answers\":[{\"emulator\":\"/q\",\"identity\":\"i\",\"host\":\"h\","
    "\"libvirt\":-1,\"qemu\":2,\"time\":3,\"xml\":\"<x/>\"}]}",
    "{\"version\":1,\"answers\":[{" GOOD ",\"xml\":\"<x/>\"}]",
    "\xff\xfe{}",
  };

  make_folder ();
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (HostdLibvirtCache) cache = NULL;

    g_assert_true (g_file_set_contents (file, texts[i], -1, NULL));
    cache = open_cache ();
    g_assert_nonnull (hostd_libvirt_cache_get_trouble (cache));
    g_assert_null (strchr (hostd_libvirt_cache_get_trouble (cache), '\n'));
    g_assert_null (hostd_libvirt_cache_find (cache, "/q"));
    keep (cache, "/q", "<x/>", 9);
    g_assert_null (hostd_libvirt_cache_get_trouble (cache));
    g_clear_pointer (&cache, hostd_libvirt_cache_free);
    cache = open_cache ();
    g_assert_null (hostd_libvirt_cache_get_trouble (cache));
    g_assert_nonnull (hostd_libvirt_cache_find (cache, "/q"));
  }
  g_assert_true (g_file_set_contents (
      file, "{\"version\":1,\"more\":true,\"answers\":[{" GOOD ",\"xml\":\"<x/>\"}]}", -1, NULL));
  {
    g_autoptr (HostdLibvirtCache) cache = open_cache ();

    g_assert_null (hostd_libvirt_cache_get_trouble (cache));
    g_assert_nonnull (hostd_libvirt_cache_find (cache, "/q"));
  }
  remove_folder ();
}

static void
test_unwritable (void)
{
  g_autoptr (HostdLibvirtCache) cache = NULL;
  g_autoptr (GError) error = NULL;

  make_folder ();
  g_assert_cmpint (g_mkdir (file, 0700), ==, 0);
  cache = open_cache ();
  g_assert_nonnull (hostd_libvirt_cache_get_trouble (cache));
  keep (cache, "/q", "<x/>", 9);
  g_assert_nonnull (hostd_libvirt_cache_get_trouble (cache));
  g_assert_nonnull (hostd_libvirt_cache_find (cache, "/q"));
  g_assert_cmpint (g_rmdir (file), ==, 0);
  remove_folder ();
  g_assert_null (hostd_libvirt_cache_open ("/nonexistent", &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND);
}

static void
test_identity (void)
{
  g_autofree char *one = NULL, *same = NULL, *other = NULL;

  make_folder ();
  g_assert_null (hostd_libvirt_cache_identify (file));
  g_assert_true (g_file_set_contents (file, "a", 1, NULL));
  one = hostd_libvirt_cache_identify (file);
  same = hostd_libvirt_cache_identify (file);
  g_assert_cmpstr (one, ==, same);
  /* Of the same length: another file took its name. */
  g_assert_true (g_file_set_contents (file, "b", 1, NULL));
  other = hostd_libvirt_cache_identify (file);
  g_assert_cmpstr (one, !=, other);
  remove_folder ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/libvirt-cache/kept", test_kept);
  g_test_add_func ("/libvirt-cache/bounded", test_bounded);
  g_test_add_func ("/libvirt-cache/garbage", test_garbage);
  g_test_add_func ("/libvirt-cache/unwritable", test_unwritable);
  g_test_add_func ("/libvirt-cache/identity", test_identity);
  return g_test_run ();
}
