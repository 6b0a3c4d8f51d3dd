/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_make.h: making the bootstrap bundle of a workspace.
 */
#ifndef PROGRAMS_BUNDLE_MAKE_H
#define PROGRAMS_BUNDLE_MAKE_H

#include "component_work.h"

#include <scms/trust.h>

struct bundle_made {
	char folder[2048];
	size_t electors, roots, ballots;
};

/*
 * Makes it in folder (NULL: bootstrap/ of the workspace), in the place of one that is there: at no instant half of one.
 * The exit code.
 */
int bundle_make(struct work *work, const char *folder, struct bundle_made *made);

/*
 * What is wrong with the numbers of a body of electors (2n + 1 of them, quorum n + 1, trust rule G3), each said on
 * standard error and added to findings (may be NULL). Gives how many of them are errors; the others are warnings.
 */
size_t bundle_numbers_wrong(const struct scms_bootstrap *bootstrap, json_t *findings);

#endif
