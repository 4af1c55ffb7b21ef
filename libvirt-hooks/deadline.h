/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/* A point of the monotonic clock in milliseconds: by then the hook is done with everything. */
typedef int64_t HookDeadline;

HookDeadline hook_deadline_in (int milliseconds);

/* Milliseconds left, 0 when it has passed: what poll() takes. */
int hook_deadline_left (HookDeadline deadline);

/* Waits until @fd is ready for @events. 0, or an errno: ETIMEDOUT when the deadline has passed. */
int hook_deadline_wait (HookDeadline deadline, int fd, short events);
