/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/facts.h"

static const char *const technology_names[HOSTD_N_TECHNOLOGIES] = {
  [HOSTD_TECHNOLOGY_SEV] = "sev",         [HOSTD_TECHNOLOGY_SEV_ES] = "sev-es",
  [HOSTD_TECHNOLOGY_SEV_SNP] = "sev-snp", [HOSTD_TECHNOLOGY_TDX] = "tdx",
  [HOSTD_TECHNOLOGY_SGX] = "sgx",         [HOSTD_TECHNOLOGY_CCA] = "cca",
  [HOSTD_TECHNOLOGY_PEF] = "pef",         [HOSTD_TECHNOLOGY_S390_PV] = "s390-pv",
};

const char *
hostd_technology_name (HostdTechnology technology)
{
  g_return_val_if_fail (technology < HOSTD_N_TECHNOLOGIES, NULL);
  return technology_names[technology];
}

gboolean
hostd_technology_from_name (const char *name, HostdTechnology *ret_technology)
{
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    if (g_strcmp0 (name, technology_names[i]) == 0) {
      *ret_technology = (HostdTechnology) i;
      return TRUE;
    }
  }
  return FALSE;
}

const char *
hostd_usability_name (HostdUsability usability)
{
  static const char *const names[] = { "unknown", "usable", "unusable", "not-applicable" };

  return names[usability];
}

const char *
hostd_layer_name (HostdLayer layer)
{
  static const char *const names[] = { NULL, "hardware", "firmware", "kernel", "qemu", "libvirt" };

  return names[layer];
}

static void
evidence_free (HostdEvidence *self)
{
  g_free (self->source);
  g_free (self->value);
  g_free (self);
}

const char *
hostd_quote_state_name (HostdQuoteState state)
{
  static const char *const names[] = { "unknown", "none", "ready", "broken" };

  return names[state];
}

static void
value_free (HostdValue *self)
{
  g_free (self->name);
  g_free (self->text);
  g_free (self->why);
  g_free (self);
}

HostdFacts *
hostd_facts_new (void)
{
  HostdFacts *self = g_new0 (HostdFacts, 1);

  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    HostdTechnologyFacts *t = &self->technology[i];

    t->evidence = g_ptr_array_new_with_free_func ((GDestroyNotify) evidence_free);
    t->values = g_ptr_array_new_with_free_func ((GDestroyNotify) value_free);
    t->capacity.total = t->capacity.in_use = t->capacity.free = HOSTD_CAPACITY_UNKNOWN;
    t->capacity.others = t->capacity.leaked = HOSTD_CAPACITY_UNKNOWN;
  }
  self->firmware = g_ptr_array_new_with_free_func ((GDestroyNotify) hostd_firmware_free);
  return self;
}

void
hostd_facts_free (HostdFacts *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    HostdTechnologyFacts *t = &self->technology[i];

    g_free (t->cause);
    g_free (t->fix);
    g_free (t->capacity.pool);
    g_clear_pointer (&t->capacity.nodes, g_array_unref);
    g_free (t->quote.cause);
    g_free (t->quote.fix);
    g_ptr_array_unref (t->values);
    g_ptr_array_unref (t->evidence);
  }
  g_ptr_array_unref (self->firmware);
  g_strfreev (self->emulators);
  g_free (self->kernel_release);
  g_free (self->source);
  g_free (self);
}

gboolean
hostd_facts_is_first_of_pool (const HostdFacts *self, HostdTechnology technology)
{
  const char *pool = self->technology[technology].capacity.pool;

  for (guint i = 0; pool != NULL && i < technology; i++)
    if (self->technology[i].usability == HOSTD_USABILITY_USABLE &&
        g_strcmp0 (self->technology[i].capacity.pool, pool) == 0)
      return FALSE;
  return TRUE;
}

char *
hostd_facts_describe_sev_firmware (const HostdFacts *self)
{
  if (!self->sev_firmware.known)
    return NULL;
  return g_strdup_printf ("%u.%u.%u", self->sev_firmware.major, self->sev_firmware.minor,
                          self->sev_firmware.build);
}

void
hostd_technology_facts_add_evidence (HostdTechnologyFacts *self, const char *source,
                                     const char *format, ...)
{
  HostdEvidence *evidence = g_new0 (HostdEvidence, 1);
  va_list args;

  evidence->layer = self->looking_at;
  evidence->source = g_strdup (source);
  va_start (args, format);
  evidence->value = g_strdup_vprintf (format, args);
  va_end (args);
  for (guint i = 0; i < self->evidence->len; i++) {
    const HostdEvidence *other = g_ptr_array_index (self->evidence, i);

    if (g_str_equal (other->source, source) && g_str_equal (other->value, evidence->value)) {
      evidence_free (evidence);
      return;
    }
  }
  g_ptr_array_add (self->evidence, evidence);
}

/* The value of that name, made if there is none. */
static HostdValue *
value_by_name (HostdTechnologyFacts *self, const char *name)
{
  HostdValue *value = (HostdValue *) hostd_technology_facts_get_value (self, name);

  if (value == NULL) {
    value = g_new0 (HostdValue, 1);
    value->name = g_strdup (name);
    g_ptr_array_add (self->values, value);
  }
  return value;
}

void
hostd_technology_facts_set_value (HostdTechnologyFacts *self, const char *name, const char *format,
                                  ...)
{
  HostdValue *value = value_by_name (self, name);
  va_list args;

  va_start (args, format);
  g_free (value->text);
  value->text = g_strdup_vprintf (format, args);
  va_end (args);
  g_clear_pointer (&value->why, g_free);
}

void
hostd_technology_facts_set_value_unknown (HostdTechnologyFacts *self, const char *name,
                                          const char *format, ...)
{
  HostdValue *value = value_by_name (self, name);
  va_list args;

  if (value->text != NULL)
    return;
  va_start (args, format);
  g_free (value->why);
  value->why = g_strdup_vprintf (format, args);
  va_end (args);
}

const HostdValue *
hostd_technology_facts_get_value (const HostdTechnologyFacts *self, const char *name)
{
  for (guint i = 0; i < self->values->len; i++) {
    const HostdValue *value = g_ptr_array_index (self->values, i);

    if (g_str_equal (value->name, name))
      return value;
  }
  return NULL;
}

void
hostd_technology_facts_set_quote (HostdTechnologyFacts *self, HostdQuoteState state,
                                  const char *cause, const char *fix)
{
  self->quote.state = state;
  g_free (self->quote.cause);
  self->quote.cause = g_strdup (cause);
  g_free (self->quote.fix);
  self->quote.fix = g_strdup (fix);
}

void
hostd_capacity_add_node (HostdCapacity *self, guint node, gint64 total)
{
  const HostdCapacityNode entry = { node, total };

  if (self->nodes == NULL)
    self->nodes = g_array_new (FALSE, FALSE, sizeof (HostdCapacityNode));
  g_array_append_val (self->nodes, entry);
}

void
hostd_technology_facts_set_broken (HostdTechnologyFacts *self, HostdLayer layer, const char *cause,
                                   const char *fix)
{
  if (self->usability == HOSTD_USABILITY_UNUSABLE && self->layer <= layer)
    return;
  self->usability = HOSTD_USABILITY_UNUSABLE;
  self->layer = layer;
  g_free (self->cause);
  self->cause = g_strdup (cause);
  g_free (self->fix);
  self->fix = g_strdup (fix);
}

HostdFirmware *
hostd_firmware_new (void)
{
  return g_new0 (HostdFirmware, 1);
}

void
hostd_firmware_free (HostdFirmware *self)
{
  if (self == NULL)
    return;
  g_free (self->descriptor);
  g_free (self->image);
  g_strfreev (self->features);
  g_strfreev (self->machines);
  g_free (self);
}

gboolean
hostd_firmware_has_feature (const HostdFirmware *self, const char *feature)
{
  return self->features != NULL && g_strv_contains ((const char *const *) self->features, feature);
}
