/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checker.h: what the two halves of a checker share: who a certificate is found to be (checker.c), and what messages
 * ask (check_messages.c).
 *
 * Questions are asked in batches. What stands in the way of a verdict but signatures is settled one by one; signatures
 * wait in `open` until the batch is full.
 */
#ifndef TRUST_CHECKER_H
#define TRUST_CHECKER_H

#include "trust/chain_cache.h"
#include "trust/source.h"

#include <scms/check.h>

#define CHECKER_OPEN 64

/* A certificate that is valid, or will be if its own signature is its issuer's. */
struct found {
	struct cert cert;
	struct cache_issuer *by;  /* its signature is still to be checked, by this issuer; NULL: it is valid */
	struct scms_point issuer; /* of an implicit certificate */
	uint8_t e[48];            /* of an implicit certificate, once known */
};

/* A verdict that waits for signatures. */
struct open_question {
	size_t which; /* certificate or message asked about */
	struct found found;
	uint8_t digest[2][48];
	int cert_request, message_request; /* places among the requests; -1: none */
};

struct scms_checker {
	struct chain_cache cache;
	struct open_question open[CHECKER_OPEN];
	size_t open_n;
	struct scms_verify_request request[2 * CHECKER_OPEN];
	uint8_t verdict[2 * CHECKER_OPEN];
	size_t request_n;
};

/* One call of the checker. */
struct asking {
	struct scms_checker *checker;
	const struct scms_check *check;
	struct cache_question question;
	struct source source;
	bool source_is_open;
	/* Answers the open questions. */
	void (*flush)(struct asking *asking);
	void *results;
};

void asking_begin(struct asking *asking, struct scms_checker *checker, const struct scms_check *check);

/*
 * Judges a certificate in all but what found->by says; carried: candidate issuers that came with it, for this judgement
 * only. On SCMS_VALID *found is filled in.
 */
enum scms_reason certificate_find(struct asking *asking, struct scms_slice bytes, struct scms_slice carried,
				  struct found *found);

/* Likewise the certificate that a message's digest means: one that is remembered, or else a candidate that is valid. */
enum scms_reason digest_find(struct asking *asking, const struct SignerIdentifier *signer, struct found *found);

/* Puts the request for the certificate's own signature among the others; false where it cannot be good. */
bool certificate_request(struct asking *asking, struct open_question *open);

/* The signature was good: the certificate is remembered. */
void certificate_keep(struct asking *asking, const struct found *found);

#endif
