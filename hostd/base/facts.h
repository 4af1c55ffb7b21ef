/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What is known of a host, as plain data.
 *
 * platform/ and virt/ fill it, engine/ joins their answers, and launch/ and report/ read it through
 * a pointer to const: leaves do not know each other. A fact that could not be read is "unknown",
 * never "no": who decides on one says what it does without it.
 */

typedef enum {
  HOSTD_TECHNOLOGY_SEV,
  HOSTD_TECHNOLOGY_SEV_ES,
  HOSTD_TECHNOLOGY_SEV_SNP,
  HOSTD_TECHNOLOGY_TDX,
  HOSTD_TECHNOLOGY_SGX,
  HOSTD_TECHNOLOGY_CCA,
  HOSTD_TECHNOLOGY_PEF,
  HOSTD_TECHNOLOGY_S390_PV,
  HOSTD_N_TECHNOLOGIES
} HostdTechnology;

/* libvirt's spelling where libvirt has the word: "sev", "sev-es", "sev-snp", "tdx", ... */
const char *hostd_technology_name (HostdTechnology technology);
/* FALSE if no technology has that name; then *ret_technology is untouched. */
gboolean hostd_technology_from_name (const char *name, HostdTechnology *ret_technology);

typedef enum {
  HOSTD_USABILITY_UNKNOWN, /* something needed could not be read; cause says what */
  HOSTD_USABILITY_USABLE,
  HOSTD_USABILITY_UNUSABLE,       /* layer, cause and fix say why not */
  HOSTD_USABILITY_NOT_APPLICABLE, /* another vendor or architecture, or a guest */
} HostdUsability;
/* "unknown", "usable", "unusable", "not-applicable": the words of `capabilities --json`. */
const char *hostd_usability_name (HostdUsability usability);

/* The layers of a platform from below; the first broken one is what is reported. */
typedef enum {
  HOSTD_LAYER_NONE,
  HOSTD_LAYER_HARDWARE,
  HOSTD_LAYER_FIRMWARE,
  HOSTD_LAYER_KERNEL,
  HOSTD_LAYER_QEMU,
  HOSTD_LAYER_LIBVIRT,
} HostdLayer;
const char *hostd_layer_name (HostdLayer layer); /* "hardware", ...; NULL for NONE */

/* One thing that was read: where, and what stood there. */
typedef struct {
  char *source; /* "cpuid 8000001f", "sys/module/kvm_amd/parameters/sev", ... */
  char *value;
} HostdEvidence;

#define HOSTD_CAPACITY_UNKNOWN (-1)

typedef struct {
  gint64 total, in_use, free; /* guests (SGX: bytes of EPC), or HOSTD_CAPACITY_UNKNOWN */
  char *pool; /* the key pool it draws on: technologies that share one have the same name */
} HostdCapacity;

typedef struct {
  HostdUsability usability;
  HostdLayer layer;
  char *cause, *fix;   /* NULL when usable */
  GPtrArray *evidence; /* (element-type HostdEvidence), never NULL */
  HostdCapacity capacity;
} HostdTechnologyFacts;

/* One QEMU firmware descriptor (QEMU docs/interop/firmware.json), as far as a launch needs it. */
typedef struct {
  char *descriptor; /* its path */
  char *image;      /* mapping.filename, or mapping.executable.filename for flash */
  gboolean flash;   /* mapping.device is "flash" (pflash), else "memory" (-bios) */
  gboolean uefi;    /* interface-types has "uefi" */
  char **features;  /* "amd-sev", "amd-sev-es", "amd-sev-snp", "intel-tdx", "secure-boot", ... */
  char **machines;  /* glob patterns of its x86_64 targets, "pc-q35-*" */
} HostdFirmware;

gboolean hostd_firmware_has_feature (const HostdFirmware *self, const char *feature);

typedef struct {
  char *source; /* "live", or the folder of the recording that was replayed */
  HostdTechnologyFacts technology[HOSTD_N_TECHNOLOGIES];

  gboolean cbit_known;
  guint cbitpos;           /* CPUID 0x8000001F EBX[5:0] */
  guint reduced_phys_bits; /* what libvirt and QEMU want in a domain: 1, whatever EBX[11:6] says */

  guint libvirt_version; /* major * 1000000 + minor * 1000 + micro, as libvirt counts; 0 unknown */
  guint qemu_version;    /* likewise */

  gboolean firmware_known; /* the descriptor folders could be read */
  GPtrArray *firmware; /* (element-type HostdFirmware) in QEMU's order of preference, never NULL */
  char **emulators;    /* absolute paths of known emulators; NULL unknown */
} HostdFacts;

HostdFacts *hostd_facts_new (void); /* everything unknown */
void hostd_facts_free (HostdFacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdFacts, hostd_facts_free)

/* What was noted before, in the same words, is not noted again. */
void hostd_technology_facts_add_evidence (HostdTechnologyFacts *self, const char *source,
                                          const char *format, ...) G_GNUC_PRINTF (3, 4);
/*
 * Sets usability UNUSABLE with layer, cause and fix, unless a lower layer was found broken before.
 */
void hostd_technology_facts_set_broken (HostdTechnologyFacts *self, HostdLayer layer,
                                        const char *cause, const char *fix);

HostdFirmware *hostd_firmware_new (void);
void hostd_firmware_free (HostdFirmware *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdFirmware, hostd_firmware_free)

G_END_DECLS
