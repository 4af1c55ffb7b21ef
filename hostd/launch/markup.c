/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/markup.h"

#include "base/error.h"

#include <string.h>

/* ` a=""` */
#define SHORTEST_ATTRIBUTE 5

static gboolean
is_space (char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static guint
count_attributes (const char *at, const char *end)
{
  guint count = 0;

  while ((at = memchr (at, '=', end - at)) != NULL) {
    for (at++; at < end && is_space (*at); at++)
      ;
    if (at < end && (*at == '"' || *at == '\''))
      count++;
  }
  return count;
}

gboolean
hostd_markup_check (const char *text, gsize length, GError **error)
{
  const char *end = text + length, *at = memchr (text, '<', length);

  for (guint count = 1; at != NULL; count++) {
    const char *next = memchr (at + 1, '<', end - at - 1);
    const char *stop = next != NULL ? next : end;

    if (count > HOSTD_DOMAIN_MAX_MARKUP) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE,
                   "domain XML refused: more than %u tags in it", HOSTD_DOMAIN_MAX_MARKUP);
      return FALSE;
    }
    /* Nearly all are too short to have so many. */
    if (stop - at > (gssize) SHORTEST_ATTRIBUTE * HOSTD_DOMAIN_MAX_ATTRIBUTES &&
        count_attributes (at, stop) > HOSTD_DOMAIN_MAX_ATTRIBUTES) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE,
                   "domain XML refused: an element with more than %u attributes",
                   HOSTD_DOMAIN_MAX_ATTRIBUTES);
      return FALSE;
    }
    at = next;
  }
  return TRUE;
}
