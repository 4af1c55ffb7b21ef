/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "sys/sys.h"

G_BEGIN_DECLS

/*
 * What the technologies of one reading share: whose processor this is, and the helpers that read
 * one thing, write it down as evidence, and never take "cannot be read" for "no".
 */
typedef enum {
  HOSTD_VENDOR_UNKNOWN,
  HOSTD_VENDOR_AMD,
  HOSTD_VENDOR_INTEL,
  HOSTD_VENDOR_HYGON, /* has AMD's SEV and SEV-ES under the same interface */
  HOSTD_VENDOR_OTHER,
} HostdVendor;

typedef struct {
  HostdSys *sys;
  char *machine;       /* "x86_64"; NULL unknown */
  char *release;       /* of the kernel, "6.11.0"; NULL unknown */
  HostdVendor vendor;  /* of an x86 processor */
  guint family, model; /* as /proc/cpuinfo counts them; 0 unknown */
  gboolean guest;      /* a hypervisor runs us */
  char *cpuinfo;       /* NULL unknown */
  char **cpu_flags;    /* of the first CPU; NULL unknown */
  char *cmdline;       /* of the kernel; NULL unknown */
  char *emulator;      /* the one that is asked; NULL: none, or unknown */
  HostdRead emulator_read;
  char *emulator_why; /* why it is unknown, or its objects are */
  char **emulators;   /* all of them; NULL unknown */
  char **objects;     /* types that it can create; NULL unknown */
} HostdProbe;

HostdProbe *hostd_probe_new (HostdSys *sys);
void hostd_probe_free (HostdProbe *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdProbe, hostd_probe_free)

gboolean hostd_probe_has_cpu_flag (HostdProbe *self, const char *flag);
/*
 * Whether the kernel is Linux @version ("6.10") or later, by its name. FALSE if that is unknown.
 * Distributions carry features back: only where nothing better tells.
 */
gboolean hostd_probe_kernel_is (const HostdProbe *self, const char *version);
/* A word of the kernel's command line, exactly. FALSE if that is unknown. */
gboolean hostd_probe_has_boot_word (HostdProbe *self, const char *word);

/*
 * Applicability: sets NOT_APPLICABLE and returns FALSE on another architecture, in a guest, or on
 * a processor of another vendor; sets "unknown" and returns FALSE if that cannot be told. @machine
 * is a pattern ("ppc64*"); @vendors a bit mask of 1 << HostdVendor, 0 where vendors do not count.
 */
gboolean hostd_probe_applies (HostdProbe *self, HostdTechnologyFacts *facts, const char *machine,
                              guint vendors, const char *whose);

/* Something that a verdict needs is unknown. The first one is kept, until something is broken. */
void hostd_probe_unknown (HostdTechnologyFacts *facts, const char *fix, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/*
 * Usable, unless something was found broken or unknown; an unusable technology has room for none.
 */
void hostd_probe_conclude (HostdTechnologyFacts *facts);

/*
 * One reading each, with evidence, of the layer that facts->looking_at says; what can only be of
 * one layer (a module, KVM, QEMU) is noted as that. Where nothing could be read, @ret_why (if not
 * NULL) gets the reason in one line.
 */
HostdRead hostd_probe_text (HostdProbe *self, HostdTechnologyFacts *facts, const char *path,
                            char **ret_text, char **ret_why);
/* A Y/N or 1/0 parameter. A text that is neither is UNREADABLE. */
HostdRead hostd_probe_flag (HostdProbe *self, HostdTechnologyFacts *facts, const char *path,
                            gboolean *ret_value, char **ret_why);
HostdRead hostd_probe_decimal (HostdProbe *self, HostdTechnologyFacts *facts, const char *path,
                               guint64 *ret_value, char **ret_why);
HostdRead hostd_probe_cpuid (HostdProbe *self, HostdTechnologyFacts *facts, guint32 leaf,
                             guint32 subleaf, HostdCpuid *ret_answer);
HostdRead hostd_probe_msr (HostdProbe *self, HostdTechnologyFacts *facts, guint32 index,
                           guint64 *ret_value);
/* Whether a module is there, by its folder of parameters. UNREADABLE: cannot be told. */
HostdRead hostd_probe_module (HostdProbe *self, HostdTechnologyFacts *facts, const char *module);

/* KVM_X86_GRP_SEV of asm/kvm.h, and its attributes. */
#define HOSTD_KVM_GROUP_SEV 1
#define HOSTD_KVM_VMSA_FEATURES 0
#define HOSTD_KVM_SNP_POLICY_BITS 1
#define HOSTD_KVM_SNP_CERTS 2
HostdRead hostd_probe_kvm_attr (HostdProbe *self, HostdTechnologyFacts *facts, guint32 group,
                                guint64 attr, guint64 *ret_value, char **ret_why);

/* The QEMU layer: an emulator that can create @type. An unknown answer breaks nothing. */
void hostd_probe_qemu (HostdProbe *self, HostdTechnologyFacts *facts, const char *type,
                       const char *since);

G_END_DECLS
