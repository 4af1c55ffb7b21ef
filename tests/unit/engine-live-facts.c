/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/live-facts.h"

#include <glib/gstdio.h>
#include <string.h>

#define LIBRARY 11003000

static char *folder, *state, *emulator;

static void
make_folder (void)
{
  folder = g_dir_make_tmp ("cloister-XXXXXX", NULL);
  state = g_build_filename (folder, "state", NULL);
  emulator = g_build_filename (folder, "qemu", NULL);
  g_assert_cmpint (g_mkdir (state, 0700), ==, 0);
  g_assert_true (g_file_set_contents (emulator, "one", -1, NULL));
}

static void
remove_folder (void)
{
  g_autofree char *file = g_build_filename (state, "libvirt-answers.json", NULL);

  g_unlink (file);
  g_unlink (emulator);
  g_rmdir (state);
  g_rmdir (folder);
  g_clear_pointer (&emulator, g_free);
  g_clear_pointer (&state, g_free);
  g_clear_pointer (&folder, g_free);
}

static HostdLiveFacts *
open_live (guint library)
{
  g_autoptr (GError) error = NULL;
  HostdLiveFacts *live = hostd_live_facts_new (state, library, &error);

  g_assert_no_error (error);
  return live;
}

/* What a probe found: SNP usable below libvirt. */
static HostdFacts *
probe (void)
{
  HostdFacts *facts = hostd_facts_new ();

  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    facts->technology[i].usability = HOSTD_USABILITY_NOT_APPLICABLE;
  facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].usability = HOSTD_USABILITY_USABLE;
  facts->kernel_release = g_strdup ("6.11.0");
  facts->qemu_version = 9002000;
  facts->emulators = g_new0 (char *, 2);
  facts->emulators[0] = g_strdup (emulator);
  return facts;
}

#define XML(sectype)                                                                               \
  "<domainCapabilities><path>/qemu</path><features><launchSecurity supported='yes'>"               \
  "<enum name='sectype'><value>" sectype "</value></enum></launchSecurity></features>"             \
  "</domainCapabilities>"

static gboolean
note (HostdLiveFacts *live, const char *xml)
{
  g_autofree char *identity = hostd_libvirt_cache_identify (emulator);
  const HostdLibvirtAnswer answer = {
    emulator, identity, NULL, LIBRARY, 10000002, 0, (char *) xml
  };

  return hostd_live_facts_note (live, emulator, &answer, NULL);
}

/* SNP's evidence of libvirt's layer, "VALUE; VALUE". */
static char *
evidence (const HostdFacts *facts)
{
  const GPtrArray *all = facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].evidence;
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < all->len; i++) {
    const HostdEvidence *one = g_ptr_array_index (all, i);

    g_assert_cmpint (one->layer, ==, HOSTD_LAYER_LIBVIRT);
    g_string_append_printf (text, "%s%s", text->len > 0 ? "; " : "", one->value);
  }
  return g_string_free (text, FALSE);
}

/* Joins to a fresh probe, and checks what comes of it. */
static void
expect (HostdLiveFacts *live, HostdFacts *facts, HostdLibvirtLayer layer, HostdUsability usability,
        const char *says)
{
  g_autoptr (HostdFacts) owned G_GNUC_UNUSED = facts;
  g_autofree char *said = NULL;
  gint64 time;

  hostd_live_facts_join (live, facts);
  said = evidence (facts);
  g_assert_cmpint (hostd_live_facts_get_layer (live, &time), ==, layer);
  g_assert_cmpint (time != 0, ==,
                   layer == HOSTD_LIBVIRT_LAYER_ASKED || layer == HOSTD_LIBVIRT_LAYER_KEPT);
  g_assert_cmpint (facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].usability, ==, usability);
  if (strstr (said, says) == NULL)
    g_error ("\"%s\" is not in \"%s\"", says, said);
}

static guint
count_unasked (HostdLiveFacts *live)
{
  g_auto (GStrv) unasked = hostd_live_facts_get_unasked (live);

  return g_strv_length (unasked);
}

#define UNKNOWN HOSTD_LIBVIRT_LAYER_UNKNOWN
#define KEPT HOSTD_LIBVIRT_LAYER_KEPT
#define ASKED HOSTD_LIBVIRT_LAYER_ASKED
#define USABLE HOSTD_USABILITY_USABLE
#define UNUSABLE HOSTD_USABILITY_UNUSABLE

static void
test_asked (void)
{
  g_autoptr (HostdLiveFacts) live = NULL;

  make_folder ();
  live = open_live (LIBRARY);
  g_assert_cmpuint (count_unasked (live), ==, 0); /* nothing is known of the host */
  expect (live, probe (), UNKNOWN, USABLE, "unknown: not asked");
  g_assert_cmpuint (count_unasked (live), ==, 1);
  g_assert_true (note (live, XML ("sev-snp")));
  g_assert_cmpuint (count_unasked (live), ==, 0);
  expect (live, probe (), ASKED, USABLE, "sev-snp: yes");
  g_assert_cmpuint (count_unasked (live), ==, 0);

  /* Another connection: what it said stands until it is asked again. */
  hostd_live_facts_forget_session (live);
  g_assert_cmpuint (count_unasked (live), ==, 1);
  expect (live, probe (), KEPT, USABLE, "said at 20");
  g_assert_true (note (live, XML ("sev-snp"))); /* it says so itself now */
  expect (live, probe (), ASKED, USABLE, "sev-snp: yes");
  g_assert_false (note (live, XML ("sev-snp")));
  g_assert_true (note (live, XML ("sev")));
  expect (live, probe (), ASKED, UNUSABLE, "sev-snp: no");
  remove_folder ();
}

static void
test_restart (void)
{
  g_autoptr (HostdLiveFacts) live = NULL;
  HostdFacts *facts;

  make_folder ();
  live = open_live (LIBRARY);
  expect (live, probe (), UNKNOWN, USABLE, "not asked");
  note (live, XML ("sev"));
  g_clear_pointer (&live, hostd_live_facts_free);

  live = open_live (LIBRARY);
  expect (live, probe (), KEPT, UNUSABLE, "sev-snp: no");
  g_assert_cmpuint (count_unasked (live), ==, 1);

  /* Another host below libvirt, another kernel, another library: it may say something else now. */
  facts = probe ();
  hostd_technology_facts_set_broken (&facts->technology[HOSTD_TECHNOLOGY_SEV_SNP],
                                     HOSTD_LAYER_KERNEL, "off", "on");
  expect (live, facts, UNKNOWN, UNUSABLE, "not asked");
  facts = probe ();
  g_free (facts->kernel_release);
  facts->kernel_release = g_strdup ("6.12.0");
  expect (live, facts, UNKNOWN, USABLE, "not asked");
  expect (live, probe (), KEPT, UNUSABLE, "sev-snp: no");
  g_clear_pointer (&live, hostd_live_facts_free);
  live = open_live (LIBRARY + 1);
  expect (live, probe (), UNKNOWN, USABLE, "not asked");
  g_clear_pointer (&live, hostd_live_facts_free);

  /* Another emulator under the same name. */
  live = open_live (LIBRARY);
  expect (live, probe (), KEPT, UNUSABLE, "sev-snp: no");
  g_assert_true (g_file_set_contents (emulator, "two", -1, NULL));
  expect (live, probe (), UNKNOWN, USABLE, "not asked");
  remove_folder ();
}

/* While it is connected, too. */
static void
test_emulator_replaced (void)
{
  g_autoptr (HostdLiveFacts) live = NULL;

  make_folder ();
  live = open_live (LIBRARY);
  expect (live, probe (), UNKNOWN, USABLE, "not asked");
  note (live, XML ("sev"));
  expect (live, probe (), ASKED, UNUSABLE, "sev-snp: no");
  g_assert_true (g_file_set_contents (emulator, "two", -1, NULL));
  g_assert_cmpuint (count_unasked (live), ==, 1);
  expect (live, probe (), UNKNOWN, USABLE, "not asked");
  remove_folder ();
}

/* No answer breaks nothing, is said, and is not asked for again and again. */
static void
test_no_answer (void)
{
  g_autoptr (HostdLiveFacts) live = NULL;

  make_folder ();
  live = open_live (LIBRARY);
  expect (live, probe (), UNKNOWN, USABLE, "not asked");
  g_assert_true (hostd_live_facts_note (live, emulator, NULL, "KVM is not there"));
  g_assert_cmpuint (count_unasked (live), ==, 0);
  expect (live, probe (), UNKNOWN, USABLE, "unknown: KVM is not there");
  g_assert_true (note (live, "this is no document"));
  expect (live, probe (), UNKNOWN, USABLE, "unknown: ");
  /* One from before stands. */
  note (live, XML ("sev"));
  g_assert_true (hostd_live_facts_note (live, emulator, NULL, "it hangs"));
  expect (live, probe (), KEPT, UNUSABLE, "sev-snp: no");
  remove_folder ();
}

static void
test_recorded (void)
{
  g_autoptr (HostdLiveFacts) live = NULL;
  HostdFacts *facts = NULL;

  make_folder ();
  live = open_live (LIBRARY);
  expect (live, probe (), UNKNOWN, USABLE, "not asked");
  note (live, XML ("sev"));
  facts = probe ();
  facts->libvirt_version = 10005000;
  expect (live, facts, HOSTD_LIBVIRT_LAYER_RECORDED, USABLE, "");
  g_assert_cmpuint (count_unasked (live), ==, 0);
  remove_folder ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/live-facts/asked", test_asked);
  g_test_add_func ("/live-facts/restart", test_restart);
  g_test_add_func ("/live-facts/emulator-replaced", test_emulator_replaced);
  g_test_add_func ("/live-facts/no-answer", test_no_answer);
  g_test_add_func ("/live-facts/recorded", test_recorded);
  return g_test_run ();
}
