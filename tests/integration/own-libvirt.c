/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A libvirt that nobody has to run: preloaded, it makes a program connect to libvirt's own test
 * driver, which lives in the library and knows one running domain, "test". Which libvirt the
 * machine has, or whether it has one, then changes nothing.
 */
#include <dlfcn.h>
#include <libvirt/libvirt.h>
#include <stddef.h>

virConnectPtr
virConnectOpen (const char *name)
{
  static virConnectPtr (*real) (const char *);

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "virConnectOpen");
  return real ("test:///default");
}
