/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Between libvirt and QEMU's monitor. Greeting, negotiation and nearly all replies are QEMU's own,
 * with the descriptors that come along; one connection to QEMU for each of libvirt's, so that a
 * restarted libvirtd just works.
 */
#include "standin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUFFER (1 << 20)

typedef struct {
  int client, qemu;
  const Guest *guest;
  bool as_host; /* as_host: the next reply says "max" where libvirt asked for "host" */
  char command[BUFFER], reply[BUFFER];
  size_t n_command, n_reply;
  int fds[8], n_fds;
} Link;

/* Whether the guest was let run. Shared by all links of a guest: a libvirtd that comes back makes a
 * new one. */
static bool *continued;

static bool
send_all (int to, const char *data, size_t length, const int *fds, int n_fds)
{
  union {
    char space[CMSG_SPACE (8 * sizeof (int))];
    struct cmsghdr align;
  } control;
  struct iovec iov;
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

  if (n_fds > 0) {
    struct cmsghdr *header;

    message.msg_control = control.space;
    message.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
    header = CMSG_FIRSTHDR (&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN (n_fds * sizeof (int));
    memcpy (CMSG_DATA (header), fds, n_fds * sizeof (int));
  }
  while (length > 0) {
    ssize_t n;

    iov = (struct iovec){ (void *) data, length };
    n = sendmsg (to, &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    message.msg_control = NULL;
    message.msg_controllen = 0;
    data += n;
    length -= n;
  }
  return true;
}

/* The string value of a member at the top of a command; "" if it has none. */
static void
member (const char *json, const char *key, char *value, size_t size)
{
  char quoted[32];
  const char *at;

  *value = '\0';
  snprintf (quoted, sizeof quoted, "\"%s\"", key);
  at = strstr (json, quoted);
  if (at == NULL)
    return;
  at += strlen (quoted);
  at += strspn (at, " :");
  if (*at == '"')
    snprintf (value, size, "%.*s", (int) strcspn (at + 1, "\""), at + 1);
}

static void
replace (char *text, size_t size, const char *from, const char *to)
{
  char *at = strstr (text, from), *rest;

  if (at == NULL || strlen (text) + strlen (to) >= size)
    return;
  rest = strdup (at + strlen (from));
  strcpy (at, to);
  strcat (at, rest);
  free (rest);
}

/* One whole command of libvirt's, NUL-terminated. */
static bool
on_command (Link *l)
{
  char name[64], id[64], body[4096], whole[4300];
  bool sent;

  member (l->command, "execute", name, sizeof name);
  if (answer_for (name, l->guest, continued, body, sizeof body)) {
    member (l->command, "id", id, sizeof id);
    snprintf (whole, sizeof whole, "{%s, \"id\": \"%s\"}\r\n", body, id);
    return send_all (l->client, whole, strlen (whole), NULL, 0);
  }
  if (l->guest == NULL && strcmp (name, "query-cpu-model-expansion") == 0 &&
      strstr (l->command, "\"name\":\"host\"")) {
    replace (l->command, BUFFER, "\"name\":\"host\"", "\"name\":\"max\"");
    l->as_host = true;
  }
  sent = send_all (l->qemu, l->command, strlen (l->command), l->fds, l->n_fds);
  for (int i = 0; i < l->n_fds; i++)
    close (l->fds[i]);
  l->n_fds = 0;
  return sent;
}

static void
take_fds (Link *l, struct msghdr *message)
{
  for (struct cmsghdr *h = CMSG_FIRSTHDR (message); h; h = CMSG_NXTHDR (message, h)) {
    int n = (int) ((h->cmsg_len - CMSG_LEN (0)) / sizeof (int));

    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
      continue;
    for (int i = 0; i < n && l->n_fds < 8; i++)
      memcpy (&l->fds[l->n_fds++], CMSG_DATA (h) + i * sizeof (int), sizeof (int));
  }
}

/* libvirt ends each command with a line end, and has none inside. */
static bool
from_client (Link *l)
{
  union {
    char space[CMSG_SPACE (8 * sizeof (int))];
    struct cmsghdr align;
  } control;
  char bytes[4096];
  struct iovec iov = { bytes, sizeof bytes };
  struct msghdr message = { .msg_iov = &iov,
                            .msg_iovlen = 1,
                            .msg_control = control.space,
                            .msg_controllen = sizeof control.space };
  ssize_t n = recvmsg (l->client, &message, MSG_CMSG_CLOEXEC);

  if (n <= 0)
    return false;
  take_fds (l, &message);
  for (ssize_t i = 0; i < n; i++) {
    if (l->n_command + 2 >= BUFFER / 2)
      return false;
    l->command[l->n_command++] = bytes[i];
    if (bytes[i] != '\n')
      continue;
    l->command[l->n_command] = '\0';
    l->n_command = 0;
    if (!on_command (l))
      return false;
  }
  return true;
}

static bool
from_qemu (Link *l)
{
  char bytes[65536];
  ssize_t n = read (l->qemu, bytes, sizeof bytes);

  if (n <= 0)
    return false;
  if (!l->as_host && l->n_reply == 0)
    return send_all (l->client, bytes, n, NULL, 0);
  for (ssize_t i = 0; i < n; i++) {
    if (l->n_reply + 2 >= BUFFER / 2)
      return false;
    l->reply[l->n_reply++] = bytes[i];
    if (bytes[i] != '\n')
      continue;
    l->reply[l->n_reply] = '\0';
    if (strstr (l->reply, "\"error\""))
      l->as_host = false;
    if (strstr (l->reply, "\"return\"")) {
      replace (l->reply, BUFFER, "\"name\": \"max\"", "\"name\": \"host\"");
      l->as_host = false;
    }
    if (!send_all (l->client, l->reply, strlen (l->reply), NULL, 0))
      return false;
    l->n_reply = 0;
  }
  return true;
}

static void
serve (int client, const struct sockaddr_un *address, socklen_t length, const Guest *guest)
{
  Link *l = calloc (1, sizeof *l);
  struct pollfd fds[2];

  l->client = client;
  l->guest = guest;
  l->qemu = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect (l->qemu, (const struct sockaddr *) address, length) < 0)
    _exit (1);
  fds[0] = (struct pollfd){ client, POLLIN, 0 };
  fds[1] = (struct pollfd){ l->qemu, POLLIN, 0 };
  for (;;) {
    if (poll (fds, 2, -1) < 0 && errno != EINTR)
      break;
    if (fds[1].revents && !from_qemu (l))
      break;
    if (fds[0].revents && !from_client (l))
      break;
  }
  /* A socket closed with a command unread resets libvirt's end; it is to see the end of file. */
  shutdown (client, SHUT_WR);
  while (poll (fds, 1, 1000) > 0 && read (client, l->command, BUFFER) > 0)
    ;
  _exit (0);
}

static void
detach (int listener)
{
  int null = open ("/dev/null", O_RDWR);

  setsid ();
  if (chdir ("/") < 0)
    _exit (1);
  for (int i = 0; i < 3; i++)
    dup2 (null, i);
  /* A kept stderr pipe hangs the probe; a kept tap device keeps the NIC. */
  for (int fd = 3; fd < 1024; fd++)
    if (fd != listener)
      close (fd);
  signal (SIGCHLD, SIG_IGN);
}

int
relay_start (int listener, const Guest *guest, int pid)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  socklen_t length = sizeof address;
  int qemu = socket (AF_UNIX, SOCK_STREAM, 0);
  pid_t child;

  /* Autobind: an abstract name, no path and no rights needed. */
  if (bind (qemu, (struct sockaddr *) &address, sizeof (sa_family_t)) < 0 || listen (qemu, 4) < 0 ||
      getsockname (qemu, (struct sockaddr *) &address, &length) < 0) {
    perror ("standin: relay socket");
    exit (1);
  }
  continued =
      mmap (NULL, sizeof *continued, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (continued == MAP_FAILED) {
    perror ("standin: relay memory");
    exit (1);
  }
  child = fork ();
  if (child > 0) {
    waitpid (child, NULL, 0);
    close (listener);
    return qemu;
  }
  if (child < 0 || fork () != 0)
    _exit (0);

  detach (listener);
  for (;;) {
    struct pollfd wait = { listener, POLLIN, 0 };
    int client;

    if (poll (&wait, 1, 1000) == 0) {
      if (guest && kill (pid, 0) < 0)
        _exit (0);
      continue;
    }
    client = accept (listener, NULL, NULL);
    if (client < 0)
      _exit (1);
    if (guest == NULL)
      serve (client, &address, length, NULL); /* the probe has one client, and ends with it */
    if (fork () == 0) {
      close (listener);
      serve (client, &address, length, guest);
    }
    close (client);
  }
}
