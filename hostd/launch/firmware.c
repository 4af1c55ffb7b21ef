/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/work.h"

#include <string.h>

/*
 * The firmware of a confidential guest: UEFI without a variable store, chosen by libvirt among the
 * host's QEMU firmware descriptors. Rewrite takes away what names another image, and refuses a
 * guest that never was a UEFI guest (its boot loader would not run), or that asks of the firmware
 * what no descriptor with the feature offers (Secure Boot needs SMM on AMD).
 */

/* Since then libvirt chooses once, when a domain is defined, and writes its choice into the XML. */
#define LIBVIRT_CHOICE_STAYS 9002000

static gboolean
machine_matches (const HostdFirmware *firmware, const char *machine)
{
  /* "q35" is an alias of the newest pc-q35-N: libvirt resolves it before it looks. */
  const char *name = machine && strcmp (machine, "q35") != 0 ? machine : "pc-q35-99.9";

  if (firmware->machines == NULL)
    return TRUE;
  for (guint i = 0; firmware->machines[i]; i++)
    if (g_pattern_match_simple (firmware->machines[i], name))
      return TRUE;
  return FALSE;
}

/* Is this a <feature/> of the author's that the descriptor does not fit? */
static gboolean
is_misfit (const HostdFirmware *firmware, xmlNodePtr n)
{
  const char *name = hostd_node_attribute (n, "name");
  const char *enabled = hostd_node_attribute (n, "enabled");

  return name && hostd_firmware_has_feature (firmware, name) != (g_strcmp0 (enabled, "yes") == 0);
}

/* Does the author's <firmware> fit this descriptor? */
static gboolean
features_fit (const HostdFirmware *firmware, xmlNodePtr os)
{
  xmlNodePtr asked = hostd_node_child (os, "firmware");

  for (xmlNodePtr n = asked ? asked->children : NULL; n; n = n->next)
    if (is_misfit (firmware, n))
      return FALSE;
  return TRUE;
}

/* A flash image keeps variables, and SNP and TDX cannot map one at all. */
static gboolean
can_serve (const HostdFirmware *firmware, const char *feature, const char *machine)
{
  return firmware->uefi && !firmware->flash && hostd_firmware_has_feature (firmware, feature) &&
         machine_matches (firmware, machine);
}

typedef struct {
  gboolean any;              /* a descriptor has the technology's feature */
  const HostdFirmware *fits; /* and meets what the author asks */
} Choice;

static Choice
choose (HostdWork *work, xmlNodePtr os, const char *feature)
{
  const char *machine = hostd_node_attribute (hostd_node_child (os, "type"), "machine");
  const char *secure = hostd_node_attribute (hostd_node_child (os, "loader"), "secure");
  gboolean want_secure = g_strcmp0 (secure, "yes") == 0;
  Choice choice = { FALSE, NULL };

  for (guint i = 0; i < work->facts->firmware->len; i++) {
    const HostdFirmware *f = g_ptr_array_index (work->facts->firmware, i);

    if (!can_serve (f, feature, machine))
      continue;
    choice.any = TRUE;
    if (choice.fits == NULL && features_fit (f, os) &&
        (!want_secure || hostd_firmware_has_feature (f, "secure-boot")))
      choice.fits = f;
  }
  return choice;
}

/* What the author will not have and every firmware that could serve has: "secure-boot", or NULL. */
static const char *
unwanted_by_author (HostdWork *work, xmlNodePtr os, const char *feature)
{
  const char *machine = hostd_node_attribute (hostd_node_child (os, "type"), "machine");
  xmlNodePtr asked = hostd_node_child (os, "firmware");

  for (xmlNodePtr n = asked ? asked->children : NULL; n; n = n->next) {
    const char *enabled = hostd_node_attribute (n, "enabled");
    gboolean everywhere = g_strcmp0 (enabled, "no") == 0;

    for (guint i = 0; everywhere && i < work->facts->firmware->len; i++) {
      const HostdFirmware *f = g_ptr_array_index (work->facts->firmware, i);

      everywhere = !can_serve (f, feature, machine) || is_misfit (f, n);
    }
    if (everywhere)
      return hostd_node_attribute (n, "name");
  }
  return NULL;
}

static void
refuse_request (HostdWork *work, xmlNodePtr os, const char *feature)
{
  xmlNodePtr loader = hostd_node_child (os, "loader");
  xmlAttrPtr secure = loader ? xmlHasNsProp (loader, (const xmlChar *) "secure", NULL) : NULL;
  xmlNodePtr asked = hostd_node_child (os, "firmware");
  const char *word = hostd_node_attribute (loader, "secure");
  const char *unwanted = unwanted_by_author (work, os, feature);
  g_autofree char *path = secure && g_strcmp0 (word, "yes") == 0
                              ? hostd_node_path ((xmlNodePtr) secure)
                              : hostd_node_path (asked ? asked : os);

  if (unwanted)
    hostd_reasons_add (work->reasons, "firmware-request", path,
                       "the guest will not have %s, and every firmware with the feature %s of this "
                       "host has it: take that refusal out or turn it into a wish (Nova: "
                       "os_secure_boot=required), or install a firmware without it",
                       unwanted, feature);
  else
    hostd_reasons_add (
        work->reasons, "firmware-request", path,
        "the guest asks of its firmware (Secure Boot, enrolled keys) what no firmware "
        "with the feature %s of this host offers; such a guest cannot have SMM",
        feature);
}

/* Was this guest installed for UEFI? */
static gboolean
is_uefi_guest (HostdWork *work, xmlNodePtr os)
{
  xmlNodePtr loader = hostd_node_child (os, "loader");
  const char *firmware = hostd_node_attribute (os, "firmware");
  g_autofree char *path = NULL, *lower = NULL;
  static const char *const words[] = { "ovmf", "edk2", "uefi", "tdvf", "efi" };

  if (firmware)
    return strcmp (firmware, "efi") == 0;
  if (loader == NULL)
    return FALSE;
  if (g_strcmp0 (hostd_node_attribute (loader, "type"), "pflash") == 0)
    return TRUE;
  path = hostd_node_text (loader);
  for (guint i = 0; work->facts && i < work->facts->firmware->len; i++) {
    const HostdFirmware *f = g_ptr_array_index (work->facts->firmware, i);

    if (f->uefi && g_strcmp0 (f->image, path) == 0)
      return TRUE;
  }
  lower = g_ascii_strdown (path, -1);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strstr (lower, words[i]))
      return TRUE;
  return FALSE;
}

/*
 * Is this loader what libvirt itself wrote beside firmware='efi' when the domain was defined, and
 * right for the feature? Then it stays: libvirt means its choice to hold for every boot. An older
 * libvirt refuses a loader's type beside firmware='efi', so there it goes.
 */
static gboolean
is_libvirts_choice (HostdWork *work, xmlNodePtr os, const char *feature)
{
  xmlNodePtr loader = hostd_node_child (os, "loader");
  const char *machine = hostd_node_attribute (hostd_node_child (os, "type"), "machine");
  g_autofree char *path = NULL;

  if (work->facts == NULL || work->facts->libvirt_version < LIBVIRT_CHOICE_STAYS ||
      hostd_node_attribute (loader, "readonly") || hostd_node_attribute (loader, "secure") ||
      g_strcmp0 (hostd_node_attribute (os, "firmware"), "efi") != 0 ||
      g_strcmp0 (hostd_node_attribute (loader, "type"), "rom") != 0 ||
      g_strcmp0 (hostd_node_attribute (loader, "stateless"), "yes") != 0)
    return FALSE;
  path = hostd_node_text (loader);
  for (guint i = 0; i < work->facts->firmware->len; i++) {
    const HostdFirmware *f = g_ptr_array_index (work->facts->firmware, i);

    if (g_strcmp0 (f->image, path) == 0 && can_serve (f, feature, machine) && features_fit (f, os))
      return TRUE;
  }
  return FALSE;
}

static void
rewrite_loader (HostdWork *work, xmlNodePtr os)
{
  static const char *const not_ours[] = { "readonly", "type", "secure" };
  xmlNodePtr loader = hostd_node_child (os, "loader");
  g_autofree char *path = NULL;

  if (loader == NULL)
    loader = hostd_spans_make (work->spans, os, "loader");
  for (guint i = 0; i < G_N_ELEMENTS (not_ours); i++) {
    xmlAttrPtr a = xmlHasNsProp (loader, (const xmlChar *) not_ours[i], NULL);

    if (a)
      hostd_spans_remove_attribute (work->spans, a);
  }
  hostd_work_set_attribute (work, "firmware-auto", loader, "stateless", "yes",
                            HOSTD_CONFLICT_REPLACE, NULL);
  path = hostd_node_text (loader);
  if (*path) {
    g_autofree char *at = hostd_node_path (loader);

    hostd_reasons_add (work->notes, "firmware", at,
                       "%s gives way to the firmware that libvirt chooses by its descriptor", path);
    hostd_spans_set_text (work->spans, loader, "");
  }
}

static void
drop_variables (HostdWork *work, xmlNodePtr os)
{
  static const char *const stores[] = { "nvram", "varstore" };

  for (guint i = 0; i < G_N_ELEMENTS (stores); i++) {
    xmlNodePtr store;

    while ((store = hostd_node_child (os, stores[i]))) {
      g_autofree char *at = hostd_node_path (store);

      hostd_reasons_add (work->notes, "firmware-variables", at,
                         "removed: firmware of such a guest keeps no variables; an old nvram "
                         "variables file is no longer used, its boot entries are not seen");
      hostd_spans_remove (work->spans, store);
    }
  }
}

void
hostd_work_choose_firmware (HostdWork *work, const char *feature)
{
  xmlNodePtr os = hostd_node_child (work->domain, "os");
  g_autofree char *path = NULL;

  if (os == NULL)
    return; /* the rule set refuses a domain without <os> */
  if (!is_uefi_guest (work, os)) {
    path = hostd_node_path (os);
    hostd_reasons_add (
        work->reasons, "firmware-bios", path,
        "a BIOS guest: what is installed in it will not boot under UEFI (efi), which "
        "such a guest needs; install it anew with firmware='efi'");
    return;
  }
  if (work->facts && work->facts->firmware_known) {
    Choice choice = choose (work, os, feature);

    if (!choice.any) {
      path = hostd_node_path (os);
      hostd_reasons_add (work->reasons, "firmware-missing", path,
                         "no firmware descriptor of this host has the feature %s for this machine: "
                         "install one (ovmf-amdsev, ovmf-inteltdx or the like)",
                         feature);
    } else if (choice.fits == NULL) {
      refuse_request (work, os, feature);
    }
  }
  hostd_work_set_attribute (work, "firmware-auto", os, "firmware", "efi", HOSTD_CONFLICT_REFUSE,
                            NULL);
  if (!is_libvirts_choice (work, os, feature))
    rewrite_loader (work, os);
  drop_variables (work, os);
}
