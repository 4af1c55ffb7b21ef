/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QGS over its socket: a service of the test's own on the other end, good and bad, in both framings
 * and in pieces; and what recordings say of it.
 */
#include "config.h"

#include "sys/qgs.h"

#include "base/error.h"
#include "base/io.h"

#include "host-copy.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

/* GET_PLATFORM_INFO_RESP: TDQE 4, PCE 13, a platform id and a CPUSVN of 16 bytes each. */
#define BODY                                                                                       \
  "\x04\x00\x0d\x00\x10\x00\x00\x00\x10\x00\x00\x00"                                               \
  "0123456789abcdef"                                                                               \
  "fedcba9876543210"
#define MESSAGE "\x01\x00\x00\x00\x05\x00\x00\x00\x3c\x00\x00\x00\x00\x00\x00\x00" BODY
#define MESSAGE_SIZE 60
#define LENGTH "\x00\x00\x00\x3c"

typedef struct {
  const char *name;
  const char *answer;
  gsize length;        /* of @answer */
  gboolean bare;       /* hangs up on who sends a length first */
  gboolean in_pieces;  /* a byte at a time */
  gboolean stays;      /* does not hang up after its answer, nor without one */
  int code;            /* of the error; -1: the message comes out */
  const char *message; /* that it has */
} Row;

/* clang-format off */
static const Row rows[] = {
  { "framed", LENGTH MESSAGE, MESSAGE_SIZE + 4, FALSE, FALSE, TRUE, -1, NULL },
  { "framed-in-pieces", LENGTH MESSAGE, MESSAGE_SIZE + 4, FALSE, TRUE, TRUE, -1, NULL },
  { "bare-answer", MESSAGE, MESSAGE_SIZE, FALSE, FALSE, TRUE, -1, NULL },
  { "bare", MESSAGE, MESSAGE_SIZE, TRUE, FALSE, FALSE, -1, NULL },
  { "bare-in-pieces", MESSAGE, MESSAGE_SIZE, TRUE, TRUE, FALSE, -1, NULL },
  { "silent", "", 0, FALSE, FALSE, TRUE, HOSTD_ERROR_TIMEOUT, "does not answer" },
  { "half-and-silent", LENGTH MESSAGE, 30, FALSE, FALSE, TRUE, HOSTD_ERROR_TIMEOUT, "not answer" },
  { "hangs-up", "", 0, FALSE, FALSE, FALSE, HOSTD_ERROR_INVALID, "after 0 bytes" },
  { "half", LENGTH MESSAGE, 30, FALSE, FALSE, FALSE, HOSTD_ERROR_INVALID, "after 30 bytes" },
  { "garbage", "HTTP/1.1 400 Bad Request\r\n\r\n", 28, FALSE, FALSE, FALSE, HOSTD_ERROR_INVALID,
    "neither a length nor a version" },
  { "zero-length", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, FALSE, FALSE, FALSE,
    HOSTD_ERROR_INVALID, "out of bounds" },
  { "huge-length", "\x00\xff\xff\xff" MESSAGE, 64, FALSE, FALSE, FALSE, HOSTD_ERROR_INVALID,
    "out of bounds" },
  { "huge-size", "\x01\0\0\0\x05\0\0\0\xff\xff\xff\xff\0\0\0\0", 16, FALSE, FALSE, FALSE,
    HOSTD_ERROR_INVALID, "out of bounds" },
  { "small-size", "\x01\0\0\0\x05\0\0\0\x0f\0\0\0\0\0\0\0", 16, FALSE, FALSE, FALSE,
    HOSTD_ERROR_INVALID, "out of bounds" },
  { "too-much", LENGTH MESSAGE "x", MESSAGE_SIZE + 5, FALSE, FALSE, FALSE, HOSTD_ERROR_INVALID,
    "more bytes" },
};
/* clang-format on */

typedef struct {
  const Row *row;
  int listener;
  gboolean saw_question;
} Service;

/* What a whole question is, in either framing. */
static gboolean
is_question (const guint8 *data, gsize length, gboolean *ret_framed)
{
  static const guint8 bare[16] = { 1, 0, 0, 0, 4, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0 };
  static const guint8 prefix[4] = { 0, 0, 0, 16 };

  *ret_framed = length >= 4 && memcmp (data, prefix, 4) == 0;
  return *ret_framed ? length == 20 && memcmp (data + 4, bare, 16) == 0
                     : length == 16 && memcmp (data, bare, 16) == 0;
}

static void
serve_one (Service *self, int fd)
{
  const Row *row = self->row;
  guint8 data[64];
  gsize length = 0;
  gboolean framed = FALSE;

  while (!is_question (data, length, &framed)) {
    ssize_t n = recv (fd, data + length, sizeof data - length, 0);

    if (n <= 0)
      return;
    length += n;
  }
  self->saw_question = TRUE;
  if (framed && row->bare)
    return;
  for (gsize done = 0, n; done < row->length; done += n) {
    n = row->in_pieces ? 1 : row->length - done;
    if (send (fd, row->answer + done, n, MSG_NOSIGNAL) < 0)
      return;
  }
  /* Until the other side has had enough. */
  while (row->stays && recv (fd, data, sizeof data, 0) > 0)
    ;
}

static gpointer
serve (gpointer data)
{
  Service *self = data;

  for (;;) {
    int fd = accept (self->listener, NULL, NULL);

    if (fd < 0)
      return NULL;
    serve_one (self, fd);
    close (fd);
  }
}

static int
listen_at (const char *folder, const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *full = g_build_filename (folder, path, NULL);
  g_autofree char *parent = g_path_get_dirname (full);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_cmpuint (strlen (full), <, sizeof address.sun_path);
  g_strlcpy (address.sun_path, full, sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

static void
test_row (gconstpointer data)
{
  Service service = { .row = data };
  char *folder = host_copy_new (NULL);
  hostd_autofd int root = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (GBytes) message = NULL;
  g_autoptr (GError) error = NULL;
  /* Long where an answer comes, short where none will. */
  guint deadline = service.row->code == HOSTD_ERROR_TIMEOUT ? 300 : 60000;
  GThread *thread;
  HostdRead read;

  service.listener = listen_at (folder, HOSTD_QGS_SOCKET);
  g_assert_cmpint (listen (service.listener, 8), ==, 0);
  thread = g_thread_new ("qgs", serve, &service);
  read = hostd_qgs_ask (root, HOSTD_QGS_SOCKET, deadline, &message, &error);

  if (service.row->code < 0) {
    g_assert_no_error (error);
    g_assert_cmpint (read, ==, HOSTD_READ_VALUE);
    g_assert_cmpmem (g_bytes_get_data (message, NULL), g_bytes_get_size (message), MESSAGE,
                     MESSAGE_SIZE);
  } else {
    g_assert_cmpint (read, ==, HOSTD_READ_UNREADABLE);
    g_assert_error (error, HOSTD_ERROR, service.row->code);
    g_assert_nonnull (strstr (error->message, service.row->message));
    g_assert_null (message);
  }
  g_assert_true (service.saw_question);
  shutdown (service.listener, SHUT_RDWR);
  g_thread_join (thread);
  close (service.listener);
  host_copy_free (folder);
}

/* Nobody there is something that is known; a socket that may not be used is not. */
static void
test_no_service (void)
{
  char *folder = host_copy_new (NULL);
  hostd_autofd int root = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (GBytes) message = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  g_assert_cmpint (hostd_qgs_ask (root, HOSTD_QGS_SOCKET, 60000, &message, &error), ==,
                   HOSTD_READ_ABSENT);
  g_assert_no_error (error);

  /* A socket that outlived its service. */
  fd = listen_at (folder, HOSTD_QGS_SOCKET);
  close (fd);
  g_assert_cmpint (hostd_qgs_ask (root, HOSTD_QGS_SOCKET, 60000, &message, &error), ==,
                   HOSTD_READ_ABSENT);
  g_assert_no_error (error);
  host_copy_free (folder);
}

static HostdRead
ask_recording (const char *text, GBytes **ret_message, GError **error)
{
  char *folder = host_copy_new ("spr-tdx");
  g_autoptr (HostdSys) sys = NULL;
  HostdRead read = HOSTD_READ_UNREADABLE;

  if (text)
    host_copy_edit (folder, "qgs", text, -1);
  sys = hostd_sys_new_recording (folder, error);
  if (sys)
    read = hostd_sys_qgs (sys, ret_message, error);
  host_copy_free (folder);
  return read;
}

static void
test_recording (void)
{
  static const struct {
    const char *text;
    int read, code;
  } cases[] = {
    { NULL, HOSTD_READ_UNREADABLE, HOSTD_ERROR_NOT_FOUND },
    { "platform-info errno ENOENT\n", HOSTD_READ_ABSENT, -1 },
    { "platform-info errno ECONNREFUSED\n", HOSTD_READ_ABSENT, -1 },
    { "platform-info errno EACCES\n", HOSTD_READ_UNREADABLE, HOSTD_ERROR_DENIED },
    { "platform-info errno ETIMEDOUT\n", HOSTD_READ_UNREADABLE, HOSTD_ERROR_TIMEOUT },
    { "platform-info 01 00 00 00 05 00 00 00 10 00 00 00 01200100\n", HOSTD_READ_VALUE, -1 },
    { "platform-info 00000010 01 00 00 00 05 00 00 00 10 00 00 00 01200100\n", HOSTD_READ_VALUE,
      -1 },
    { "platform-info 0000001001000000\n", HOSTD_READ_UNREADABLE, HOSTD_ERROR_INVALID },
    { "platform-info\n", HOSTD_READ_UNREADABLE, HOSTD_ERROR_INVALID },
    { "platform-info 0g\n", HOSTD_READ_UNREADABLE, HOSTD_ERROR_INVALID },
    { "platform-info 000\n", HOSTD_READ_UNREADABLE, HOSTD_ERROR_INVALID },
    { "platform-info errno ENOSUCH\n", HOSTD_READ_UNREADABLE, HOSTD_ERROR_INVALID },
    { "quote 00\n", HOSTD_READ_UNREADABLE, HOSTD_ERROR_INVALID },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GBytes) message = NULL;
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", cases[i].text);
    g_assert_cmpint (ask_recording (cases[i].text, &message, &error), ==, cases[i].read);
    if (cases[i].code >= 0)
      g_assert_error (error, HOSTD_ERROR, cases[i].code);
    else
      g_assert_no_error (error);
    if (cases[i].read == HOSTD_READ_VALUE)
      g_assert_cmpuint (g_bytes_get_size (message), ==, 16);
  }
}

static void
test_tdx_capabilities (void)
{
  static const struct {
    const char *line;
    int read;
  } cases[] = {
    { "", HOSTD_READ_UNREADABLE },
    { "tdx-capabilities 30000000 6182e7\ntdx-capabilities 1 1\n", HOSTD_READ_VALUE },
    { "tdx-capabilities errno EINVAL\n", HOSTD_READ_ABSENT },
    { "tdx-capabilities errno EIO\n", HOSTD_READ_UNREADABLE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    char *folder = host_copy_new ("spr-tdx");
    g_autofree char *text = g_strconcat ("check-extension 235 21\n", cases[i].line, NULL);
    HostdTdxCapabilities capabilities = { 0, 0 };
    g_autoptr (HostdSys) sys = NULL;

    host_copy_edit (folder, "kvm", text, -1);
    sys = hostd_sys_new_recording (folder, NULL);
    g_assert_cmpint (hostd_sys_tdx_capabilities (sys, &capabilities, NULL), ==, cases[i].read);
    if (cases[i].read == HOSTD_READ_VALUE) {
      g_assert_cmphex (capabilities.attributes, ==, 0x30000000);
      g_assert_cmphex (capabilities.xfam, ==, 0x6182e7);
    }
    host_copy_free (folder);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *name = g_strdup_printf ("/sys/qgs/%s", rows[i].name);

    g_test_add_data_func (name, &rows[i], test_row);
  }
  g_test_add_func ("/sys/qgs/no-service", test_no_service);
  g_test_add_func ("/sys/qgs/recording", test_recording);
  g_test_add_func ("/sys/tdx-capabilities/recording", test_tdx_capabilities);
  return g_test_run ();
}
