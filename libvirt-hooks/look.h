/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan.h"

#include <stdint.h>

typedef enum {
  HOOK_BINDING_NONE,
  HOOK_BINDING_THERE,
  HOOK_BINDING_UNKNOWN, /* no uuid to look for, or the folder could not be asked */
} HookBinding;

typedef enum {
  HOOK_FOLDER_THERE,
  HOOK_FOLDER_MISSING,    /* not there, or not ours to see: never made, or not mounted */
  HOOK_FOLDER_UNREADABLE, /* there, and the kernel fails at it */
} HookFolder;

/* What the hook sees of a domain with its own eyes, before it asks anybody. */
typedef struct {
  bool launch_security; /* the bytes hold "<launchSecurity", or that in a namespace */
  bool metadata;        /* the bytes hold the word of our metadata's namespace */
  bool request;         /* the bytes hold what Nova's extra specs ask for protection with */
  HookScan scan;
  char uuid[HOOK_UUID_SIZE]; /* if scan is FOUND */
  HookBinding binding;
  HookFolder folder;
  uint64_t device, inode; /* of the folder, if it is there */
} HookLook;

/* @whole says that the XML is all here: what was cut off or came late is never ordinary. */
void hook_look_at (HookLook *look, const char *bindings_dir, const char *xml, size_t length,
                   bool whole);

typedef enum {
  HOOK_GUEST_ORDINARY,  /* neither bound nor asking for protection */
  HOOK_GUEST_UNSEEN,    /* as ordinary, but there is no bindings folder to tell */
  HOOK_GUEST_UNCLEAR,   /* cannot be told */
  HOOK_GUEST_PROTECTED, /* bound, or asks for protection */
} HookGuest;

HookGuest hook_look_guest (const HookLook *look);
/* The rest of the sentence "this guest ...". */
const char *hook_look_describe (const HookLook *look);
