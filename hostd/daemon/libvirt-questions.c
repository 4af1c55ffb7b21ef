/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/libvirt-worker.h"

/* The questions themselves; what asks them is libvirt-worker.c. All of this runs on its thread. */

static gpointer
ask_for_all (HostdVirt *virt, const char *input, GError **error)
{
  return hostd_virt_list_domains (virt, error);
}

void
hostd_libvirt_worker_list (HostdLibvirtWorker *self, HostdLibvirtDone done, gpointer data)
{
  hostd_libvirt_worker_ask (self, ask_for_all, NULL, (GDestroyNotify) g_ptr_array_unref, done,
                            data);
}

static void
inspection_free (gpointer data)
{
  HostdLibvirtInspection *self = data;

  hostd_virt_domain_free (self->domain);
  hostd_virt_launch_free (self->launch);
  g_clear_error (&self->launch_error);
  g_free (self);
}

static gpointer
inspect (HostdVirt *virt, const char *uuid, GError **error)
{
  HostdVirtDomain *domain = hostd_virt_get_domain (virt, uuid, error);
  HostdLibvirtInspection *self;

  if (domain == NULL)
    return NULL;
  self = g_new0 (HostdLibvirtInspection, 1);
  self->domain = domain;
  if (domain->active)
    self->launch = hostd_virt_get_launch (virt, uuid, &self->launch_error);
  return self;
}

void
hostd_libvirt_worker_inspect (HostdLibvirtWorker *self, const char *uuid, HostdLibvirtDone done,
                              gpointer data)
{
  hostd_libvirt_worker_ask (self, inspect, uuid, inspection_free, done, data);
}

static gpointer
destroy (HostdVirt *virt, const char *uuid, GError **error)
{
  return hostd_virt_destroy_domain (virt, uuid, error) ? g_strdup (uuid) : NULL;
}

void
hostd_libvirt_worker_destroy (HostdLibvirtWorker *self, const char *uuid, HostdLibvirtDone done,
                              gpointer data)
{
  hostd_libvirt_worker_ask (self, destroy, uuid, g_free, done, data);
}

/* ---- what an emulator can do ---- */

static gpointer
ask_for_capabilities (HostdVirt *virt, const char *emulator, GError **error)
{
  g_autoptr (HostdLibvirtAnswer) answer = g_new0 (HostdLibvirtAnswer, 1);

  answer->emulator = g_strdup (emulator);
  /* Before: if the file is replaced meanwhile, the answer is not the new one's. */
  answer->identity = hostd_libvirt_cache_identify (emulator);
  if (!hostd_virt_get_versions (virt, &answer->libvirt, &answer->qemu, error))
    return NULL;
  answer->xml = hostd_virt_get_domain_capabilities_xml (virt, emulator, error);
  return answer->xml != NULL ? g_steal_pointer (&answer) : NULL;
}

void
hostd_libvirt_worker_ask_capabilities (HostdLibvirtWorker *self, const char *emulator,
                                       HostdLibvirtDone done, gpointer data)
{
  hostd_libvirt_worker_ask (self, ask_for_capabilities, emulator,
                            (GDestroyNotify) hostd_libvirt_answer_free, done, data);
}
