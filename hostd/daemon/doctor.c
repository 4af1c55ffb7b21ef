/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/doctor.h"

typedef enum { ERROR, WARNING } Level;

G_GNUC_PRINTF (4, 5)
static void
find (JsonArray *findings, Level level, const char *id, const char *format, ...)
{
  JsonObject *finding = json_object_new ();
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  json_object_set_string_member (finding, "id", id);
  json_object_set_string_member (finding, "level", level == ERROR ? "error" : "warning");
  json_object_set_string_member (finding, "text", text);
  json_array_add_object_element (findings, finding);
}

static void
examine_gate (const HostdDaemon *daemon, JsonArray *findings)
{
  g_autofree char *alarm = hostd_arming_describe (daemon->arming);

  if (alarm != NULL)
    find (findings, ERROR, "gate-not-armed", "%s; until then no domain is rewritten here", alarm);
  if (daemon->folder_known && daemon->folder != HOSTD_GATE_FOLDER_SAME)
    find (
        findings, ERROR, "bindings-folder",
        "the hook sees %s folder of bindings, and could not hold the gate without cloister-hostd: "
        "mount %s/" HOSTD_BINDINGS_FOLDER " read-only where libvirtd runs",
        daemon->folder == HOSTD_GATE_FOLDER_OTHER ? "another" : "no", daemon->settings->state_dir);
  if (alarm == NULL && hostd_arming_get_state (daemon->arming) == HOSTD_ARMING_UNPROVEN)
    find (findings, WARNING, "gate-unproven",
          "libvirt has not run the hook for a protected guest since cloister-hostd or libvirtd "
          "started: the first start of one will tell");
}

static void
examine_bindings (const HostdDaemon *daemon, JsonArray *findings)
{
  g_autoptr (HostdReasons) problems = hostd_reasons_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) bound =
      hostd_bindings_list (hostd_engine_get_bindings (daemon->engine), problems, &error);

  if (bound == NULL)
    find (findings, ERROR, "bindings", "%s", error->message);
  for (guint i = 0; i < hostd_reasons_count (problems); i++)
    find (findings, ERROR, "bindings", "%s", hostd_reasons_get (problems, i)->text);
}

static void
examine_rest (const HostdDaemon *daemon, JsonArray *findings)
{
  const char *why;
  HostdLibvirtState state = hostd_libvirt_worker_get_state (daemon->libvirt, &why);

  if (daemon->templates_error != NULL)
    find (findings, ERROR, "policies", "the last reload failed, and older policies are in use: %s",
          daemon->templates_error);
  if (daemon->host_error != NULL)
    find (findings, ERROR, "host", "the last probe failed, and older facts are in use: %s",
          daemon->host_error);
  if (state != HOSTD_LIBVIRT_CONNECTED)
    find (findings, WARNING, "libvirt",
          "libvirt is %s (%s): see systemctl status libvirtd virtqemud; the gate holds without it",
          hostd_libvirt_state_name (state), why);
  if (daemon->settings->replay != NULL)
    find (findings, WARNING, "simulation",
          "this host is simulated: questions to its hardware are answered from %s",
          daemon->settings->replay);
}

JsonObject *
hostd_doctor_to_json (const HostdDaemon *daemon)
{
  JsonObject *reply = json_object_new ();
  JsonArray *findings = json_array_new ();

  examine_gate (daemon, findings);
  examine_bindings (daemon, findings);
  examine_rest (daemon, findings);
  json_object_set_array_member (reply, "findings", findings);
  return reply;
}
