/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "virt/virt-private.h"

#include <string.h>

void
hostd_virt_launch_free (HostdVirtLaunch *self)
{
  if (self == NULL)
    return;
  g_free (self->measurement);
  g_free (self);
}

static void
take_uint (const virTypedParameter *param, const char *name, guint *ret_value, gboolean *ret_known)
{
  if (strcmp (param->field, name) != 0 || param->type != VIR_TYPED_PARAM_UINT)
    return;
  *ret_value = param->value.ui;
  *ret_known = TRUE;
}

static void
read_param (HostdVirtLaunch *self, const virTypedParameter *param, gboolean *ret_minor)
{
  take_uint (param, VIR_DOMAIN_LAUNCH_SECURITY_SEV_POLICY, &self->policy, &self->policy_known);
  take_uint (param, VIR_DOMAIN_LAUNCH_SECURITY_SEV_API_MAJOR, &self->api_major, &self->api_known);
  take_uint (param, VIR_DOMAIN_LAUNCH_SECURITY_SEV_API_MINOR, &self->api_minor, ret_minor);
  if (strcmp (param->field, VIR_DOMAIN_LAUNCH_SECURITY_SEV_MEASUREMENT) == 0 &&
      param->type == VIR_TYPED_PARAM_STRING && param->value.s[0] != '\0') {
    g_free (self->measurement);
    self->measurement = g_strdup (param->value.s);
  }
}

HostdVirtLaunch *
hostd_virt_get_launch (HostdVirt *self, const char *uuid, GError **error)
{
  g_autoptr (virDomain) domain = hostd_virt_lookup (self, uuid, error);
  virTypedParameterPtr params = NULL;
  gboolean minor = FALSE;
  HostdVirtLaunch *launch;
  int count = 0;

  if (domain == NULL)
    return NULL;
  if (virDomainGetLaunchSecurityInfo (domain, &params, &count, 0) < 0) {
    hostd_virt_set_error (error, "cannot ask libvirt how domain %s was launched", uuid);
    return NULL;
  }
  launch = g_new0 (HostdVirtLaunch, 1);
  for (int i = 0; i < count; i++)
    read_param (launch, &params[i], &minor);
  launch->api_known = launch->api_known && minor;
  virTypedParamsFree (params, count);
  return launch;
}
