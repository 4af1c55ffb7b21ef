/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/live-facts.h"

#include "base/text.h"
#include "engine/host-facts.h"
#include "virt/domain-capabilities.h"

#include <string.h>

/* What libvirt was asked of one emulator over the present connection. */
typedef struct {
  char *identity; /* NULL: there is no such file here */
  char *host;
  HostdLibvirtAnswer *answer; /* NULL: @why */
  char *why;
} Asked;

struct HostdLiveFacts {
  HostdLibvirtCache *cache;
  guint library;
  GHashTable *asked; /* path of emulator -> Asked */

  /* Of the facts joined last. */
  char *host;
  char **emulators; /* NULL: unknown */
  HostdLibvirtLayer layer;
  gint64 time;
  char *said; /* the document they stand on; NULL none */
};

const char *
hostd_libvirt_layer_name (HostdLibvirtLayer layer)
{
  static const char *const names[] = { [HOSTD_LIBVIRT_LAYER_UNKNOWN] = "unknown",
                                       [HOSTD_LIBVIRT_LAYER_KEPT] = "kept",
                                       [HOSTD_LIBVIRT_LAYER_ASKED] = "asked",
                                       [HOSTD_LIBVIRT_LAYER_RECORDED] = "recorded" };

  return names[layer];
}

static void
asked_free (gpointer data)
{
  Asked *self = data;

  g_free (self->identity);
  g_free (self->host);
  hostd_libvirt_answer_free (self->answer);
  g_free (self->why);
  g_free (self);
}

HostdLiveFacts *
hostd_live_facts_new (const char *state_dir, guint library_version, GError **error)
{
  HostdLibvirtCache *cache = hostd_libvirt_cache_open (state_dir, error);
  HostdLiveFacts *self;

  if (cache == NULL)
    return NULL;
  self = g_new0 (HostdLiveFacts, 1);
  self->cache = cache;
  self->library = library_version;
  self->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, asked_free);
  return self;
}

void
hostd_live_facts_free (HostdLiveFacts *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->cache, hostd_libvirt_cache_free);
  g_hash_table_unref (self->asked);
  g_free (self->host);
  g_strfreev (self->emulators);
  g_free (self->said);
  g_free (self);
}

/* ---- joining ---- */

/* What libvirt's answer hangs on besides the emulator. Before it is joined. */
static char *
describe_host (const HostdLiveFacts *self, const HostdFacts *facts)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "library %u, kernel %s", self->library,
                          facts->kernel_release != NULL ? facts->kernel_release : "unknown");
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    const HostdTechnologyFacts *t = &facts->technology[i];
    const char *layer = hostd_layer_name (t->layer);

    if (t->usability != HOSTD_USABILITY_NOT_APPLICABLE)
      g_string_append_printf (text, ", %s %s%s%s", hostd_technology_name (i),
                              hostd_usability_name (t->usability), layer != NULL ? " " : "",
                              layer != NULL ? layer : "");
  }
  return g_string_free (text, FALSE);
}

static gboolean
is_of_now (const HostdLiveFacts *self, const char *emulator, const char *identity, const char *host)
{
  g_autofree char *now = hostd_libvirt_cache_identify (emulator);

  return g_strcmp0 (identity, now) == 0 && g_strcmp0 (host, self->host) == 0;
}

static const Asked *
find_asked (const HostdLiveFacts *self, const char *emulator)
{
  const Asked *asked = g_hash_table_lookup (self->asked, emulator);

  return asked != NULL && is_of_now (self, emulator, asked->identity, asked->host) ? asked : NULL;
}

static const HostdLibvirtAnswer *
find_kept (const HostdLiveFacts *self, const char *emulator)
{
  const HostdLibvirtAnswer *kept = hostd_libvirt_cache_find (self->cache, emulator);

  return kept != NULL && is_of_now (self, emulator, kept->identity, kept->host) ? kept : NULL;
}

static void
note_unknown (HostdFacts *facts, const char *why)
{
  g_autofree char *line = g_strdup_printf ("unknown: %s", why);

  hostd_host_facts_note_libvirt (facts, line);
}

/* FALSE if it is no document of libvirt's after all. */
static gboolean
join_answer (HostdFacts *facts, const HostdLibvirtAnswer *answer)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdDomainCapabilities) capabilities =
      hostd_domain_capabilities_parse (answer->xml, strlen (answer->xml), &error);

  if (capabilities == NULL) {
    note_unknown (facts, error->message);
    return FALSE;
  }
  /* Its QEMU is the default one; which the probe asked is known better. */
  hostd_host_facts_join_libvirt (facts, capabilities, answer->libvirt,
                                 facts->qemu_version == 0 ? answer->qemu : 0);
  return TRUE;
}

static void
stand_on (HostdLiveFacts *self, HostdLibvirtLayer layer, const HostdLibvirtAnswer *answer)
{
  self->layer = layer;
  self->time = answer != NULL ? answer->time : 0;
  g_free (self->said);
  self->said = answer != NULL ? g_strdup (answer->xml) : NULL;
}

static void
join_kept (HostdLiveFacts *self, HostdFacts *facts, const HostdLibvirtAnswer *kept)
{
  g_autofree char *when = hostd_time_to_text (kept->time);
  g_autofree char *line = g_strdup_printf ("said at %s", when);

  hostd_host_facts_note_libvirt (facts, line);
  if (join_answer (facts, kept))
    stand_on (self, HOSTD_LIBVIRT_LAYER_KEPT, kept);
}

void
hostd_live_facts_join (HostdLiveFacts *self, HostdFacts *facts)
{
  const char *emulator = facts->emulators != NULL ? facts->emulators[0] : NULL;
  const HostdLibvirtAnswer *kept;
  const Asked *asked;

  g_free (self->host);
  self->host = describe_host (self, facts);
  g_strfreev (self->emulators);
  self->emulators = NULL;
  if (facts->libvirt_version != 0) {
    stand_on (self, HOSTD_LIBVIRT_LAYER_RECORDED, NULL);
    return;
  }
  self->emulators = g_strdupv (facts->emulators);
  stand_on (self, HOSTD_LIBVIRT_LAYER_UNKNOWN, NULL);
  /* The one that the layers below were asked of; a domain with another one is told by libvirt. */
  asked = emulator != NULL ? find_asked (self, emulator) : NULL;
  kept = emulator != NULL ? find_kept (self, emulator) : NULL;
  if (asked != NULL && asked->answer != NULL) {
    if (join_answer (facts, asked->answer))
      stand_on (self, HOSTD_LIBVIRT_LAYER_ASKED, asked->answer);
  } else if (kept != NULL) {
    join_kept (self, facts, kept);
  } else if (asked != NULL) {
    note_unknown (facts, asked->why);
  } else {
    hostd_host_facts_join_libvirt (facts, NULL, 0, 0);
  }
}

HostdLibvirtLayer
hostd_live_facts_get_layer (const HostdLiveFacts *self, gint64 *ret_time)
{
  *ret_time = self->time;
  return self->layer;
}

/* ---- asking ---- */

void
hostd_live_facts_forget_session (HostdLiveFacts *self)
{
  g_hash_table_remove_all (self->asked);
}

char **
hostd_live_facts_get_unasked (const HostdLiveFacts *self)
{
  g_autoptr (GPtrArray) unasked = g_ptr_array_new ();

  for (guint i = 0; self->emulators != NULL && self->emulators[i] != NULL; i++)
    if (unasked->len < HOSTD_LIBVIRT_CACHE_MAX && find_asked (self, self->emulators[i]) == NULL)
      g_ptr_array_add (unasked, g_strdup (self->emulators[i]));
  g_ptr_array_add (unasked, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&unasked), FALSE);
}

gboolean
hostd_live_facts_note (HostdLiveFacts *self, const char *emulator, const HostdLibvirtAnswer *answer,
                       const char *why)
{
  Asked *asked = g_new0 (Asked, 1);
  gboolean is_first = self->emulators != NULL && self->emulators[0] != NULL &&
                      strcmp (self->emulators[0], emulator) == 0;

  asked->host = g_strdup (self->host);
  asked->why = g_strdup (why);
  if (answer != NULL) {
    asked->answer = hostd_libvirt_answer_copy (answer);
    g_free (asked->answer->host);
    asked->answer->host = g_strdup (self->host);
    asked->answer->time = g_get_real_time () / G_USEC_PER_SEC;
    asked->identity = g_strdup (answer->identity);
  } else {
    asked->identity = hostd_libvirt_cache_identify (emulator);
  }
  g_hash_table_replace (self->asked, g_strdup (emulator), asked);
  if (asked->answer != NULL && asked->identity != NULL && asked->host != NULL)
    hostd_libvirt_cache_keep (self->cache, asked->answer);
  return is_first && (answer == NULL || self->layer != HOSTD_LIBVIRT_LAYER_ASKED ||
                      g_strcmp0 (self->said, answer->xml) != 0);
}

const char *
hostd_live_facts_get_trouble (const HostdLiveFacts *self)
{
  return hostd_libvirt_cache_get_trouble (self->cache);
}
