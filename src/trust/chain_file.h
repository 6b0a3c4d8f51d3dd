/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain_file.h: GCCF and LCCF, in either endorsement form, as one model (trust rules C8, G4).
 *
 * A chain file is an unauthenticated container: its ballots and certificates each speak for themselves.
 */
#ifndef TRUST_CHAIN_FILE_H
#define TRUST_CHAIN_FILE_H

#include "trust/store.h"

/* Which CAMP release wrote the ballots of a file. */
enum ballot_form { FORM_124, FORM_121 };

struct chain_file {
	enum ballot_form form;
	uint16_t version; /* of the GCCF, also for an LCCF */
	struct oer_list root_ballots;
	struct oer_list elector_ballots;
	struct scms_slice ma_certificate;
	struct oer_list certs;
	struct oer_list optional; /* of an LCCF */
};

/* Decodes a ScmsFile that holds a chain file. */
SCMS_CHECKED enum oer_status chain_file_read(struct chain_file *file, struct scms_slice bytes, struct oer_error *err);

/* Is version a newer than b? Serial arithmetic of 16 bits; a difference of 2^15 counts as older (rule G4). */
static inline bool version_newer(uint16_t a, uint16_t b)
{
	return a != b && (uint16_t)(a - b) < 0x8000;
}

/*
 * After the rounds: the file's version, and whether its certificates are used from now on (rules G4.1 to G4.3). Keeps the
 * file as an object where they are. SCMS_REASON_FAILED where that failed.
 */
enum scms_reason chain_file_apply(struct scms_store *store, const struct chain_file *file, struct scms_slice bytes,
				  scms_time64 now, struct trust_env env);

#endif
