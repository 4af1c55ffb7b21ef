/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sys/ops.h"

G_BEGIN_DECLS

/* The named texts of a recorded host, parsed; for sys/recording.c, which answers from them. */

typedef struct {
  int errnum; /* 0: @value counts */
  guint64 value;
} HostdRecordedNumber;

typedef struct {
  char type;
  guint mode;
} HostdRecordedDevice;

typedef struct {
  gboolean known;
  int errnum; /* 0: @capabilities counts */
  HostdTdxCapabilities capabilities;
} HostdRecordedTdx;

typedef struct {
  HostdSys base;
  char *folder;
  int root_fd;
  gboolean has_devices, has_cpuid, has_msr;
  guint64 user;
  GHashTable *cpuid;      /* "leaf subleaf" in hex -> HostdCpuid, NULL: absent */
  GHashTable *msr;        /* hex -> HostdRecordedNumber */
  GHashTable *extensions; /* decimal -> HostdRecordedNumber */
  GHashTable *attrs;      /* "group attr" in decimal -> HostdRecordedNumber */
  GHashTable *types;      /* hex -> HostdRecordedNumber: of KVM_CREATE_VM, errno 0 for "ok" */
  HostdRecordedNumber *id_aa64pfr0; /* NULL: not recorded */
  GHashTable *devices;              /* path -> HostdRecordedDevice */
  GHashTable *unreadable;           /* question -> GError, see sys/unreadable.h */
  HostdSevAnswer *sev[2];           /* by HostdSevQuery; NULL: not listed */
  HostdRecordedTdx tdx;
  GBytes *qgs;      /* as they came from the socket; NULL: not recorded */
  int qgs_errnum;   /* 0: @qgs counts */
  HostdUname uname; /* NULLs: not recorded */
  char **emulators; /* NULL: not recorded */
} HostdRecording;

/*
 * Parses all named texts below @self->root_fd at once, so that a mistake in one is reported when
 * the recording is opened and not in the middle of a verdict. @error names file and line.
 */
gboolean hostd_recording_parse (HostdRecording *self, GError **error);

/* What a recording calls the question, and how many bytes answer it. */
const char *hostd_recording_sev_name (HostdSevQuery query);
gsize hostd_recording_sev_size (HostdSevQuery query);

G_END_DECLS
