/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/parse.h"
#include "launch/work.h"

#include <string.h>

/* What is wrong with a value of this field, or NULL. */
static char *
complaint (const HostdField *field, const char *value)
{
  g_autofree guint8 *data = NULL;
  gsize length = 0;

  switch (field->kind) {
  case HOSTD_FIELD_FLAG:
    if (strcmp (value, "yes") != 0 && strcmp (value, "no") != 0)
      return g_strdup_printf ("%s: '%.32s' is neither yes nor no", field->name, value);
    return NULL;
  case HOSTD_FIELD_SOCKET:
    if (*value && strcmp (value, "yes") != 0 && *value != '/')
      return g_strdup_printf ("%s: '%.64s' is no absolute path", field->name, value);
    return NULL;
  case HOSTD_FIELD_BASE64:
    data = hostd_parse_base64 (value, &length);
    if (data == NULL)
      return g_strdup_printf ("%s: it is not base64", field->name);
    if (field->bytes && length != field->bytes)
      return g_strdup_printf ("%s: decodes to %" G_GSIZE_FORMAT " bytes, expected %" G_GSIZE_FORMAT,
                              field->name, length, field->bytes);
    if (length == 0)
      return g_strdup_printf ("%s: decodes to 0 bytes", field->name);
    return NULL;
  }
  return NULL;
}

static gboolean
same_base64 (const char *a, const char *b)
{
  gsize n = 0, m = 0;
  g_autofree guint8 *x = hostd_parse_base64 (a, &n), *y = hostd_parse_base64 (b, &m);

  return x && y && n == m && memcmp (x, y, n) == 0;
}

static void
set_element (HostdWork *work, xmlNodePtr security, const HostdField *field, const char *value)
{
  xmlNodePtr have = hostd_node_child (security, field->name);
  g_autofree char *now = hostd_node_text (have);

  if (have == NULL) {
    hostd_spans_set_text (work->spans, hostd_spans_make (work->spans, security, field->name),
                          value);
  } else if (!same_base64 (now, value)) {
    g_autofree char *path = hostd_node_path (have);

    hostd_reasons_add (work->reasons, "data-conflict", path,
                       "%s is there already and is not what the request gives", field->name);
  }
}

static void
set_socket (HostdWork *work, xmlNodePtr security, const HostdField *field, const char *value)
{
  xmlNodePtr have = hostd_node_child (security, field->name);

  if (have == NULL)
    have = hostd_spans_make (work->spans, security, field->name);
  if (*value == '/')
    hostd_work_set_attribute (work, "data-conflict", have, "path", value, HOSTD_CONFLICT_REFUSE,
                              "the request gives another socket");
}

static void
set_field (HostdWork *work, xmlNodePtr security, const HostdField *field, const char *value)
{
  switch (field->kind) {
  case HOSTD_FIELD_FLAG:
    hostd_work_set_attribute (work, "data-conflict", security, field->name, value,
                              HOSTD_CONFLICT_REFUSE, "the request gives another value");
    break;
  case HOSTD_FIELD_SOCKET:
    set_socket (work, security, field, value);
    break;
  case HOSTD_FIELD_BASE64:
    set_element (work, security, field, value);
    break;
  }
}

/* The author's own data: libvirt would refuse it, or QEMU at start, with less to go by. */
static void
check_author (HostdWork *work, xmlNodePtr security, const HostdField *field)
{
  xmlNodePtr have = field->kind == HOSTD_FIELD_FLAG
                        ? (xmlNodePtr) xmlHasNsProp (security, (const xmlChar *) field->name, NULL)
                        : hostd_node_child (security, field->name);
  g_autofree char *value = NULL, *why = NULL, *path = NULL;

  if (have == NULL)
    return;
  if (field->kind == HOSTD_FIELD_SOCKET) {
    have = (xmlNodePtr) xmlHasNsProp (have, (const xmlChar *) "path", NULL);
    if (have == NULL)
      return;
  }
  value = hostd_node_text (have);
  why = complaint (field, value);
  if (why) {
    path = hostd_node_path (have);
    hostd_reasons_add (work->reasons, "data-malformed", path, "%s", why);
  }
}

void
hostd_work_add_launch_data (HostdWork *work)
{
  xmlNodePtr security = hostd_node_child (work->domain, "launchSecurity");
  const HostdRuleset *ruleset = work->technology->file->ruleset;

  if (security == NULL)
    return;
  for (guint i = 0; i < ruleset->fields->len; i++)
    check_author (work, security, g_ptr_array_index (ruleset->fields, i));
  for (guint i = 0; i < hostd_request_count_data (work->request); i++) {
    const char *key = hostd_request_get_key (work->request, i);
    const char *value = hostd_request_get_value (work->request, i);
    const HostdField *field = hostd_ruleset_find_field (ruleset, key);
    g_autofree char *why = field ? complaint (field, value) : NULL;

    if (field == NULL)
      hostd_reasons_add (work->reasons, "data-unknown", "/domain", "%s has no launch data %s",
                         hostd_technology_name (work->technology->technology), key);
    else if (why)
      hostd_reasons_add (work->reasons, "data-malformed", "/domain", "launch data %s", why);
    else
      set_field (work, security, field, value);
  }
}
