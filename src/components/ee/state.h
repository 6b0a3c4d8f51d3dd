/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h: what an end entity keeps besides its trust store: enrolments, and the keys of what it asked for
 * (asn1/end-entity.asn).
 *
 * One value, written as a whole and sealed under the device's key, so that every change is a single file replaced at a
 * stroke. There may be several enrolments: after a root's revocation the new one is kept beside the old one, and which of
 * them is in use is the trust store's verdict, not a flag that could contradict it.
 */
#ifndef COMPONENTS_EE_STATE_H
#define COMPONENTS_EE_STATE_H

#include "components/ee/enrol.h"
#include "components/ee/pseudonym.h"

/* Enrolments and requests that are kept; older ones are forgotten. */
#define EE_ENROLMENTS_MAX 4
#define EE_REQUESTS_MAX 16
/* Bytes of a state file, at most. */
#define EE_STATE_MAX (64u << 10)

/* Pseudonym and identification certificates are an OBE's, application certificates an RSE's. */
enum ee_request_kind { EE_PSEUDONYM, EE_IDENTIFICATION, EE_APPLICATION };
#define EE_KINDS 3

/* "pseudonym", for people and JSON. */
const char *ee_kind_name(enum ee_request_kind kind);

struct ee_request {
	enum ee_request_kind kind;
	uint8_t hash[8];      /* as the RA's acknowledgement names it */
	uint8_t enrolment[8]; /* HashedId8 of the enrolment certificate that signed it */
	bool acknowledged;    /* the RA has it; before that it may or may not */
	scms_time32 time;
	struct ee_caterpillars keys; /* of an application certificate: no expansions */
};

struct ee_state {
	struct ee_enrolment enrolment[EE_ENROLMENTS_MAX]; /* newest first */
	unsigned enrolments;
	bool is_pending; /* an enrolment was asked for */
	struct bytes pending_request;
	uint8_t pending_key[SCALAR_BYTES];
	struct ee_request request[EE_REQUESTS_MAX]; /* newest first */
	unsigned requests;
};

/* Notes that an enrolment was asked for with this request and key. Takes over the request's bytes. */
void ee_state_pend(struct ee_state *state, struct bytes *request, const uint8_t key[SCALAR_BYTES]);

/* Forgets that. */
void ee_state_unpend(struct ee_state *state);

/* Puts an enrolment in front and ends the pending one. Takes over its bytes. */
void ee_state_enrolled(struct ee_state *state, const struct ee_enrolment *enrolment);

/* Puts a request in front and returns its place. */
struct ee_request *ee_state_requested(struct ee_state *state, const struct ee_request *request);

/* Forgets a request. */
void ee_state_drop(struct ee_state *state, struct ee_request *request);

/* The next request of this kind, older than after; NULL for after: the newest. NULL: none. */
const struct ee_request *ee_state_next(const struct ee_state *state, enum ee_request_kind kind, const struct ee_request *after);

/* The state as it is kept, sealed under the device's key. out is to be freed. */
SCMS_CHECKED enum key_status ee_state_seal(const struct ee_state *state, const uint8_t key[AES_128_KEY],
					   const struct scms_crypto *crypto, struct bytes *out, struct key_error *err);

/* Opens what ee_state_seal made. KEY_NOT_FOR_US: another device's, or damaged; KEY_MALFORMED. To be freed. */
SCMS_CHECKED enum key_status ee_state_open(struct scms_slice sealed, const uint8_t key[AES_128_KEY],
					   const struct scms_crypto *crypto, struct ee_state *state, struct key_error *err);

/* Wipes and frees. */
void ee_state_free(struct ee_state *state);

#endif
