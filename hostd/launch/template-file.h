/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/policy-private.h"
#include "launch/schema.h"

G_BEGIN_DECLS

/* Reads, validates and compiles one file whose root must be <@root>. Errors are "FILE:LINE: ...".
 */
/* From text at hand; @path is what errors call it. */
HostdTemplateFile *hostd_template_file_parse (const HostdSchema *schema, const char *path,
                                              const char *text, gsize length, const char *root,
                                              GError **error);
HostdTemplateFile *hostd_template_file_load (const HostdSchema *schema, const char *path,
                                             const char *root, GError **error);

G_END_DECLS
