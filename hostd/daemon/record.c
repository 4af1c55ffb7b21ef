/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/record.h"

void
hostd_record_tell (HostdDaemon *daemon, HostdLogLevel level, const char *event, const char *uuid,
                   const char *name, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  hostd_log_domain (level, event, uuid, "%s", text);
  hostd_monitor_emit (daemon->monitor, event, uuid, name, text);
}

void
hostd_record_audit (HostdDaemon *daemon, const char *event, const char *uuid, const char *text)
{
  g_autoptr (GError) error = NULL;

  if (!hostd_audit_add (daemon->audit, event, uuid, text, NULL, &error))
    hostd_log_domain (HOSTD_LOG_ERROR, "audit", uuid, "\"%s\" was not recorded: %s", event,
                      error->message);
}

void
hostd_record_arming (HostdDaemon *daemon, HostdArmingChange change)
{
  g_autofree char *line = hostd_arming_describe (daemon->arming);
  const char *trouble = hostd_alarm_get_trouble (daemon->alarm);

  if (change != HOSTD_ARMING_SAME && trouble != NULL)
    hostd_log (HOSTD_LOG_ERROR, "gate-not-armed", "%s", trouble);
  switch (change) {
  case HOSTD_ARMING_SAME:
    return;
  case HOSTD_ARMING_RAISED:
    hostd_record_audit (daemon, "gate-not-armed", NULL, line);
    hostd_record_tell (daemon, HOSTD_LOG_ERROR, "gate-not-armed", NULL, NULL, "%s", line);
    return;
  case HOSTD_ARMING_CURED:
    hostd_record_audit (daemon, "gate-armed", NULL, NULL);
    hostd_record_tell (daemon, HOSTD_LOG_NOTICE, "gate-armed", NULL, NULL,
                       "the gate is no longer known to be unarmed");
    return;
  }
  g_assert_not_reached ();
}
