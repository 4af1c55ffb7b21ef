/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Writes down what Cloister reads of a host, as a recorded host: tests/hosts/README.md. */
typedef struct {
  const char *recording; /* a recorded host to be captured again; NULL: this machine */
  const char *root;      /* of this machine: as hostd_host_open() has the two */
  const char *replay;
  gboolean unmasked;       /* serial numbers and the like too, see sys/mask.h */
  const char *libvirt_uri; /* NULL: qemu:///system */
  guint libvirt_ms;        /* how long libvirt has for its answers */
} HostdCaptureOptions;

typedef struct {
  guint files;
  char **notes;       /* what could not be read, one line each; never NULL */
  gboolean abandoned; /* a thread still waits for libvirt: end the process by _exit() */
} HostdCaptureResult;
void hostd_capture_result_clear (HostdCaptureResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HostdCaptureResult, hostd_capture_result_clear)

/*
 * Blocks, for as long as reading a host takes and libvirt_ms more. At @folder there is all of it
 * afterwards, or on FALSE nothing new; see store/capture-folder.h. @ret_result is filled either way
 * and is to be cleared.
 */
gboolean hostd_host_capture (const char *folder, const HostdCaptureOptions *options,
                             HostdCaptureResult *ret_result, GError **error);

G_END_DECLS
