/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/* A RelaxNG schema of templates/schema/, compiled, and files that are read by it. */
typedef struct HostdSchema HostdSchema;

/* What one file may have; the largest that is shipped has a fiftieth of it. */
#define HOSTD_SCHEMA_FILE_MAX_BYTES (1024u * 1024)

/* TEMPLATE_DIR/schema/@name. HOSTD_ERROR_NOT_FOUND if it is not there. */
HostdSchema *hostd_schema_load (const char *template_dir, const char *name, GError **error);
void hostd_schema_free (HostdSchema *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdSchema, hostd_schema_free)

/*
 * Parses @text, which ends with a NUL that @length does not count: valid by the schema, its root
 * <@root>. Without network, DOCTYPE and entities of its own. Errors are "@path:LINE: what is
 * wrong".
 */
xmlDocPtr hostd_schema_parse (const HostdSchema *self, const char *path, const char *text,
                              gsize length, const char *root, GError **error);

G_END_DECLS
