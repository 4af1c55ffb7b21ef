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

/*
 * Who evaluates. EXACT: libxml2 alone. QUICK: what launch/path.h understands is evaluated there,
 * the rest by libxml2. Rewrite is QUICK, also where it proves its own result. Verify is EXACT: what
 * the gate says of a guest must not rest on code that Rewrite rests on, so that a fault in that
 * code cannot both make a wrong domain and pass it. A unit test holds both ways to one answer.
 */
typedef enum { HOSTD_XPATH_EXACT, HOSTD_XPATH_QUICK } HostdXPathWay;

/* @facts may be NULL. The context borrows all of it. */
HostdXPath *hostd_xpath_new (HostdDocument *document, const HostdFacts *facts, HostdXPathWay way);
void hostd_xpath_free (HostdXPath *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdXPath, hostd_xpath_free)

/*
 * An XPath, compiled: of nodes (elements or attributes), or a test that is true or false. What
 * can be wrong with it shows when it is compiled: also unknown functions and prefixes, and the
 * kind.
 */
typedef struct HostdExpression HostdExpression;
typedef enum { HOSTD_EXPRESSION_NODES, HOSTD_EXPRESSION_TEST } HostdExpressionKind;

HostdExpression *hostd_expression_compile (const char *text, HostdExpressionKind kind,
                                           GError **error);
void hostd_expression_free (HostdExpression *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdExpression, hostd_expression_free)

/*
 * Fills @nodes, emptied first, with those selected, in document order. FALSE with @error set on
 * failure, also if some are neither elements nor attributes; @nodes is then of no use.
 */
gboolean hostd_xpath_select (HostdXPath *self, const HostdExpression *expression, GPtrArray *nodes,
                             GError **error);
/* Of @node. FALSE with @error set if it fails; the value is then untouched. */
gboolean hostd_xpath_test (HostdXPath *self, xmlNodePtr node, const HostdExpression *test,
                           gboolean *ret_value, GError **error);

/* Highest index of a virtio-serial controller that a channel or console needs, -1 for none. */
int hostd_virtio_serial_wanted (xmlNodePtr devices);
gboolean hostd_virtio_serial_present (xmlNodePtr devices, int index);

G_END_DECLS
