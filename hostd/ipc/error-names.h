/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"

G_BEGIN_DECLS

/*
 * HostdError on the wire. The names are an interface: a client may match on them, so a code that
 * goes keeps its name reserved. interfaces/io.cloister.Error.varlink lists the same names.
 */

/* "io.cloister.Error.NotFound", ... What is no HostdError is "io.cloister.Error.Failed". */
const char *hostd_error_to_wire (HostdError code);

/* FALSE for a name that is not in the table; then *ret_code is untouched. */
gboolean hostd_error_from_wire (const char *name, HostdError *ret_code);

G_END_DECLS
