/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "sys/sys.h"
#include "virt/domain-capabilities.h"

G_BEGIN_DECLS

/*
 * Everything that is known of a host, joined: platform, firmware descriptors, libvirt.
 *
 * Fails only if a recording cannot be used (its error names file and line): what cannot be read of
 * a machine is "unknown" in the facts. Blocks, for seconds at worst: not for a main loop.
 */

/* @recording NULL: this machine. Works as any user, and without libvirt running. */
HostdFacts *hostd_host_facts_read (const char *recording, GError **error);
/* The same, which tells @asking before each question, as hostd_sys_set_asking() says. */
HostdFacts *hostd_host_facts_read_telling (const char *recording, HostdSysAsking asking,
                                           gpointer data, GError **error);

/*
 * A recorded host; with @recording NULL this machine, its files below @root (NULL: "/"). @replay
 * (may be NULL) is a recorded host whose CPUID, MSRs, KVM and AMD-SP answers are taken in place of
 * the machine's own, beside a simulated /sys.
 */
HostdSys *hostd_host_open (const char *recording, const char *root, const char *replay,
                           GError **error);

/*
 * Of the machine that @sys answers for, @source being its name: all that the two above read is read
 * through it, libvirt's answers too if it is a recording.
 */
HostdFacts *hostd_host_facts_read_through (HostdSys *sys, const char *source, GError **error);

/*
 * Adds libvirt's answers, however they were had. @capabilities NULL: libvirt did not answer; that
 * is noted and breaks nothing. The versions are as libvirt counts, 0 unknown.
 *
 * libvirt's word is believed only where it says no: it lists sev-snp, and before 11.10 tdx,
 * wherever QEMU knows the object, whatever the host can do.
 */
void hostd_host_facts_join_libvirt (HostdFacts *facts, const HostdDomainCapabilities *capabilities,
                                    guint libvirt_version, guint qemu_version);

/* One line of evidence of the libvirt layer, in each technology that is not out of the question. */
void hostd_host_facts_note_libvirt (HostdFacts *facts, const char *line);

/* Of this machine: counts again how many keys of each pool are in use. Reads a few small files. */
void hostd_host_facts_count_keys (HostdFacts *facts);

G_END_DECLS
