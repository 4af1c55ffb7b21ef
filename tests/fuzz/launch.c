/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A domain XML from anybody: Rewrite either fails, refuses with reasons, or makes a text that it
 * would not change any more and that Verify allows. The tree that Rewrite works on is libxml2's.
 * The templates are the shipped ones.
 */
#include "config.h"

#include "fuzz.h"

#include "../unit/launch-same-tree.h"
#include "launch/rewrite.h"
#include "launch/verify.h"

static HostdTemplates *templates;
static HostdRequest *requests[4];

static void
load_once (void)
{
  static const char *const policies[G_N_ELEMENTS (requests)] = { "sev", "sev-es", "snp", "tdx" };
  g_autoptr (GError) error = NULL;

  if (templates)
    return;
  templates = hostd_templates_load (FUZZ_TEMPLATE_DIR, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    requests[i] = hostd_request_new (policies[i]);
}

static void
check_result (HostdRequest *request, const HostdRewrite *rewrite)
{
  gsize length, again_length;
  const char *text = hostd_rewrite_get_text (rewrite, &length);
  g_autoptr (HostdRewrite) again = NULL;
  g_autoptr (HostdVerify) verify = NULL;

  again = hostd_rewrite_run (templates, request, NULL, text, length, NULL);
  g_assert_nonnull (again);
  g_assert_cmpint (hostd_rewrite_get_verdict (again), ==, HOSTD_VERDICT_ALLOW);
  g_assert_cmpstr (hostd_rewrite_get_text (again, &again_length), ==, text);
  g_assert_cmpuint (again_length, ==, length);
  verify = hostd_verify_run (templates, request, NULL, text, length, HOSTD_STAGE_DEFINITION, FALSE,
                             NULL);
  g_assert_nonnull (verify);
  g_assert_cmpint (hostd_verify_get_verdict (verify), ==, HOSTD_VERDICT_ALLOW);
}

static void
check_trees (const char *text, gsize size)
{
  g_autoptr (HostdDocument) document = hostd_document_parse (text, size, NULL),
                            other = hostd_document_parse_editable (text, size, NULL);

  g_assert_true ((document == NULL) == (other == NULL));
  g_assert_true (document == NULL ||
                 same_tree ((xmlNodePtr) document->xml, (xmlNodePtr) other->xml));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = size ? (const char *) data : "";
  HostdRequest *request;
  g_autoptr (HostdRewrite) rewrite = NULL;
  g_autoptr (GError) error = NULL;
  HostdGlance *glance;

  load_once ();
  check_trees (text, size);
  request = requests[size % G_N_ELEMENTS (requests)];
  glance = hostd_glance_at (text, size, NULL);
  hostd_glance_free (glance);
  for (guint stage = HOSTD_STAGE_DEFINITION; stage <= HOSTD_STAGE_START; stage++)
    hostd_verify_free (
        hostd_verify_run (templates, request, NULL, text, size, (HostdStage) stage, FALSE, NULL));
  rewrite = hostd_rewrite_run (templates, request, NULL, text, size, &error);
  g_assert_true ((rewrite == NULL) == (error != NULL));
  if (rewrite == NULL)
    return 0;
  if (hostd_rewrite_get_verdict (rewrite) == HOSTD_VERDICT_ALLOW)
    check_result (request, rewrite);
  else
    g_assert_cmpuint (hostd_reasons_count (hostd_rewrite_get_reasons (rewrite)), >, 0);
  return 0;
}
