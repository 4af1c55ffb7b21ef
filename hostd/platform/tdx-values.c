/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/tdx-values.h"

#include "base/parse.h"

#include <string.h>

/* linux drivers/virt/coco/tdx-host. */
#define MODULE "sys/devices/faux/tdx_host"
#define MAX_VERSION 32

/* Digits and dots, "1.5.24". */
static gboolean
is_version (const char *text)
{
  gsize length = strlen (text);

  return length > 0 && length <= MAX_VERSION && strspn (text, "0123456789.") == length &&
         g_ascii_isdigit (text[0]) && g_ascii_isdigit (text[length - 1]);
}

static gboolean
is_count (const char *text)
{
  guint64 ignored;

  return hostd_parse_decimal (text, G_MAXUINT32, &ignored);
}

/* @absent: why there may be no such file. */
static HostdRead
read_value (HostdProbe *probe, HostdTechnologyFacts *facts, const char *name, const char *path,
            gboolean (*is_good) (const char *text), const char *absent)
{
  g_autofree char *text = NULL, *why = NULL;
  HostdRead read = hostd_probe_text (probe, facts, path, &text, &why);

  if (read == HOSTD_READ_VALUE && is_good (g_strstrip (text)))
    hostd_technology_facts_set_value (facts, name, "%s", text);
  else if (read == HOSTD_READ_VALUE)
    hostd_technology_facts_set_value_unknown (facts, name, "/%s is not what it should be", path);
  else if (read == HOSTD_READ_ABSENT)
    hostd_technology_facts_set_value_unknown (facts, name, "there is no /%s: %s", path, absent);
  else
    hostd_technology_facts_set_value_unknown (facts, name, "%s", why);
  return read;
}

void
hostd_tdx_read_module (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  static const char older[] = "Linux 7.1 or later shows it, once the module runs";
  static const char hidden[] = "this module, or this processor, has no update at run time";
  const char *absent = older;

  if (read_value (probe, facts, "module_version", MODULE "/version", is_version, older) !=
      HOSTD_READ_ABSENT)
    absent = hidden;
  read_value (probe, facts, "seamldr_version", MODULE "/seamldr_version", is_version, absent);
  read_value (probe, facts, "remaining_updates", MODULE "/num_remaining_updates", is_count, absent);
}

void
hostd_tdx_read_capabilities (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  static const char source[] = "dev/kvm KVM_TDX_CAPABILITIES";
  static const char attributes[] = "supported_attributes", xfam[] = "supported_xfam";
  HostdTdxCapabilities answer = { 0, 0 };
  g_autoptr (GError) error = NULL;
  HostdRead read = hostd_sys_tdx_capabilities (probe->sys, &answer, &error);

  if (read == HOSTD_READ_VALUE) {
    hostd_technology_facts_add_evidence (
        facts, source, "attributes %" G_GINT64_MODIFIER "x, xfam %" G_GINT64_MODIFIER "x",
        answer.attributes, answer.xfam);
    hostd_technology_facts_set_value (facts, attributes, "0x%" G_GINT64_MODIFIER "x",
                                      answer.attributes);
    hostd_technology_facts_set_value (facts, xfam, "0x%" G_GINT64_MODIFIER "x", answer.xfam);
    return;
  }
  hostd_technology_facts_add_evidence (facts, source, "%s",
                                       read == HOSTD_READ_ABSENT ? "absent" : error->message);
  hostd_technology_facts_set_value_unknown (facts, attributes, "%s",
                                            error ? error->message
                                                  : "KVM starts no TDX guest that could be asked");
  hostd_technology_facts_set_value_unknown (
      facts, xfam, "%s", error ? error->message : "KVM starts no TDX guest that could be asked");
}
