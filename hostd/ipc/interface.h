/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "ipc/call.h"

G_BEGIN_DECLS

/*
 * An interface as the server knows it: the text that it shows (interfaces/NAME.varlink), and for
 * each method the parameters that it takes and the function that handles it. A handler sees only
 * calls whose parameters are known, of the right type, and complete.
 */
typedef enum {
  HOSTD_PARAMETER_STRING,
  HOSTD_PARAMETER_INTEGER,
  HOSTD_PARAMETER_BOOLEAN,
  HOSTD_PARAMETER_STRINGS,  /* an object whose members are strings: [string]string */
  HOSTD_PARAMETER_INTEGERS, /* an object whose members are integers */
} HostdParameterType;

typedef struct {
  const char *name;
  HostdParameterType type;
  gboolean optional; /* may be left out, or null */
} HostdParameter;

#define HOSTD_MAX_PARAMETERS 8

typedef struct {
  const char *name; /* "Rewrite" */
  void (*handle) (HostdCall *call /* (transfer full) */, gpointer data);
  HostdParameter parameters[HOSTD_MAX_PARAMETERS + 1]; /* ends with a NULL name */
  gboolean stream; /* only for calls that ask for more than one answer */
} HostdMethod;

typedef struct {
  const char *name; /* "io.cloister.Launch" */
  const char *description;
  const HostdMethod *methods; /* ends with a NULL name */
} HostdInterface;

/* One interface as a socket serves it. */
typedef struct {
  const HostdInterface *interface; /* NULL ends a list of these */
  gpointer data;                   /* for its handlers */
} HostdService;

/*
 * Answers @call from @services: finds the method, checks the parameters and calls the handler, or
 * answers with the standard error. (transfer full)
 */
void hostd_services_handle (const HostdService *services, HostdCall *call);

G_END_DECLS
