/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/probe.h"

#include "base/parse.h"

#include <string.h>

/* Evidence is for reading: a file of more is clipped there. */
#define MAX_EVIDENCE 200

/* ---- the machine in general ---- */

/* Value of the first line "KEY : VALUE" of /proc/cpuinfo, or NULL. */
static char *
cpuinfo_value (const char *cpuinfo, const char *key)
{
  g_auto (GStrv) lines = g_strsplit (cpuinfo, "\n", 256);

  for (guint i = 0; lines[i]; i++) {
    char *colon = strchr (lines[i], ':');

    if (colon == NULL)
      continue;
    *colon = '\0';
    if (g_str_equal (g_strchomp (lines[i]), key))
      return g_strdup (g_strstrip (colon + 1));
  }
  return NULL;
}

static guint
cpuinfo_number (const char *cpuinfo, const char *key)
{
  g_autofree char *text = cpuinfo_value (cpuinfo, key);
  guint64 value;

  return text && hostd_parse_decimal (text, G_MAXUINT16, &value) ? value : 0;
}

static HostdVendor
vendor_from_name (const char *name)
{
  static const struct {
    const char *name;
    HostdVendor vendor;
  } vendors[] = {
    { "AuthenticAMD", HOSTD_VENDOR_AMD },
    { "GenuineIntel", HOSTD_VENDOR_INTEL },
    { "HygonGenuine", HOSTD_VENDOR_HYGON },
  };

  for (guint i = 0; i < G_N_ELEMENTS (vendors); i++)
    if (g_strcmp0 (name, vendors[i].name) == 0)
      return vendors[i].vendor;
  return name && *name ? HOSTD_VENDOR_OTHER : HOSTD_VENDOR_UNKNOWN;
}

/* CPUID first (it may be replayed beside a live /proc), /proc/cpuinfo where it says nothing. */
static void
read_processor (HostdProbe *self)
{
  HostdCpuid leaf = { 0, 0, 0, 0 };
  g_autofree char *name = NULL;

  if (hostd_sys_cpuid (self->sys, 0, 0, &leaf, NULL) == HOSTD_READ_VALUE && leaf.ebx != 0) {
    guint32 words[] = { GUINT32_TO_LE (leaf.ebx), GUINT32_TO_LE (leaf.edx),
                        GUINT32_TO_LE (leaf.ecx) };

    name = g_strndup ((const char *) words, sizeof words);
  } else if (self->cpuinfo) {
    name = cpuinfo_value (self->cpuinfo, "vendor_id");
  }
  self->vendor = vendor_from_name (name);
  /* A report may show this leaf and little else; nobody but AMD answers it. */
  if (self->vendor == HOSTD_VENDOR_UNKNOWN &&
      hostd_sys_cpuid (self->sys, 0x8000001f, 0, &leaf, NULL) == HOSTD_READ_VALUE && leaf.eax != 0)
    self->vendor = HOSTD_VENDOR_AMD;

  if (hostd_sys_cpuid (self->sys, 1, 0, &leaf, NULL) == HOSTD_READ_VALUE && leaf.eax != 0) {
    guint family = leaf.eax >> 8 & 0xf, model = leaf.eax >> 4 & 0xf;

    if (family == 6 || family == 15)
      model |= leaf.eax >> 12 & 0xf0;
    if (family == 15)
      family += leaf.eax >> 20 & 0xff;
    self->family = family;
    self->model = model;
    self->guest = leaf.ecx >> 31 != 0;
  } else if (self->cpuinfo) {
    self->family = cpuinfo_number (self->cpuinfo, "cpu family");
    self->model = cpuinfo_number (self->cpuinfo, "model");
    self->guest = hostd_probe_has_cpu_flag (self, "hypervisor");
  }
}

static void
read_machine (HostdProbe *self)
{
  g_auto (HostdUname) name = { NULL, NULL };
  g_autofree char *implementer = NULL;

  if (hostd_sys_uname (self->sys, &name, NULL) == HOSTD_READ_VALUE) {
    self->machine = g_strdup (name.machine);
    self->release = g_strdup (name.release);
    return;
  }
  if (self->vendor != HOSTD_VENDOR_UNKNOWN)
    self->machine = g_strdup ("x86_64");
  else if (self->cpuinfo && (implementer = cpuinfo_value (self->cpuinfo, "CPU implementer")))
    self->machine = g_strdup ("aarch64");
}

static void
read_emulator (HostdProbe *self)
{
  g_autoptr (GError) error = NULL;

  self->emulator_read = hostd_sys_emulators (self->sys, &self->emulators, &error);
  if (self->emulator_read == HOSTD_READ_VALUE) {
    self->emulator = g_strdup (self->emulators[0]);
    if (self->emulator == NULL)
      self->emulator_read = HOSTD_READ_ABSENT;
    else
      self->emulator_read =
          hostd_sys_qemu_objects (self->sys, self->emulator, &self->objects, &error);
  }
  if (error)
    self->emulator_why = g_strdup (error->message);
}

HostdProbe *
hostd_probe_new (HostdSys *sys)
{
  HostdProbe *self = g_new0 (HostdProbe, 1);
  g_autofree char *flags = NULL;

  self->sys = sys;
  hostd_sys_read_file (sys, "proc/cpuinfo", &self->cpuinfo, NULL);
  hostd_sys_read_file (sys, "proc/cmdline", &self->cmdline, NULL);
  if (self->cpuinfo && (flags = cpuinfo_value (self->cpuinfo, "flags")))
    self->cpu_flags = g_strsplit (flags, " ", -1);
  read_processor (self);
  read_machine (self);
  read_emulator (self);
  return self;
}

void
hostd_probe_free (HostdProbe *self)
{
  if (self == NULL)
    return;
  g_free (self->machine);
  g_free (self->release);
  g_free (self->cpuinfo);
  g_strfreev (self->cpu_flags);
  g_free (self->cmdline);
  g_free (self->emulator);
  g_free (self->emulator_why);
  g_strfreev (self->emulators);
  g_strfreev (self->objects);
  g_free (self);
}

gboolean
hostd_probe_has_cpu_flag (HostdProbe *self, const char *flag)
{
  return self->cpu_flags && g_strv_contains ((const char *const *) self->cpu_flags, flag);
}

/* "6.11.0-rc1+deb" is { 6, 11 }. */
static gboolean
parse_release (const char *text, guint64 *ret_major, guint64 *ret_minor)
{
  g_auto (GStrv) parts = g_strsplit_set (text, ".-+", 3);

  return parts[0] && parts[1] && hostd_parse_decimal (parts[0], G_MAXUINT16, ret_major) &&
         hostd_parse_decimal (parts[1], G_MAXUINT16, ret_minor);
}

gboolean
hostd_probe_kernel_is (const HostdProbe *self, const char *version)
{
  guint64 major, minor, want_major, want_minor;

  if (self->release == NULL || !parse_release (self->release, &major, &minor) ||
      !parse_release (version, &want_major, &want_minor))
    return FALSE;
  return major > want_major || (major == want_major && minor >= want_minor);
}

gboolean
hostd_probe_has_boot_word (HostdProbe *self, const char *word)
{
  g_auto (GStrv) words = NULL;

  if (self->cmdline == NULL)
    return FALSE;
  words = g_strsplit_set (self->cmdline, " \t\n", -1);
  return g_strv_contains ((const char *const *) words, word);
}

/* ---- verdicts ---- */

static void
set_text (char **place, char *text)
{
  g_free (*place);
  *place = text;
}

static gboolean
not_applicable (HostdTechnologyFacts *facts, char *cause)
{
  facts->usability = HOSTD_USABILITY_NOT_APPLICABLE;
  facts->layer = HOSTD_LAYER_NONE;
  set_text (&facts->cause, cause);
  return FALSE;
}

gboolean
hostd_probe_applies (HostdProbe *self, HostdTechnologyFacts *facts, const char *machine,
                     guint vendors, const char *whose)
{
  facts->looking_at = HOSTD_LAYER_HARDWARE;
  if (self->machine == NULL) {
    hostd_probe_unknown (facts, "", "the architecture of this machine is not known");
    return FALSE;
  }
  hostd_technology_facts_add_evidence (facts, "uname machine", "%s", self->machine);
  if (!g_pattern_match_simple (machine, self->machine))
    return not_applicable (
        facts, g_strdup_printf ("a technology of %s; this machine is %s", whose, self->machine));
  if (self->guest) {
    hostd_technology_facts_add_evidence (facts, "cpuid 1 ecx", "bit 31 is 1: under a hypervisor");
    return not_applicable (facts, g_strdup ("this is a guest, not a host"));
  }
  if (vendors == 0)
    return TRUE;
  if (self->vendor == HOSTD_VENDOR_UNKNOWN) {
    hostd_probe_unknown (facts, "", "the vendor of the processor is not known");
    return FALSE;
  }
  if ((vendors & 1u << self->vendor) == 0)
    return not_applicable (facts, g_strdup_printf ("a technology of %s; this processor is another "
                                                   "vendor's",
                                                   whose));
  return TRUE;
}

void
hostd_probe_unknown (HostdTechnologyFacts *facts, const char *fix, const char *format, ...)
{
  va_list args;

  if (facts->usability != HOSTD_USABILITY_UNKNOWN || facts->cause)
    return;
  va_start (args, format);
  facts->cause = g_strdup_vprintf (format, args);
  va_end (args);
  facts->fix = *fix ? g_strdup (fix) : NULL;
}

void
hostd_probe_conclude (HostdTechnologyFacts *facts)
{
  if (facts->usability == HOSTD_USABILITY_UNKNOWN && facts->cause == NULL)
    facts->usability = HOSTD_USABILITY_USABLE;
  if (facts->usability == HOSTD_USABILITY_UNUSABLE) {
    facts->capacity.total = facts->capacity.in_use = facts->capacity.free = 0;
    facts->capacity.others = facts->capacity.leaked = 0;
  }
}

/* ---- readings ---- */

static void
note_failure (HostdTechnologyFacts *facts, const char *source, HostdRead read, const GError *error,
              char **ret_why)
{
  const char *why = read == HOSTD_READ_ABSENT ? "absent"
                    : error                   ? error->message
                                              : "cannot be read";

  hostd_technology_facts_add_evidence (facts, source, "%s%s",
                                       read == HOSTD_READ_ABSENT ? "" : "unknown: ", why);
  if (ret_why)
    *ret_why = g_strdup (why);
}

HostdRead
hostd_probe_text (HostdProbe *self, HostdTechnologyFacts *facts, const char *path, char **ret_text,
                  char **ret_why)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL, *shown = NULL;
  HostdRead read = hostd_sys_read_file (self->sys, path, &text, &error);

  if (read != HOSTD_READ_VALUE) {
    note_failure (facts, path, read, error, ret_why);
    return read;
  }
  shown = g_utf8_make_valid (text, MIN (strlen (text), MAX_EVIDENCE));
  g_strdelimit (g_strchomp (shown), "\n\r\t", ' ');
  hostd_technology_facts_add_evidence (facts, path, "%s", shown);
  *ret_text = g_steal_pointer (&text);
  return read;
}

HostdRead
hostd_probe_flag (HostdProbe *self, HostdTechnologyFacts *facts, const char *path,
                  gboolean *ret_value, char **ret_why)
{
  g_autofree char *text = NULL;
  HostdRead read = hostd_probe_text (self, facts, path, &text, ret_why);

  if (read != HOSTD_READ_VALUE || hostd_parse_flag (text, ret_value))
    return read;
  if (ret_why)
    *ret_why = g_strdup_printf ("/%s is neither Y nor N", path);
  return HOSTD_READ_UNREADABLE;
}

HostdRead
hostd_probe_decimal (HostdProbe *self, HostdTechnologyFacts *facts, const char *path,
                     guint64 *ret_value, char **ret_why)
{
  g_autofree char *text = NULL;
  HostdRead read = hostd_probe_text (self, facts, path, &text, ret_why);

  if (read != HOSTD_READ_VALUE || hostd_parse_decimal (text, G_MAXINT64, ret_value))
    return read;
  if (ret_why)
    *ret_why = g_strdup_printf ("/%s is not a number", path);
  return HOSTD_READ_UNREADABLE;
}

HostdRead
hostd_probe_cpuid (HostdProbe *self, HostdTechnologyFacts *facts, guint32 leaf, guint32 subleaf,
                   HostdCpuid *ret_answer)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *source = g_strdup_printf ("cpuid %x %x", leaf, subleaf);
  HostdRead read = hostd_sys_cpuid (self->sys, leaf, subleaf, ret_answer, &error);

  if (read == HOSTD_READ_VALUE)
    hostd_technology_facts_add_evidence (facts, source, "%08x %08x %08x %08x", ret_answer->eax,
                                         ret_answer->ebx, ret_answer->ecx, ret_answer->edx);
  else
    note_failure (facts, source, read, error, NULL);
  return read;
}

HostdRead
hostd_probe_msr (HostdProbe *self, HostdTechnologyFacts *facts, guint32 index, guint64 *ret_value)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *source = g_strdup_printf ("msr %x", index);
  HostdRead read = hostd_sys_msr (self->sys, index, ret_value, &error);

  if (read == HOSTD_READ_VALUE)
    hostd_technology_facts_add_evidence (facts, source, "%" G_GINT64_MODIFIER "x", *ret_value);
  else
    note_failure (facts, source, read, error, NULL);
  return read;
}

HostdRead
hostd_probe_module (HostdProbe *self, HostdTechnologyFacts *facts, const char *module)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_strdup_printf ("sys/module/%s/parameters", module);
  g_auto (GStrv) names = NULL;
  HostdRead read = hostd_sys_list_folder (self->sys, path, &names, &error);

  facts->looking_at = HOSTD_LAYER_KERNEL;
  if (read == HOSTD_READ_VALUE)
    hostd_technology_facts_add_evidence (facts, path, "present");
  else
    note_failure (facts, path, read, error, NULL);
  return read;
}

HostdRead
hostd_probe_kvm_attr (HostdProbe *self, HostdTechnologyFacts *facts, guint32 group, guint64 attr,
                      guint64 *ret_value, char **ret_why)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *source =
      g_strdup_printf ("dev/kvm attribute %u/%" G_GUINT64_FORMAT, group, attr);
  HostdRead read = hostd_sys_kvm_attr (self->sys, group, attr, ret_value, &error);

  facts->looking_at = HOSTD_LAYER_KERNEL;
  if (read == HOSTD_READ_VALUE)
    hostd_technology_facts_add_evidence (facts, source, "%" G_GINT64_MODIFIER "x", *ret_value);
  else
    note_failure (facts, source, read, error, ret_why);
  return read;
}

void
hostd_probe_qemu (HostdProbe *self, HostdTechnologyFacts *facts, const char *type,
                  const char *since)
{
  g_autofree char *cause = NULL, *fix = NULL;
  const char *source = self->emulator ? self->emulator : "emulators";

  facts->looking_at = HOSTD_LAYER_QEMU;
  if (self->emulator_read == HOSTD_READ_ABSENT) {
    hostd_technology_facts_add_evidence (facts, source, "absent");
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_QEMU,
                                       "there is no QEMU for this machine's own architecture",
                                       "install QEMU (Debian: qemu-system-x86)");
    return;
  }
  if (self->emulator_read != HOSTD_READ_VALUE) {
    hostd_technology_facts_add_evidence (facts, source, "unknown: %s", self->emulator_why);
    return;
  }
  if (g_strv_contains ((const char *const *) self->objects, type)) {
    hostd_technology_facts_add_evidence (facts, source, "has object %s", type);
    return;
  }
  hostd_technology_facts_add_evidence (facts, source, "has no object %s", type);
  cause = g_strdup_printf ("%s has no object %s", self->emulator, type);
  fix = g_strdup_printf ("install QEMU %s, built with it", since);
  hostd_technology_facts_set_broken (facts, HOSTD_LAYER_QEMU, cause, fix);
}
