/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/qgs.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/io.h"
#include "sys/files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/*
 * Intel DCAP, QuoteGeneration/quote_wrapper/qgs_msg_lib: a message begins with 16 bytes, all
 * little-endian: u16 major version (1), u16 minor version (0), u32 type, u32 size of the whole
 * message, u32 error code.
 */
#define HEADER_SIZE 16
#define LENGTH_SIZE 4
#define MAJOR_VERSION 1
#define GET_PLATFORM_INFO_REQ 4

/* The question behind its length, big-endian. */
static const guint8 question[LENGTH_SIZE + HEADER_SIZE] = {
  0, 0, 0, HEADER_SIZE, MAJOR_VERSION, 0, 0, 0, GET_PLATFORM_INFO_REQ, 0, 0, 0, HEADER_SIZE,
};

static gssize
bad_message (GError **error, const char *why)
{
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
               "what QGS answered is no message of its: %s", why);
  return -1;
}

gssize
hostd_qgs_missing (const guint8 *data, gsize length, GBytes **ret_message, GError **error)
{
  gsize offset, size;

  if (length < LENGTH_SIZE)
    return LENGTH_SIZE - length;
  /* A message starts with its version, 1; a length of that first byte would be over all bounds. */
  offset = data[0] == 0 ? LENGTH_SIZE : 0;
  if (offset == 0 && (data[0] != MAJOR_VERSION || data[1] != 0))
    return bad_message (error, "it begins with neither a length nor a version");
  if (length < offset + HEADER_SIZE && offset == 0)
    return HEADER_SIZE - length;
  size = offset ? hostd_get_be32 (data) : hostd_get_le32 (data + 8);
  if (size < HEADER_SIZE || size > HOSTD_QGS_MAX_MESSAGE)
    return bad_message (error, "its length is out of bounds");
  if (length < offset + size)
    return offset + size - length;
  if (length > offset + size)
    return bad_message (error, "more bytes follow it");
  *ret_message = g_bytes_new (data + offset, size);
  return 0;
}

/* A connected socket, or -1 with @ret_read. */
static int
connect_below (int root_fd, const char *path, HostdRead *ret_read, GError **error)
{
  hostd_autofd int place = hostd_files_open_path (root_fd, path);
  hostd_autofd int fd = -1;
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int errnum = place < 0 ? errno : 0;

  if (place >= 0) {
    /* The socket that was found below the root, whatever the path now leads to. */
    g_snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", place);
    fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect (fd, (struct sockaddr *) &address, sizeof address) == 0)
      return hostd_steal_fd (&fd);
    errnum = errno;
  }
  if (errnum == ENOENT || errnum == ENOTDIR || errnum == ECONNREFUSED) {
    *ret_read = HOSTD_READ_ABSENT;
  } else {
    *ret_read = HOSTD_READ_UNREADABLE;
    /* A full queue of a service that takes no more callers. */
    hostd_error_set_errno (error, errnum == EAGAIN ? ETIMEDOUT : errnum,
                           "cannot connect to QGS at /%s", path);
  }
  return -1;
}

/* Waits until @fd is ready for @events. FALSE with HOSTD_ERROR_TIMEOUT at @deadline. */
static gboolean
wait_for (int fd, short events, gint64 deadline, GError **error)
{
  for (;;) {
    struct pollfd wait = { .fd = fd, .events = events };
    gint64 left = deadline - g_get_monotonic_time ();
    int ready = left > 0 ? poll (&wait, 1, left / 1000 + 1) : 0;

    if (ready > 0)
      return TRUE;
    if (ready < 0 && errno == EINTR)
      continue;
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TIMEOUT, "QGS takes a call and does not answer");
    return FALSE;
  }
}

static gboolean
send_question (int fd, gsize skip, gint64 deadline, GError **error)
{
  gsize done = skip;

  while (done < sizeof question) {
    ssize_t n;

    if (!wait_for (fd, POLLOUT, deadline, error))
      return FALSE;
    n = send (fd, question + done, sizeof question - done, MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR && errno != EAGAIN)
      return hostd_error_set_errno (error, errno, "cannot write to QGS");
    done += MAX (n, 0);
  }
  return TRUE;
}

static GBytes *
read_answer (int fd, gint64 deadline, GError **error)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (GBytes) message = NULL;

  for (;;) {
    guint8 buffer[4096];
    gssize missing = hostd_qgs_missing (data->data, data->len, &message, error);
    ssize_t n;

    if (missing <= 0)
      return g_steal_pointer (&message);
    if (!wait_for (fd, POLLIN, deadline, error))
      return NULL;
    n = recv (fd, buffer, sizeof buffer, 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n < 0) {
      hostd_error_set_errno (error, errno, "cannot read from QGS");
      return NULL;
    }
    if (n == 0) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                   "QGS closed the connection after %u bytes of an answer", data->len);
      return NULL;
    }
    g_byte_array_append (data, buffer, n);
  }
}

/* @skip: how much of the question's length is left out. */
static HostdRead
ask_once (int root_fd, const char *path, gsize skip, gint64 deadline, GBytes **ret_message,
          GError **error)
{
  HostdRead read = HOSTD_READ_UNREADABLE;
  hostd_autofd int fd = connect_below (root_fd, path, &read, error);

  if (fd < 0)
    return read;
  if (!send_question (fd, skip, deadline, error))
    return HOSTD_READ_UNREADABLE;
  *ret_message = read_answer (fd, deadline, error);
  return *ret_message ? HOSTD_READ_VALUE : HOSTD_READ_UNREADABLE;
}

HostdRead
hostd_qgs_ask (int root_fd, const char *path, guint deadline_ms, GBytes **ret_message,
               GError **error)
{
  gint64 deadline = g_get_monotonic_time () + deadline_ms * G_GINT64_CONSTANT (1000);
  g_autoptr (GError) first = NULL;
  HostdRead read = ask_once (root_fd, path, 0, deadline, ret_message, &first);

  if (read != HOSTD_READ_UNREADABLE)
    return read;
  /* Only where it answered otherwise, or hung up: silence is no misunderstanding. */
  if (g_error_matches (first, HOSTD_ERROR, HOSTD_ERROR_TIMEOUT) ||
      g_error_matches (first, HOSTD_ERROR, HOSTD_ERROR_DENIED) ||
      ask_once (root_fd, path, LENGTH_SIZE, deadline, ret_message, NULL) != HOSTD_READ_VALUE) {
    g_propagate_error (error, g_steal_pointer (&first));
    return HOSTD_READ_UNREADABLE;
  }
  return HOSTD_READ_VALUE;
}
