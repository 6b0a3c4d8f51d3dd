/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: their canonical form, and chains. See pack.h for the input.
 *
 * Hashes in pieces must be those of the certificate rewritten; three engines must come to the same verdict; a chain
 * that is valid must hold what it says.
 */
#include "pack.h"

#include "dot2/make.h"

/* The hash of the certificate as the making side writes it. */
static void canonical_check(const struct cert *cert)
{
	struct Certificate c = cert->c;
	uint8_t hash[32];
	struct bytes bytes;
	struct scms_slice part;

	canonical_tbs_certificate(&c.toBeSigned);
	if (c.has_signature)
		canonical_signature(&c.signature);
	ALWAYS(make_bytes(&oer_Certificate, &c, &bytes, NULL) == KEY_OK, "what was decoded does not encode");
	part = bytes_view(&bytes);
	judge.sha256(judge.ctx, &part, 1, hash);
	ALWAYS(memcmp(hash, cert->hash256, 32) == 0, "another canonical form");
	bytes_free(&bytes);
}

static void valid_check(const struct pack *pack, const struct chain *chain)
{
	const struct cert *root = &chain->cert[chain->n - 1];

	ALWAYS(chain->anchored && pack->readable[0] && memcmp(cert_id8(root), pack->id8[0], 8) == 0, "not at the root");
	for (size_t k = 0; k + 1 < chain->n; k++) {
		const uint8_t *issuer = cert_issuer_id8(&chain->cert[k]);

		ALWAYS(issuer != NULL && memcmp(issuer, cert_id8(&chain->cert[k + 1]), 8) == 0, "link %zu", k);
		ALWAYS(!cert_is_implicit(&chain->cert[k + 1]), "implicit issuer");
	}
	for (size_t k = 0; k < chain->n; k++)
		ALWAYS((uint64_t)chain->cert[k].c.toBeSigned.validityPeriod.start * 1000000 <= pack->now,
		       "not yet valid");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum scms_reason reason[PACK_ENGINES];
	static struct chain chain[PACK_ENGINES];
	struct pack pack;
	struct cert cert;
	struct oer_error err;

	if (!pack_read(&pack, data, size))
		return 0;
	for (unsigned k = 0; k < pack.n; k++) {
		if (cert_read(&cert, pack.item[k], &judge, &err) == OER_OK)
			canonical_check(&cert);
		else
			ALWAYS(err.path[0] && err.expected[0] && err.found[0], "refusal");
	}
	for (unsigned k = 0; k < PACK_ENGINES; k++) {
		reason[k] = pack_judge(&pack, pack.item[pack.n - 1], k, &chain[k]);
		ALWAYS(reason[k] == reason[0], "engine %u: reason %d, not %d", k, reason[k], reason[0]);
		if (reason[k] == SCMS_VALID)
			valid_check(&pack, &chain[k]);
	}
	return 0;
}
