/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ask.h"

#include "escape.h"
#include "ipc/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define CHUNK (32 * 1024)
#define MAX_SEGMENTS 24

/* ---- the call, in pieces that are escaped while they are sent ------------- */

typedef struct {
  const char *at, *end;
  bool escape;
} Segment;

typedef struct {
  Segment list[MAX_SEGMENTS];
  unsigned count;
  char device[24], inode[24];
} Message;

static void
add_bytes (Message *m, const char *at, size_t length, bool escape)
{
  m->list[m->count++] = (Segment){ at, at + length, escape };
}

static void
add_literal (Message *m, const char *text)
{
  add_bytes (m, text, strlen (text), false);
}

static void
add_member (Message *m, const char *key, const char *value, size_t length)
{
  add_literal (m, key);
  add_bytes (m, value, length, true);
  add_literal (m, "\"");
}

/* JSON integers are signed on our wire: both ends cast (ipc/wire.h). */
static const char *
format_integer (char text[24], int64_t value)
{
  char *p = text + 23;
  uint64_t rest = value < 0 ? -(uint64_t) value : (uint64_t) value;

  *p = '\0';
  do
    *--p = (char) ('0' + rest % 10);
  while (rest /= 10);
  if (value < 0)
    *--p = '-';
  return p;
}

static void
build_message (Message *m, const HookCall *call, const HookLook *look)
{
  m->count = 0;
  add_member (m,
              "{\"method\":\"" HOSTD_WIRE_HOOK_EVENT "\",\"parameters\":{\"" HOSTD_WIRE_EVENT_OBJECT
              "\":\"",
              call->object, strlen (call->object));
  add_member (m, ",\"" HOSTD_WIRE_EVENT_OPERATION "\":\"", call->operation,
              strlen (call->operation));
  add_member (m, ",\"" HOSTD_WIRE_EVENT_SUB_OPERATION "\":\"", call->sub_operation,
              strlen (call->sub_operation));
  add_member (m, ",\"" HOSTD_WIRE_EVENT_EXTRA "\":\"", call->extra, strlen (call->extra));
  if (look->folder == HOOK_FOLDER_THERE) {
    add_literal (m, ",\"" HOSTD_WIRE_EVENT_BINDINGS "\":{\"" HOSTD_WIRE_EVENT_DEVICE "\":");
    add_literal (m, format_integer (m->device, (int64_t) look->device));
    add_literal (m, ",\"" HOSTD_WIRE_EVENT_INODE "\":");
    add_literal (m, format_integer (m->inode, (int64_t) look->inode));
    add_literal (m, "}");
  }
  add_member (m, ",\"" HOSTD_WIRE_EVENT_XML "\":\"", call->xml, call->length);
  add_bytes (m, "}}", sizeof "}}", false); /* with the NUL that ends a message */
}

static bool
is_too_large (const Message *m)
{
  size_t raw = 0, length = 0;

  /* Nearly all are short enough however they are escaped: those are not walked through twice. */
  for (unsigned i = 0; i < m->count; i++)
    raw += (size_t) (m->list[i].end - m->list[i].at);
  if (raw <= HOSTD_WIRE_MAX_MESSAGE / HOOK_ESCAPE_MAX)
    return false;
  for (unsigned i = 0; i < m->count; i++) {
    const Segment *s = &m->list[i];

    length += s->escape ? hook_escape_length (s->at, s->end) : (size_t) (s->end - s->at);
  }
  return length > HOSTD_WIRE_MAX_MESSAGE;
}

/* Moves up to @size bytes of the segment to @out, and returns how many. */
static size_t
segment_take (Segment *s, char *out, size_t size)
{
  size_t n;

  if (s->escape)
    return hook_escape (&s->at, s->end, out, size);
  n = (size_t) (s->end - s->at) < size ? (size_t) (s->end - s->at) : size;
  memcpy (out, s->at, n);
  s->at += n;
  return n;
}

/* ---- the connection ------------------------------------------------------ */

/*
 * A unix stream either connects at once or, when the listener's queue is full, says EAGAIN, for
 * which poll() cannot wait. connect() can, and SO_SNDTIMEO is its deadline; only then is the socket
 * made non-blocking.
 */
static int
connect_by (int fd, const char *path, HookDeadline deadline)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int left = hook_deadline_left (deadline);
  struct timeval timeout = { left / 1000, left % 1000 * 1000 };

  if (left == 0) /* and a timeout of 0 would mean none */
    return ETIMEDOUT;
  if (strlen (path) >= sizeof address.sun_path)
    return ENAMETOOLONG;
  memcpy (address.sun_path, path, strlen (path) + 1);
  if (setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0)
    return errno;
  while (connect (fd, (struct sockaddr *) &address, sizeof address) < 0) {
    if (errno == EAGAIN)
      return ETIMEDOUT;
    if (errno != EINTR || hook_deadline_left (deadline) == 0)
      return errno;
  }
  return fcntl (fd, F_SETFL, O_NONBLOCK) < 0 ? errno : 0;
}

static int
send_bytes (int fd, const char *at, size_t length, HookDeadline deadline)
{
  while (length > 0) {
    ssize_t n = send (fd, at, length, MSG_NOSIGNAL);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      int failed = hook_deadline_wait (deadline, fd, POLLOUT);

      if (failed)
        return failed;
      continue;
    }
    if (n < 0)
      return errno;
    at += n;
    length -= (size_t) n;
  }
  return 0;
}

static int
send_message (int fd, Message *m, HookDeadline deadline)
{
  static char chunk[CHUNK];
  size_t used = 0;

  for (unsigned i = 0; i < m->count; i++) {
    Segment *s = &m->list[i];

    while (s->at < s->end) {
      if (sizeof chunk - used < HOOK_ESCAPE_MAX) {
        int failed = send_bytes (fd, chunk, used, deadline);

        if (failed)
          return failed;
        used = 0;
      }
      used += segment_take (s, chunk + used, sizeof chunk - used);
    }
  }
  return send_bytes (fd, chunk, used, deadline);
}

/* Reads up to the NUL. 0, or an errno; ECONNRESET too if the other end closed before it. */
static int
receive_reply (int fd, HookReply *reply, HookDeadline deadline)
{
  static char text[HOSTD_WIRE_MAX_VERDICT];
  size_t used = 0;

  for (;;) {
    int failed = hook_deadline_wait (deadline, fd, POLLIN);
    const char *nul;
    ssize_t n;

    if (failed)
      return failed;
    n = recv (fd, text + used, sizeof text - used, 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
      continue;
    if (n < 0)
      return errno;
    if (n == 0)
      return ECONNRESET;
    nul = memchr (text + used, '\0', (size_t) n);
    used += (size_t) n;
    /* One call, one reply: bytes behind the NUL make it none, as does one without an end. */
    if (nul != NULL || used == sizeof text) {
      hook_reply_parse (reply, text, nul == text + used - 1 ? used - 1 : 0);
      return 0;
    }
  }
}

HookAsk
hook_ask (HookReply *reply, const char *socket_path, const HookCall *call, const HookLook *look,
          HookDeadline deadline, int *ret_errno)
{
  Message m;
  int fd, failed;

  build_message (&m, call, look);
  *ret_errno = 0;
  if (is_too_large (&m))
    return HOOK_ASK_TOO_LARGE;

  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  failed = fd < 0 ? errno : connect_by (fd, socket_path, deadline);
  if (failed) {
    if (fd >= 0)
      close (fd);
    *ret_errno = failed;
    return failed == ETIMEDOUT ? HOOK_ASK_TIMEOUT : HOOK_ASK_NO_SOCKET;
  }

  failed = send_message (fd, &m, deadline);
  /* Who refuses a call may close before he has read all of it; what he said is still there. */
  if (failed == 0 || failed == EPIPE || failed == ECONNRESET)
    failed = receive_reply (fd, reply, deadline);
  close (fd);
  *ret_errno = failed;
  if (failed)
    return failed == ETIMEDOUT ? HOOK_ASK_TIMEOUT : HOOK_ASK_BROKEN;
  return HOOK_ASK_ANSWERED;
}
