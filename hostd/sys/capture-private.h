/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sys/capture.h"
#include "sys/ops.h"

G_BEGIN_DECLS

/* The named texts of a recorded host; their lines are noted by a key that sorts them. */
typedef enum {
  HOSTD_CAPTURE_CPUID,
  HOSTD_CAPTURE_MSR,
  HOSTD_CAPTURE_KVM,
  HOSTD_CAPTURE_REGISTERS,
  HOSTD_CAPTURE_IOCTL,
  HOSTD_CAPTURE_QGS,
  HOSTD_CAPTURE_UNAME,
  HOSTD_CAPTURE_EMULATORS,
  HOSTD_CAPTURE_QEMU_VERSION,
  HOSTD_CAPTURE_QEMU_OBJECTS,
  HOSTD_CAPTURE_UNREADABLE,
  HOSTD_CAPTURE_N_TEXTS
} HostdCaptureText;

typedef struct {
  HostdSys base;
  HostdSysOps ops;
  HostdSys *inner;
  GTree *files;                        /* path -> GBytes */
  GTree *folders;                      /* path -> char ** of names */
  GTree *texts[HOSTD_CAPTURE_N_TEXTS]; /* key -> line; NULL: nothing of the kind was answered */
  GTree *devices;                      /* path -> GINT_TO_POINTER (TRUE) if it may not be opened */
  char *emulator;                      /* the one whose answers a recording can hold, or NULL */
} HostdCapture;

/* Of texts, in byte order; keys are freed, and values by @value_free. */
GTree *hostd_capture_tree_new (GDestroyNotify value_free);

G_END_DECLS
