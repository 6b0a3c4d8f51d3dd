/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootstrap_file.h: what is trusted out of band, as a JSON file: the configuration of `init` in the conformance protocol, and
 * the heart of the bundle that a new device or component gets.
 *
 * Files are named relative to the JSON file.
 */
#ifndef COMPONENTS_BOOTSTRAP_FILE_H
#define COMPONENTS_BOOTSTRAP_FILE_H

#include "service/store_dir.h"

#include <jansson.h>

/* Certificates in one list, at most. */
#define BOOTSTRAP_FILES_MAX 64

struct bootstrap_file {
	json_t *json;
	const char *path;
	struct scms_bootstrap bootstrap;
	struct scms_slice certificates[4][BOOTSTRAP_FILES_MAX];
	char *chain, *policy; /* paths of the first session's files, or NULL */
	char error[512];      /* for people, where something failed: names the file */
};

/* Reads the file and the certificates that it names. path must outlive it. To be freed, also on failure. */
SCMS_CHECKED bool bootstrap_file_read(struct bootstrap_file *file, const char *path);

void bootstrap_file_free(struct bootstrap_file *file);

/*
 * Makes the store that the file describes, in a directory that was begun (store_dir_begin); nothing is committed, and chain
 * and policy are not applied. NULL: file->error says why, and refusal which certificate it was, if it was one (else its list
 * is NULL).
 */
SCMS_CHECKED struct scms_store *bootstrap_store_make(struct bootstrap_file *file, struct store_dir *dir,
						     const struct scms_crypto *crypto, struct scms_bootstrap_error *refusal);

#endif
