/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/probe.h"

G_BEGIN_DECLS

/*
 * What depends on the generation of an AMD processor. Family and model tell it; neither a report,
 * nor the TCB, nor the chip id does.
 */

#define HOSTD_FAMILY_ZEN3 0x19 /* Zen 3 and 4: Milan, Genoa, Bergamo, Siena */
#define HOSTD_FAMILY_ZEN5 0x1a /* Turin */

/* "Milan"; of one that has no name here, "family 19h model 21h". NULL: not known. */
char *hostd_amd_generation (const HostdProbe *probe);

/*
 * The file of the SEV firmware that Linux looks for (drivers/crypto/ccp/sev-dev.c), below
 * /lib/firmware: "amd/amd_sev_fam19h_model0xh.sbin". A pattern of all of them if the generation is
 * not known.
 */
char *hostd_amd_firmware_file (const HostdProbe *probe);

/*
 * A TCB version (SEV-SNP firmware ABI, TCB_VERSION; KDS specification): @tcb is its eight bytes as
 * a little-endian number. Zen 3 and 4: boot loader, TEE, four reserved, SNP, microcode; Zen 5: FMC,
 * boot loader, TEE, SNP, three reserved, microcode.
 */

/* "fmc 1, bootloader 1, tee 1, snp 4, microcode 78"; NULL if the layout is not known. */
char *hostd_amd_tcb_to_text (const HostdProbe *probe, guint64 tcb);
/* FALSE if the layout is not known. */
gboolean hostd_amd_tcb_snp (const HostdProbe *probe, guint64 tcb, guint *ret_level);

G_END_DECLS
