/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "run.h"

#include "ask.h"
#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXIT_ALLOW 0
#define EXIT_VETO 1
#define EXIT_USAGE 64

/*
 * libvirt takes an XML of at most 4 MiB from a client (REMOTE_STRING_MAX), and what it writes of
 * the live domain is longer by aliases, addresses and labels. Pages that no XML reaches cost
 * nothing.
 */
#define MAX_XML ((4 + 1) * 1024 * 1024)
static char xml[MAX_XML];

typedef enum {
  INPUT_WHOLE,
  INPUT_TOO_LARGE,
  INPUT_LATE,   /* the deadline passed before its end */
  INPUT_FAILED, /* read() did */
} Input;

/* Who needs no answer does not keep libvirtd waiting for one as long. */
#define TOLD_MS 1000

/* What a failing hook does at an operation. */
typedef enum {
  OPERATION_GATED,    /* it does not happen: we decide */
  OPERATION_RESTORED, /* a managed save may be lost; a prepare follows if it does not fail */
  OPERATION_TOLD,     /* harm, or nothing: hostd is told, and the answer does not matter */
  OPERATION_PASSED,   /* unknown to us, and perhaps the death of a running guest: nothing is done */
} Operation;

static Operation
classify (const char *operation)
{
  static const char *const gated[] = { "prepare", "start", "migrate" };
  static const char *const told[] = { "started", "stopped", "release" };

  for (size_t i = 0; i < sizeof gated / sizeof *gated; i++)
    if (strcmp (operation, gated[i]) == 0)
      return OPERATION_GATED;
  for (size_t i = 0; i < sizeof told / sizeof *told; i++)
    if (strcmp (operation, told[i]) == 0)
      return OPERATION_TOLD;
  return strcmp (operation, "restore") == 0 ? OPERATION_RESTORED : OPERATION_PASSED;
}

/*
 * libvirt leaves us 0, 1 and 2 and nothing else. If one of them is closed, the first file we open
 * would become it, and a reason might be written into a socket. If there are more, they are none of
 * ours (close_range: Linux 5.9; on an older kernel they stay, as they would in any hook).
 */
static void
settle_descriptors (void)
{
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl (fd, F_GETFD) < 0 && errno == EBADF && open ("/dev/null", O_RDWR) != fd)
      break;
#ifdef SYS_close_range
  syscall (SYS_close_range, 3u, ~0u, 0u);
#endif
}

/* Reads stdin to its end, past what there is room for too: libvirt waits until all is taken. */
static Input
read_input (HookDeadline deadline, size_t *ret_length)
{
  static char rest[64 * 1024];
  size_t used = 0;
  bool too_large = false;

  *ret_length = 0;
  for (;;) {
    char *to = used < sizeof xml ? xml + used : rest;
    size_t room = used < sizeof xml ? sizeof xml - used : sizeof rest;
    int failed = hook_deadline_wait (deadline, STDIN_FILENO, POLLIN);
    ssize_t n;

    if (failed)
      return failed == ETIMEDOUT ? INPUT_LATE : INPUT_FAILED;
    n = read (STDIN_FILENO, to, room);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n < 0)
      return INPUT_FAILED;
    if (n == 0)
      return too_large ? INPUT_TOO_LARGE : INPUT_WHOLE;
    if (to == rest)
      too_large = true;
    else
      used += (size_t) n;
    *ret_length = used;
  }
}

/* ---- a veto -------------------------------------------------------------- */

static void
begin_veto (HookLine *line, const HookCall *call)
{
  line->used = 0;
  hook_line_add (line, "cloister: ");
  hook_line_add (line, call->operation);
  hook_line_add (line, " of domain ");
  hook_line_add (line, call->object);
  hook_line_add (line, " refused: ");
}

static int
veto_input (const HookCall *call, Input input, const HookSetup *setup)
{
  HookLine line;

  begin_veto (&line, call);
  if (input == INPUT_TOO_LARGE) {
    hook_line_add (&line, "its XML is larger than ");
    hook_line_add_number (&line, MAX_XML / 1024 / 1024);
    hook_line_add (&line, " MiB, so that nobody can tell whether it asks for protection; "
                          "shorten its metadata");
  } else if (input == INPUT_LATE) {
    hook_line_add (&line, "libvirt did not hand over its whole XML within ");
    hook_line_add_number (&line, setup->deadline_ms);
    hook_line_add (&line, " ms; try again");
  } else {
    hook_line_add (&line, "its XML cannot be read from libvirt; try again");
  }
  hook_line_write (&line, STDERR_FILENO);
  return EXIT_VETO;
}

static int
veto_by_hostd (const HookCall *call, const HookReply *reply)
{
  HookLine line;

  begin_veto (&line, call);
  hook_line_add (&line, reply->text[0] ? reply->text
                                       : "cloister-hostd says so and gives no reason; see its log");
  hook_line_write (&line, STDERR_FILENO);
  return EXIT_VETO;
}

/* What kept hostd from giving a verdict, and what to do. */
static void
add_silence (HookLine *line, const HookSetup *setup, HookAsk ask, const HookReply *reply,
             int failed)
{
  switch (ask) {
  case HOOK_ASK_TOO_LARGE:
    hook_line_add (line, "its XML is too large to send to cloister-hostd; shorten its metadata");
    return;
  case HOOK_ASK_NO_SOCKET:
    hook_line_add (line, "cloister-hostd cannot be reached at ");
    hook_line_add (line, setup->socket_path);
    hook_line_add (line, " (");
    hook_line_add (line, strerror (failed));
    hook_line_add (line, "); start cloister-hostd.service");
    return;
  case HOOK_ASK_TIMEOUT:
    hook_line_add (line, "cloister-hostd gave no answer within ");
    hook_line_add_number (line, setup->deadline_ms);
    hook_line_add (line, " ms; see its log");
    return;
  case HOOK_ASK_BROKEN:
    hook_line_add (line, "cloister-hostd broke off before it answered (");
    hook_line_add (line, strerror (failed));
    hook_line_add (line, "); see its log and try again");
    return;
  case HOOK_ASK_ANSWERED:
    break;
  }
  if (reply->kind == HOOK_REPLY_ERROR) {
    hook_line_add (line, "cloister-hostd answered with the error ");
    hook_line_add (line, reply->text);
    hook_line_add (line, "; see its log");
  } else {
    hook_line_add (line, "the answer of cloister-hostd is none that this hook knows; install the "
                         "hook and cloister-hostd of one version");
  }
}

static int
veto_without_hostd (const HookCall *call, const HookSetup *setup, const HookLook *look, HookAsk ask,
                    const HookReply *reply, int failed)
{
  HookLine line;

  begin_veto (&line, call);
  hook_line_add (&line, "it ");
  hook_line_add (&line, hook_look_describe (look));
  hook_line_add (&line, ", and ");
  add_silence (&line, setup, ask, reply, failed);
  hook_line_write (&line, STDERR_FILENO);
  return EXIT_VETO;
}

/* ---- decisions ----------------------------------------------------------- */

/* daemon.d/50-cloister, or a main script hooks/daemon: the same program, and never a veto. */
static bool
is_daemon_hook (const char *path)
{
  static const char folder[] = "/daemon.d/", script[] = "/daemon";
  const char *slash = strrchr (path, '/');
  size_t before = slash ? (size_t) (slash - path) + 1 : 0;

  if (before >= sizeof folder - 1 &&
      memcmp (path + before - (sizeof folder - 1), folder, sizeof folder - 1) == 0)
    return true;
  return slash != NULL && strcmp (slash, script) == 0;
}

static int
run_daemon_hook (const HookSetup *setup, const HookCall *call, HookDeadline deadline)
{
  HookLook look;
  HookReply reply;
  int failed;

  hook_look_at (&look, setup->bindings_dir, "", 0, true);
  hook_ask (&reply, setup->socket_path, call, &look, deadline, &failed);
  return EXIT_ALLOW;
}

static int
run_qemu_hook (const HookSetup *setup, const HookCall *call, Input input, HookDeadline deadline)
{
  Operation operation = classify (call->operation);
  bool gated = operation == OPERATION_GATED;
  HookLook look;
  HookGuest guest;
  HookReply reply;
  HookAsk ask;
  int failed;

  if (input != INPUT_WHOLE)
    return gated ? veto_input (call, input, setup) : EXIT_ALLOW;

  hook_look_at (&look, setup->bindings_dir, call->xml, call->length, true);
  /*
   * libvirt 11.3 takes a restore that a hook refused for a success, and deletes what was saved. So
   * only those are refused who could not have been saved; all others meet the gate at the prepare
   * that follows, where a refusal loses nothing.
   */
  if (operation == OPERATION_RESTORED && !look.launch_security)
    return EXIT_ALLOW;
  gated = gated || operation == OPERATION_RESTORED;
  guest = hook_look_guest (&look);
  if (guest == HOOK_GUEST_ORDINARY)
    return EXIT_ALLOW;

  ask = hook_ask (&reply, setup->socket_path, call, &look, deadline, &failed);
  if (!gated)
    return EXIT_ALLOW;
  if (ask == HOOK_ASK_ANSWERED && reply.kind == HOOK_REPLY_ALLOW)
    return EXIT_ALLOW;
  if (ask == HOOK_ASK_ANSWERED && reply.kind == HOOK_REPLY_VETO)
    return veto_by_hostd (call, &reply);
  if (guest == HOOK_GUEST_UNSEEN)
    return EXIT_ALLOW;
  return veto_without_hostd (call, setup, &look, ask, &reply, failed);
}

/* One deadline covers everything: reading, asking, and the answer. */
static unsigned
deadline_for (const HookSetup *setup, int argc, char **argv, Operation operation)
{
  bool told = operation == OPERATION_TOLD || (argc > 0 && is_daemon_hook (argv[0]));

  return told && setup->deadline_ms > TOLD_MS ? TOLD_MS : setup->deadline_ms;
}

int
hook_run (const HookSetup *setup, int argc, char **argv)
{
  HookCall call = { .object = argc > 1 ? argv[1] : "",
                    .operation = argc > 2 ? argv[2] : "",
                    .sub_operation = argc > 3 ? argv[3] : "",
                    .extra = argc > 4 ? argv[4] : "",
                    .xml = xml };
  HookDeadline deadline;
  Input input;

  /* Before anything is read or opened: libvirtd kills the running guest if this fails. */
  if (strcmp (call.operation, "reconnect") == 0)
    return EXIT_ALLOW;

  deadline = hook_deadline_in (deadline_for (setup, argc, argv, classify (call.operation)));
  settle_descriptors ();
  signal (SIGPIPE, SIG_IGN);
  if (argc < 3) {
    HookLine line = { 0 };

    hook_line_add (&line, "cloister: this is a libvirt hook, run by libvirtd as PATH OBJECT "
                          "OPERATION SUB-OPERATION EXTRA");
    hook_line_write (&line, STDERR_FILENO);
    return EXIT_USAGE;
  }

  input = read_input (deadline, &call.length);
  if (is_daemon_hook (argv[0]))
    return run_daemon_hook (setup, &call, deadline);
  if (classify (call.operation) == OPERATION_PASSED)
    return EXIT_ALLOW;
  return run_qemu_hook (setup, &call, input, deadline);
}
