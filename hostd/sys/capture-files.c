/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/capture-private.h"
#include "sys/mask.h"

#include <string.h>

/* Two logical CPUs say what all do: the format of a recorded host has no more. */
#define CPUS 2
#define CGROUP "sys/fs/cgroup/"
/* Its files are named by a hash of what they were asked for, the platform's id in it. */
#define QUOTE_CACHE "var/opt/qgsd/.dcap-qcnl/"
#define EFI_VARIABLES "sys/firmware/efi/efivars"

static const struct {
  const char *name, *head;
} texts[HOSTD_CAPTURE_N_TEXTS] = {
  [HOSTD_CAPTURE_CPUID] = { "cpuid", "# LEAF SUBLEAF: EAX EBX ECX EDX" },
  [HOSTD_CAPTURE_MSR] = { "msr", "# NUMBER VALUE, of the first CPU" },
  [HOSTD_CAPTURE_KVM] = { "kvm", "# what /dev/kvm answers" },
  [HOSTD_CAPTURE_REGISTERS] = { "registers", "# NAME VALUE" },
  [HOSTD_CAPTURE_IOCTL] = { "ioctl", "# what /dev/sev answers" },
  [HOSTD_CAPTURE_QGS] = { "qgs", "# what the quote generation service answers" },
  [HOSTD_CAPTURE_UNAME] = { "uname", NULL },
  [HOSTD_CAPTURE_EMULATORS] = { "emulators", "# QEMU binaries; the next two are of the first" },
  [HOSTD_CAPTURE_QEMU_VERSION] = { "qemu/version", NULL },
  [HOSTD_CAPTURE_QEMU_OBJECTS] = { "qmp/objects", NULL },
  [HOSTD_CAPTURE_UNREADABLE] = { "unreadable", "# QUESTION CODE MESSAGE" },
};

typedef struct {
  HostdCapture *capture;
  gboolean masked;
  const char *host_name;
  GHashTable *names; /* of files and folders -> what stands for them */
  GTree *files;      /* what is made */
} Writing;

static void
unref_bytes (gpointer bytes)
{
  if (bytes != NULL)
    g_bytes_unref (bytes);
}

/* ---- /proc/cpuinfo ---- */

/* The number in "processor : 5" (x86, Arm, POWER), "processor 5: ..." or "cpu number : 5" (Z). */
static gboolean
cpu_of_line (const char *line, guint64 *ret_cpu)
{
  static const char *const keys[] = { "processor", "cpu number" };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    const char *p = line + strlen (keys[i]);

    if (!g_str_has_prefix (line, keys[i]))
      continue;
    p += strspn (p, " \t:");
    if (!g_ascii_isdigit (*p))
      return FALSE;
    *ret_cpu = g_ascii_strtoull (p, NULL, 10);
    return TRUE;
  }
  return FALSE;
}

/* One block, or NULL if it is of a CPU that is left out. */
static char *
cut_block (const char *block)
{
  g_auto (GStrv) lines = g_strsplit (block, "\n", -1);
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();

  for (guint i = 0; lines[i] != NULL; i++) {
    guint64 cpu;

    if (!cpu_of_line (lines[i], &cpu) || cpu < CPUS)
      g_ptr_array_add (kept, lines[i]);
    else if (strchr (lines[i], '=') == NULL)
      return NULL;
    /* Z lists its processors in one block, a line "processor 5: version = ..." each. */
  }
  g_ptr_array_add (kept, NULL);
  return g_strjoinv ("\n", (char **) kept->pdata);
}

/* Of the blocks (blank lines are between them) those of the first CPUs, and those of none. */
static GBytes *
cut_cpuinfo (GBytes *content)
{
  gsize length;
  const char *data = g_bytes_get_data (content, &length);
  g_autofree char *text = g_strndup (data != NULL ? data : "", length);
  g_auto (GStrv) blocks = g_strsplit (text, "\n\n", -1);
  g_autoptr (GString) cut = g_string_new (NULL);
  char *result;

  if (strlen (text) != length)
    return g_bytes_ref (content); /* with a NUL in it, it is no such text */
  for (guint i = 0; blocks[i] != NULL; i++) {
    g_autofree char *block = cut_block (blocks[i]);

    if (block != NULL)
      g_string_append_printf (cut, "%s%s", block, blocks[i + 1] != NULL ? "\n\n" : "");
  }
  length = cut->len;
  result = g_string_free (g_steal_pointer (&cut), FALSE);
  return g_bytes_new_take (result, length);
}

/* ---- names that tell too much ---- */

/* "machine-qemu\x2d3\x2dNAME.scope" is a guest's, and keeps all but the name. */
static char *
stand_in (const char *name, guint number)
{
  static const char guest[] = "machine-qemu\\x2d";
  const char *end = g_str_has_prefix (name, guest) ? strstr (name + strlen (guest), "\\x2d") : NULL;
  g_autofree char *head = end != NULL ? g_strndup (name, end - name) : NULL;

  if (head == NULL)
    return g_strdup_printf ("masked-%u", number);
  return g_strdup_printf ("%s\\x2dmasked-%u.scope", head, number);
}

static const char *
mask_name (Writing *self, const char *name)
{
  const char *known = g_hash_table_lookup (self->names, name);
  char *made;

  if (known != NULL)
    return known;
  if (hostd_mask_is_common_cgroup (name) || strstr (name, "\\x2dmasked-") != NULL)
    return name;
  made = stand_in (name, g_hash_table_size (self->names) + 1);
  g_hash_table_insert (self->names, g_strdup (name), made);
  return made;
}

/* @path as the recording has it. */
static char *
place_of (Writing *self, const char *path)
{
  g_auto (GStrv) parts = NULL;
  g_autoptr (GString) place = NULL;
  const char *folder;

  folder = g_str_has_prefix (path, CGROUP)        ? CGROUP
           : g_str_has_prefix (path, QUOTE_CACHE) ? QUOTE_CACHE
                                                  : NULL;
  if (!self->masked || folder == NULL)
    return g_strdup (path);
  parts = g_strsplit (path + strlen (folder), "/", -1);
  place = g_string_new (folder);
  for (guint i = 0; parts[i] != NULL; i++)
    g_string_append_printf (place, "%s%s", i > 0 ? "/" : "", mask_name (self, parts[i]));
  return g_string_free (g_steal_pointer (&place), FALSE);
}

/* ---- files and folders ---- */

static gboolean
add_file (gpointer path, gpointer content, gpointer data)
{
  Writing *self = data;
  g_autoptr (GBytes) cut =
      g_str_equal (path, "proc/cpuinfo") ? cut_cpuinfo (content) : g_bytes_ref (content);

  g_tree_replace (self->files, place_of (self, path),
                  self->masked ? hostd_mask_file (path, cut, self->host_name) : g_bytes_ref (cut));
  return FALSE;
}

static gboolean
has_below (GTree *tree, const char *folder)
{
  g_autofree char *prefix = g_strconcat (folder, "/", NULL);
  GTreeNode *next = g_tree_lower_bound (tree, prefix);

  return next != NULL && g_str_has_prefix (g_tree_node_key (next), prefix);
}

/* Whether something of @path, or below it, was noted. */
static gboolean
is_noted (HostdCapture *capture, const char *path)
{
  return g_tree_lookup (capture->files, path) != NULL ||
         g_tree_lookup (capture->folders, path) != NULL || has_below (capture->files, path) ||
         has_below (capture->folders, path);
}

/* Which variables a BIOS has is much, and mostly not ours: those of SGX stay. */
static gboolean
is_shown (const char *folder, const char *name)
{
  if (g_str_has_prefix (folder, "sys/fs/cgroup"))
    return FALSE;
  return !g_str_equal (folder, EFI_VARIABLES) || g_str_has_prefix (name, "Sgx");
}

/*
 * What was listed and not read stands as an empty file: it was there, and nothing is known of it.
 * Control groups without a file that was read are left out: there may be a thousand.
 */
static gboolean
add_folder (gpointer path, gpointer names, gpointer data)
{
  Writing *self = data;

  if (g_tree_lookup (self->capture->files, path) == NULL)
    g_tree_replace (self->files, place_of (self, path), NULL);
  for (guint i = 0; ((char **) names)[i] != NULL; i++) {
    g_autofree char *child = g_strconcat (path, "/", ((char **) names)[i], NULL);

    if (is_shown (path, ((char **) names)[i]) && !is_noted (self->capture, child))
      g_tree_replace (self->files, place_of (self, child), g_bytes_new_static ("", 0));
  }
  return FALSE;
}

/* ---- named texts ---- */

/* "LEAF SUBLEAF: EAX ..." and "NUMBER VALUE" whose value is a serial number. */
static char *
mask_line (Writing *self, HostdCaptureText text, const char *line)
{
  guint64 number = g_ascii_strtoull (line, NULL, 16);
  GHashTableIter iter;
  gpointer name, made;

  if (text == HOSTD_CAPTURE_CPUID && hostd_mask_cpuid (number))
    return g_strdup_printf ("%x 0: 00000000 00000000 00000000 00000000", (guint) number);
  if (text == HOSTD_CAPTURE_MSR && hostd_mask_msr (number) && strstr (line, "errno") == NULL)
    return g_strdup_printf ("%x 0", (guint) number);
  if (text == HOSTD_CAPTURE_QGS)
    return hostd_mask_qgs (line);
  if (text == HOSTD_CAPTURE_UNREADABLE) {
    g_autoptr (GString) names = g_string_new (line);

    g_hash_table_iter_init (&iter, self->names);
    while (g_hash_table_iter_next (&iter, &name, &made))
      g_string_replace (names, name, made, 0);
    return g_string_free (g_steal_pointer (&names), FALSE);
  }
  return g_strdup (line);
}

typedef struct {
  Writing *writing;
  HostdCaptureText text;
  GString *content;
} Text;

static gboolean
add_line (gpointer key, gpointer line, gpointer data)
{
  Text *self = data;
  g_autofree char *shown =
      self->writing->masked ? mask_line (self->writing, self->text, line) : g_strdup (line);

  g_string_append_printf (self->content, "%s\n", shown);
  return FALSE;
}

static void
take_text (Writing *self, const char *name, GString *content)
{
  gsize length = content->len;

  g_tree_replace (self->files, g_strdup (name),
                  g_bytes_new_take (g_string_free (content, FALSE), length));
}

static void
add_text (Writing *self, HostdCaptureText text)
{
  Text adding = { self, text, NULL };

  if (self->capture->texts[text] == NULL)
    return;
  adding.content = g_string_new (texts[text].head);
  if (texts[text].head != NULL)
    g_string_append_c (adding.content, '\n');
  g_tree_foreach (self->capture->texts[text], add_line, &adding);
  take_text (self, texts[text].name, adding.content);
}

typedef struct {
  gboolean as_root;
  GString *content;
} Devices;

/* No more than was seen: it can be opened, it can not (by root: 000), it is there. */
static gboolean
add_device (gpointer path, gpointer refused, gpointer data)
{
  Devices *self = data;
  const char *mode =
      GPOINTER_TO_INT (refused) ? (self->as_root ? "000" : "600") : (self->as_root ? "600" : "666");

  g_string_append_printf (self->content, "%s c %s\n", (const char *) path, mode);
  return FALSE;
}

static void
add_devices (Writing *self)
{
  Devices devices = { hostd_sys_is_root (&self->capture->base),
                      g_string_new ("# PATH TYPE MODE\n") };

  /* Which user it was is nobody's business. */
  if (!devices.as_root)
    g_string_append (devices.content, "user 65534\n");
  g_tree_foreach (self->capture->devices, add_device, &devices);
  take_text (self, "devices", devices.content);
}

GTree *
hostd_capture_to_files (HostdSys *sys, gboolean masked, const char *host_name)
{
  HostdCapture *capture = (HostdCapture *) sys;
  Writing writing = { capture, masked, host_name, NULL, NULL };

  writing.names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  writing.files = hostd_capture_tree_new (unref_bytes);
  g_tree_foreach (capture->files, add_file, &writing);
  g_tree_foreach (capture->folders, add_folder, &writing);
  for (guint i = 0; i < HOSTD_CAPTURE_N_TEXTS; i++)
    add_text (&writing, (HostdCaptureText) i);
  add_devices (&writing);
  g_hash_table_unref (writing.names);
  return writing.files;
}
