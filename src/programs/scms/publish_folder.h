/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish_folder.h: a folder whose files are replaced all at once.
 */
#ifndef PROGRAMS_PUBLISH_FOLDER_H
#define PROGRAMS_PUBLISH_FOLDER_H

#include <scms/base.h>

struct publish_file {
	const char *name;
	struct scms_slice bytes; /* p NULL: left out */
};

/*
 * Makes parent/name hold exactly these files: a new folder beside it, synced, then exchanged with it in one step. A crash at
 * any instant leaves the old files or the new ones. False: error says why, and the old ones stand.
 */
SCMS_CHECKED bool publish_folder_replace(const char *parent, const char *name, const struct publish_file *files, size_t n,
					 char error[512]);

#endif
