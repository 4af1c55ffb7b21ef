/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewrite and Verify beside what nobody can do without: libxml2 parsing and serialising the same
 * text. The three are run in turns, so that a busy machine slows all of them; what is compared is
 * medians of the processor's time, which does not run while others are served. A ratio means the
 * same on every machine.
 *
 *   bench-launch TEMPLATES DOMAIN.xml [--json]
 */
#include "config.h"

#include "launch/rewrite.h"
#include "launch/verify.h"

#include <libxml/parser.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POLICY "snp"
#define LARGE (64 * 1024)

enum { LIBXML2, REWRITE, VERIFY, N_KINDS };
static const char *const kind_names[N_KINDS] = { "libxml2", "rewrite", "verify" };

typedef struct {
  HostdTemplates *templates;
  HostdRequest *request;
  const char *text; /* as it came */
  gsize length;
  const char *finished; /* as Rewrite made it: what Verify judges */
  gsize finished_length;
} Case;

static void
run_libxml2 (const Case *c)
{
  xmlDoc *doc = xmlReadMemory (c->text, (int) c->length, NULL, NULL, XML_PARSE_NONET);
  xmlChar *out = NULL;
  int length;

  xmlDocDumpMemory (doc, &out, &length);
  xmlFree (out);
  xmlFreeDoc (doc);
}

static void
run_rewrite (const Case *c)
{
  g_autoptr (HostdRewrite) rewrite = NULL;

  rewrite = hostd_rewrite_run (c->templates, c->request, NULL, c->text, c->length, NULL);
  g_assert_true (rewrite && hostd_rewrite_get_verdict (rewrite) == HOSTD_VERDICT_ALLOW);
}

static void
run_verify (const Case *c)
{
  g_autoptr (HostdVerify) verify = NULL;

  verify = hostd_verify_run (c->templates, c->request, NULL, c->finished, c->finished_length,
                             HOSTD_STAGE_DEFINITION, FALSE, NULL);
  g_assert_true (verify && hostd_verify_get_verdict (verify) == HOSTD_VERDICT_ALLOW);
}

static int
compare (const void *a, const void *b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

/* Nanoseconds that this thread has been running. */
static gint64
processor_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Medians in microseconds of @rounds rounds, each kind once a round, after one to warm up. */
static void
measure (const Case *c, guint rounds, double medians[N_KINDS])
{
  static void (*const run[N_KINDS]) (const Case *) = { run_libxml2, run_rewrite, run_verify };
  g_autofree gint64 *times = g_new (gint64, N_KINDS * rounds);

  for (guint round = 0; round <= rounds; round++) {
    for (guint kind = 0; kind < N_KINDS; kind++) {
      gint64 begin = processor_time ();
      guint repeat = c->length < LARGE / 2 ? 20 : 4; /* longer than the clock's step */

      for (guint i = 0; i < repeat; i++)
        run[kind](c);
      if (round > 0)
        times[kind * rounds + round - 1] = (processor_time () - begin) / (gint64) repeat;
    }
  }
  for (guint kind = 0; kind < N_KINDS; kind++) {
    qsort (times + kind * rounds, rounds, sizeof *times, compare);
    medians[kind] = (double) times[kind * rounds + rounds / 2] / 1000;
  }
}

/* The same domain with disks until it is as long as a guest's with many of them may get. */
static char *
make_large (const char *text)
{
  const char *end = strstr (text, "  </devices>");
  GString *large = g_string_new_len (text, end - text);

  for (guint i = 1; large->len + strlen (end) < LARGE; i++)
    g_string_append_printf (large,
                            "    <disk type=\"file\" device=\"disk\">\n"
                            "      <driver name=\"qemu\" type=\"qcow2\" cache=\"none\"/>\n"
                            "      <source file=\"/var/lib/nova/instances/volumes/%u\"/>\n"
                            "      <target dev=\"vd%c%c\" bus=\"virtio\"/>\n"
                            "    </disk>\n",
                            i, 'a' + (int) (i / 26 % 26), 'a' + (int) (i % 26));
  g_string_append (large, end);
  return g_string_free (large, FALSE);
}

static gboolean
bench (HostdTemplates *templates, const char *name, const char *text, guint rounds, gboolean json)
{
  g_autoptr (HostdRequest) request = hostd_request_new (POLICY);
  g_autoptr (HostdRewrite) rewrite = NULL;
  g_autoptr (GError) error = NULL;
  Case c = { .templates = templates, .request = request, .text = text, .length = strlen (text) };
  double medians[N_KINDS];

  rewrite = hostd_rewrite_run (templates, request, NULL, text, c.length, &error);
  if (rewrite == NULL || hostd_rewrite_get_verdict (rewrite) != HOSTD_VERDICT_ALLOW) {
    g_printerr ("%s: not rewritten: %s\n", name, error ? error->message : "refused");
    return FALSE;
  }
  c.finished = hostd_rewrite_get_text (rewrite, &c.finished_length);
  measure (&c, rounds, medians);
  for (guint kind = 0; kind < N_KINDS; kind++)
    if (json)
      g_print ("{\"domain\":\"%s\",\"bytes\":%" G_GSIZE_FORMAT
               ",\"what\":\"%s\",\"us\":%.1f,\"ratio\":%.3f}\n",
               name, c.length, kind_names[kind], medians[kind], medians[kind] / medians[0]);
    else
      g_print ("%-6s %7" G_GSIZE_FORMAT " %-8s %9.1f us %6.2f\n", name, c.length, kind_names[kind],
               medians[kind], medians[kind] / medians[0]);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdTemplates) templates = NULL;
  g_autofree char *text = NULL;
  g_autofree char *large = NULL;
  gboolean json = argc > 3 && g_str_equal (argv[3], "--json");

  if (argc < 3) {
    g_printerr ("usage: bench-launch TEMPLATES DOMAIN.xml [--json]\n");
    return 64;
  }
  /* Whether free memory goes back to the kernel hangs on which block lies last: luck, for all
   * three. */
  mallopt (M_TRIM_THRESHOLD, 64 * 1024 * 1024);
  templates = hostd_templates_load (argv[1], NULL, &error);
  if (templates == NULL || !g_file_get_contents (argv[2], &text, NULL, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  large = make_large (text);
  if (!json)
    g_print ("%-6s %7s %-8s %12s %6s\n", "domain", "bytes", "what", "median", "ratio");
  return bench (templates, "small", text, 101, json) && bench (templates, "large", large, 31, json)
             ? 0
             : 1;
}
