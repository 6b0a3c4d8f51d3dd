/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overview.h: what operators want to know at a glance, as JSON: who the members of a store are, how far motions have come,
 * what was done. It reads; it changes nothing.
 */
#ifndef COMPONENTS_MANAGER_OVERVIEW_H
#define COMPONENTS_MANAGER_OVERVIEW_H

#include "service/motion_dir.h"

#include <jansson.h>

/* Electors and roots with names, validity and votes: {"electors": [...], "roots": [...]}. */
json_t *overview_members(const struct scms_store *store, scms_time64 now, const struct scms_crypto *crypto);

/*
 * The motions of a workspace, their votes counted under the store: who signed, whose vote does not count and why, who is
 * missing. store NULL: without counts.
 */
json_t *overview_motions(const struct workspace *workspace, const struct scms_store *store, const struct scms_objects *objects,
			 scms_time64 now, const struct scms_crypto *crypto);

/* The newest entries of the workspace's journal, newest first, and whether it is unbroken: {"entries": [...], "broken": null}. */
json_t *overview_history(const struct workspace *workspace);

#endif
