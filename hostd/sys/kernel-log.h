/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The log of the running kernel, all that its buffer still holds, as dmesg --raw shows it.
 * HOSTD_ERROR_DENIED where only root may read it (sysctl kernel.dmesg_restrict), or not even root
 * (a container).
 */
char *hostd_kernel_log_read (GError **error);

/*
 * The kernel's own lines in @log that speak of confidential computing, without priority and time;
 * one that repeats stands once. Never a line with the kernel's command line in it.
 */
char *hostd_kernel_log_pick (const char *log);

G_END_DECLS
