/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/policy-private.h"

void
hostd_policy_free (HostdPolicy *self)
{
  if (self == NULL)
    return;
  hostd_template_file_unref (self->file);
  g_free (self->name);
  g_free (self->title);
  g_free (self->digest);
  if (self->technologies)
    g_array_unref (self->technologies);
  g_free (self);
}

const char *
hostd_policy_get_name (const HostdPolicy *self)
{
  return self->name;
}

const char *
hostd_policy_get_title (const HostdPolicy *self)
{
  return self->title;
}

const char *
hostd_policy_get_path (const HostdPolicy *self)
{
  return self->file->path;
}

const char *
hostd_policy_get_text (const HostdPolicy *self)
{
  return self->file->text;
}

const char *
hostd_policy_get_digest (const HostdPolicy *self)
{
  return self->digest;
}

guint
hostd_policy_count_technologies (const HostdPolicy *self)
{
  return self->technologies->len;
}

HostdTechnology
hostd_policy_get_technology (const HostdPolicy *self, guint index)
{
  return g_array_index (self->technologies, HostdTechnology, index);
}
