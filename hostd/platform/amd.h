/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/amd-kernel-log.h"
#include "platform/amd-sp.h"

G_BEGIN_DECLS

/* What SEV, SEV-ES and SEV-SNP have in common: one leaf, one secure processor, one KVM module. */

/* Bits of CPUID 0x8000001F EAX (AMD APM volume 3). */
#define HOSTD_AMD_EAX_SEV (1u << 1)
#define HOSTD_AMD_EAX_SEV_ES (1u << 3)
#define HOSTD_AMD_EAX_SEV_SNP (1u << 4)

/* KVM_X86_*_VM of asm/kvm.h, as bits of KVM_CAP_VM_TYPES. */
#define HOSTD_VM_TYPE_SEV (1u << 2)
#define HOSTD_VM_TYPE_SEV_ES (1u << 3)
#define HOSTD_VM_TYPE_SNP (1u << 4)
#define HOSTD_VM_TYPE_TDX (1u << 5)

typedef struct {
  gboolean leaf_known;
  HostdCpuid leaf;  /* 0x8000001F */
  HostdRead module; /* kvm_amd */
  HostdRead smee_read;
  guint64 syscfg;     /* MSR 0xC0010010, if smee_read is VALUE */
  HostdRead sev_read; /* the parameter "sev" */
  gboolean sev;
  guint vm_types; /* 0: unknown, or this KVM lists no types of SEV at all (before Linux 6.10) */
  HostdSevStatus status;
} HostdAmd;

/* Reads what all three need, and breaks the layers that are broken for all three. */
void hostd_amd_read (HostdProbe *probe, HostdTechnologyFacts *facts, HostdAmd *ret_amd);

/*
 * The hardware layer: @bit of EAX, or the flag of /proc/cpuinfo where CPUID cannot be read. FALSE:
 * the processor does not have it, and no layer above means anything.
 */
gboolean hostd_amd_check_hardware (HostdProbe *probe, HostdTechnologyFacts *facts,
                                   const HostdAmd *amd, guint32 bit, const char *flag,
                                   const char *name);

/* The kernel layer: parameter @name of kvm_amd, in Linux since @since; and the VM type @vm_type. */
typedef struct {
  const char *parameter;
  const char *since; /* "6.11": the first Linux that has it */
  guint vm_type;
  const char *more; /* what else to do on an older kernel; "" for nothing */
  HostdAmdOff off;  /* what is off where the parameter is */
} HostdAmdKernel;
void hostd_amd_check_kernel (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                             const HostdAmdKernel *want);

/* The firmware of legacy SEV has been initialised (for SEV and SEV-ES). */
void hostd_amd_check_init (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd);

/* Whether the firmware's API, as far as it is known, is older than SNP needs (1.51). */
gboolean hostd_amd_is_too_old_for_snp (const HostdAmd *amd);

/*
 * SNP_PLATFORM_STATUS, where SNP is on and asking changes nothing: where it was not initialised,
 * Linux from about 6.16 to 7.1 initialises SNP to answer, and shuts it down again. Else @ret_status
 * is all zeros.
 */
void hostd_amd_ask_snp (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                        HostdSnpStatus *ret_status);

G_END_DECLS
