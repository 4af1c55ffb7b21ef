/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Stands where libvirt looks for QEMU, on a machine without the hardware.
 *
 * It takes the confidential guest's object off the command line, puts a relay between libvirt and
 * QEMU's monitor, and becomes the real QEMU by exec: the pid, signals, -daemonize and -pidfile are
 * all the real one's. The relay answers the few queries that only hardware can. What real QEMU
 * would refuse, it refuses. Its settings lie in /etc/simhost, made from a recorded host.
 */
#include "standin.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REAL "/usr/bin/qemu-system-x86_64.real"

static char **out;
static int n_out;

static void
put (const char *argument)
{
  out[n_out++] = (char *) argument;
}

/* The value of key=... in a list of properties, cut out of it; NULL if it is not there. */
static char *
cut_property (char *list, const char *key)
{
  size_t length = strlen (key);

  for (char *p = list; p; p = strchr (p, ',')) {
    char *end, *value;

    if (*p == ',')
      p++;
    if (strncmp (p, key, length) != 0 || p[length] != '=')
      continue;
    end = strchr (p, ',');
    value = end ? strndup (p + length + 1, end - p - length - 1) : strdup (p + length + 1);
    if (end)
      memmove (p, end + 1, strlen (end));
    else
      *(p > list ? p - 1 : p) = '\0';
    return value;
  }
  return NULL;
}

static unsigned long
json_number (const char *json, const char *key, long otherwise)
{
  char quoted[64];
  const char *at;

  snprintf (quoted, sizeof quoted, "\"%s\":", key);
  at = strstr (json, quoted);
  return at ? strtoul (at + strlen (quoted), NULL, 0) : (unsigned long) otherwise;
}

/* Returns whether the object is the hardware's, and so not for QEMU. */
static bool
take_object (Guest *guest, const char *object)
{
  static const struct {
    const char *type;
    GuestKind kind;
  } kinds[] = { { "\"sev-guest\"", GUEST_SEV },
                { "\"sev-snp-guest\"", GUEST_SNP },
                { "\"tdx-guest\"", GUEST_TDX } };

  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strstr (object, kinds[i].type) == NULL)
      continue;
    guest->kind = kinds[i].kind;
    guest->policy = json_number (object, "policy", 0x30000);
    guest->cbitpos = (int) json_number (object, "cbitpos", -1);
    return true;
  }
  return false;
}

static void
take_machine (Guest *guest, const char *value)
{
  char *list = strdup (value);
  char *accel, *smm, *irqchip;

  free (cut_property (list, "confidential-guest-support"));
  free (cut_property (list, "memory-encryption"));
  irqchip = cut_property (list, "kernel_irqchip");
  guest->unsplit = irqchip && strcmp (irqchip, "split") != 0;
  smm = cut_property (list, "smm");
  guest->smm = smm && strcmp (smm, "on") == 0;
  accel = cut_property (list, "accel");
  guest->tcg = guest->tcg || (accel && strcmp (accel, "tcg") == 0);
  put ("-machine");
  if (accel || smm) {
    size_t size = strlen (list) + 32;
    char *whole = malloc (size);

    snprintf (whole, size, "%s%s%s%s", list, accel ? ",accel=tcg" : "", smm ? ",smm=" : "",
              smm ? smm : "");
    put (whole);
  } else {
    put (list);
  }
}

/* One option with a value; returns whether it was dealt with. */
static bool
take_option (Guest *guest, const char *option, const char *value)
{
  if (strcmp (option, "-object") == 0)
    return take_object (guest, value);
  if (strcmp (option, "-machine") == 0) {
    take_machine (guest, value);
    return true;
  }
  if (strcmp (option, "-accel") == 0) {
    guest->tcg = guest->tcg || strncmp (value, "tcg", 3) == 0;
    put (option);
    put ("tcg");
    return true;
  }
  if (strcmp (option, "-cpu") == 0 && strncmp (value, "host", 4) == 0) {
    put (option);
    put ("max");
    return true;
  }
  if (strcmp (option, "-overcommit") == 0 && strcmp (value, "mem-lock=on") == 0)
    return true;
  if (strcmp (option, "-bios") == 0)
    guest->bios = value;
  if (strstr (value, "if=pflash") || strstr (value, "pflash0"))
    guest->flash = true;
  return false;
}

static int
listen_at (const char *value)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  const char *path = value + strlen ("unix:"), *comma = strchr (path, ',');
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);

  snprintf (address.sun_path, sizeof address.sun_path, "%.*s",
            (int) (comma ? (size_t) (comma - path) : strlen (path)), path);
  if (bind (fd, (struct sockaddr *) &address, sizeof address) < 0 || listen (fd, 1) < 0) {
    perror ("standin: monitor socket");
    exit (1);
  }
  return fd;
}

/* QEMU's side of the relay: the same chardev id, another descriptor. */
static void
put_chardev (char **arguments, const char *id, int fd)
{
  char *chardev = malloc (128);

  snprintf (chardev, 128, "socket,id=%s,fd=%d,server=on,wait=off", id, fd);
  fcntl (fd, F_SETFD, 0);
  arguments[0] = (char *) "-chardev";
  arguments[1] = chardev;
}

/*
 * Real QEMU has been up for a while when it refuses. libvirt reports the text only if it could
 * connect; a listener gone before that is "Connection refused", and the text is lost.
 */
static int
refuse (int listener, const char *text)
{
  struct pollfd libvirt = { listener, POLLIN, 0 };

  fprintf (stderr, "qemu-system-x86_64: %s\n", text);
  if (listener >= 0)
    poll (&libvirt, 1, 3000);
  return 1;
}

int
main (int argc, char **argv)
{
  Guest guest = { .kind = GUEST_PLAIN, .cbitpos = -1 };
  static const char monitor[] = "socket,id=charmonitor,fd=";
  const char *refusal, *probe = NULL;
  int listener = -1;

  out = calloc (argc + 16, sizeof *out);
  put (argv[0]);
  n_out += 2; /* the monitor's chardev comes first: its user may be an -object */
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;

    if (value && strcmp (argv[i], "-qmp") == 0 && strncmp (value, "unix:", 5) == 0) {
      probe = value;
      i++;
    } else if (value && strcmp (argv[i], "-chardev") == 0 &&
               strncmp (value, monitor, sizeof monitor - 1) == 0) {
      listener = atoi (value + sizeof monitor - 1);
      i++;
    } else if (value && argv[i][0] == '-' && take_option (&guest, argv[i], value)) {
      i++;
    } else {
      put (argv[i]);
    }
  }
  if (probe == NULL && listener < 0) {
    execv (REAL, argv);
    perror (REAL);
    return 1;
  }

  refusal = guest.kind == GUEST_PLAIN ? NULL : guest_refusal (&guest);
  if (refusal)
    return refuse (listener, refusal);
  if (probe) {
    put_chardev (out + 1, "simqmp", relay_start (listen_at (probe), NULL, getpid ()));
    put ("-mon");
    put ("chardev=simqmp,mode=control");
  } else {
    sleep (launch_delay ());
    put_chardev (out + 1, "charmonitor", relay_start (listener, &guest, getpid ()));
    if (guest_ends_at_reset (&guest)) {
      put ("-action");
      put ("reboot=shutdown");
    }
  }
  execv (REAL, out);
  perror (REAL);
  return 1;
}
