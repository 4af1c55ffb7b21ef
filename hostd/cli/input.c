/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/input.h"

#include "base/error.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Pipes too, for `<(virsh dumpxml web-1)`; the limit holds whatever it is. */
static char *
read_path (const char *path, gsize max, gsize *ret_length, GError **error)
{
  hostd_autofd int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

  if (fd < 0) {
    hostd_error_set_errno (error, errno, "cannot open %s", path);
    return NULL;
  }
  return hostd_read_fd (fd, path, max, ret_length, error);
}

char *
hostd_input_read (const char *path, gsize max, gsize *ret_length, GError **error)
{
  if (g_str_equal (path, "-"))
    return hostd_read_fd (STDIN_FILENO, "standard input", max, ret_length, error);
  return read_path (path, max, ret_length, error);
}

char *
hostd_input_read_xml (const char *path, gsize *ret_length, GError **error)
{
  return hostd_input_read (path, HOSTD_INPUT_MAX_XML, ret_length, error);
}

static gboolean
add_value (HostdRequest *request, const char *key, const char *value, GError **error)
{
  if (value[0] != '@') {
    if (!g_utf8_validate (value, -1, NULL)) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "the value is not UTF-8");
      return FALSE;
    }
    return hostd_request_add_data (request, key, value, error);
  } else {
    gsize length;
    g_autofree char *bytes = read_path (value + 1, HOSTD_REQUEST_MAX_VALUE, &length, error);

    return bytes != NULL && hostd_request_add_data_bytes (request, key, bytes, length, error);
  }
}

static HostdExit
add_datum (const HostdCommand *command, HostdRequest *request, const char *datum)
{
  const char *equals = strchr (datum, '=');
  g_autofree char *key = equals != NULL ? g_strndup (datum, equals - datum) : NULL;
  g_autoptr (GError) error = NULL;

  if (key == NULL || key[0] == '\0' || !g_utf8_validate (key, -1, NULL))
    return hostd_command_usage (command, "--data is KEY=VALUE or KEY=@FILE, not '%s'", datum);
  if (hostd_request_lookup (request, key) != NULL)
    return hostd_command_usage (command, "--data %s was given twice", key);
  if (add_value (request, key, equals + 1, &error))
    return HOSTD_EXIT_OK;
  g_prefix_error (&error, "--data %s: ", key);
  return hostd_command_fail (command, HOSTD_EXIT_BAD_INPUT, error);
}

HostdRequest *
hostd_input_make_request (const HostdCommand *command, const HostdOptions *options,
                          HostdExit *ret_exit)
{
  g_autoptr (HostdRequest) request = hostd_request_new (options->policy);
  g_autoptr (GError) error = NULL;

  if (options->technology != NULL &&
      !hostd_request_set_technology (request, options->technology, &error)) {
    *ret_exit = hostd_command_usage (command, "--technology: %s", error->message);
    return NULL;
  }
  for (guint i = 0; options->data != NULL && options->data[i] != NULL; i++) {
    *ret_exit = add_datum (command, request, options->data[i]);
    if (*ret_exit != HOSTD_EXIT_OK)
      return NULL;
  }
  return g_steal_pointer (&request);
}
