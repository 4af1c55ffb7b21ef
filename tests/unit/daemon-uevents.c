/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/uevents.h"

#include <string.h>
#include <umockdev.h>

/*
 * A /sys and a kernel of the test's own: umockdev, which has to be preloaded (umockdev-wrapper).
 * The last event of each case is one that is told of, so that nothing waits for what must not come.
 */

static UMockdevTestbed *testbed;
static GString *told;

static void
on_events (const char *what, gpointer data)
{
  g_string_append_printf (told, "%s\n", what);
}

/* Each test has a /sys of its own. */
static void
begin (void *fixture, gconstpointer data)
{
  g_clear_object (&testbed);
  testbed = umockdev_testbed_new ();
}

static HostdUevents *
listen (guint quiet_ms)
{
  g_autoptr (GError) error = NULL;
  HostdUevents *events = hostd_uevents_new (quiet_ms, on_events, NULL, &error);

  g_assert_no_error (error);
  g_string_truncate (told, 0);
  return events;
}

static void
expect (const char *lines)
{
  while (strlen (told->str) < strlen (lines))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (told->str, ==, lines);
  g_string_truncate (told, 0);
}

static char *
add (const char *subsystem, const char *name, const char *property, const char *value)
{
  const char *properties[] = { property, value, NULL };
  char *path = umockdev_testbed_add_devicev (testbed, subsystem, name, NULL, (char *[]){ NULL },
                                             (char **) properties);

  g_assert_nonnull (path);
  return path;
}

static void
send (const char *path, const char *action)
{
  umockdev_testbed_uevent (testbed, path, action);
}

static void
test_one (void *fixture, gconstpointer data)
{
  g_autofree char *sev = add ("misc", "sev", NULL, NULL);
  g_autoptr (HostdUevents) events G_GNUC_UNUSED = listen (20);

  send (sev, "add");
  expect ("add misc sev\n");
  send (sev, "remove");
  expect ("remove misc sev\n");
}

/* Reloading a module is a dozen events, and one thing to look at. */
static void
test_burst (void *fixture, gconstpointer data)
{
  g_autofree char *module = add ("module", "kvm_amd", NULL, NULL);
  g_autofree char *kvm = add ("misc", "kvm", NULL, NULL);
  g_autofree char *cpu = add ("cpu", "cpu7", NULL, NULL);
  g_autoptr (HostdUevents) events G_GNUC_UNUSED = listen (100);

  send (module, "remove");
  send (kvm, "remove");
  send (module, "add");
  send (kvm, "add");
  send (kvm, "add");
  send (cpu, "online");
  expect ("remove module kvm_amd, remove misc kvm, add module kvm_amd, add misc kvm, "
          "online cpu cpu7\n");
}

static void
test_others (void *fixture, gconstpointer data)
{
  g_autofree char *sev = add ("misc", "sev", NULL, NULL);
  g_autofree char *fuse = add ("misc", "fuse", NULL, NULL);
  g_autofree char *disk = add ("block", "sda", NULL, NULL);
  g_autofree char *module = add ("module", "nfs", NULL, NULL);
  g_autofree char *nic = add ("pci", "0000:00:01.0", "DRIVER", "e1000");
  g_autofree char *begun = add ("misc", "kvm", "EVENT", "create");
  g_autoptr (HostdUevents) events G_GNUC_UNUSED = listen (50);

  send (fuse, "add");
  send (disk, "change");
  send (module, "add");
  send (nic, "bind");
  send (begun, "change");
  send (sev, "change");
  expect ("change misc sev\n");
}

static void
test_all_that_matters (void *fixture, gconstpointer data)
{
  static const struct {
    const char *subsystem, *name, *property, *value;
  } devices[] = {
    { "misc", "sgx_vepc", NULL, NULL }, { "misc", "sgx_enclave", NULL, NULL },
    { "module", "kvm", NULL, NULL },    { "module", "kvm_intel", NULL, NULL },
    { "module", "ccp", NULL, NULL },    { "faux", "tdx_host", NULL, NULL },
    { "cpu", "cpu1023", NULL, NULL },   { "pci", "0000:22:00.1", "DRIVER", "ccp" },
  };
  g_autoptr (HostdUevents) events G_GNUC_UNUSED = listen (10);

  for (guint i = 0; i < G_N_ELEMENTS (devices); i++) {
    g_autofree char *path =
        add (devices[i].subsystem, devices[i].name, devices[i].property, devices[i].value);
    g_autofree char *line = g_strdup_printf ("bind %s %s\n", devices[i].subsystem, devices[i].name);

    g_string_truncate (told, 0); /* umockdev tells of the device itself too */
    send (path, "bind");
    while (strstr (told->str, "bind ") == NULL)
      g_main_context_iteration (NULL, TRUE);
    g_assert_nonnull (strstr (told->str, line));
  }
}

/* A kernel that is never quiet. */
static gboolean
on_chatter (gpointer data)
{
  send (data, "change");
  return G_SOURCE_CONTINUE;
}

static void
test_never_quiet (void *fixture, gconstpointer data)
{
  g_autofree char *sev = add ("misc", "sev", NULL, NULL);
  g_autoptr (HostdUevents) events G_GNUC_UNUSED = listen (50);
  guint source = g_timeout_add (5, on_chatter, sev);

  expect ("change misc sev\n");
  g_source_remove (source);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (strstr (g_getenv ("LD_PRELOAD") != NULL ? g_getenv ("LD_PRELOAD") : "", "umockdev") == NULL) {
    g_print ("1..0 # SKIP umockdev is not preloaded: run me by umockdev-wrapper\n");
    return 0;
  }
  told = g_string_new (NULL);
  g_test_add_vtable ("/uevents/one", 0, NULL, begin, test_one, NULL);
  g_test_add_vtable ("/uevents/burst", 0, NULL, begin, test_burst, NULL);
  g_test_add_vtable ("/uevents/others", 0, NULL, begin, test_others, NULL);
  g_test_add_vtable ("/uevents/all-that-matters", 0, NULL, begin, test_all_that_matters, NULL);
  g_test_add_vtable ("/uevents/never-quiet", 0, NULL, begin, test_never_quiet, NULL);
  return g_test_run ();
}
