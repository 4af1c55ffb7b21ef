/* SPDX-License-Identifier: Apache-2.0 */
/* A binding's file: whatever is read as one can be written again, and then says the same. */
#include "config.h"

#include "fuzz.h"

#include "store/binding.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (HostdBinding) binding = NULL;
  g_autoptr (HostdBinding) back = NULL;
  g_autofree char *text = NULL;
  gsize length;

  binding = hostd_binding_from_text (size ? (const char *) data : "", size, NULL);
  if (binding == NULL)
    return 0;
  text = hostd_binding_to_text (binding, &length, NULL);
  if (text == NULL) /* over the limit: escapes may be longer than they were */
    return 0;
  back = hostd_binding_from_text (text, length, NULL);
  g_assert_nonnull (back);
  g_assert_true (hostd_binding_agrees (binding, back));
  g_assert_cmpstr (hostd_binding_get_uuid (binding), ==, hostd_binding_get_uuid (back));
  return 0;
}
