/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/work.h"

#include <string.h>

/*
 * What the hook and the next Rewrite read: one element of ours in <metadata>. It is a note, not a
 * proof: a binding, where there is one, beats it.
 */

static xmlNodePtr
make_element (HostdWork *work)
{
  xmlNodePtr metadata = hostd_node_child (work->domain, "metadata"), element;

  if (metadata == NULL)
    metadata = hostd_spans_make (work->spans, work->domain, "metadata");
  element = hostd_spans_make (work->spans, metadata, "launch");
  hostd_tree_set_namespace (work->document->tree, element, HOSTD_NS_CLOISTER, "cloister");
  return element;
}

void
hostd_work_write_metadata (HostdWork *work)
{
  xmlNodePtr element = hostd_document_metadata (work->domain);

  if (element == NULL)
    element = make_element (work);
  hostd_work_set_attribute (work, "rebind", element, "policy", hostd_policy_get_name (work->policy),
                            HOSTD_CONFLICT_REFUSE,
                            "a guest that was bound to one policy is not bound to another");
  hostd_work_set_attribute (work, "rebind", element, "technology",
                            hostd_technology_name (work->technology->technology),
                            HOSTD_CONFLICT_REFUSE, "its technology does not change");
  hostd_work_set_attribute (work, "rebind", element, "digest",
                            hostd_policy_get_digest (work->policy), HOSTD_CONFLICT_REPLACE, NULL);
}
