/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/* Bytes of the longest escape: what the room for one step of hook_escape() must hold. */
#define HOOK_ESCAPE_MAX 6

/*
 * Length of the character of UTF-8 at @at, 1 to 4; 0 if what stands there is none (overlong forms,
 * surrogates and what is beyond U+10FFFF are none).
 */
size_t hook_utf8_length (const char *at, const char *end);

/*
 * Escapes text for the inside of a JSON string, as much as fits into @size bytes (at least
 * HOOK_ESCAPE_MAX), and moves *@at behind what it took. Returns the number of bytes written. What
 * JSON cannot carry (bytes that are no UTF-8, and NUL, which hostd would take for the end)
 * becomes U+FFFD.
 */
size_t hook_escape (const char **at, const char *end, char *out, size_t size);

/* How long the whole of it gets. */
size_t hook_escape_length (const char *at, const char *end);
