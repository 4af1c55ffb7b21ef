/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hook's whole course with folders and a deadline of a test's own, for who is not root and
 * cannot lay a file system over the real ones: hook-at DIR MILLISECONDS ARGV0 [ARG...].
 */
#include "config.h"

#include "run.h"

#include <stdio.h>
#include <stdlib.h>

int
main (int argc, char **argv)
{
  static char bindings[4096], socket_path[4096];
  HookSetup setup = { bindings, socket_path, 0 };

  if (argc < 4)
    return 99;
  snprintf (bindings, sizeof bindings, "%s/bindings", argv[1]);
  snprintf (socket_path, sizeof socket_path, "%s/hook.sock", argv[1]);
  setup.deadline_ms = atoi (argv[2]);
  return hook_run (&setup, argc - 3, argv + 3);
}
