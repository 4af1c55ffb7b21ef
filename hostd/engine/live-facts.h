/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "store/libvirt-cache.h"

G_BEGIN_DECLS

/*
 * The libvirt layer of a daemon's facts. libvirt is asked for its domain capabilities of each
 * emulator, once for each connection and each time that emulator or host have become another; what
 * it said is joined to the facts of each probe. While it is away its last answer stands, from disk
 * after a restart, as long as it was given
 *
 *   - of this very emulator (libvirt asks it anew when its file changes), and
 *   - by this libvirt, as far as its client library tells, and
 *   - on this kernel, and a host that can do below libvirt what it could then (libvirt looks at the
 *     same modules and devices).
 *
 * An answer that is missing breaks nothing: the layer is unknown then, in evidence. A recorded host
 * that says itself what libvirt said is believed, and nothing is joined to it.
 */
typedef struct HostdLiveFacts HostdLiveFacts;

typedef enum {
  HOSTD_LIBVIRT_LAYER_UNKNOWN,  /* nobody has said */
  HOSTD_LIBVIRT_LAYER_KEPT,     /* libvirt said it before, and may say something else now */
  HOSTD_LIBVIRT_LAYER_ASKED,    /* of libvirt as it runs */
  HOSTD_LIBVIRT_LAYER_RECORDED, /* from the recorded host */
} HostdLibvirtLayer;
const char *hostd_libvirt_layer_name (HostdLibvirtLayer layer); /* "unknown", "kept", ... */

/* @library_version is libvirt's client library's, hostd_virt_get_library_version(). */
HostdLiveFacts *hostd_live_facts_new (const char *state_dir, guint library_version, GError **error);
void hostd_live_facts_free (HostdLiveFacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdLiveFacts, hostd_live_facts_free)

/* To fresh facts, once. Looks at the emulators' files. */
void hostd_live_facts_join (HostdLiveFacts *self, HostdFacts *facts);

/* What the facts joined last stand on; @ret_time (seconds since 1970) is 0 unless KEPT or ASKED. */
HostdLibvirtLayer hostd_live_facts_get_layer (const HostdLiveFacts *self, gint64 *ret_time);

/* Libvirt may have become another: it is to be asked again. What it said stands until then. */
void hostd_live_facts_forget_session (HostdLiveFacts *self);

/*
 * Of which emulators it is to be asked, by the facts joined last: free with g_strfreev(), never
 * NULL.
 */
char **hostd_live_facts_get_unasked (const HostdLiveFacts *self);

/*
 * What it said: @answer without host and time, @answer->identity taken before it was asked (may be
 * NULL), or, with @answer NULL, why it said nothing. TRUE if that is not what the facts stand on:
 * then they are to be read again.
 */
gboolean hostd_live_facts_note (HostdLiveFacts *self, const char *emulator,
                                const HostdLibvirtAnswer *answer, const char *why);

/* What is wrong with what is kept on disk; NULL if nothing is. */
const char *hostd_live_facts_get_trouble (const HostdLiveFacts *self);

G_END_DECLS
