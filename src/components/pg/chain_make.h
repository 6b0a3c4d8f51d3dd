/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain_make.h: the global certificate chain file (GCCF), made by the policy generator of component certificates and the
 * electors' ballots (trust rules H1, H2).
 *
 * The PG carries every addElector and addRoot ballot in every file until
 *   H1.1  the subject's certificate expires,
 *   H1.2  endorsers expired, so that fewer than the quorum of votes is valid (ballots of electors),
 *   H1.3  the quorum was raised above its votes,
 *   H1.4  a removal took the subject away, or enough endorsers.
 * Votes of removed electors are stripped (H2). Where that, or a raised quorum, would leave a root that is trusted now
 * without a ballot that counts, nothing is made: that root would be gone for everybody who does not have it yet, and
 * suspended for those who have. The refusal names the electors whose votes would mend it. It can be forced.
 *
 * Who is an elector, who is removed, what is revoked and how many votes decide is what the PG's own trust store says. So it
 * must be up to date first: a session with the composite CRL and the ballots that are about to be published.
 */
#ifndef COMPONENTS_PG_CHAIN_MAKE_H
#define COMPONENTS_PG_CHAIN_MAKE_H

#include "components/pg/chain_votes.h"

#include <jansson.h>

/* Published limits of trust stores (rule A5.1). */
#define CHAIN_BALLOTS_MAX 64
#define CHAIN_CERTIFICATES_MAX 16384
#define CHAIN_BYTES_MAX ((size_t)8 << 20)

struct chain_ballot {
	enum ballot_form form;
	enum scms_motion motion; /* SCMS_ADD_ELECTOR or SCMS_ADD_ROOT */
	struct scms_slice bytes;
};

struct chain_input {
	const struct scms_store *store;
	const struct scms_objects *objects;
	const struct scms_crypto *crypto;
	scms_time64 now;
	enum ballot_form form; /* of the file; ballots of another are refused */
	uint16_t version;
	const struct chain_ballot *ballots;
	size_t ballot_count;
	const struct scms_slice *certificates; /* of all components, the MA's among them */
	size_t certificate_count;
	bool forced; /* carry on although a root loses its quorum of votes (H2) */
};

/* What happened to a ballot, a vote or a certificate. */
enum chain_note_kind {
	CHAIN_DROPPED,	/* a ballot or certificate is no longer in the file: recorded */
	CHAIN_STRIPPED, /* a removed elector's vote was taken out */
	CHAIN_WARNING,	/* a person should know */
	CHAIN_REFUSED,	/* this is why there is no file */
};

struct chain_note {
	enum chain_note_kind kind;
	const char *rule;    /* "H1.1" */
	bool certificate;    /* about a component's certificate; else about a ballot, or the file */
	uint8_t subject[32]; /* identity; zero: the file */
	enum scms_reason reason; /* of a certificate that was dropped */
	char text[512];	     /* "addElector of 0123456789abcdef: the certificate has expired" */
};

struct chain_made {
	struct bytes file; /* ScmsFile with the GCCF */
	struct chain_note *notes;
	size_t note_count, note_room;
	uint32_t root_ballots, elector_ballots, certificates;
};

enum chain_status {
	CHAIN_OK = 0,
	CHAIN_NOT_MADE, /* refused: notes of kind CHAIN_REFUSED say why */
	CHAIN_FAILED,	/* no memory, or the crypto engine or an object failed */
};

/* Makes the file. *made is to be freed with chain_made_free() whatever comes of it. */
SCMS_CHECKED enum chain_status chain_make(const struct chain_input *input, struct chain_made *made);

void chain_made_free(struct chain_made *made);

/* The notes as JSON, for the journal and for programs. NULL without memory. */
json_t *chain_notes_json(const struct chain_made *made);

/* "dropped", "stripped", "warning", "refused" */
const char *chain_note_name(enum chain_note_kind kind);

/* The version that follows: 65,535 is followed by 0 (rule G4). */
static inline uint16_t chain_next_version(uint16_t version)
{
	return (uint16_t)(version + 1);
}

#endif
