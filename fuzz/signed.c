/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed data and certificate requests, from the bytes to the verdict. See pack.h for the input; its last item is the
 * message. Three engines must say the same of it.
 */
#include "pack.h"

#include "dot2/envelope.h"
#include "dot2/request.h"
#include "dot2/signed_data.h"

struct answer {
	enum scms_reason reason; /* of the signer's chain */
	bool asked;
	uint8_t verdict;
};

/* The signer's certificate: the first of those attached, or the one whose digest is named. */
static bool signer_find(const struct pack *pack, const struct SignerIdentifier *signer, struct scms_slice *bytes)
{
	struct oer_iter it;

	switch (signer->choice) {
	case SignerIdentifier_is_certificate:
		it = oer_iterate(&signer->u.certificate);
		return oer_next_raw(&it, bytes);
	case SignerIdentifier_is_digest:
		for (unsigned k = 0; k + 1 < pack->n; k++) {
			*bytes = pack->item[k];
			if (pack->readable[k] && memcmp(pack->id8[k], signer->u.digest, 8) == 0)
				return true;
		}
		return false;
	default:
		return false;
	}
}

static void ask(const struct scms_crypto *crypto, const struct scms_verify_request *request, struct answer *answer)
{
	crypto->verify(crypto->ctx, request, 1, &answer->verdict);
	answer->asked = true;
	ALWAYS(answer->verdict == SCMS_GOOD || answer->verdict == SCMS_BAD, "verdict %u", answer->verdict);
}

static struct answer signed_judge(struct pack *pack, const struct SignedData *data, unsigned k)
{
	const struct scms_crypto *crypto = pack_engine(k);
	struct answer answer = {.reason = SCMS_MALFORMED};
	struct scms_verify_request request;
	uint8_t digest[48], e[48];
	struct scms_slice leaf;
	struct chain chain;

	if (!signer_find(pack, &data->signer, &leaf))
		return answer;
	answer.reason = pack_judge(pack, leaf, k, &chain);
	if (answer.reason == SCMS_VALID && cert_is_implicit(&chain.cert[0])) {
		enum scms_curve curve;

		chain_signer_request(&chain, crypto, e, &request);
		if (signature_parts(&data->signature, &curve, &request.r, &request.s) &&
		    curve == cert_point(&chain.cert[1]).curve) {
			signed_data_digest(data, cert_signer_hash(&chain.cert[0], curve), curve, crypto, digest);
			request.digest = digest;
			ask(crypto, &request, &answer);
		}
	} else if (answer.reason != SCMS_MALFORMED &&
		   signed_data_request(data, &chain.cert[0], crypto, digest, &request)) {
		ask(crypto, &request, &answer);
	}
	return answer;
}

/* By the key that is to be certified, or by a certificate; here by a key of any certificate at hand. */
static struct answer request_judge(const struct pack *pack, const struct SignedCertificateRequest *message, unsigned k)
{
	const struct scms_crypto *crypto = pack_engine(k);
	struct answer answer = {.reason = SCMS_MALFORMED};
	struct scms_verify_request request;
	struct scms_point key;
	struct cert signer;
	uint8_t digest[48];

	if (!pack->readable[0] || cert_read(&signer, pack->item[0], crypto, NULL) != OER_OK ||
	    cert_is_implicit(&signer))
		return answer;
	key = cert_point(&signer);
	if (certificate_request_question(message, message->signer.choice == SignerIdentifier_is_self ? NULL : &signer,
					 &key, crypto, digest, &request))
		ask(crypto, &request, &answer);
	return answer;
}

static void envelope_of(struct scms_slice message)
{
	const struct envelope *row = envelope_guess(message, OER_DEPTH_DEFAULT);
	struct oer_error err = {0};
	struct scms_slice inner;

	if (!row || envelope_check(row, message, OER_DEPTH_DEFAULT, &inner, &err) == OER_OK)
		return;
	ALWAYS(err.path[0] && err.expected[0] && err.found[0] && err.offset <= message.n, "%s: refusal", row->name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct SignedCertificateRequest request;
	struct answer answer[PACK_ENGINES];
	struct SignedData message;
	struct scms_slice last;
	struct pack pack;
	bool is_signed;

	if (!pack_read(&pack, data, size))
		return 0;
	last = pack.item[pack.n - 1];
	envelope_of(last);
	is_signed = signed_data_read(&message, last, OER_DEPTH_DEFAULT, NULL) == OER_OK;
	if (!is_signed && certificate_request_read(&request, last, NULL) != OER_OK)
		return 0;
	for (unsigned k = 0; k < PACK_ENGINES; k++) {
		answer[k] = is_signed ? signed_judge(&pack, &message, k) : request_judge(&pack, &request, k);
		ALWAYS(answer[k].reason == answer[0].reason, "engine %u: reason %d, not %d", k, answer[k].reason,
		       answer[0].reason);
		ALWAYS(answer[k].asked == answer[0].asked &&
			   (!answer[k].asked || answer[k].verdict == answer[0].verdict),
		       "engine %u: another verdict", k);
	}
	return 0;
}
