/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/flavor.h"
#include "launch/templates.h"

G_BEGIN_DECLS

/* Technologies that a guest of Nova's can be launched with; each with its words there. */
typedef struct {
  HostdTechnology technology;
  const char *model;       /* Nova's: nova/objects/fields.py, MemEncryptionModel */
  const char *trait;       /* os-traits, hw/cpu/x86 */
  const char *quote_ready; /* the trait of a host where its quotes verify */
  guint nova_since;        /* the first major release of Nova that knows, and counts, the model */
  guint trait_since;       /* the first whose os-traits (of the same half-year) has the trait */
} HostdFlavorModel;
/* NULL-terminated by model. */
extern const HostdFlavorModel hostd_flavor_models[];
const HostdFlavorModel *hostd_flavor_find_model (HostdTechnology technology);

/*
 * What a flavor asks of a launch: by the rules of nova/virt/cloister/request.py, which the driver
 * follows on the compute host (a test holds both to the same cases).
 */
typedef struct {
  gboolean ours;    /* with cc: words */
  gboolean novas;   /* with hw:mem_encryption */
  gboolean unclear; /* a word cannot be understood, or contradicts another: see the findings */
  guint
      technologies; /* 1 << HostdTechnology each that it may be launched with; 0: not known here */
  const char *policy; /* "any" if none is named; NULL where only Nova's words ask */
} HostdFlavorRequest;

/* @templates NULL: what a policy accepts is not known. */
void hostd_flavor_read_request (HostdFlavor *flavor, guint nova_release,
                                const HostdTemplates *templates, HostdFlavorRequest *ret_request);

G_END_DECLS
