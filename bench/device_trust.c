/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest device that keeps a trust store, linked to be measured by size.py, not to be run: it makes a store, reads it
 * back, holds sessions, checks certificates and tells how it stands.
 */
#include <scms/trust.h>
#include <scms/verify.h>

static uint8_t memory[1 << 16] __attribute__((aligned(64))), engine[1 << 16] __attribute__((aligned(64))), input[1 << 12];

int main(void)
{
	const struct scms_verifier_options options = {.portable = true};
	struct scms_verifier *verifier = scms_verifier_init(engine, sizeof(engine), &options);
	const struct scms_slice bytes = {input, sizeof(input)};
	const struct scms_bootstrap from = {.electors = &bytes, .elector_count = 1, .quorum = 2};
	const struct scms_objects objects = {0};
	const struct scms_session session = {.chain = bytes};
	const struct scms_report silent = {0};
	const struct scms_crypto *crypto = verifier ? scms_verifier_crypto(verifier) : NULL;
	struct scms_bootstrap_error err;
	struct scms_store_status status;
	struct scms_store *store;
	size_t n;

	if (!crypto)
		return 1;
	store = scms_store_init(memory, sizeof(memory), &from, crypto, &objects, &err);
	if (!store || !scms_store_encode(store, input, sizeof(input), &n))
		return 1;
	store = scms_store_decode(memory, sizeof(memory), bytes, crypto);
	return !store ||
	       scms_store_apply(store, &session, 0, crypto, &objects, input, sizeof(input), &silent).status != SCMS_SESSION_DONE ||
	       scms_cert_check(store, 0, bytes, NULL, 0, crypto, &objects) != SCMS_VALID ||
	       !scms_store_status(store, 0, crypto, &objects, &status);
}
