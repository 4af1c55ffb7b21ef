/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "deadline.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

static int64_t
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

HookDeadline
hook_deadline_in (int milliseconds)
{
  return now () + milliseconds;
}

int
hook_deadline_left (HookDeadline deadline)
{
  int64_t left = deadline - now ();

  return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int) left;
}

int
hook_deadline_wait (HookDeadline deadline, int fd, short events)
{
  struct pollfd p = { .fd = fd, .events = events };
  int n;

  do {
    int left = hook_deadline_left (deadline);

    /* Also where data never stops coming, so that poll() would never time out. */
    if (left == 0)
      return ETIMEDOUT;
    n = poll (&p, 1, left);
  } while (n < 0 && errno == EINTR);
  return n < 0 ? errno : n == 0 ? ETIMEDOUT : 0;
}
