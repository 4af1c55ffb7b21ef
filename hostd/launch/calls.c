/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/work.h"

#include <string.h>

/*
 * libvirt adds a memballoon to every guest without one, and a controller for the first virtio
 * channel or console: without iommu, and the hook then sees them. So they are written out here.
 */
static void
write_implicit_devices (HostdWork *work, const char *feature)
{
  xmlNodePtr devices = hostd_node_child (work->domain, "devices");
  int wanted;

  if (devices == NULL)
    devices = hostd_spans_make (work->spans, work->domain, "devices");
  if (hostd_node_child (devices, "memballoon") == NULL) {
    xmlNodePtr balloon = hostd_spans_make (work->spans, devices, "memballoon");

    hostd_spans_set_attribute (work->spans, balloon, "model", "virtio");
  }
  wanted = hostd_virtio_serial_wanted (devices);
  for (int i = 0; i <= wanted; i++) {
    g_autofree char *index = g_strdup_printf ("%d", i);
    xmlNodePtr controller;

    if (hostd_virtio_serial_present (devices, i))
      continue;
    controller = hostd_spans_make (work->spans, devices, "controller");
    hostd_spans_set_attribute (work->spans, controller, "type", "virtio-serial");
    hostd_spans_set_attribute (work->spans, controller, "index", index);
  }
}

/*
 * The C-bit belongs to the host, not to the author: a number brought along from another machine is
 * put right. libvirt fills in what is missing since 6.9; for an older one it is written out.
 */
static void
write_cbit (HostdWork *work, const char *feature)
{
  xmlNodePtr security = hostd_node_child (work->domain, "launchSecurity"), cbit;
  g_autofree char *value = NULL, *now = NULL;

  if (security == NULL || work->facts == NULL || !work->facts->cbit_known)
    return;
  value = g_strdup_printf ("%u", work->facts->cbitpos);
  cbit = hostd_node_child (security, "cbitpos");
  if (cbit) {
    now = hostd_node_text (cbit);
    if (strcmp (now, value) != 0) {
      g_autofree char *path = hostd_node_path (cbit);

      hostd_reasons_add (work->notes, "cbitpos", path, "%s is another machine's: this host has %s",
                         now, value);
      hostd_spans_set_text (work->spans, cbit, value);
    }
  } else if (work->facts->libvirt_version && work->facts->libvirt_version < 6009000) {
    cbit = hostd_spans_make (work->spans, security, "cbitpos");
    hostd_spans_set_text (work->spans, cbit, value);
    if (hostd_node_child (security, "reducedPhysBits") == NULL)
      hostd_spans_set_text (work->spans,
                            hostd_spans_make (work->spans, security, "reducedPhysBits"), "1");
  }
}

static void
add_launch_data (HostdWork *work, const char *feature)
{
  hostd_work_add_launch_data (work);
}

static const struct {
  const char *name;
  void (*function) (HostdWork *work, const char *feature);
} calls[] = {
  { "firmware", hostd_work_choose_firmware },
  { "implicit-devices", write_implicit_devices },
  { "cbit", write_cbit },
  { "launch-data", add_launch_data },
};

gboolean
hostd_work_has_call (const char *function)
{
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    if (strcmp (calls[i].name, function) == 0)
      return TRUE;
  return FALSE;
}

void
hostd_work_call (HostdWork *work, const char *function, const char *feature)
{
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    if (strcmp (calls[i].name, function) == 0)
      calls[i].function (work, feature);
}
