/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl.h: one IEEE 1609.2 CRL, and whether it lists a certificate.
 *
 * Looking a certificate up here reads the whole CRL: right for one question. A receiver of many messages keeps a table
 * instead (scms/revocation.h).
 */
#ifndef DOT2_CRL_H
#define DOT2_CRL_H

#include "dot2/signed_data.h"

/* A decoded SecuredCrl; it points into its bytes. */
struct crl {
	struct SignedData data;
	struct CrlContents contents; /* of a hash CRL, entries are read with crl_hash_next() */
	struct scms_slice bytes;
};

/* Decodes a SecuredCrl: signed data over CrlContents. A hash CRL may be of the 2017 or of the 2022 edition: its bytes tell. */
SCMS_CHECKED enum oer_status crl_read(struct crl *crl, struct scms_slice bytes, struct oer_error *err);

bool crl_is_hash(const struct crl *crl);
bool crl_is_delta(const struct crl *crl);

/* The next entry of a hash CRL of either edition; begin with oer_iterate(entries). False after the last. */
bool crl_hash_next(struct oer_iter *it, struct HashBasedRevocationInfo *entry);

/* What a look-up compares; computed once for all CRLs, the twin when a hash CRL first asks for it. */
struct crl_subject {
	const struct cert *cert;
	uint8_t id10[10];
	enum { TWIN_NOT_ASKED, TWIN_NONE, TWIN_KNOWN } twin_state;
	uint8_t twin[10];
	bool has_linkage;
	uint16_t i;
	const uint8_t *linkage_value; /* 9 bytes */
	const uint8_t *group_j;	      /* 4 bytes, or NULL */
	const uint8_t *group_value;   /* 9 bytes */
	uint16_t series;
	const uint8_t *craca; /* HashedId3 */
};

/* The subject points into the certificate. */
void crl_subject_of(const struct cert *cert, struct crl_subject *subject);

/* The id10 of the twin with n - s (rule G5.6), or NULL where there is none. */
const uint8_t *crl_subject_twin(struct crl_subject *subject, const struct scms_crypto *crypto);

/* Does the CRL list the subject? SCMS_GOOD: yes; SCMS_BAD: no; SCMS_FAILED: the engine could not tell. */
enum scms_verdict crl_lists(const struct crl *crl, struct crl_subject *subject, const struct scms_crypto *crypto);

/* The next period's seed of a linkage authority: the first 16 bytes of SHA-256(la_id || seed || 0^14). */
void crl_seed_advance(const struct scms_crypto *crypto, const uint8_t la_id[2], uint8_t seed[16]);

/* Is the subject's group linkage value, which it must have, that of a group's seeds of the subject's period? */
enum scms_verdict crl_group_matches(const struct scms_crypto *crypto, const uint8_t la1[2], const uint8_t seed1[16],
				    const uint8_t la2[2], const uint8_t seed2[16], const struct crl_subject *subject);

/* Does a hash CRL have this HashedId10? */
bool crl_has_id10(const struct crl *crl, const uint8_t id10[10]);

#endif
