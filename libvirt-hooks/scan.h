/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* 8-4-4-4-12 digits and a NUL: the name of a binding. */
#define HOOK_UUID_SIZE 37

typedef enum {
  HOOK_SCAN_FOUND,
  HOOK_SCAN_ABSENT,  /* a whole domain, and no uuid in it */
  HOOK_SCAN_UNCLEAR, /* not a whole domain, or a uuid that could be read in two ways */
} HookScan;

/*
 * Finds the text of /domain/uuid, and nothing that only looks like it: a uuid in a comment, in
 * CDATA, in metadata or in a device is passed over. @uuid gets it in lower case with dashes; it is
 * touched only if the answer is FOUND.
 *
 * No XML parser: it takes for granted that tags are balanced by name, as libvirt writes them, and
 * counts them. Entities are not decoded, and a uuid with one is UNCLEAR.
 */
HookScan hook_scan_uuid (const char *xml, size_t length, char uuid[HOOK_UUID_SIZE]);

/* A byte search, on purpose: what it finds too much only means that hostd is asked. */
bool hook_scan_has (const char *xml, size_t length, const char *word);
