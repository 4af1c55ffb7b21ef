/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU's firmware descriptors: precedence, masking, and what is left out and why. */
#include "config.h"

#include "platform/firmware-descriptors.h"

#include "host-copy.h"

#define USR "usr/share/qemu/firmware/"
#define ETC "etc/qemu/firmware/"
#define DESCRIPTOR(image, arch, features)                                                          \
  "{ \"interface-types\": [\"uefi\"], \"mapping\": { \"device\": \"memory\", \"filename\": "       \
  "\"" image "\" }, \"targets\": [ { \"architecture\": \"" arch                                    \
  "\", \"machines\": [\"pc-q35-*\"] } ],"                                                          \
  " \"features\": [" features "] }"

static void
test_precedence (void)
{
  char *folder = host_copy_new (NULL);
  g_autoptr (HostdFacts) facts = hostd_facts_new ();
  g_autoptr (HostdSys) sys = NULL;
  g_auto (GStrv) notes = NULL;
  static const char *const expected[][2] = {
    { "/etc/qemu/firmware/20-own.json", "/own.fd" },
    { "/usr/share/qemu/firmware/30-usr.json", "/usr.fd" },
    { "/etc/qemu/firmware/60-both.json", "/etc.fd" },
  };

  host_copy_edit (folder, USR "60-both.json", DESCRIPTOR ("/usr-both.fd", "x86_64", ""), -1);
  host_copy_edit (folder, ETC "60-both.json",
                  DESCRIPTOR ("/etc.fd", "x86_64", "\"amd-sev\", 5, \"amd-sev-snp\""), -1);
  host_copy_edit (folder, USR "50-masked.json", DESCRIPTOR ("/masked.fd", "x86_64", ""), -1);
  host_copy_edit (folder, ETC "50-masked.json", "", 0);
  host_copy_edit (folder, USR "30-usr.json", DESCRIPTOR ("/usr.fd", "x86_64", ""), -1);
  host_copy_edit (folder, ETC "20-own.json", DESCRIPTOR ("/own.fd", "x86_64", ""), -1);
  host_copy_edit (folder, USR "10-arm.json", DESCRIPTOR ("/arm.fd", "aarch64", ""), -1);
  host_copy_edit (folder, USR "05-broken.json", "{ \"mapping\": ", -1);
  host_copy_edit (folder, USR "06-relative.json", DESCRIPTOR ("rel.fd", "x86_64", ""), -1);
  host_copy_edit (folder, USR "07-binary.json", "\0\1\2", 3);
  host_copy_edit (folder, USR "README", "not a descriptor", -1);

  sys = hostd_sys_new_recording (folder, NULL);
  hostd_firmware_descriptors_read (sys, facts, &notes);
  g_assert_true (facts->firmware_known);
  g_assert_cmpuint (facts->firmware->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    const HostdFirmware *firmware = g_ptr_array_index (facts->firmware, i);

    g_assert_cmpstr (firmware->descriptor, ==, expected[i][0]);
    g_assert_cmpstr (firmware->image, ==, expected[i][1]);
  }
  g_assert_true (
      hostd_firmware_has_feature (g_ptr_array_index (facts->firmware, 2), "amd-sev-snp"));
  g_assert_cmpuint (g_strv_length (notes), ==, 3);
  g_assert_nonnull (strstr (notes[0], "05-broken.json"));
  g_assert_nonnull (strstr (notes[1], "06-relative.json"));
  g_assert_nonnull (strstr (notes[2], "07-binary.json"));
  host_copy_free (folder);
}

static void
test_none (void)
{
  char *folder = host_copy_new (NULL);
  g_autoptr (HostdFacts) facts = hostd_facts_new ();
  g_autoptr (HostdSys) sys = hostd_sys_new_recording (folder, NULL);

  hostd_firmware_descriptors_read (sys, facts, NULL);
  g_assert_true (facts->firmware_known);
  g_assert_cmpuint (facts->firmware->len, ==, 0);
  host_copy_free (folder);
}

static void
test_flash (void)
{
  static const char text[] =
      "{ \"interface-types\": [\"uefi\"], \"mapping\": { \"device\": \"flash\", \"executable\": {"
      " \"filename\": \"/code.fd\" } }, \"targets\": [ { \"architecture\": \"x86_64\","
      " \"machines\": [\"pc-q35-*\", \"pc-i440fx-*\"] } ] }";
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdFirmware) firmware =
      hostd_firmware_descriptor_parse ("a.json", text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_true (firmware->flash);
  g_assert_cmpstr (firmware->image, ==, "/code.fd");
  g_assert_cmpstr (firmware->machines[1], ==, "pc-i440fx-*");
  g_assert_false (hostd_firmware_has_feature (firmware, "amd-sev"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/descriptors/precedence", test_precedence);
  g_test_add_func ("/platform/descriptors/none", test_none);
  g_test_add_func ("/platform/descriptors/flash", test_flash);
  return g_test_run ();
}
