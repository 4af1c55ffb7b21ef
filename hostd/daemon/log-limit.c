/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/log-limit.h"

gboolean
hostd_log_limit_take (HostdLogLimit *self, gint64 now, guint *ret_left_out)
{
  gint64 gained;

  if (self->refilled == 0) {
    self->allowance = HOSTD_LOG_LIMIT_BURST;
    self->refilled = now;
  }
  gained = (now - self->refilled) / HOSTD_LOG_LIMIT_REFILL_US;
  self->allowance = (guint) MIN (self->allowance + gained, HOSTD_LOG_LIMIT_BURST);
  self->refilled += gained * HOSTD_LOG_LIMIT_REFILL_US;
  if (self->allowance == 0) {
    self->left_out++;
    return FALSE;
  }
  self->allowance--;
  *ret_left_out = self->left_out;
  self->left_out = 0;
  return TRUE;
}
