/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/doctor.h"

#include "engine/doctor.h"

#define ERROR HOSTD_FINDING_ERROR
#define WARNING HOSTD_FINDING_WARNING

#define find(diagnosis, level, id, ...)                                                            \
  hostd_diagnosis_add (diagnosis, level, id, NULL, NULL, __VA_ARGS__)

static void
examine_gate (const HostdDaemon *daemon, HostdDiagnosis *diagnosis)
{
  g_autofree char *alarm = hostd_arming_describe (daemon->arming);

  if (alarm != NULL)
    find (diagnosis, ERROR, "gate-not-armed", "%s; until then no domain is rewritten here", alarm);
  if (daemon->folder_known && daemon->folder != HOSTD_GATE_FOLDER_SAME)
    find (diagnosis, ERROR, "bindings-folder",
          "the hook sees %s folder of bindings, and could not hold the gate without "
          "cloister-hostd: mount %s/" HOSTD_BINDINGS_FOLDER " read-only where libvirtd runs",
          daemon->folder == HOSTD_GATE_FOLDER_OTHER ? "another" : "no",
          daemon->settings->state_dir);
  if (alarm == NULL && hostd_arming_get_state (daemon->arming) == HOSTD_ARMING_UNPROVEN)
    find (diagnosis, WARNING, "gate-unproven",
          "libvirt has not run the hook for a protected guest since cloister-hostd or libvirtd "
          "started: the first start of one will tell");
}

static void
examine_bindings (const HostdDaemon *daemon, HostdDiagnosis *diagnosis)
{
  g_autoptr (HostdReasons) problems = hostd_reasons_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) bound =
      hostd_bindings_list (hostd_engine_get_bindings (daemon->engine), problems, &error);

  if (bound == NULL)
    find (diagnosis, ERROR, "bindings", "%s", error->message);
  for (guint i = 0; i < hostd_reasons_count (problems); i++)
    find (diagnosis, ERROR, "bindings", "%s", hostd_reasons_get (problems, i)->text);
}

static void
examine_rest (const HostdDaemon *daemon, HostdDiagnosis *diagnosis)
{
  const char *known_bad = hostd_engine_get_known_bad_error (daemon->engine);
  const char *why;
  HostdLibvirtState state = hostd_libvirt_worker_get_state (daemon->libvirt, &why);

  if (daemon->templates_error != NULL)
    find (diagnosis, ERROR, "policies", "the last reload failed, and older policies are in use: %s",
          daemon->templates_error);
  if (known_bad != NULL)
    find (diagnosis, ERROR, "known-bad",
          "only the shipped known-bad combinations are in use, since yours cannot be read: %s",
          known_bad);
  if (daemon->host_error != NULL)
    find (diagnosis, ERROR, "host", "the last probe failed, and older facts are in use: %s",
          daemon->host_error);
  if (state != HOSTD_LIBVIRT_CONNECTED)
    find (diagnosis, WARNING, "libvirt",
          "libvirt is %s (%s): see systemctl status libvirtd virtqemud; the gate holds without it",
          hostd_libvirt_state_name (state), why);
  if (daemon->settings->replay != NULL)
    find (diagnosis, WARNING, "simulation",
          "this host is simulated: questions to its hardware are answered from %s",
          daemon->settings->replay);
}

JsonObject *
hostd_doctor_to_json (const HostdDaemon *daemon)
{
  g_autoptr (HostdDiagnosis) diagnosis = hostd_diagnosis_new ();
  const HostdFacts *facts = hostd_engine_get_facts (daemon->engine);

  examine_gate (daemon, diagnosis);
  examine_bindings (daemon, diagnosis);
  examine_rest (daemon, diagnosis);
  if (facts != NULL)
    hostd_diagnosis_examine (diagnosis, facts, hostd_engine_get_known_bad (daemon->engine));
  return hostd_diagnosis_to_json (diagnosis);
}
