/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/options.h"

G_BEGIN_DECLS

/* What the program ends with: an interface, described in doc/man/cloisterctl.1.rst. */
typedef enum {
  HOSTD_EXIT_OK = 0,
  HOSTD_EXIT_BAD_INPUT = 2, /* a file, policy, recording or piece of data that cannot be used */
  HOSTD_EXIT_REFUSED = 3,
  HOSTD_EXIT_NOT_OURS = 4,
  HOSTD_EXIT_GUEST = 5,        /* doctor: this machine is a guest itself */
  HOSTD_EXIT_USAGE = 64,       /* EX_USAGE of sysexits.h */
  HOSTD_EXIT_UNAVAILABLE = 69, /* EX_UNAVAILABLE: the daemon gave no answer, or could not do it */
  HOSTD_EXIT_OUTPUT = 74,      /* EX_IOERR: standard output cannot be written */
} HostdExit;

/* One command of the program: `cloisterctl NAME`. */
struct HostdCommand {
  const char *name;
  const char *arguments; /* "FILE", for the usage line */
  const char *summary;   /* one line */
  const char *details;   /* what --help adds below the options; may be NULL */
  guint options;         /* HostdOptionSet */
  guint min_arguments, max_arguments;
  HostdExit (*run) (const HostdCommand *self, const HostdOptions *options);
};

extern const HostdCommand hostd_command_audit;
extern const HostdCommand hostd_command_capabilities;
extern const HostdCommand hostd_command_capture;
extern const HostdCommand hostd_command_doctor;
extern const HostdCommand hostd_command_domains;
extern const HostdCommand hostd_command_flavor;
extern const HostdCommand hostd_command_forget;
extern const HostdCommand hostd_command_monitor;
extern const HostdCommand hostd_command_policies;
extern const HostdCommand hostd_command_reload;
extern const HostdCommand hostd_command_rewrite;
extern const HostdCommand hostd_command_status;
extern const HostdCommand hostd_command_verify;

/* One line on stderr that says how the command was called wrongly; returns HOSTD_EXIT_USAGE. */
HostdExit hostd_command_usage (const HostdCommand *self, const char *format, ...)
    G_GNUC_PRINTF (2, 3);
/* One line on stderr; returns @status. */
HostdExit hostd_command_fail (const HostdCommand *self, HostdExit status, const GError *error);

G_END_DECLS
