/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A main for fuzz targets where there is no libFuzzer: FOLDER... runs each file of the corpus as it
 * is, then changed a few thousand times in ways that a seed repeats, so that the target is a
 * regression test in every build. The input lies in a heap block of its very size, for ASan to
 * guard both ends.
 */
#include "fuzz.h"

#include <glib.h>
#include <string.h>

#define ROUNDS 3000
#define SEED 20251125

static void
run (const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);

  LLVMFuzzerTestOneInput (copy, size);
}

static void
run_changed (GRand *rand, const char *text, gsize length)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint changes = g_rand_int_range (rand, 1, 5);

  g_byte_array_append (bytes, (const guint8 *) text, length);
  while (changes-- > 0 && bytes->len > 1) {
    guint at = g_rand_int_range (rand, 0, bytes->len);
    guint count = g_rand_int_range (rand, 1, 16);

    count = MIN (count, bytes->len - at);

    switch (g_rand_int_range (rand, 0, 4)) {
    case 0:
      bytes->data[at] = (guint8) g_rand_int (rand);
      break;
    case 1:
      g_byte_array_remove_range (bytes, at, count);
      break;
    case 2: { /* a piece once more, elsewhere */
      guint8 piece[16];
      guint to = g_rand_int_range (rand, 0, bytes->len);

      memcpy (piece, bytes->data + at, count);
      g_byte_array_set_size (bytes, bytes->len + count);
      memmove (bytes->data + to + count, bytes->data + to, bytes->len - count - to);
      memcpy (bytes->data + to, piece, count);
      break;
    }
    default:
      bytes->data[at] = (guint8) "<>\"'\\/&{}[],:-\0"[g_rand_int_range (rand, 0, 16)];
      break;
    }
  }
  run (bytes->data, bytes->len);
}

static guint
run_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (SEED);
  const char *name;
  guint files = 0;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_autofree char *text = NULL;
    gsize length;

    if (!g_file_get_contents (path, &text, &length, NULL))
      continue;
    files++;
    run ((const guint8 *) text, length);
    for (guint i = 0; i < ROUNDS; i++)
      run_changed (rand, text, length);
  }
  return files;
}

int
main (int argc, char **argv)
{
  guint files = 0;

  for (int i = 1; i < argc; i++)
    files += run_folder (argv[i]);
  g_print ("%u files, each as it is and changed %d times\n", files, ROUNDS);
  /* A target without a corpus would test nothing and look well. */
  return files > 0 ? 0 : 1;
}
