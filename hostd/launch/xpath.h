/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/facts.h"
#include "launch/document.h"
#include "launch/request.h"

#include <libxml/xpath.h>

G_BEGIN_DECLS

/*
 * XPath 1.0 for templates, with the prefixes qemu, nova and cloister, a step limit, and what XPath
 * lacks. A function given nothing that it understands answers false (or -1): a protection that
 * cannot be read is not there.
 *
 *   bit (word, n)               is bit n of the hexadecimal word set
 *   bits-clear (word, m, n)     are bits m to n all clear; false if it is no word
 *   hex (text)                  the number, or -1
 *   bytes (node)                a size with its unit attribute in bytes (default KiB), or -1
 *   base64-length (text)        how many bytes it decodes to, or -1
 *   virtio ()                   is the context node a device that takes <driver iommu='on'/>
 *   conventional-slot ()        does its address place it on pcie.0 or behind a conventional bridge
 *   missing-serial-controller () does a virtio channel or console lack its controller
 *   firmware-has (path, feature) a descriptor of the host gives this image the feature
 *   emulator-of-host (path)     the host's facts list this emulator
 *   host (name)                 a number of the host: cbitpos, libvirt-version; -1 unknown
 */
typedef struct HostdXPath HostdXPath;

/* @facts may be NULL. The context borrows all of it. */
HostdXPath *hostd_xpath_new (HostdDocument *document, const HostdFacts *facts);
void hostd_xpath_free (HostdXPath *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdXPath, hostd_xpath_free)

/* Compiled at load; an error names the expression. Functions must exist: see hostd_xpath_check().
 */
xmlXPathCompExprPtr hostd_xpath_compile (const char *expression, GError **error);

/* Evaluates once on an empty domain, so that unknown functions and prefixes show at load. */
gboolean hostd_xpath_check (xmlXPathCompExprPtr compiled, gboolean boolean, GError **error);

/* The nodes selected from @node (NULL: the root), in document order. NULL with @error set on
 * failure. */
GPtrArray *hostd_xpath_select (HostdXPath *self, xmlNodePtr node, xmlXPathCompExprPtr compiled,
                               GError **error);
/* FALSE with @error set if it fails; the value is then untouched. */
gboolean hostd_xpath_test (HostdXPath *self, xmlNodePtr node, xmlXPathCompExprPtr compiled,
                           gboolean *ret_value, GError **error);

/* Highest index of a virtio-serial controller that a channel or console needs, -1 for none. */
int hostd_virtio_serial_wanted (xmlNodePtr devices);
gboolean hostd_virtio_serial_present (xmlNodePtr devices, int index);

G_END_DECLS
