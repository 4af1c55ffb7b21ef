/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "look.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the namespace of what Rewrite leaves in a domain's metadata. */
#define METADATA_WORD "cloister"

/* Its element, in a namespace too: hostd takes that for one who wants to look encrypted. */
static bool
has_launch_security (const char *xml, size_t length)
{
  static const char word[] = "launchSecurity";
  const char *at = xml, *end = xml + length;

  while ((at = memmem (at, (size_t) (end - at), word, sizeof word - 1)) != NULL) {
    if (at > xml && (at[-1] == '<' || at[-1] == ':'))
      return true;
    at += sizeof word - 1;
  }
  return false;
}

/*
 * What a flavor asks for in Nova's extra specs, which Nova writes into the domain's metadata from
 * release 32 on: hw:mem_encryption, cc:policy, ... (hostd: launch/glance.c). Whether it says yes or
 * no is for hostd to read.
 */
static bool
has_request (const char *xml, size_t length)
{
  static const char *const names[] = { "hw:mem_encryption", "cc:policy", "cc:technology",
                                       "cc:required" };

  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (hook_scan_has (xml, length, names[i]))
      return true;
  return false;
}

/*
 * A folder that we may not see is taken for a missing one: where SELinux keeps hooks out of it,
 * it keeps all of them out, and vetoing every ordinary guest of a host would cure nothing. hostd
 * notices, since each Event says which folder the hook saw.
 */
static HookFolder
folder_for_errno (int errnum)
{
  switch (errnum) {
  case ENOENT:
  case ENOTDIR:
  case EACCES:
  case EPERM:
    return HOOK_FOLDER_MISSING;
  default:
    return HOOK_FOLDER_UNREADABLE;
  }
}

static void
look_for_binding (HookLook *look, const char *bindings_dir)
{
  int fd = open (bindings_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  struct stat st;

  look->binding = HOOK_BINDING_UNKNOWN;
  if (fd < 0) {
    look->folder = folder_for_errno (errno);
    return;
  }
  look->folder = HOOK_FOLDER_UNREADABLE;
  if (fstat (fd, &st) == 0) {
    look->folder = HOOK_FOLDER_THERE;
    look->device = st.st_dev;
    look->inode = st.st_ino;
  }
  if (look->scan == HOOK_SCAN_FOUND) {
    /* What it is does not matter: a name that is there is bound until hostd says otherwise. */
    if (fstatat (fd, look->uuid, &st, AT_SYMLINK_NOFOLLOW) == 0)
      look->binding = HOOK_BINDING_THERE;
    else if (errno == ENOENT)
      look->binding = HOOK_BINDING_NONE;
    else
      look->folder = HOOK_FOLDER_UNREADABLE;
  }
  close (fd);
}

void
hook_look_at (HookLook *look, const char *bindings_dir, const char *xml, size_t length, bool whole)
{
  *look = (HookLook){ .scan = HOOK_SCAN_UNCLEAR };
  look->launch_security = has_launch_security (xml, length);
  look->metadata = hook_scan_has (xml, length, METADATA_WORD);
  look->request = has_request (xml, length);
  if (whole)
    look->scan = hook_scan_uuid (xml, length, look->uuid);
  look_for_binding (look, bindings_dir);
}

HookGuest
hook_look_guest (const HookLook *look)
{
  if (look->launch_security || look->metadata || look->request ||
      look->binding == HOOK_BINDING_THERE)
    return HOOK_GUEST_PROTECTED;
  if (look->scan != HOOK_SCAN_FOUND || look->folder == HOOK_FOLDER_UNREADABLE)
    return HOOK_GUEST_UNCLEAR;
  if (look->folder == HOOK_FOLDER_MISSING)
    return HOOK_GUEST_UNSEEN;
  return HOOK_GUEST_ORDINARY;
}

const char *
hook_look_describe (const HookLook *look)
{
  if (look->binding == HOOK_BINDING_THERE)
    return "is bound to a launch policy";
  if (look->launch_security)
    return "asks for launch security";
  if (look->metadata)
    return "names cloister in its XML";
  if (look->request)
    return "has a flavor that asks for protection";
  if (look->scan != HOOK_SCAN_FOUND)
    return "has no UUID that could be read, so that it might be bound";
  if (look->folder == HOOK_FOLDER_UNREADABLE)
    return "might be bound, and the folder of bindings cannot be read";
  return "is not bound";
}
