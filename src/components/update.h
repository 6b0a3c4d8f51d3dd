/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update.h: the files of one session as one file (asn1/trust-update.asn): what is pushed, and what is carried on a stick.
 *
 * Nothing in it is trusted. It is as good as the files that it holds.
 */
#ifndef COMPONENTS_UPDATE_H
#define COMPONENTS_UPDATE_H

#include "oer/oer.h"

#include <scms/trust.h>

/* All files at their default limits, with some room for what is around them. */
#define UPDATE_BYTES_MAX ((size_t)80 << 20)
#define UPDATE_CERTIFICATES_MAX 64

/* An update as a session. It points into the bytes that it was read from. */
struct update {
	struct scms_session session; /* its certificates point into this struct: not to be copied */
	struct scms_slice certificates[UPDATE_CERTIFICATES_MAX];
};

/* Reads an update. The files in it are not looked at: that is the session's. */
SCMS_CHECKED enum oer_status update_read(struct update *update, struct scms_slice bytes, struct oer_error *err);

/*
 * Makes an update of a session's files (own certificates are not carried: they are nobody else's). Files that are absent
 * have p NULL. bytes->p is to be freed; false without memory, or for more certificates than UPDATE_CERTIFICATES_MAX.
 */
SCMS_CHECKED bool update_make(const struct scms_session *session, struct scms_slice *bytes);

#endif
