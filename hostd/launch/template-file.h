/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/policy-private.h"

#include <libxml/relaxng.h>

G_BEGIN_DECLS

/* The RelaxNG schema of templates, compiled. */
typedef struct HostdTemplateSchema HostdTemplateSchema;

HostdTemplateSchema *hostd_template_schema_load (const char *template_dir, GError **error);
void hostd_template_schema_free (HostdTemplateSchema *self);

/* Reads, validates and compiles one file whose root must be <@root>. Errors are "FILE:LINE: ...".
 */
/* From text at hand; @path is what errors call it. */
HostdTemplateFile *hostd_template_file_parse (HostdTemplateSchema *schema, const char *path,
                                              const char *text, gsize length, const char *root,
                                              GError **error);
HostdTemplateFile *hostd_template_file_load (HostdTemplateSchema *schema, const char *path,
                                             const char *root, GError **error);

G_END_DECLS
