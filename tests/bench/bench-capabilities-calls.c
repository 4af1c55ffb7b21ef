/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one answer costs who is connected already, asked in turns: hostd's Capabilities over its
 * socket, and libvirt's virConnectGetDomainCapabilities() over its own. Prints a line for each
 * call, "CASE NANOSECONDS", as bench-hook-spawn does: case 0 is hostd, 1 libvirt.
 *
 *   bench-capabilities-calls ROUNDS SOCKET EMULATOR
 */
#include "config.h"

#include "ipc/client.h"
#include "ipc/wire.h"

#include <libvirt/libvirt.h>
#include <stdlib.h>
#include <time.h>

static gint64
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (gint64) t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
ask_hostd (HostdClient *client)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) answer =
      hostd_client_call (client, HOSTD_WIRE_LAUNCH_CAPABILITIES, NULL, &error);

  if (answer == NULL)
    g_error ("%s", error->message);
}

static void
ask_libvirt (virConnectPtr connect, const char *emulator)
{
  char *xml = virConnectGetDomainCapabilities (connect, emulator, "x86_64", "q35", "kvm", 0);

  if (xml == NULL)
    g_error ("libvirt has no domain capabilities of %s", emulator);
  free (xml);
}

int
main (int argc, char **argv)
{
  int rounds = argc == 4 ? atoi (argv[1]) : 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdClient) client =
      rounds > 0 ? hostd_client_connect (argv[2], 600000, &error) : NULL;
  virConnectPtr connect = rounds > 0 ? virConnectOpen ("qemu:///system") : NULL;

  if (client == NULL || connect == NULL) {
    g_printerr ("bench-capabilities-calls ROUNDS SOCKET EMULATOR: %s\n",
                error != NULL ? error->message : "libvirt is not there");
    return 1;
  }
  for (int i = -2; i < rounds; i++) {
    gint64 begin = now (), middle, end;

    ask_hostd (client);
    middle = now ();
    ask_libvirt (connect, argv[3]);
    end = now ();
    if (i >= 0) /* the first to warm up */
      g_print ("0 %" G_GINT64_FORMAT "\n1 %" G_GINT64_FORMAT "\n", middle - begin, end - middle);
  }
  virConnectClose (connect);
  return 0;
}
