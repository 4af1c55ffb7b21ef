# SPDX-License-Identifier: Apache-2.0
"""Nova's libvirt driver for hosts that launch confidential guests: [DEFAULT] compute_driver =
cloister.CloisterLibvirtDriver (Nova puts "nova.virt." before it).

The driver is loaded when it is asked for, so that the client serves where there is no libvirt.
"""

__all__ = ["CloisterLibvirtDriver"]


def __getattr__(name):
    if name == "CloisterLibvirtDriver":
        from nova.virt.cloister import driver

        return driver.CloisterLibvirtDriver
    raise AttributeError(name)
