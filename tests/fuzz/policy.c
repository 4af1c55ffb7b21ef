/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A launch policy from anybody (Admin.CheckPolicy takes a text): it is refused in one line, or it
 * compiles. An expression then meets a domain, where libxml2 and our own evaluation may do anything
 * but crash or disagree.
 */
#include "config.h"

#include "fuzz.h"

#include "launch/document.h"
#include "launch/templates.h"
#include "launch/xpath.h"

#include <string.h>

static HostdTemplates *templates;

static void
check_expression (const char *text, gsize length)
{
  static const char xml[] = "<domain type='kvm'><os><loader/></os><devices><disk/></devices>"
                            "<launchSecurity type='sev'/></domain>";
  g_autofree char *copy = g_strndup (text, length);
  g_autoptr (HostdExpression) expression =
      hostd_expression_compile (copy, HOSTD_EXPRESSION_NODES, NULL);
  g_autoptr (HostdDocument) document = NULL;
  g_autoptr (HostdXPath) exact = NULL, quick = NULL;
  g_autoptr (GPtrArray) nodes = g_ptr_array_new (), others = g_ptr_array_new ();
  g_autoptr (GError) error = NULL, other_error = NULL;

  if (expression == NULL)
    return;
  document = hostd_document_parse (xml, strlen (xml), NULL);
  exact = hostd_xpath_new (document, NULL, HOSTD_XPATH_EXACT);
  quick = hostd_xpath_new (document, NULL, HOSTD_XPATH_QUICK);
  g_assert_true (hostd_xpath_select (exact, expression, nodes, &error) == (error == NULL));
  g_assert_true (hostd_xpath_select (quick, expression, others, &other_error) ==
                 (other_error == NULL));
  g_assert_true ((error == NULL) == (other_error == NULL));
  if (error)
    return;
  g_assert_cmpuint (nodes->len, ==, others->len);
  for (guint i = 0; i < nodes->len; i++)
    g_assert_true (g_ptr_array_index (nodes, i) == g_ptr_array_index (others, i));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = size ? (const char *) data : "";
  g_autoptr (HostdPolicy) policy = NULL;
  g_autoptr (GError) error = NULL;

  if (templates == NULL) {
    templates = hostd_templates_load (FUZZ_TEMPLATE_DIR, NULL, &error);
    g_assert_no_error (error);
  }
  policy = hostd_templates_check_policy_text (templates, "policy.xml", text, size, &error);
  g_assert_true ((policy == NULL) == (error != NULL));
  if (error)
    g_assert_true (g_str_has_prefix (error->message, "policy.xml:"));
  if (size < 4096)
    check_expression (text, size);
  return 0;
}
