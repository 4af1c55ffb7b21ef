/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "look.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Nothing else is written like this into what libvirt prints of a domain. */
#define LAUNCH_SECURITY "<launchSecurity"
/* In the namespace of what Rewrite leaves in a domain's metadata. */
#define METADATA_WORD "cloister"

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
  look->launch_security = hook_scan_has (xml, length, LAUNCH_SECURITY);
  look->metadata = hook_scan_has (xml, length, METADATA_WORD);
  if (whole)
    look->scan = hook_scan_uuid (xml, length, look->uuid);
  look_for_binding (look, bindings_dir);
}

HookGuest
hook_look_guest (const HookLook *look)
{
  if (look->launch_security || look->metadata || look->binding == HOOK_BINDING_THERE)
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
  if (look->scan != HOOK_SCAN_FOUND)
    return "has no UUID that could be read, so that it might be bound";
  if (look->folder == HOOK_FOLDER_UNREADABLE)
    return "might be bound, and the folder of bindings cannot be read";
  return "is not bound";
}
