/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/libvirt-cache.h"
#include "virt/events.h"

G_BEGIN_DECLS

/*
 * The one thread that calls libvirt. Its calls block for as long as libvirtd likes; the main loop
 * never does, and shares no lock with it. Nothing that a hook waits for may come here.
 *
 * It keeps a connection, and opens it again every few seconds while libvirtd is away.
 */
typedef struct HostdLibvirtWorker HostdLibvirtWorker;

typedef enum {
  HOSTD_LIBVIRT_CONNECTED,
  HOSTD_LIBVIRT_AWAY,    /* it cannot be reached; the worker tries again */
  HOSTD_LIBVIRT_HANGING, /* it does not answer, and may yet */
} HostdLibvirtState;
const char *hostd_libvirt_state_name (HostdLibvirtState state); /* "connected", "away", "hanging" */

/* Called on the main loop. */
typedef struct {
  /* @why is NULL when connected. After each (re)connection everything that happened is unknown. */
  void (*state) (HostdLibvirtState state, const char *why, gpointer data);
  /* Not DISCONNECTED, which is a state. */
  void (*event) (const HostdVirtEvent *event, gpointer data);
  gpointer data;
} HostdLibvirtListener;

HostdLibvirtWorker *hostd_libvirt_worker_new (const HostdLibvirtListener *listener);
/*
 * Frees it, and waits a moment for the thread to end. FALSE if it is still in a call, whose answer
 * is thrown away: the process may not run exit handlers then, those of libvirt's libraries free
 * what the thread uses.
 */
gboolean hostd_libvirt_worker_end (HostdLibvirtWorker *self);

/* (transfer none); @ret_why is NULL when connected. */
HostdLibvirtState hostd_libvirt_worker_get_state (const HostdLibvirtWorker *self,
                                                  const char **ret_why);

/*
 * A question: on the thread @ask makes the answer of @input; then, on the main loop, @done gets
 * either that answer (transfer none) or an error, which is its to free. @done is called exactly
 * once, unless the worker ends before. Errors besides those of @ask: HOSTD_ERROR_UNAVAILABLE if
 * libvirtd cannot be reached, HOSTD_ERROR_TIMEOUT if it does not answer, HOSTD_ERROR_BUSY, at once,
 * if too many wait already.
 */
typedef gpointer (*HostdLibvirtAsk) (HostdVirt *virt, const char *input, GError **error);
typedef void (*HostdLibvirtDone) (gpointer answer, GError *error, gpointer data);
void hostd_libvirt_worker_ask (HostdLibvirtWorker *self, HostdLibvirtAsk ask, const char *input,
                               GDestroyNotify answer_free, HostdLibvirtDone done, gpointer data);

/* ---- the questions that the daemon has ---- */

/* All domains: a GPtrArray (element-type HostdVirtDomain). */
void hostd_libvirt_worker_list (HostdLibvirtWorker *self, HostdLibvirtDone done, gpointer data);

/* One running domain, as it is and as it was launched. */
typedef struct {
  HostdVirtDomain *domain;
  HostdVirtLaunch *launch; /* NULL where libvirt has nothing to report */
  GError *launch_error;    /* why, if it should have; or NULL */
} HostdLibvirtInspection;
/* A HostdLibvirtInspection. */
void hostd_libvirt_worker_inspect (HostdLibvirtWorker *self, const char *uuid,
                                   HostdLibvirtDone done, gpointer data);

/* What libvirt says that an emulator can do: a HostdLibvirtAnswer without host and time. */
void hostd_libvirt_worker_ask_capabilities (HostdLibvirtWorker *self, const char *emulator,
                                            HostdLibvirtDone done, gpointer data);

/* Stops a guest at once. The answer is not NULL on success. */
void hostd_libvirt_worker_destroy (HostdLibvirtWorker *self, const char *uuid,
                                   HostdLibvirtDone done, gpointer data);

G_END_DECLS
