/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "base/reasons.h"
#include "launch/templates.h"

#include <glib/gstdio.h>
#include <string.h>

/* The shipped templates, hosts made up of a few facts, and small domains. */

#define UUID "0a1b2c3d-0001-4002-8003-00000000abcd"

static inline char *
shipped_templates (void)
{
  return g_test_build_filename (G_TEST_DIST, "..", "..", "templates", NULL);
}

/* The shipped templates, and with @folder (may be NULL) the policies in it. */
static inline HostdTemplates *
load_templates (const char *folder)
{
  const char *const folders[] = { folder, NULL };
  g_autofree char *shipped = shipped_templates ();
  g_autoptr (GError) error = NULL;
  HostdTemplates *templates = hostd_templates_load (shipped, folders, &error);

  g_assert_no_error (error);
  return templates;
}

/* Ends with the folder's name in the way: nothing is left behind by a test that passes. */
static inline void
remove_tree (const char *folder)
{
  const char *argv[] = { "rm", "-r", folder, NULL };
  int status = 0;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
                NULL);
  g_assert_cmpint (status, ==, 0);
}

static inline void
add_firmware (HostdFacts *facts, const char *image, gboolean flash, const char *features)
{
  HostdFirmware *firmware = hostd_firmware_new ();

  firmware->descriptor = g_strdup ("/usr/share/qemu/firmware/60-test.json");
  firmware->image = g_strdup (image);
  firmware->flash = flash;
  firmware->uefi = TRUE;
  firmware->features = g_strsplit (features, " ", -1);
  firmware->machines = g_strsplit ("pc-q35-*", " ", -1);
  g_ptr_array_add (facts->firmware, firmware);
  facts->firmware_known = TRUE;
}

/* Every x86 technology is usable, and there is firmware for each. */
static inline HostdFacts *
able_host (void)
{
  HostdFacts *facts = hostd_facts_new ();

  for (guint i = HOSTD_TECHNOLOGY_SEV; i <= HOSTD_TECHNOLOGY_TDX; i++)
    facts->technology[i].usability = HOSTD_USABILITY_USABLE;
  add_firmware (facts, "/usr/share/ovmf/OVMF.amdsev.fd", FALSE, "amd-sev amd-sev-es amd-sev-snp");
  add_firmware (facts, "/usr/share/ovmf/OVMF.inteltdx.fd", FALSE, "intel-tdx");
  return facts;
}

/* A domain as an ordinary guest has it, with more in /domain and in its os. */
static inline char *
domain_with (const char *more, const char *os)
{
  return g_strdup_printf ("<domain type='kvm'>\n"
                          "  <name>vm</name>\n"
                          "  <uuid>" UUID "</uuid>\n"
                          "  <memory unit='MiB'>512</memory>\n"
                          "  %s\n"
                          "  <devices>\n"
                          "    <disk type='file' device='disk'>\n"
                          "      <source file='/srv/a.img'/>\n"
                          "      <target dev='vda' bus='virtio'/>\n"
                          "    </disk>\n"
                          "  </devices>\n"
                          "  %s\n"
                          "</domain>\n",
                          os ? os
                             : "<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type>"
                               "</os>",
                          more ? more : "");
}

/* Is there a reason with @id, at @xpath, with @part in its text? NULL: whatever stands there. */
static inline gboolean
has_reason (const HostdReasons *reasons, const char *id, const char *xpath, const char *part)
{
  gboolean found = FALSE;

  for (guint i = 0; i < hostd_reasons_count (reasons); i++) {
    const HostdReason *reason = hostd_reasons_get (reasons, i);
    g_autofree char *line = hostd_reason_to_line (reason);

    g_test_message ("%s", line);
    found |= strcmp (reason->id, id) == 0 &&
             (xpath == NULL || g_strcmp0 (reason->xpath, xpath) == 0) &&
             (part == NULL || strstr (reason->text, part) != NULL);
  }
  return found;
}
