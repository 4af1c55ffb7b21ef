/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/amd.h"

G_BEGIN_DECLS

/*
 * Keys (ASIDs) of AMD's processors, by Linux arch/x86/kvm/svm/sev.c. CPUID 0x8000001F: ECX is the
 * last one, EDX the first that SEV has. SEV-ES and SEV-SNP have those below EDX together, unless
 * ciphertext hiding gives the first N to SEV-SNP alone. misc.capacity, and libvirt, know of no such
 * split.
 *
 * In use is what the kernel has charged (misc.current), or what the firmware counts where that is
 * more: those are keys that nobody holds and nobody gets back before a reboot.
 */

/*
 * ciphertext_hiding_asids: how many of the keys below EDX are SEV-SNP's alone (the kernel clamps it
 * to all of them). 0: nothing is split; HOSTD_CAPACITY_UNKNOWN if it cannot be read.
 */
gint64 hostd_amd_hidden_keys (HostdProbe *probe, HostdTechnologyFacts *facts);

/* SEV's own pool, "sev". */
void hostd_amd_set_sev_capacity (HostdProbe *probe, HostdTechnologyFacts *facts,
                                 const HostdAmd *amd);

/* The pool "sev-es"; SEV-SNP's own with ciphertext hiding, then "sev-snp". */
void hostd_amd_set_es_capacity (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                                const HostdSnpStatus *snp, gboolean for_snp);

G_END_DECLS
