/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sys/sys.h"

G_BEGIN_DECLS

/*
 * A machine that is written down while it is asked: each question goes on to @inner (ownership is
 * taken), and its first answer is noted. So a capture holds what the probes read, those of tomorrow
 * too, and there is no second list of it. One thing more is read than asked for: all parameters of
 * a kernel module whose folder is listed.
 */
HostdSys *hostd_sys_new_capture (HostdSys *inner);

/* Adds a file that no probe reads, in place of one of that path. */
void hostd_capture_add_file (HostdSys *capture, const char *path, const char *text);

/*
 * What was noted, as a recorded host has it (tests/hosts/README.md): path to GBytes, in byte order
 * of the paths; NULL is a folder that may be empty. Free with g_tree_unref(). @masked: what names
 * this machine or its owner is left out, see sys/mask.h; @host_name (or NULL) with it.
 */
GTree *hostd_capture_to_files (HostdSys *capture, gboolean masked, const char *host_name);

G_END_DECLS
