/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "line.h"

#include "escape.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void
hook_line_add (HookLine *line, const char *text)
{
  const char *end = text + strlen (text);

  while (text < end) {
    size_t length = hook_utf8_length (text, end);
    unsigned char c = (unsigned char) *text;

    if (length == 0)
      length = 1, c = ' ';
    /* One byte is kept for the line end. */
    if (line->used + length > sizeof line->text - 1)
      return;
    if (length == 1)
      line->text[line->used] = c < 0x20 || c == 0x7f ? ' ' : (char) c;
    else
      memcpy (line->text + line->used, text, length);
    line->used += length;
    text += length;
  }
}

void
hook_line_add_number (HookLine *line, long number)
{
  char digits[24];
  char *p = digits + sizeof digits - 1;
  unsigned long rest = number < 0 ? 0 : (unsigned long) number;

  *p = '\0';
  do
    *--p = (char) ('0' + rest % 10);
  while (rest /= 10);
  hook_line_add (line, p);
}

void
hook_line_write (HookLine *line, int fd)
{
  const char *at = line->text, *end;

  line->text[line->used++] = '\n';
  end = line->text + line->used;
  while (at < end) {
    ssize_t n = write (fd, at, end - at);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return;
    at += n;
  }
}
