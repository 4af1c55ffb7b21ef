/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The alarm that libvirt started a bound guest without our hook: STATE_DIR/gate-not-armed, there as
 * long as it is raised.
 *
 *   { "version": 1, "uuid": "...", "name": "web-1", "time": 1764050000 }
 */
typedef struct HostdAlarm HostdAlarm;

/*
 * @state_dir exists. A file that cannot be read is an alarm too, of an unknown domain. NULL with an
 * error only if the folder cannot be opened.
 */
HostdAlarm *hostd_alarm_open (const char *state_dir, GError **error);
void hostd_alarm_free (HostdAlarm *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdAlarm, hostd_alarm_free)

gboolean hostd_alarm_is_raised (const HostdAlarm *self);
/* Of the guest that raised it last; "?" if that cannot be told. */
const char *hostd_alarm_get_uuid (const HostdAlarm *self);
const char *hostd_alarm_get_name (const HostdAlarm *self);
gint64 hostd_alarm_get_time (const HostdAlarm *self); /* seconds since 1970 */

/*
 * Both hold for this process whether or not they can be written: an alarm that a full disk does not
 * take is an alarm.
 */
void hostd_alarm_raise (HostdAlarm *self, const char *uuid, const char *name, gint64 when);
void hostd_alarm_clear (HostdAlarm *self);
/* Why the last of them could not be written, in one line; NULL if it was. */
const char *hostd_alarm_get_trouble (const HostdAlarm *self);

G_END_DECLS
