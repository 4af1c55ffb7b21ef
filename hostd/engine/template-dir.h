/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Where the shipped templates are: beside the sources or the build folder if @program (its real
 * path) runs uninstalled, else where they are installed. *@ret_uninstalled (may be NULL) says
 * which; an uninstalled program has no business with /etc/cloister either. (transfer full)
 */
char *hostd_template_dir_find (const char *program, gboolean *ret_uninstalled);

/*
 * The real path of the running program, links resolved; NULL if the kernel does not tell it.
 * (transfer full)
 */
char *hostd_template_dir_own_program (void);

G_END_DECLS
