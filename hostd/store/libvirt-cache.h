/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What libvirt said of emulators, kept for when it is away: STATE_DIR/libvirt-answers.json.
 *
 *   { "version": 1, "answers": [ { "emulator": "/usr/bin/qemu-system-x86_64",
 *       "identity": "64513 262201 22893704 1731945600.0 1764050000.123456789",
 *       "host": "...", "libvirt": 11003000, "qemu": 10000002, "time": 1764050000,
 *       "xml": "<domainCapabilities>..." } ] }
 *
 * An answer is worth something only where emulator and host are as they were: the caller compares
 * identity and host. A file that cannot be read is none: it is said once, and written over.
 */
typedef struct HostdLibvirtCache HostdLibvirtCache;

/* Emulators that are kept; the one asked longest ago gives way. */
#define HOSTD_LIBVIRT_CACHE_MAX 8
/* A document that is longer is not kept; libvirt's come to some 30 KiB. */
#define HOSTD_LIBVIRT_CACHE_MAX_XML (512u * 1024)

typedef struct {
  char *emulator; /* absolute path */
  char *identity; /* hostd_libvirt_cache_identify() of it, when libvirt was asked */
  char *host;     /* what else the answer hangs on, as the caller puts it */
  guint libvirt;  /* version, as libvirt counts */
  guint qemu;     /* of libvirt's default emulator; likewise */
  gint64 time;    /* seconds since 1970 */
  char *xml;
} HostdLibvirtAnswer;

HostdLibvirtAnswer *hostd_libvirt_answer_copy (const HostdLibvirtAnswer *self);
void hostd_libvirt_answer_free (HostdLibvirtAnswer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdLibvirtAnswer, hostd_libvirt_answer_free)

/* @state_dir exists. NULL with an error only if the folder cannot be opened. */
HostdLibvirtCache *hostd_libvirt_cache_open (const char *state_dir, GError **error);
void hostd_libvirt_cache_free (HostdLibvirtCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdLibvirtCache, hostd_libvirt_cache_free)

/* Why the file was not read, or not written the last time, in one line; NULL if it was. */
const char *hostd_libvirt_cache_get_trouble (const HostdLibvirtCache *self);

/* The answer of that emulator, whatever became of it since. (transfer none), NULL if none is kept.
 */
const HostdLibvirtAnswer *hostd_libvirt_cache_find (const HostdLibvirtCache *self,
                                                    const char *emulator);

/*
 * Keeps it in place of the one before, synced to disk if anything but the time is different. That
 * it cannot be written is trouble, and costs no more than a question after a restart.
 */
void hostd_libvirt_cache_keep (HostdLibvirtCache *self, const HostdLibvirtAnswer *answer);

/*
 * Which file it is: device, inode, size, times of modification and of change. NULL if there is
 * none. (transfer full)
 */
char *hostd_libvirt_cache_identify (const char *emulator);

G_END_DECLS
