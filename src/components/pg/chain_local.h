/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain_local.h: an RA's local certificate chain file (LCCF), derived from the global one, and the check that nothing was
 * kept back (trust rule H3).
 *
 * Every elector and root ballot is copied. Certificates: all of them in the required part (as the proof of concept does), or
 * those that the RA's devices need there and the others in the optional list.
 */
#ifndef COMPONENTS_PG_CHAIN_LOCAL_H
#define COMPONENTS_PG_CHAIN_LOCAL_H

#include "dot2/make.h"

struct lccf_input {
	const struct scms_crypto *crypto;
	struct scms_slice gccf;
	uint16_t version; /* of the LCCF: counts up for each GCCF version */
	struct scms_slice ra_host;
	/*
	 * Identities of the PCAs that serve this RA's devices: their chains, the RA's, CRLG's and PG's are required, the rest
	 * is optional. None: all is required.
	 */
	const uint8_t (*pcas)[32];
	size_t pca_count;
};

/*
 * Makes the LCCF, in the form of the GCCF. KEY_VALUE: the GCCF is none (err says where it is wrong); KEY_NOT_FOUND: it has no
 * RA of that host, or none of the PCAs.
 */
SCMS_CHECKED enum key_status lccf_make(const struct lccf_input *input, struct bytes *out, struct key_error *err);

/* "local_certificate_chains_<gccf>_<lccf>.oer" or "global_certificate_chains_<gccf>.oer", two digits at least. */
#define CHAIN_FILE_NAME 64
SCMS_CHECKED bool chain_file_name(struct scms_slice file, char name[CHAIN_FILE_NAME]);

/* A difference between a GCCF and an LCCF that was made from it. */
struct chain_difference {
	bool missing; /* something that devices must get is kept back, or changed: the LCCF must not go out */
	uint8_t subject[32];
	char text[256]; /* "addElector of 0123456789abcdef is missing" */
};

struct chain_comparison {
	struct chain_difference *list; /* to be freed with chain_comparison_free() */
	size_t n, room;
	size_t missing; /* how many of them */
};

/* Compares. KEY_VALUE: one of the two cannot be read, or is not what it should be (err says which). */
SCMS_CHECKED enum key_status chain_compare(struct scms_slice gccf, struct scms_slice lccf, const struct scms_crypto *crypto,
					   struct chain_comparison *comparison, struct key_error *err);

void chain_comparison_free(struct chain_comparison *comparison);

#endif
