/* SPDX-License-Identifier: Apache-2.0 */
/* Signed messages by the hundred: scms/check.h. */
#include "trust/checker.h"

#include "dot2/validity.h"

#include <string.h>

static void answer(struct scms_message *message, enum scms_message_verdict verdict)
{
	message->verdict = verdict;
}

static void messages_flush(struct asking *asking)
{
	const struct scms_crypto *crypto = asking->check->crypto;
	struct scms_checker *checker = asking->checker;
	struct scms_message *messages = asking->results;

	if (checker->request_n > 0)
		crypto->verify(crypto->ctx, checker->request, checker->request_n, checker->verdict);
	for (size_t k = 0; k < checker->open_n; k++) {
		const struct open_question *open = &checker->open[k];
		struct scms_message *message = &messages[open->which];
		uint8_t certificate = open->cert_request >= 0 ? checker->verdict[open->cert_request] : SCMS_GOOD;
		uint8_t signature = checker->verdict[open->message_request];

		if (certificate == SCMS_FAILED || signature == SCMS_FAILED) {
			answer(message, SCMS_MESSAGE_FAILED);
		} else if (certificate == SCMS_BAD) {
			message->reason = SCMS_CERT_SIGNATURE;
			answer(message, SCMS_MESSAGE_SIGNER);
		} else if (signature == SCMS_BAD) {
			answer(message, SCMS_MESSAGE_SIGNATURE);
		} else {
			answer(message, SCMS_MESSAGE_VALID);
		}
		/* An implicit certificate is proved by the first signature under it alone. */
		if (certificate == SCMS_GOOD && (signature == SCMS_GOOD || !cert_is_implicit(&open->found.cert)))
			certificate_keep(asking, &open->found);
	}
	checker->open_n = 0;
	checker->request_n = 0;
}

static bool permits_psid(const struct cert *cert, uint64_t psid)
{
	struct PsidSsp permission;
	struct oer_iter it;

	if (!cert->c.toBeSigned.has_appPermissions)
		return false;
	it = oer_iterate(&cert->c.toBeSigned.appPermissions);
	while (oer_next(&it, &permission))
		if (permission.psid == psid)
			return true;
	return false;
}

/* The signer's certificate, and what came with it. */
static enum scms_reason signer_find(struct asking *asking, const struct SignedData *data, struct found *found)
{
	struct scms_slice first;
	struct oer_iter it;

	if (data->signer.choice == SignerIdentifier_is_digest)
		return digest_find(asking, &data->signer, found);
	if (data->signer.choice != SignerIdentifier_is_certificate)
		return SCMS_CHAIN_INCOMPLETE;
	it = oer_iterate(&data->signer.u.certificate);
	if (!oer_next_raw(&it, &first))
		return SCMS_CHAIN_INCOMPLETE;
	return certificate_find(asking, first, it.rest, found);
}

/* The request for the message's own signature; false where it cannot be the signer's. */
static bool message_request(struct asking *asking, const struct SignedData *data, struct open_question *open)
{
	const struct scms_crypto *crypto = asking->check->crypto;
	struct scms_checker *checker = asking->checker;
	struct scms_verify_request *request = &checker->request[checker->request_n];
	const struct found *found = &open->found;
	struct scms_point point = cert_point(&found->cert);
	bool implicit = cert_is_implicit(&found->cert);
	enum scms_curve curve;

	if (implicit)
		point.curve = found->issuer.curve;
	if (!signature_parts(&data->signature, &curve, &request->r, &request->s) || point.curve != curve ||
	    data->hashId != (scms_curve_bytes(curve) == 32 ? HashAlgorithm_sha256 : HashAlgorithm_sha384))
		return false;
	signed_data_digest(data, cert_signer_hash(&found->cert, curve), curve, crypto, open->digest[1]);
	request->digest = open->digest[1];
	if (implicit) {
		request->signer = SCMS_SIGNER_IMPLICIT;
		request->u.implicit.recon = point;
		request->u.implicit.e = found->e;
		request->u.implicit.issuer = found->issuer;
		request->u.implicit.issuer_key = crypto->key(crypto->ctx, &found->issuer);
	} else {
		request->signer = SCMS_SIGNER_POINT;
		request->u.point = point;
	}
	open->message_request = (int)checker->request_n++;
	return true;
}

static bool time_fits(const struct HeaderInfo *header, const struct cert *cert, scms_time64 now)
{
	const struct ValidityPeriod *validity = &cert->c.toBeSigned.validityPeriod;

	if (header->has_generationTime &&
	    (header->generationTime < validity_start(validity) || header->generationTime >= validity_end(validity)))
		return false;
	return !header->has_expiryTime || now < header->expiryTime;
}

static void message_ask(struct asking *asking, struct scms_message *message, size_t which)
{
	struct scms_checker *checker = asking->checker;
	struct open_question *open;
	struct SignedData data;
	struct found found;
	size_t requests;

	*message = (struct scms_message){.bytes = message->bytes, .reason = SCMS_VALID};
	if (signed_data_read(&data, message->bytes, OER_DEPTH_DEFAULT, NULL) != OER_OK ||
	    !data.tbsData.payload.has_data) {
		answer(message, SCMS_MESSAGE_MALFORMED);
		return;
	}
	message->psid = data.tbsData.headerInfo.psid;
	message->has_time = data.tbsData.headerInfo.has_generationTime;
	message->time = data.tbsData.headerInfo.generationTime;
	message->payload = data.tbsData.payload.data;
	/* Judging may flush, so the question takes its place only afterwards. */
	message->reason = signer_find(asking, &data, &found);
	if (message->reason != SCMS_VALID) {
		answer(message, message->reason == SCMS_REASON_FAILED ? SCMS_MESSAGE_FAILED : SCMS_MESSAGE_SIGNER);
		return;
	}
	if (!permits_psid(&found.cert, message->psid)) {
		answer(message, SCMS_MESSAGE_PERMISSION);
		return;
	}
	if (!time_fits(&data.tbsData.headerInfo, &found.cert, asking->check->now)) {
		answer(message, SCMS_MESSAGE_TIME);
		return;
	}
	open = &checker->open[checker->open_n];
	open->which = which;
	open->found = found;
	requests = checker->request_n;
	if (!certificate_request(asking, open)) {
		message->reason = SCMS_CERT_SIGNATURE;
		answer(message, SCMS_MESSAGE_SIGNER);
		return;
	}
	if (!message_request(asking, &data, open)) {
		checker->request_n = requests;
		answer(message, SCMS_MESSAGE_SIGNATURE);
		return;
	}
	if (++checker->open_n == CHECKER_OPEN)
		asking->flush(asking);
}

void scms_messages_check(struct scms_checker *checker, const struct scms_check *check, struct scms_message *message,
			 size_t n)
{
	struct asking asking = {.flush = messages_flush, .results = message};

	asking_begin(&asking, checker, check);
	for (size_t k = 0; k < n; k++)
		message_ask(&asking, &message[k], k);
	asking.flush(&asking);
}
