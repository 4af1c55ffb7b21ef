/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of the platform on a recorded host, some of whose answers are not what was recorded: byte
 * after byte of the input says of each question in turn whether the machine has no such thing,
 * cannot be read, or answers with the bytes that follow. Whatever comes, what is told is of one
 * piece: a verdict has its cause, a broken layer its evidence and its fix, and numbers agree.
 */
#include "config.h"

#include "fuzz.h"

#include "base/error.h"
#include "platform/platform.h"
#include "sys/ops.h"

#include <string.h>

#define MAX_ANSWER 64

/* A recorded host that stays open, with its files in memory: the probes ask for them each time. */
typedef struct {
  HostdSys *sys;
  GHashTable *files; /* path -> GBytes, or NULL: absent */
} Host;

typedef struct {
  HostdSys base;
  HostdSys *inner;
  Host *host;
  const guint8 *data;
  gsize left;
} Liar;

static guint8
take (Liar *self)
{
  if (self->left == 0)
    return 0;
  self->left--;
  return *self->data++;
}

static guint64
take_number (Liar *self, guint bytes)
{
  guint64 value = 0;

  for (guint i = 0; i < bytes; i++)
    value = value << 8 | take (self);
  return value;
}

static char *
take_text (Liar *self, gsize *ret_length)
{
  char *text = g_malloc0 (MAX_ANSWER + 1);

  *ret_length = take (self) % (MAX_ANSWER + 1);
  for (gsize i = 0; i < *ret_length; i++)
    text[i] = take (self);
  return text;
}

typedef enum {
  TELL_TRUTH,
  TELL_ABSENT,
  TELL_UNREADABLE,
  TELL_LIE,
} Tell;

/* HOSTD_READ_VALUE means: go on, with the truth or a lie. */
static Tell
choose (Liar *self, HostdRead *ret_read, GError **error)
{
  guint8 byte = take (self);

  *ret_read = HOSTD_READ_VALUE;
  if (byte == TELL_ABSENT) {
    *ret_read = HOSTD_READ_ABSENT;
  } else if (byte == TELL_UNREADABLE) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_IO, "it cannot be read");
    *ret_read = HOSTD_READ_UNREADABLE;
  }
  return byte > TELL_LIE ? TELL_TRUTH : (Tell) byte;
}

/* @truth and @lie are expressions; the former is a HostdRead. */
#define ANSWER(sys, error, truth, lie)                                                             \
  Liar *self = (Liar *) (sys);                                                                     \
  HostdRead read;                                                                                  \
  Tell tell = choose (self, &read, error);                                                         \
  if (read != HOSTD_READ_VALUE)                                                                    \
    return read;                                                                                   \
  if (tell == TELL_TRUTH)                                                                          \
    return truth;                                                                                  \
  lie;                                                                                             \
  return HOSTD_READ_VALUE

static GBytes *
lying_bytes (Liar *self)
{
  gsize length;
  char *text = take_text (self, &length);

  return g_bytes_new_take (text, length);
}

static char **
lying_names (Liar *self)
{
  gsize length;
  g_autofree char *text = take_text (self, &length);

  for (char *p = text; *p; p++)
    if (!g_ascii_isalnum (*p) && *p != ' ')
      *p = '-';
  return g_strsplit (text, " ", -1);
}

static HostdRead
read_kept (Host *host, const char *path, GBytes **ret_bytes)
{
  gpointer kept = NULL;

  if (!g_hash_table_lookup_extended (host->files, path, NULL, &kept)) {
    GBytes *bytes = NULL;
    HostdRead read = hostd_sys_read_bytes (host->sys, path, &bytes, NULL);

    g_assert_cmpint (read, !=, HOSTD_READ_UNREADABLE);
    kept = read == HOSTD_READ_VALUE ? bytes : NULL;
    g_hash_table_insert (host->files, g_strdup (path), kept);
  }
  if (kept == NULL)
    return HOSTD_READ_ABSENT;
  *ret_bytes = g_bytes_ref (kept);
  return HOSTD_READ_VALUE;
}

static HostdRead
liar_read_bytes (HostdSys *sys, const char *path, GBytes **ret_bytes, GError **error)
{
  ANSWER (sys, error, read_kept (self->host, path, ret_bytes), *ret_bytes = lying_bytes (self));
}

static HostdRead
liar_list_folder (HostdSys *sys, const char *path, char ***ret_names, GError **error)
{
  ANSWER (sys, error, hostd_sys_list_folder (self->inner, path, ret_names, error),
          *ret_names = lying_names (self));
}

static HostdRead
liar_cpuid (HostdSys *sys, guint32 leaf, guint32 subleaf, HostdCpuid *ret_answer, GError **error)
{
  ANSWER (sys, error, hostd_sys_cpuid (self->inner, leaf, subleaf, ret_answer, error),
          *ret_answer = ((HostdCpuid){ take_number (self, 4), take_number (self, 4),
                                       take_number (self, 4), take_number (self, 4) }));
}

static HostdRead
liar_msr (HostdSys *sys, guint32 index, guint64 *ret_value, GError **error)
{
  ANSWER (sys, error, hostd_sys_msr (self->inner, index, ret_value, error),
          *ret_value = take_number (self, 8));
}

static HostdRead
liar_kvm_extension (HostdSys *sys, guint capability, guint *ret_value, GError **error)
{
  ANSWER (sys, error, hostd_sys_kvm_extension (self->inner, capability, ret_value, error),
          *ret_value = take_number (self, 2));
}

static HostdRead
liar_kvm_attr (HostdSys *sys, guint32 group, guint64 attr, guint64 *ret_value, GError **error)
{
  ANSWER (sys, error, hostd_sys_kvm_attr (self->inner, group, attr, ret_value, error),
          *ret_value = take_number (self, 8));
}

static HostdRead
liar_kvm_takes_type (HostdSys *sys, guint64 type, GError **error)
{
  ANSWER (sys, error, hostd_sys_kvm_takes_type (self->inner, type, error), (void) 0);
}

static HostdRead
liar_has_device (HostdSys *sys, const char *path, GError **error)
{
  ANSWER (sys, error, hostd_sys_has_device (self->inner, path, error), (void) 0);
}

static HostdRead
liar_id_aa64pfr0 (HostdSys *sys, guint64 *ret_value, GError **error)
{
  ANSWER (sys, error, hostd_sys_id_aa64pfr0 (self->inner, ret_value, error),
          *ret_value = take_number (self, 8));
}

static HostdRead
liar_tdx_capabilities (HostdSys *sys, HostdTdxCapabilities *ret_capabilities, GError **error)
{
  ANSWER (sys, error, hostd_sys_tdx_capabilities (self->inner, ret_capabilities, error),
          *ret_capabilities =
              ((HostdTdxCapabilities){ take_number (self, 8), take_number (self, 8) }));
}

static HostdRead
liar_qgs (HostdSys *sys, GBytes **ret_message, GError **error)
{
  ANSWER (sys, error, hostd_sys_qgs (self->inner, ret_message, error),
          *ret_message = lying_bytes (self));
}

static gboolean
liar_is_root (HostdSys *sys)
{
  return take ((Liar *) sys) == 0;
}

static HostdRead
liar_sev (HostdSys *sys, HostdSevQuery query, HostdSevAnswer *ret_answer, GError **error)
{
  ANSWER (sys, error, hostd_sys_sev (self->inner, query, ret_answer, error),
          ret_answer->errnum = take (self) % 134;
          ret_answer->firmware_error = take_number (self, 4);
          for (guint i = 0; i < sizeof ret_answer->data; i++) ret_answer->data[i] = take (self));
}

static HostdRead
liar_uname (HostdSys *sys, HostdUname *ret_uname, GError **error)
{
  ANSWER (sys, error, hostd_sys_uname (self->inner, ret_uname, error),
          hostd_sys_uname (self->inner, ret_uname, NULL));
}

static HostdRead
liar_emulators (HostdSys *sys, char ***ret_paths, GError **error)
{
  ANSWER (sys, error, hostd_sys_emulators (self->inner, ret_paths, error),
          *ret_paths = g_new0 (char *, 1));
}

static HostdRead
liar_qemu_version (HostdSys *sys, const char *emulator, char **ret_version, GError **error)
{
  ANSWER (sys, error, hostd_sys_qemu_version (self->inner, emulator, ret_version, error),
          gsize ignored;
          *ret_version = take_text (self, &ignored));
}

static HostdRead
liar_qemu_objects (HostdSys *sys, const char *emulator, char ***ret_types, GError **error)
{
  ANSWER (sys, error, hostd_sys_qemu_objects (self->inner, emulator, ret_types, error),
          *ret_types = lying_names (self));
}

static const HostdSysOps liar_ops = {
  .recording = TRUE,
  .read_bytes = liar_read_bytes,
  .list_folder = liar_list_folder,
  .cpuid = liar_cpuid,
  .msr = liar_msr,
  .kvm_extension = liar_kvm_extension,
  .kvm_attr = liar_kvm_attr,
  .kvm_takes_type = liar_kvm_takes_type,
  .has_device = liar_has_device,
  .id_aa64pfr0 = liar_id_aa64pfr0,
  .tdx_capabilities = liar_tdx_capabilities,
  .qgs = liar_qgs,
  .is_root = liar_is_root,
  .sev = liar_sev,
  .uname = liar_uname,
  .emulators = liar_emulators,
  .qemu_version = liar_qemu_version,
  .qemu_objects = liar_qemu_objects,
};

static gboolean
has_evidence_of (const HostdTechnologyFacts *t, HostdLayer layer)
{
  for (guint i = 0; i < t->evidence->len; i++)
    if (((const HostdEvidence *) g_ptr_array_index (t->evidence, i))->layer == layer)
      return TRUE;
  return FALSE;
}

static void
check (const HostdTechnologyFacts *t)
{
  const HostdCapacity *c = &t->capacity;
  gboolean unusable = t->usability == HOSTD_USABILITY_UNUSABLE;

  g_assert_true ((t->usability == HOSTD_USABILITY_USABLE) == (t->cause == NULL));
  g_assert_true (unusable == (t->layer != HOSTD_LAYER_NONE));
  if (unusable) {
    g_assert_true (t->fix && *t->fix);
    if (!has_evidence_of (t, t->layer))
      g_error ("broken at %s without evidence of it: %s", hostd_layer_name (t->layer), t->cause);
    g_assert_cmpint (c->total, <=, 0);
    g_assert_cmpint (c->free, <=, 0);
  }
  g_assert_true (c->total >= -1 && c->in_use >= -1 && c->free >= -1);
  g_assert_true (c->others >= -1 && c->leaked >= -1);
  if (c->free >= 0)
    g_assert_true (c->total >= c->free);
  if (t->quote.state == HOSTD_QUOTE_BROKEN)
    g_assert_true (t->quote.cause && t->quote.fix);
  for (guint i = 0; i < t->values->len; i++) {
    const HostdValue *value = g_ptr_array_index (t->values, i);

    g_assert_true ((value->text == NULL) != (value->why == NULL));
  }
}

/* One of the recorded hosts: theirs are all the answers that no input changes. */
static Host *
host_of (guint8 byte)
{
  static const char *const names[] = { "milan-snp",         "spr-tdx", "icx-sgx-two-nodes",
                                       "power9-ultravisor", "arm-rmi", "s390-pv" };
  static Host hosts[G_N_ELEMENTS (names)];
  guint i = byte % G_N_ELEMENTS (names);

  if (hosts[i].sys == NULL) {
    g_autofree char *folder = g_build_filename (FUZZ_HOSTS_DIR, names[i], NULL);
    g_autoptr (GError) error = NULL;

    hosts[i].sys = hostd_sys_new_recording (folder, &error);
    hosts[i].files = g_hash_table_new (g_str_hash, g_str_equal);
    g_assert_no_error (error);
  }
  return &hosts[i];
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Liar liar = { .base = { .ops = &liar_ops }, .data = data, .left = size };
  g_autoptr (HostdFacts) facts = hostd_facts_new ();

  liar.host = host_of (take (&liar));
  liar.inner = liar.host->sys;
  hostd_platform_probe (&liar.base, facts);
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    check (&facts->technology[i]);
  return 0;
}
