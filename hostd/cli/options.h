/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct HostdCommand HostdCommand;

/* Which options a command takes. */
typedef enum {
  HOSTD_OPTIONS_OFFLINE = 1 << 0,  /* --offline, --host, --policy-dir */
  HOSTD_OPTIONS_LAUNCH = 1 << 1,   /* --policy, --technology, --data */
  HOSTD_OPTIONS_DIFF = 1 << 2,     /* --diff, --color */
  HOSTD_OPTIONS_STAGE = 1 << 3,    /* --stage */
  HOSTD_OPTIONS_COLOR = 1 << 5,    /* --color */
  HOSTD_OPTIONS_EVIDENCE = 1 << 6, /* --evidence */
  HOSTD_OPTIONS_CAPTURE = 1 << 4,  /* --unmasked */
  HOSTD_OPTIONS_NOVA = 1 << 7,     /* --nova-release, --policy-dir */
} HostdOptionSet;

typedef enum { HOSTD_COLOR_AUTO, HOSTD_COLOR_ALWAYS, HOSTD_COLOR_NEVER } HostdColor;

/* The options of any command; those that it does not take keep their defaults. */
typedef struct {
  gboolean help, json, offline, evidence, diff, unmasked;
  char *root, *replay; /* folders, see engine/host-capture.h */
  char *host;          /* folder of a recorded host */
  char **policy_dirs;  /* NULL: none */
  char *policy;
  char *technology;
  char **data; /* "KEY=VALUE" as given; NULL: none */
  char *stage;
  char *nova_release;
  char *color_word;
  HostdColor color;
  char *socket;      /* another socket than the command's own */
  char **arguments;  /* never NULL after parsing */
  gboolean no_color; /* NO_COLOR is set, see main() */
} HostdOptions;

/*
 * Reads @argv, of which the first is the command's name. On FALSE the program ends with *@ret_exit:
 * the help was printed, or the error.
 */
gboolean hostd_options_parse (HostdOptions *self, const HostdCommand *command, char **argv,
                              int *ret_exit);
/* Does --color have standard output coloured? */
gboolean hostd_options_want_color (const HostdOptions *self);
void hostd_options_clear (HostdOptions *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HostdOptions, hostd_options_clear)

G_END_DECLS
