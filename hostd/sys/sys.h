/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The only door to the machine: files of /sys, /proc and the like, CPUID, MSRs, KVM, the AMD secure
 * processor (AMD-SP), and QEMU asked what it can do. It has one table of operations and two
 * implementations: this machine (sys/live.c) and a recorded one (sys/recording.c). Nothing that
 * changes the machine is in the table.
 *
 * Every question has three outcomes, because what could not be read must never look like "no":
 *   VALUE       the answer is in the ret_ parameter
 *   ABSENT      it is certain that there is none: no such file, device, leaf
 *   UNREADABLE  nothing is known, and @error says why (a GError, unlike ABSENT)
 * The ret_ parameters are set on VALUE only.
 *
 * All calls may block on the device they ask: they belong on a worker, not on a main loop. A
 * HostdSys is used by one thread at a time.
 */
typedef struct HostdSys HostdSys;

typedef enum {
  HOSTD_READ_VALUE,
  HOSTD_READ_ABSENT,
  HOSTD_READ_UNREADABLE,
} HostdRead;

/* No file that is read here is longer; /proc/cpuinfo of 1,024 CPUs comes to about 2 MiB. */
#define HOSTD_SYS_MAX_FILE (8u * 1024 * 1024)
/* No folder that is listed here has more entries. */
#define HOSTD_SYS_MAX_ENTRIES 65536

typedef struct {
  guint32 eax, ebx, ecx, edx;
} HostdCpuid;

/* What the AMD-SP's driver answered: @errnum of the ioctl, the firmware's own status, the bytes. */
typedef struct {
  int errnum;             /* 0: the call succeeded and @data holds the answer */
  guint32 firmware_error; /* SEV_RET_*; G_MAXUINT32 (NO_FW_CALL): the firmware was not reached */
  guint8 data[32];        /* little-endian, as linux/psp-sev.h lays it out */
} HostdSevAnswer;

/*
 * The two status commands of /dev/sev, which need no rights beyond opening it and change nothing.
 */
typedef enum {
  HOSTD_SEV_PLATFORM_STATUS, /* struct sev_user_data_status, 12 bytes */
  HOSTD_SEV_SNP_STATUS,      /* struct sev_user_data_snp_status, 32 bytes */
} HostdSevQuery;

/* struct utsname, as far as it is needed: "6.11.0", "x86_64". */
typedef struct {
  char *release;
  char *machine;
} HostdUname;
void hostd_uname_clear (HostdUname *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HostdUname, hostd_uname_clear)

/*
 * This machine, its files below @root_fd (which is duplicated). @replay, if not NULL, answers
 * CPUID, MSRs, KVM and the AMD-SP in place of the machine (ownership is taken): so a daemon beside
 * a simulated /sys is told of the processor that the simulation has. Files and QEMU stay live.
 */
HostdSys *hostd_sys_new_live (int root_fd, HostdSys *replay);

/*
 * A recorded machine: a folder as tests/hosts/README.md describes it. All named texts are parsed at
 * once; a malformed one is HOSTD_ERROR_INVALID with file and line.
 */
HostdSys *hostd_sys_new_recording (const char *folder, GError **error);

void hostd_sys_free (HostdSys *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdSys, hostd_sys_free)

/*
 * Called before each question with what it asks of, "/proc/cpuinfo" or "CPUID leaf 8000001f",
 * on the thread that asks: so that somebody else can say where a question hangs.
 */
typedef void (*HostdSysAsking) (const char *what, gpointer data);
void hostd_sys_set_asking (HostdSys *self, HostdSysAsking asking, gpointer data);

/* TRUE for a recording: what was not recorded is not a fault of this machine. */
gboolean hostd_sys_is_recording (HostdSys *self);

/*
 * The text of a regular file. @path is relative to the root ("sys/module/..."), has no "..", and
 * may follow symbolic links. A text with a NUL in it is UNREADABLE: nothing that is read here may
 * have one.
 */
HostdRead hostd_sys_read_file (HostdSys *self, const char *path, char **ret_text, GError **error);

/* As above for files that hold bytes. */
HostdRead hostd_sys_read_bytes (HostdSys *self, const char *path, GBytes **ret_bytes,
                                GError **error);

/* Names in a folder without "." and "..", in byte order; free with g_strfreev(). */
HostdRead hostd_sys_list_folder (HostdSys *self, const char *path, char ***ret_names,
                                 GError **error);

/* ABSENT if the processor is none that has CPUID, or answers fewer leaves. */
HostdRead hostd_sys_cpuid (HostdSys *self, guint32 leaf, guint32 subleaf, HostdCpuid *ret_answer,
                           GError **error);

/*
 * Of the first CPU. ABSENT if reading faults (EIO), which is how a processor says it has no such
 * MSR.
 */
HostdRead hostd_sys_msr (HostdSys *self, guint32 index, guint64 *ret_value, GError **error);

/* KVM_CHECK_EXTENSION on /dev/kvm itself: 0 is "not supported". ABSENT: there is no /dev/kvm. */
HostdRead hostd_sys_kvm_extension (HostdSys *self, guint capability, guint *ret_value,
                                   GError **error);

/*
 * KVM_HAS_DEVICE_ATTR and KVM_GET_DEVICE_ATTR on /dev/kvm itself (KVM_CAP_SYS_ATTRIBUTES). ABSENT:
 * there is no /dev/kvm, or this KVM has no such attribute (ENXIO, ENOTTY).
 */
HostdRead hostd_sys_kvm_attr (HostdSys *self, guint32 group, guint64 attr, guint64 *ret_value,
                              GError **error);

/*
 * Whether KVM_CREATE_VM takes machine type @type: the guest is made empty and let go at once, which
 * takes no key and changes nothing. ABSENT: no (EINVAL), or there is no /dev/kvm.
 */
HostdRead hostd_sys_kvm_takes_type (HostdSys *self, guint64 type, GError **error);

/*
 * Whether a device node is there, whatever its mode: VALUE or ABSENT. @path as for
 * hostd_sys_read_file().
 */
HostdRead hostd_sys_has_device (HostdSys *self, const char *path, GError **error);

/*
 * ID_AA64PFR0_EL1, as Linux shows it to programs (emulated MRS; fields that it does not show are
 * 0). ABSENT on another architecture, UNREADABLE where the kernel does not emulate it.
 */
HostdRead hostd_sys_id_aa64pfr0 (HostdSys *self, guint64 *ret_value, GError **error);

/* What KVM lets a TDX guest have: its attributes and its XFAM, the bits that may be set. */
typedef struct {
  guint64 attributes, xfam;
} HostdTdxCapabilities;

/* ABSENT: this KVM starts no TDX guest, or there is no /dev/kvm. No KeyID is taken for asking. */
HostdRead hostd_sys_tdx_capabilities (HostdSys *self, HostdTdxCapabilities *ret_capabilities,
                                      GError **error);

/*
 * What Intel's quote generation service (QGS) answers on its unix socket when it is asked how the
 * platform is: one message as it came (Intel DCAP's qgs_msg_lib, little-endian), without the length
 * that may stand before it. ABSENT: no service listens there. HOSTD_ERROR_TIMEOUT: it takes calls
 * and does not answer; HOSTD_ERROR_INVALID: it answers with something else. Takes up to 10 seconds.
 */
HostdRead hostd_sys_qgs (HostdSys *self, GBytes **ret_message, GError **error);

/*
 * Lines of the kernel's log that speak of confidential computing, without their time stamps. It is
 * a ring: what is not in it may have been said. ABSENT: a recording without them.
 */
HostdRead hostd_sys_kernel_log (HostdSys *self, char **ret_text, GError **error);

/* TRUE if questions are asked as root: what only root may read can be read then. */
gboolean hostd_sys_is_root (HostdSys *self);

/* ABSENT: there is no /dev/sev. That the driver refused is a VALUE with errnum set. */
HostdRead hostd_sys_sev (HostdSys *self, HostdSevQuery query, HostdSevAnswer *ret_answer,
                         GError **error);

/* @ret_uname is overwritten without being cleared. */
HostdRead hostd_sys_uname (HostdSys *self, HostdUname *ret_uname, GError **error);

/*
 * Absolute paths of the QEMU binaries of this machine's own architecture, preferred ones first. An
 * empty list says that there is none.
 */
HostdRead hostd_sys_emulators (HostdSys *self, char ***ret_paths, GError **error);

/* Version of the emulator at @emulator, "9.2.0". */
HostdRead hostd_sys_qemu_version (HostdSys *self, const char *emulator, char **ret_version,
                                  GError **error);

/*
 * The object types that the emulator at @emulator (an absolute path) can create, in byte order:
 * what `EMULATOR -object help` lists. ABSENT: there is no such emulator.
 */
HostdRead hostd_sys_qemu_objects (HostdSys *self, const char *emulator, char ***ret_types,
                                  GError **error);

G_END_DECLS
