/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs programs in turns, each from posix_spawn() (which is a vfork, and so costs the same however
 * large we are) to the end of the process, and prints the nanoseconds of each.
 *
 *   bench-hook-spawn ROUNDS AT-ONCE {-- STDIN-FILE PROGRAM [ARG...]}...
 *
 * In a round each program has its turn: AT-ONCE of it are started without a pause and all are
 * waited for. Their stdin is a pipe that holds the whole file and is closed at the other end, as
 * libvirt leaves it. The output is a line for each process, "CASE NANOSECONDS", and behind those of
 * a turn "CASE turn NANOSECONDS" for all of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_CASES 16
#define MAX_AT_ONCE 256
#define PIPE_BYTES (1024 * 1024)

typedef struct {
  char *text;
  size_t length;
  char **argv;
} Case;

typedef struct {
  pid_t pid;
  int in;
  long long begin, end;
} Run;

static void
die (const char *what)
{
  fprintf (stderr, "bench-hook-spawn: %s: %s\n", what, strerror (errno));
  exit (1);
}

static long long
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void
read_text (Case *c, const char *path)
{
  FILE *file = fopen (path, "rb");

  c->text = malloc (PIPE_BYTES + 1);
  if (file == NULL || c->text == NULL)
    die (path);
  c->length = fread (c->text, 1, PIPE_BYTES + 1, file);
  fclose (file);
  if (c->length > PIPE_BYTES) {
    errno = EFBIG;
    die (path);
  }
}

/* A pipe with everything in it, and nobody at the other end any more. */
static int
full_pipe (const Case *c)
{
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) < 0)
    die ("pipe");
  if (c->length > 65536 && fcntl (ends[1], F_SETPIPE_SZ, PIPE_BYTES) < 0)
    die ("F_SETPIPE_SZ");
  if (write (ends[1], c->text, c->length) != (ssize_t) c->length)
    die ("write");
  close (ends[1]);
  return ends[0];
}

static void
start (const Case *c, Run *run)
{
  static char *const no_environment[] = { NULL };
  posix_spawn_file_actions_t actions;

  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, run->in, STDIN_FILENO);
  run->begin = now ();
  errno = posix_spawn (&run->pid, c->argv[0], &actions, NULL, c->argv, no_environment);
  if (errno)
    die (c->argv[0]);
  posix_spawn_file_actions_destroy (&actions);
}

static void
finish_one (const Case *c, Run *runs, int count)
{
  int status;
  pid_t pid = waitpid (-1, &status, 0);
  long long end = now ();

  if (pid < 0)
    die ("waitpid");
  if (status != 0) {
    fprintf (stderr, "bench-hook-spawn: %s ended with wait status %#x\n", c->argv[0], status);
    exit (1);
  }
  for (int i = 0; i < count; i++)
    if (runs[i].pid == pid)
      runs[i].end = end;
}

static void
take_turn (const Case *c, int number, int count)
{
  static Run runs[MAX_AT_ONCE];
  long long begin;

  for (int i = 0; i < count; i++)
    runs[i].in = full_pipe (c);
  begin = now ();
  for (int i = 0; i < count; i++)
    start (c, &runs[i]);
  for (int i = 0; i < count; i++)
    finish_one (c, runs, count);
  for (int i = 0; i < count; i++) {
    close (runs[i].in);
    printf ("%d %lld\n", number, runs[i].end - runs[i].begin);
  }
  printf ("%d turn %lld\n", number, now () - begin);
}

int
main (int argc, char **argv)
{
  Case cases[MAX_CASES];
  int count = 0;
  int rounds = argc > 3 ? atoi (argv[1]) : 0, at_once = argc > 3 ? atoi (argv[2]) : 0;

  for (int i = 3; i < argc; i++) {
    if (strcmp (argv[i], "--") != 0)
      continue;
    argv[i] = NULL; /* ends the one before */
    if (i + 2 >= argc || count == MAX_CASES)
      return 64;
    read_text (&cases[count], argv[i + 1]);
    cases[count++].argv = argv + i + 2;
  }
  if (rounds < 1 || at_once < 1 || at_once > MAX_AT_ONCE || count == 0)
    return 64;
  for (int round = 0; round < rounds; round++)
    for (int i = 0; i < count; i++)
      take_turn (&cases[i], i, at_once);
  return 0;
}
