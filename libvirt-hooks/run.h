/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the hook looks and how long. Constants in the program (main.c); a test has its own. */
typedef struct {
  const char *bindings_dir;
  const char *socket_path;
  int deadline_ms;
} HookSetup;

/*
 * The hook from argv to exit status: 0 allows (and says nothing), 1 vetoes (one line on stderr), 64
 * is a call that libvirt would not make. Reads file descriptor 0, writes at most one line to 2, and
 * never writes to 1. Closes all others.
 */
int hook_run (const HookSetup *setup, int argc, char **argv);
