/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest receiver, linked to be measured by size.py, not to be run: it judges a chain, a message and a CRL, and
 * looks linkage values up. What the linker keeps of the library for it is what a device pays for verifying.
 */
#include "crypto/linkage_lookup.h"
#include "dot2/chain.h"
#include "dot2/crl.h"

#include <scms/verify.h>

static uint8_t memory[1 << 16] __attribute__((aligned(64)));
static uint8_t input[1 << 12];

static bool no_root(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes, enum root_state *state)
{
	(void)ctx, (void)id8, (void)k, (void)bytes;
	*state = ROOT_IS_TRUSTED;
	return false;
}

static bool no_candidate(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes)
{
	(void)ctx, (void)id8, (void)k, (void)bytes;
	return false;
}

static bool on_crl(void *ctx, const struct cert *cert, const struct cert *root)
{
	struct crl_subject subject;
	struct crl crl;

	(void)root;
	crl_subject_of(cert, &subject);
	return crl_read(&crl, (struct scms_slice){input, sizeof(input)}, NULL) != OER_OK ||
	       crl_lists(&crl, &subject, ctx) != SCMS_BAD;
}

static bool table_has(const struct scms_crypto *crypto)
{
	static const struct linkage_group group = {20, 1, 2, 200};
	struct linkage_lookup *table = linkage_lookup_init(memory, 16, 320, 100, crypto, true);

	return linkage_lookup_add(table, 99, &group, input, 4) != LINKAGE_OK ||
	       linkage_lookup_has(table, input) != SCMS_BAD;
}

int main(void)
{
	const struct scms_verifier_options options = {.portable = true};
	struct scms_verifier *verifier = scms_verifier_init(memory, sizeof(memory), &options);
	const struct scms_crypto *crypto = verifier ? scms_verifier_crypto(verifier) : NULL;
	const struct chain_source source = {(void *)(uintptr_t)crypto, no_root, no_candidate, on_crl};
	const struct scms_slice bytes = {input, sizeof(input)};
	struct scms_verify_request request;
	uint8_t digest[48], e[48], verdict = SCMS_BAD;
	struct SignedData data;
	struct chain chain;

	if (!crypto || cert_read(&chain.cert[0], bytes, crypto, NULL) != OER_OK ||
	    signed_data_read(&data, bytes, OER_DEPTH_DEFAULT, NULL) != OER_OK ||
	    chain_judge(&chain, 0, &source, crypto) != SCMS_VALID ||
	    !signed_data_request(&data, &chain.cert[0], crypto, digest, &request))
		return 1;
	chain_signer_request(&chain, crypto, e, &request);
	crypto->verify(crypto->ctx, &request, 1, &verdict);
	return verdict != SCMS_GOOD || table_has(crypto);
}
