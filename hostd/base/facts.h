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
  HostdLayer layer; /* that it speaks of; NONE: the machine in general */
  char *source;     /* "cpuid 8000001f", "sys/module/kvm_amd/parameters/sev", ... */
  char *value;
} HostdEvidence;

/* A fact that changes what a tenant measures, or may ask for: "policy_bits" is "0x3dbffff". */
typedef struct {
  char *name; /* of small letters, digits and "_": it is a member of the JSON */
  char *text; /* NULL: unknown */
  char *why;  /* then: what could not be read */
} HostdValue;

/* Would a guest's quote, made here and now, verify elsewhere? */
typedef enum {
  HOSTD_QUOTE_UNKNOWN, /* cause says what could not be found out */
  HOSTD_QUOTE_NONE,    /* the technology has none, or is not usable here */
  HOSTD_QUOTE_READY,
  HOSTD_QUOTE_BROKEN, /* cause and fix say why not */
} HostdQuoteState;
const char *
hostd_quote_state_name (HostdQuoteState state); /* "unknown", "none", "ready", "broken" */

typedef struct {
  HostdQuoteState state;
  char *cause, *fix; /* may be NULL */
} HostdQuote;

#define HOSTD_CAPACITY_UNKNOWN (-1)

/* A part of a capacity that belongs to a NUMA node (SGX). */
typedef struct {
  guint node;
  gint64 total; /* bytes */
} HostdCapacityNode;

/* All counts are guests (SGX: bytes of EPC), or HOSTD_CAPACITY_UNKNOWN. */
typedef struct {
  gint64 total, in_use, free;
  gint64 others; /* of those in use: not by domains of libvirt's; needs libvirt's list */
  gint64 leaked; /* of those in use: that the firmware counts and the kernel charges nobody for */
  char *pool;    /* the key pool it draws on: technologies that share one have the same name */
  GArray *nodes; /* (element-type HostdCapacityNode) in order; NULL: it has no nodes */
} HostdCapacity;

typedef struct {
  HostdUsability usability;
  HostdLayer layer;
  char *cause, *fix;     /* NULL when usable */
  HostdLayer looking_at; /* what evidence is added for; the probe sets it */
  GPtrArray *evidence;   /* (element-type HostdEvidence), never NULL */
  HostdCapacity capacity;
  GPtrArray *values; /* (element-type HostdValue), never NULL; names are unique */
  HostdQuote quote;
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

  char *kernel_release; /* "6.11.0"; NULL unknown */
  gboolean guest;       /* this machine is itself a guest: no host of any */
  gboolean as_root;     /* what only root may read was asked as root */
  struct {
    gboolean known;
    guint major, minor, build;
  } sev_firmware; /* of the AMD secure processor, as it runs */

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

/*
 * Whether @technology is the first usable one of its key pool: a pool is one thing, however many
 * draw on it. TRUE too where it is of none.
 */
gboolean hostd_facts_is_first_of_pool (const HostdFacts *self, HostdTechnology technology);

/* "1.55.29": API and build; NULL unknown. (transfer full) */
char *hostd_facts_describe_sev_firmware (const HostdFacts *self);

/* What was noted before, in the same words, is not noted again. */
void hostd_technology_facts_add_evidence (HostdTechnologyFacts *self, const char *source,
                                          const char *format, ...) G_GNUC_PRINTF (3, 4);
/* A fact by name; one that is there already is replaced. @format is its text. */
void hostd_technology_facts_set_value (HostdTechnologyFacts *self, const char *name,
                                       const char *format, ...) G_GNUC_PRINTF (3, 4);
/* Unless it is known already: @format is why it is not. */
void hostd_technology_facts_set_value_unknown (HostdTechnologyFacts *self, const char *name,
                                               const char *format, ...) G_GNUC_PRINTF (3, 4);
const HostdValue *hostd_technology_facts_get_value (const HostdTechnologyFacts *self,
                                                    const char *name); /* NULL: not set */
/* @cause and @fix (copied) may be NULL. */
void hostd_technology_facts_set_quote (HostdTechnologyFacts *self, HostdQuoteState state,
                                       const char *cause, const char *fix);
/* After the nodes there are already. */
void hostd_capacity_add_node (HostdCapacity *self, guint node, gint64 total);

/*
 * Sets usability UNUSABLE with layer, cause and fix, unless a lower layer was found broken before.
 */
void hostd_technology_facts_set_broken (HostdTechnologyFacts *self, HostdLayer layer,
                                        const char *cause, const char *fix);

HostdFirmware *hostd_firmware_new (void);
void hostd_firmware_free (HostdFirmware *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdFirmware, hostd_firmware_free)

G_END_DECLS
