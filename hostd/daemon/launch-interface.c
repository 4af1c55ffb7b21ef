/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "base/json.h"
#include "daemon/daemon.h"
#include "daemon/interfaces.h"
#include "daemon/record.h"
#include "engine/inventory.h"
#include "ipc/descriptions.h"
#include "ipc/wire.h"

#include <string.h>

void
hostd_call_finish_node (HostdCall *call, JsonNode *node, GError *error)
{
  hostd_call_finish (call, node != NULL ? json_node_dup_object (node) : NULL, error);
  g_clear_pointer (&node, json_node_unref);
}

static gboolean
add_data (HostdRequest *request, JsonObject *data, GError **error)
{
  g_autoptr (GList) members = data != NULL ? json_object_get_members (data) : NULL;

  for (GList *l = members; l != NULL; l = l->next)
    if (!hostd_request_add_data (request, l->data, hostd_json_get_string (data, l->data), error))
      return FALSE;
  return TRUE;
}

static HostdRequest *
request_of (const HostdCall *call, GError **error)
{
  const char *technology = hostd_call_get_string (call, "technology");
  g_autoptr (HostdRequest) request = hostd_request_new (hostd_call_get_string (call, "policy"));

  if (technology != NULL && !hostd_request_set_technology (request, technology, error))
    return NULL;
  if (!add_data (request, hostd_json_get_object (hostd_call_get_parameters (call), "data"), error))
    return NULL;
  return g_steal_pointer (&request);
}

/* One line for each outcome: with a refusal, its first reason. */
static void
log_outcome (const HostdCall *call, HostdVerdict verdict, const char *uuid,
             const HostdReasons *reasons)
{
  guint n = hostd_reasons_count (reasons);
  g_autofree char *first = n > 0 ? hostd_reason_to_line (hostd_reasons_get (reasons, 0)) : NULL;

  hostd_log_domain (verdict == HOSTD_VERDICT_REFUSE ? HOSTD_LOG_NOTICE : HOSTD_LOG_INFO, "launch",
                    uuid, "%s %s uid=%u policy=%s uuid=%s%s%s", hostd_verdict_name (verdict),
                    hostd_call_get_method (call), hostd_call_get_peer (call)->uid,
                    hostd_call_get_string (call, "policy"), uuid != NULL ? uuid : "-",
                    first != NULL ? " reason: " : "", first != NULL ? first : "");
}

/* Nobody is sent to a host whose gate is known to stand open. FALSE with an error then. */
static gboolean
is_armed (const HostdDaemon *daemon, GError **error)
{
  g_autofree char *line = hostd_arming_describe (daemon->arming);

  if (line == NULL)
    return TRUE;
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_UNAVAILABLE, "gate-not-armed: %s", line);
  return FALSE;
}

static void
audit_binding (HostdDaemon *daemon, const HostdCall *call, const HostdRewrite *rewrite)
{
  g_autofree char *text = NULL;

  if (hostd_rewrite_get_verdict (rewrite) != HOSTD_VERDICT_ALLOW)
    return;
  text = g_strdup_printf ("bound to policy %s for uid %u", hostd_call_get_string (call, "policy"),
                          hostd_call_get_peer (call)->uid);
  hostd_record_audit (daemon, "bind", hostd_rewrite_get_uuid (rewrite), text);
}

static void
handle_rewrite (HostdCall *call, gpointer data)
{
  HostdDaemon *daemon = data;
  const char *xml = hostd_call_get_string (call, "xml");
  g_autoptr (HostdRewrite) rewrite = NULL;
  g_autoptr (HostdRequest) request = NULL;
  GError *error = NULL;

  if (is_armed (daemon, &error))
    request = request_of (call, &error);
  if (request != NULL)
    rewrite = hostd_engine_rewrite (daemon->engine, request, xml, strlen (xml), &error);
  if (rewrite == NULL) {
    hostd_call_finish (call, NULL, error);
    return;
  }
  log_outcome (call, hostd_rewrite_get_verdict (rewrite), hostd_rewrite_get_uuid (rewrite),
               hostd_rewrite_get_reasons (rewrite));
  audit_binding (daemon, call, rewrite);
  hostd_call_finish_node (call, hostd_rewrite_to_json (rewrite), NULL);
}

static void
handle_verify (HostdCall *call, gpointer data)
{
  HostdDaemon *daemon = data;
  const char *xml = hostd_call_get_string (call, "xml");
  const char *stage_name = hostd_call_get_string (call, "stage");
  HostdStage stage = HOSTD_STAGE_DEFINITION;
  g_autoptr (HostdRequest) request = NULL;
  g_autoptr (HostdVerify) verify = NULL;
  GError *error = NULL;

  if (stage_name != NULL && !hostd_stage_from_name (stage_name, &stage)) {
    hostd_call_fail_parameter (call, "stage");
    return;
  }
  request = request_of (call, &error);
  if (request != NULL)
    verify = hostd_engine_verify (daemon->engine, request, xml, strlen (xml), stage, &error);
  if (verify == NULL) {
    hostd_call_finish (call, NULL, error);
    return;
  }
  log_outcome (call, hostd_verify_get_verdict (verify), NULL, hostd_verify_get_reasons (verify));
  hostd_call_finish_node (call, hostd_verify_to_json (verify), NULL);
}

/* ---- Forget: only when libvirt says that it does not know the domain ---- */

typedef struct {
  HostdDaemon *daemon;
  HostdCall *call;
  char *uuid;
} Forget;

static void
forget_free (Forget *self)
{
  g_free (self->uuid);
  g_free (self);
}

static gboolean
is_known (GPtrArray *domains, const char *uuid)
{
  for (guint i = 0; i < domains->len; i++) {
    const HostdVirtDomain *domain = g_ptr_array_index (domains, i);

    if (g_ascii_strcasecmp (domain->uuid, uuid) == 0)
      return TRUE;
  }
  return FALSE;
}

static void
on_domains_for_forget (gpointer answer, GError *error, gpointer data)
{
  GPtrArray *domains = answer;
  Forget *forget = data;
  HostdBindings *bindings = hostd_engine_get_bindings (forget->daemon->engine);

  if (error != NULL) {
    g_prefix_error (&error, "cannot forget %s without asking libvirt: ", forget->uuid);
  } else if (is_known (domains, forget->uuid)) {
    error = g_error_new (HOSTD_ERROR, HOSTD_ERROR_BUSY,
                         "libvirt knows the domain %s still: undefine it first", forget->uuid);
  } else if (hostd_bindings_forget (bindings, forget->uuid, &error)) {
    hostd_record_audit (forget->daemon, "forget", forget->uuid, NULL);
    hostd_record_tell (forget->daemon, HOSTD_LOG_NOTICE, "forget", forget->uuid, NULL,
                       "forgot uuid=%s for uid=%u", forget->uuid,
                       hostd_call_get_peer (forget->call)->uid);
  }
  hostd_call_finish (forget->call, NULL, error);
  forget_free (forget);
}

static void
handle_forget (HostdCall *call, gpointer data)
{
  HostdDaemon *daemon = data;
  char *uuid = hostd_binding_normalise_uuid (hostd_call_get_string (call, "uuid"));
  Forget *forget;

  if (uuid == NULL) {
    hostd_call_fail_parameter (call, "uuid");
    return;
  }
  forget = g_new0 (Forget, 1);
  forget->daemon = daemon;
  forget->call = call;
  forget->uuid = uuid;
  hostd_libvirt_worker_list (daemon->libvirt, on_domains_for_forget, forget);
}

/* Of what was probed, keys in use change with each guest that comes or goes. */
static void
count_again (HostdDaemon *daemon)
{
  hostd_engine_count_keys (daemon->engine);
  hostd_engine_count_others (daemon->engine, daemon->roster);
}

static void
handle_capabilities (HostdCall *call, gpointer data)
{
  HostdDaemon *daemon = data;

  count_again (daemon);
  hostd_call_finish_node (call, hostd_engine_capabilities_to_json (daemon->engine), NULL);
}

/*
 * Before the first probe is back nothing is known, which is not the same as nothing to offer: an
 * empty list would withdraw what was published before.
 */
static void
handle_inventory (HostdCall *call, gpointer data)
{
  HostdDaemon *daemon = data;
  const HostdFacts *facts = hostd_engine_get_facts (daemon->engine);
  g_autofree char *alarm = hostd_arming_describe (daemon->arming);
  g_autofree char *drained = alarm != NULL ? g_strdup_printf ("gate-not-armed: %s", alarm) : NULL;

  if (facts->source == NULL) {
    hostd_call_finish (call, NULL,
                       g_error_new_literal (HOSTD_ERROR, HOSTD_ERROR_UNAVAILABLE,
                                            "the host is being probed still: ask again"));
    return;
  }
  count_again (daemon);
  hostd_call_finish_node (call, hostd_inventory_to_json (facts, drained), NULL);
}

static const HostdMethod methods[] = {
  { "Rewrite",
    handle_rewrite,
    { { "xml", HOSTD_PARAMETER_STRING, FALSE },
      { "policy", HOSTD_PARAMETER_STRING, FALSE },
      { "technology", HOSTD_PARAMETER_STRING, TRUE },
      { "data", HOSTD_PARAMETER_STRINGS, TRUE } } },
  { "Verify",
    handle_verify,
    { { "xml", HOSTD_PARAMETER_STRING, FALSE },
      { "policy", HOSTD_PARAMETER_STRING, FALSE },
      { "technology", HOSTD_PARAMETER_STRING, TRUE },
      { "stage", HOSTD_PARAMETER_STRING, TRUE },
      { "data", HOSTD_PARAMETER_STRINGS, TRUE } } },
  { "Forget", handle_forget, { { "uuid", HOSTD_PARAMETER_STRING, FALSE } } },
  { "Capabilities", handle_capabilities },
  { "Inventory", handle_inventory },
  { NULL },
};

const HostdInterface hostd_launch_interface = {
  HOSTD_WIRE_LAUNCH,
  hostd_description_io_cloister_Launch,
  methods,
};
