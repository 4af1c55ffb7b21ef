/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sys/sys.h"

G_BEGIN_DECLS

/*
 * The table behind sys/sys.h, for its implementations only. An implementation embeds HostdSys as
 * its first member. Arguments have been checked (paths are safe) when an operation sees them.
 */
typedef struct {
  gboolean recording;
  void (*free) (HostdSys *self);
  HostdRead (*read_bytes) (HostdSys *self, const char *path, GBytes **ret_bytes, GError **error);
  HostdRead (*list_folder) (HostdSys *self, const char *path, char ***ret_names, GError **error);
  HostdRead (*cpuid) (HostdSys *self, guint32 leaf, guint32 subleaf, HostdCpuid *ret_answer,
                      GError **error);
  HostdRead (*msr) (HostdSys *self, guint32 index, guint64 *ret_value, GError **error);
  HostdRead (*kvm_extension) (HostdSys *self, guint capability, guint *ret_value, GError **error);
  HostdRead (*kvm_attr) (HostdSys *self, guint32 group, guint64 attr, guint64 *ret_value,
                         GError **error);
  HostdRead (*kvm_takes_type) (HostdSys *self, guint64 type, GError **error);
  HostdRead (*has_device) (HostdSys *self, const char *path, GError **error);
  HostdRead (*id_aa64pfr0) (HostdSys *self, guint64 *ret_value, GError **error);
  HostdRead (*tdx_capabilities) (HostdSys *self, HostdTdxCapabilities *ret_capabilities,
                                 GError **error);
  HostdRead (*qgs) (HostdSys *self, GBytes **ret_message, GError **error);
  HostdRead (*kernel_log) (HostdSys *self, char **ret_text, GError **error); /* NULL: "dmesg" */
  gboolean (*is_root) (HostdSys *self);
  HostdRead (*sev) (HostdSys *self, HostdSevQuery query, HostdSevAnswer *ret_answer,
                    GError **error);
  HostdRead (*uname) (HostdSys *self, HostdUname *ret_uname, GError **error);
  HostdRead (*emulators) (HostdSys *self, char ***ret_paths, GError **error);
  HostdRead (*qemu_version) (HostdSys *self, const char *emulator, char **ret_version,
                             GError **error);
  HostdRead (*qemu_objects) (HostdSys *self, const char *emulator, char ***ret_types,
                             GError **error);
} HostdSysOps;

struct HostdSys {
  const HostdSysOps *ops;
  HostdSysAsking asking; /* or NULL */
  gpointer asking_data;
};

G_END_DECLS
