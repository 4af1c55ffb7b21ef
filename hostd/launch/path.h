/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/*
 * The part of XPath that most rules and assertions are made of, evaluated here: paths from the root
 * by names, with conditions on what is there and what it says.
 *
 *   /domain/devices/disk[@type = 'nvme' or not(target)]/@device | /domain/devices/x[virtio()]
 *
 * libxml2 takes longer for a hundred such expressions than for parsing the domain, and most of them
 * are about what a given domain has not. What is not understood here is left to libxml2: then a
 * path is only what the expression cannot select anything without. A unit test holds both to be of
 * one mind on every expression of the shipped templates.
 *
 * Of Rewrite alone: see HostdXPathWay in launch/xpath.h.
 */
typedef struct HostdPath HostdPath;

/* NULL if nothing can be said of it. @expression must be an XPath that gives nodes. */
HostdPath *hostd_path_new (const char *expression);
void hostd_path_free (HostdPath *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdPath, hostd_path_free)

/* Was all of the expression understood? Then hostd_path_select() gives what it selects. */
gboolean hostd_path_is_whole (const HostdPath *self);
/* Adds the nodes below @domain, the root, in document order, to @nodes, which is empty. */
void hostd_path_select (const HostdPath *self, xmlNodePtr domain, GPtrArray *nodes);
/* FALSE only if the expression, whole or not, selects nothing. */
gboolean hostd_path_may_select (const HostdPath *self, xmlNodePtr domain);

/* Likewise an XPath that is true or false of a node. */
typedef struct HostdCondition HostdCondition;

/* All of @text, or NULL if it is not understood. */
HostdCondition *hostd_condition_parse (const char *text);
void hostd_condition_free (HostdCondition *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdCondition, hostd_condition_free)
gboolean hostd_condition_holds (const HostdCondition *self, xmlNodePtr node);

G_END_DECLS
