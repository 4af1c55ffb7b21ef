/* SPDX-License-Identifier: Apache-2.0 */
/* What a hook that only takes its stdin costs, linked as the hook is. */
#include <unistd.h>

static char buffer[5 * 1024 * 1024];

int
main (void)
{
  ssize_t n;

  do
    n = read (STDIN_FILENO, buffer, sizeof buffer);
  while (n > 0);
  return n < 0;
}
