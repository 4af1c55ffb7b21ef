/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/flavor.h"

#include <string.h>

HostdFlavor *
hostd_flavor_new (const char *name, const char *id, JsonObject *properties)
{
  HostdFlavor *self = g_new0 (HostdFlavor, 1);

  self->name = name;
  self->id = id;
  self->properties = properties;
  self->findings = json_array_new ();
  self->notes = json_array_new ();
  self->set = g_ptr_array_new_with_free_func (g_free);
  self->unset = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
hostd_flavor_free (HostdFlavor *self)
{
  json_array_unref (self->findings);
  json_array_unref (self->notes);
  g_ptr_array_unref (self->set);
  g_ptr_array_unref (self->unset);
  g_free (self);
}

G_GNUC_PRINTF (3, 0)
static void
add (JsonArray *list, const char *id, const char *format, va_list args)
{
  g_autofree char *text = g_strdup_vprintf (format, args);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", id);
  json_object_set_string_member (object, "text", text);
  json_array_add_object_element (list, object);
}

void
hostd_flavor_find (HostdFlavor *self, const char *id, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  add (self->findings, id, format, args);
  va_end (args);
}

void
hostd_flavor_note (HostdFlavor *self, const char *id, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  add (self->notes, id, format, args);
  va_end (args);
}

static void
add_once (GPtrArray *list, char *text)
{
  if (g_ptr_array_find_with_equal_func (list, text, g_str_equal, NULL))
    g_free (text);
  else
    g_ptr_array_add (list, text);
}

void
hostd_flavor_set (HostdFlavor *self, const char *key, const char *value)
{
  add_once (self->set, g_strdup_printf ("%s=%s", key, value));
}

void
hostd_flavor_unset (HostdFlavor *self, const char *key)
{
  add_once (self->unset, g_strdup (key));
}

gboolean
hostd_flavor_is_wrong (const HostdFlavor *self)
{
  return json_array_get_length (self->findings) > 0;
}

/* Quotes only where the shell needs them: a command is read before it is run. */
static void
append_word (GString *text, const char *word)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "_-.:=/,+@%";
  g_autofree char *quoted = g_shell_quote (word);

  g_string_append_c (text, ' ');
  g_string_append (text, word[0] != '\0' && word[strspn (word, plain)] == '\0' ? word : quoted);
}

/* A name that a terminal does not show as it is must not go through copy and paste. */
static gboolean
is_printable (const char *text)
{
  if (text == NULL || text[0] == '\0' || !g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (!g_unichar_isprint (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

static void
add_command (const HostdFlavor *self, JsonArray *commands, const char *verb, GPtrArray *properties)
{
  const char *flavor = is_printable (self->name) ? self->name : self->id;
  g_autoptr (GString) text = g_string_new ("openstack flavor ");

  if (properties->len == 0 || !is_printable (flavor))
    return;
  g_string_append (text, verb);
  for (guint i = 0; i < properties->len; i++) {
    const char *property = (const char *) g_ptr_array_index (properties, i);

    if (!is_printable (property))
      return;
    g_string_append (text, " --property");
    append_word (text, property);
  }
  if (flavor[0] == '-')
    g_string_append (text, " --");
  append_word (text, flavor);
  json_array_add_string_element (commands, text->str);
}

JsonArray *
hostd_flavor_get_commands (const HostdFlavor *self)
{
  JsonArray *commands = json_array_new ();

  add_command (self, commands, "unset", self->unset);
  add_command (self, commands, "set", self->set);
  return commands;
}
