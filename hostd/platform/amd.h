/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/probe.h"

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

/* struct sev_user_data_status of linux/psp-sev.h, 12 bytes. */
typedef struct {
  gboolean known;
  guint api_major, api_minor, build;
  guint state; /* 0 UNINIT, 1 INIT, 2 WORKING; owner, ES and guests read 0 in UNINIT */
  gboolean es; /* CONFIG_ES, bit 8 of the flags */
  guint32 guests;
} HostdSevStatus;

/* struct sev_user_data_snp_status of linux/psp-sev.h, 32 bytes. */
typedef struct {
  gboolean known;
  int errnum; /* of the command, where it was refused */
  guint api_major, api_minor, state;
  gboolean rmp_initialized; /* bit 0 only: newer firmware uses bit 1 for the alias check */
  guint32 guests;
  guint64 current_tcb, reported_tcb;
} HostdSnpStatus;

typedef struct {
  gboolean leaf_known;
  HostdCpuid leaf;  /* 0x8000001F */
  HostdRead module; /* kvm_amd */
  HostdRead smee_read;
  guint64 syscfg;     /* MSR 0xC0010010, if smee_read is VALUE */
  HostdRead sev_read; /* the parameter "sev" */
  gboolean sev;
  guint vm_types; /* 0 unknown */
  HostdSevStatus status;
} HostdAmd;

/* Reads what all three need, and breaks the layers that are broken for all three. */
void hostd_amd_read (HostdProbe *probe, HostdTechnologyFacts *facts, HostdAmd *ret_amd);

/* The hardware layer: @bit of EAX, or the flag of /proc/cpuinfo where CPUID cannot be read. */
void hostd_amd_check_hardware (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                               guint32 bit, const char *flag, const char *name);

/* The kernel layer: parameter @name of kvm_amd, in Linux since @since; and the VM type @vm_type. */
void hostd_amd_check_kernel (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                             const char *name, const char *since, guint vm_type);

/* The firmware of legacy SEV has been initialised (for SEV and SEV-ES). */
void hostd_amd_check_init (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd);

/*
 * Reads SNP_PLATFORM_STATUS, unless kvm_amd is absent: some kernels then initialise SNP to answer.
 */
void hostd_amd_read_snp_status (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                                HostdSnpStatus *ret_status);

/*
 * The SNP byte of a TCB version; its place depends on the generation. FALSE if that is not known.
 */
gboolean hostd_amd_tcb_snp (const HostdProbe *probe, guint64 tcb, guint *ret_svn);

/* SEV-ES and SEV-SNP share ASIDs 1..EDX-1, unless ciphertext hiding splits them. */
void hostd_amd_set_es_capacity (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                                const HostdSnpStatus *snp, gboolean for_snp);

G_END_DECLS
