/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/probe.h"

G_BEGIN_DECLS

/*
 * What the AMD secure processor (AMD-SP) says of itself: the two status commands of /dev/sev.
 * Neither needs more than the right to open the device, and neither changes anything.
 */

/* struct sev_user_data_status of linux/psp-sev.h, 12 bytes. */
typedef struct {
  gboolean known;
  guint api_major, api_minor, build;
  guint state; /* 0 UNINIT, 1 INIT, 2 WORKING; owner, ES and guests read 0 in UNINIT */
  gboolean es; /* CONFIG_ES, bit 8 of the flags */
  guint32 guests;
} HostdSevStatus;

/* Bits of the flags in struct sev_user_data_snp_status (SEV-SNP firmware ABI, SNP_PLATFORM_STATUS).
 */
#define HOSTD_SNP_MASK_CHIP_ID (1u << 0)  /* reports name no chip */
#define HOSTD_SNP_MASK_CHIP_KEY (1u << 1) /* reports are not signed with the chip's key */
#define HOSTD_SNP_VLEK (1u << 2)          /* a key of the provider's (VLEK) is loaded */

/* struct sev_user_data_snp_status of linux/psp-sev.h, 32 bytes. */
typedef struct {
  gboolean known;
  int errnum;        /* of the command, where it was refused; 0: not asked, or answered */
  gboolean not_root; /* it could not be asked: /dev/sev is not ours to open */
  guint api_major, api_minor, state;
  gboolean rmp_initialized; /* bit 0 only: newer firmware uses bit 1 for the alias check */
  guint32 flags, guests;
  guint64 current_tcb, reported_tcb; /* little-endian as read; the layout is the generation's */
} HostdSnpStatus;

/* SEV_PLATFORM_STATUS. Breaks a layer, or sets "unknown", where it gives no answer. */
void hostd_amd_read_sev_status (HostdProbe *probe, HostdTechnologyFacts *facts,
                                HostdSevStatus *ret_status);

/* SNP_PLATFORM_STATUS. That it was refused is for the caller to judge. */
void hostd_amd_read_snp_status (HostdProbe *probe, HostdTechnologyFacts *facts,
                                HostdSnpStatus *ret_status);

G_END_DECLS
