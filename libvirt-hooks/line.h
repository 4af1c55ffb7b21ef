/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/*
 * The one line that a veto prints: libvirt hands it on to whoever asked for the start. Built in
 * place and written at once, so that nothing can come between its parts.
 */
#define HOOK_LINE_SIZE 2048

typedef struct {
  size_t used;
  char text[HOOK_LINE_SIZE];
} HookLine;

/* Adds as much as there is room for; control characters and what is no UTF-8 become spaces. */
void hook_line_add (HookLine *line, const char *text);
void hook_line_add_number (HookLine *line, long number);

/* Writes it with a line end. Where even that fails, nobody is left to tell. */
void hook_line_write (HookLine *line, int fd);
