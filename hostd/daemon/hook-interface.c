/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/json.h"
#include "daemon/daemon.h"
#include "daemon/host-watch.h"
#include "daemon/interfaces.h"
#include "daemon/libvirt-watch.h"
#include "daemon/record.h"
#include "ipc/descriptions.h"
#include "ipc/wire.h"

#include <string.h>

/*
 * libvirtd holds the domain while its hook waits for this answer. So nothing here asks libvirt, or
 * waits for something that does.
 */

/* Bytes of a reason before JSON escapes them, which makes at most six of each. */
#define MAX_REASON ((HOSTD_WIRE_MAX_VERDICT - 256) / 6)

static JsonObject *
reply_of (const HostdGateDecision *decision)
{
  JsonObject *reply = json_object_new ();
  const char *reason = hostd_gate_decision_get_reason (decision);
  g_autofree char *clipped = NULL;

  if (hostd_gate_decision_get_allow (decision)) {
    json_object_set_string_member (reply, HOSTD_WIRE_VERDICT, HOSTD_WIRE_VERDICT_ALLOW);
    return reply;
  }
  json_object_set_string_member (reply, HOSTD_WIRE_VERDICT, HOSTD_WIRE_VERDICT_VETO);
  if (reason == NULL)
    return reply;
  clipped = g_utf8_make_valid (reason, strnlen (reason, MAX_REASON));
  json_object_set_string_member (reply, HOSTD_WIRE_REASON, clipped);
  return reply;
}

/* What the hook prints is one line; here is the rest of it. */
static void
log_each (const HostdGateEvent *event, const char *kind, const HostdReasons *reasons)
{
  for (guint i = 0; i < hostd_reasons_count (reasons); i++) {
    g_autofree char *line = hostd_reason_to_line (hostd_reasons_get (reasons, i));

    hostd_log (HOSTD_LOG_NOTICE, "gate", "%s for \"%s\": %s", kind, event->object, line);
  }
}

static void
log_decision (HostdDaemon *daemon, const HostdGateEvent *event, const HostdGateDecision *decision)
{
  gboolean allow = hostd_gate_decision_get_allow (decision);
  const char *uuid = hostd_gate_decision_get_uuid (decision);

  hostd_record_tell (daemon, allow ? HOSTD_LOG_INFO : HOSTD_LOG_WARNING, "gate", uuid,
                     event->object, "%s %s of \"%s\" uuid=%s guest=%s", allow ? "allow" : "veto",
                     event->operation, event->object, uuid != NULL ? uuid : "-",
                     hostd_gate_guest_name (hostd_gate_decision_get_guest (decision)));
  log_each (event, "reason", hostd_gate_decision_get_reasons (decision));
  log_each (event, "note", hostd_gate_decision_get_notes (decision));
}

/* libvirt hands over "-" for what it has not; the hook may leave it out. */
static const char *
optional (const HostdCall *call, const char *name)
{
  const char *value = hostd_call_get_string (call, name);

  return value != NULL ? value : "-";
}

/*
 * libvirtd tells of itself through the same program, which ignores what we answer. A guest's XML is
 * never empty, so this can stand for no guest.
 */
static gboolean
is_of_libvirtd (const HostdGateEvent *event)
{
  return event->length == 0 && strcmp (event->object, "-") == 0;
}

static void
handle_libvirtd (HostdDaemon *daemon, const HostdGateEvent *event, HostdCall *call)
{
  JsonObject *reply = json_object_new ();

  hostd_record_tell (daemon, HOSTD_LOG_INFO, "libvirtd", NULL, NULL, "%s", event->operation);
  if (strcmp (event->operation, "start") == 0 || strcmp (event->operation, "reload") == 0) {
    hostd_record_arming (daemon, hostd_arming_note_libvirt (daemon->arming));
    hostd_host_watch_probe (daemon, "libvirtd tells of itself");
  }
  json_object_set_string_member (reply, HOSTD_WIRE_VERDICT, HOSTD_WIRE_VERDICT_VETO);
  json_object_set_string_member (reply, HOSTD_WIRE_REASON, "this is no event of a guest");
  hostd_call_reply (call, reply);
}

/* What a decision changes in what we know, after libvirt's hook has its answer. */
static void
follow_up (HostdDaemon *daemon, const HostdGateEvent *event, const HostdGateDecision *decision)
{
  const char *uuid = hostd_gate_decision_get_uuid (decision);
  gboolean allow = hostd_gate_decision_get_allow (decision);
  HostdLaunchExpectation expected;

  if (!allow)
    hostd_record_audit (daemon, "veto", uuid, hostd_gate_decision_get_reason (decision));
  hostd_record_arming (daemon,
                       hostd_arming_note_hook (daemon->arming, uuid, event->operation, allow));
  if (uuid != NULL && strcmp (event->operation, "started") == 0 &&
      hostd_launch_expect (event->xml, event->length, hostd_engine_get_facts (daemon->engine),
                           &expected))
    hostd_libvirt_watch_launched (daemon, uuid, event->object, &expected);
}

static void
decide (HostdDaemon *daemon, const HostdGateEvent *event, HostdCall *call)
{
  g_autoptr (HostdGateDecision) decision = NULL;

  if (strcmp (event->operation, "prepare") == 0)
    hostd_engine_count_keys (daemon->engine);
  hostd_gate_set_known_bad (daemon->gate, hostd_engine_get_known_bad (daemon->engine));
  decision = hostd_gate_decide (daemon->gate, hostd_engine_get_templates (daemon->engine),
                                hostd_engine_get_facts (daemon->engine), event);
  if (hostd_gate_decision_get_allow (decision))
    daemon->allowed++;
  else
    daemon->vetoed++;
  daemon->folder_known = TRUE;
  daemon->folder = hostd_gate_decision_get_folder (decision);
  log_decision (daemon, event, decision);
  hostd_call_reply (call, reply_of (decision));
  follow_up (daemon, event, decision);
}

static void
handle_event (HostdCall *call, gpointer data)
{
  HostdDaemon *daemon = data;
  /* Its strings are wanted when the call has been answered, and is gone. */
  g_autoptr (JsonObject) parameters = json_object_ref (hostd_call_get_parameters (call));
  JsonObject *bindings = hostd_json_get_object (parameters, HOSTD_WIRE_EVENT_BINDINGS);
  const char *xml = hostd_call_get_string (call, HOSTD_WIRE_EVENT_XML);
  HostdGateEvent event = {
    .object = hostd_call_get_string (call, HOSTD_WIRE_EVENT_OBJECT),
    .operation = hostd_call_get_string (call, HOSTD_WIRE_EVENT_OPERATION),
    .sub_operation = optional (call, HOSTD_WIRE_EVENT_SUB_OPERATION),
    .extra = optional (call, HOSTD_WIRE_EVENT_EXTRA),
    .xml = xml != NULL ? xml : "",
    .length = xml != NULL ? strlen (xml) : 0,
  };
  gint64 device = 0, inode = 0;

  if (bindings != NULL) {
    hostd_json_get_int (bindings, HOSTD_WIRE_EVENT_DEVICE, &device);
    hostd_json_get_int (bindings, HOSTD_WIRE_EVENT_INODE, &inode);
  }
  event.bindings_device = (guint64) device;
  event.bindings_inode = (guint64) inode;
  if (is_of_libvirtd (&event))
    handle_libvirtd (daemon, &event, call);
  else
    decide (daemon, &event, call);
}

static const HostdMethod methods[] = {
  { "Event",
    handle_event,
    { { HOSTD_WIRE_EVENT_OBJECT, HOSTD_PARAMETER_STRING, FALSE },
      { HOSTD_WIRE_EVENT_OPERATION, HOSTD_PARAMETER_STRING, FALSE },
      { HOSTD_WIRE_EVENT_SUB_OPERATION, HOSTD_PARAMETER_STRING, TRUE },
      { HOSTD_WIRE_EVENT_EXTRA, HOSTD_PARAMETER_STRING, TRUE },
      { HOSTD_WIRE_EVENT_XML, HOSTD_PARAMETER_STRING, TRUE },
      { HOSTD_WIRE_EVENT_BINDINGS, HOSTD_PARAMETER_INTEGERS, TRUE } } },
  { NULL },
};

const HostdInterface hostd_hook_interface = {
  HOSTD_WIRE_HOOK,
  hostd_description_io_cloister_Hook,
  methods,
};
