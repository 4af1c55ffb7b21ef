/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/json.h"
#include "daemon/daemon.h"
#include "daemon/doctor.h"
#include "daemon/domains-json.h"
#include "daemon/host-watch.h"
#include "daemon/interfaces.h"
#include "daemon/libvirt-layer.h"
#include "ipc/descriptions.h"
#include "ipc/wire.h"

#include <string.h>

static const char *
folder_word (const HostdDaemon *daemon)
{
  static const char *const words[] = { [HOSTD_GATE_FOLDER_SAME] = "same",
                                       [HOSTD_GATE_FOLDER_OTHER] = "other",
                                       [HOSTD_GATE_FOLDER_MISSING] = "missing" };

  return daemon->folder_known ? words[daemon->folder] : "unknown";
}

static JsonObject *
gate_status (const HostdDaemon *daemon)
{
  static const char *const unbound[] = { [HOSTD_GATE_UNBOUND_ALLOW] = "allow",
                                         [HOSTD_GATE_UNBOUND_VERIFY_BASELINE] = "verify-baseline",
                                         [HOSTD_GATE_UNBOUND_VETO] = "veto" };
  JsonObject *gate = json_object_new ();

  json_object_set_string_member (gate, "unbound", unbound[daemon->settings->gate.unbound]);
  json_object_set_string_member (gate, "hook_folder", folder_word (daemon));
  json_object_set_string_member (gate, "armed",
                                 hostd_arming_state_name (hostd_arming_get_state (daemon->arming)));
  json_object_set_int_member (gate, "allowed", (gint64) daemon->allowed);
  json_object_set_int_member (gate, "vetoed", (gint64) daemon->vetoed);
  return gate;
}

static JsonObject *
libvirt_status (const HostdDaemon *daemon)
{
  const char *why;
  HostdLibvirtState state = hostd_libvirt_worker_get_state (daemon->libvirt, &why);
  JsonObject *libvirt = json_object_new ();

  json_object_set_string_member (libvirt, "state", hostd_libvirt_state_name (state));
  hostd_json_set_string (libvirt, "error", why);
  hostd_libvirt_layer_add_status (daemon, libvirt);
  return libvirt;
}

static void
handle_status (HostdCall *call, gpointer data)
{
  HostdDaemon *daemon = data;
  HostdTemplates *templates = hostd_engine_get_templates (daemon->engine);
  JsonObject *reply = json_object_new ();

  json_object_set_string_member (reply, "version", CLOISTER_VERSION);
  json_object_set_int_member (reply, "pid", getpid ());
  json_object_set_int_member (reply, "started", daemon->started);
  json_object_set_string_member (reply, "config", daemon->settings->path);
  json_object_set_string_member (reply, "state_dir", daemon->settings->state_dir);
  hostd_json_set_string (reply, "simulation", daemon->settings->replay);
  json_object_set_int_member (reply, "policies", hostd_templates_count_policies (templates));
  hostd_json_set_string (reply, "policies_error", daemon->templates_error);
  hostd_json_set_string (reply, "host_error", daemon->host_error);
  json_object_set_int_member (reply, "connections",
                              hostd_server_count_connections (daemon->server));
  json_object_set_object_member (reply, "host", hostd_host_watch_to_json (daemon));
  json_object_set_object_member (reply, "gate", gate_status (daemon));
  json_object_set_object_member (reply, "libvirt", libvirt_status (daemon));
  hostd_call_reply (call, reply);
}

static void
handle_policies (HostdCall *call, gpointer data)
{
  HostdDaemon *daemon = data;

  hostd_call_finish_node (call, hostd_engine_policies_to_json (daemon->engine), NULL);
}

static void
handle_policy (HostdCall *call, gpointer data)
{
  HostdDaemon *daemon = data;
  GError *error = NULL;
  const HostdPolicy *policy = hostd_templates_find_policy (
      hostd_engine_get_templates (daemon->engine), hostd_call_get_string (call, "name"), &error);
  JsonObject *reply = NULL;

  if (policy != NULL) {
    reply = json_object_new ();
    json_object_set_string_member (reply, "name", hostd_policy_get_name (policy));
    hostd_json_set_string (reply, "path", hostd_policy_get_path (policy));
    hostd_json_set_string (reply, "digest", hostd_policy_get_digest (policy));
    json_object_set_string_member (reply, "text", hostd_policy_get_text (policy));
  }
  hostd_call_finish (call, reply, error);
}

static void
handle_check_policy (HostdCall *call, gpointer data)
{
  HostdDaemon *daemon = data;
  GError *error = NULL;
  const char *text = hostd_call_get_string (call, "text");
  g_autoptr (HostdPolicy) policy = hostd_templates_check_policy_text (
      hostd_engine_get_templates (daemon->engine), "policy", text, strlen (text), &error);
  JsonObject *reply = NULL;

  if (policy != NULL) {
    reply = json_object_new ();
    json_object_set_string_member (reply, "name", hostd_policy_get_name (policy));
    hostd_json_set_string (reply, "digest", hostd_policy_get_digest (policy));
  }
  hostd_call_finish (call, reply, error);
}

/* ---- Domains: libvirt's answer, joined with the bindings ---- */

typedef struct {
  HostdDaemon *daemon;
  HostdCall *call;
} Listing;

static void
on_domains (gpointer answer, GError *error, gpointer data)
{
  GPtrArray *domains = answer;
  g_autofree Listing *listing = data;
  HostdBindings *bindings = hostd_engine_get_bindings (listing->daemon->engine);
  JsonObject *reply = NULL;

  if (error == NULL)
    reply = hostd_domains_to_json (domains, bindings, listing->daemon->gate, &error);
  hostd_call_finish (listing->call, reply, error);
}

static void
handle_domains (HostdCall *call, gpointer data)
{
  HostdDaemon *daemon = data;
  Listing *listing = g_new0 (Listing, 1);

  listing->daemon = daemon;
  listing->call = call;
  hostd_libvirt_worker_list (daemon->libvirt, on_domains, listing);
}

static void
on_reloaded (GError *error, gpointer data)
{
  hostd_call_finish (data, NULL, error);
}

static void
handle_reload (HostdCall *call, gpointer data)
{
  hostd_daemon_reload (data, on_reloaded, call);
}

static void
handle_doctor (HostdCall *call, gpointer data)
{
  hostd_call_reply (call, hostd_doctor_to_json (data));
}

static void
handle_monitor (HostdCall *call, gpointer data)
{
  HostdDaemon *daemon = data;

  hostd_monitor_add (daemon->monitor, call);
}

/* Records in one answer, unless asked for fewer. */
#define MAX_RECORDS 1000

static void
handle_audit (HostdCall *call, gpointer data)
{
  HostdDaemon *daemon = data;
  GError *error = NULL;
  gint64 limit = MAX_RECORDS;
  JsonArray *records;
  JsonObject *reply = NULL;

  if (hostd_json_get_int (hostd_call_get_parameters (call), "limit", &limit) &&
      (limit < 1 || limit > MAX_RECORDS)) {
    hostd_call_fail_parameter (call, "limit");
    return;
  }
  records = hostd_audit_read (daemon->audit, (guint) limit, &error);
  if (records != NULL) {
    reply = json_object_new ();
    json_object_set_array_member (reply, "records", records);
  }
  hostd_call_finish (call, reply, error);
}

static const HostdMethod methods[] = {
  { "Status", handle_status },
  { "Policies", handle_policies },
  { "Policy", handle_policy, { { "name", HOSTD_PARAMETER_STRING, FALSE } } },
  { "CheckPolicy", handle_check_policy, { { "text", HOSTD_PARAMETER_STRING, FALSE } } },
  { "Domains", handle_domains },
  { "Doctor", handle_doctor },
  { "Audit", handle_audit, { { "limit", HOSTD_PARAMETER_INTEGER, TRUE } } },
  { "Monitor", handle_monitor, .stream = TRUE },
  { "Reload", handle_reload },
  { NULL },
};

const HostdInterface hostd_admin_interface = {
  HOSTD_WIRE_ADMIN,
  hostd_description_io_cloister_Admin,
  methods,
};
