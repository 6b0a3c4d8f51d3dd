/* SPDX-License-Identifier: Apache-2.0 */
#include "components/message.h"

#include "dot2/request.h"

#include <string.h>

const char *message_status_text(enum message_status status)
{
	static const char *const texts[] = {
	    [MESSAGE_OK] = "good",
	    [MESSAGE_MALFORMED] = "not the message that belongs here",
	    [MESSAGE_NOT_ENCRYPTED] = "not encrypted",
	    [MESSAGE_NOT_FOR_US] = "encrypted for another key, or changed on the way",
	    [MESSAGE_SIGNER] = "no valid signer",
	    [MESSAGE_SIGNATURE] = "the signature is not the signer's",
	    [MESSAGE_FAILED] = "a key, the engine or the store failed",
	};

	return texts[status];
}

/* Opens the outer layer. *rest becomes what it held. */
static enum message_status decrypt(const struct party *me, struct scms_slice bytes, struct message *message,
				   struct scms_slice *rest)
{
	struct Ieee1609Dot2Data data;
	struct recipient recipient;
	struct key_error err;

	if (oer_decode(&oer_Ieee1609Dot2Data, bytes, OER_DEPTH_DEFAULT, &data, &message->oer) != OER_OK)
		return MESSAGE_MALFORMED;
	if (data.content.choice != Ieee1609Dot2Content_is_encryptedData)
		return MESSAGE_NOT_ENCRYPTED;
	if (me->cert == NULL || message_recipient(me->cert, me->crypto, &recipient, &err) != KEY_OK)
		return MESSAGE_NOT_FOR_US;
	switch (encrypted_open(&data.content.u.encryptedData, &recipient, me->decrypt != NULL ? me->decrypt : me->sign,
			       &message->plain, &err)) {
	case KEY_OK:
		*rest = bytes_view(&message->plain);
		return MESSAGE_OK;
	case KEY_NOT_FOR_US:
	case KEY_POINT:
		return MESSAGE_NOT_FOR_US;
	case KEY_MALFORMED:
		return MESSAGE_MALFORMED;
	default:
		return MESSAGE_FAILED;
	}
}

/* What a layer is signed with, whoever it is by. */
struct signature_layer {
	const struct SignerIdentifier *signer;
	const struct Signature *signature;
	const struct SignedData *data;			/* one of these */
	const struct SignedCertificateRequest *request;
};

static void layer_digest(const struct signature_layer *layer, const struct cert *cert, enum scms_curve curve,
			 const struct scms_crypto *crypto, uint8_t e[48])
{
	const uint8_t *hash = cert_signer_hash(cert, curve);
	struct scms_slice parts[2];
	uint8_t tbs[48];

	if (layer->data != NULL) {
		signed_data_digest(layer->data, hash, curve, crypto, e);
		return;
	}
	parts[0] = layer->request->tbsRequest.raw;
	curve_hash(curve, crypto, parts, 1, tbs);
	parts[0] = (struct scms_slice){tbs, scms_curve_bytes(curve)};
	parts[1] = (struct scms_slice){hash, scms_curve_bytes(curve)};
	curve_hash(curve, crypto, parts, 2, e);
}

/* Is the layer signed by the leaf of the valid chain? */
static enum message_status layer_verify(const struct signature_layer *layer, const struct chain *chain,
					const struct scms_crypto *crypto)
{
	struct scms_verify_request request = {.digest = NULL};
	enum scms_curve curve;
	uint8_t e[48], digest[48], verdict = SCMS_FAILED;

	if (!signature_parts(layer->signature, &curve, &request.r, &request.s) ||
	    cert_point(&chain->cert[0]).curve != curve ||
	    (layer->data != NULL ? layer->data->hashId : layer->request->hashId) !=
		(scms_curve_bytes(curve) == 32 ? HashAlgorithm_sha256 : HashAlgorithm_sha384))
		return MESSAGE_SIGNATURE;
	layer_digest(layer, &chain->cert[0], curve, crypto, digest);
	request.digest = digest;
	chain_signer_request(chain, crypto, e, &request);
	crypto->verify(crypto->ctx, &request, 1, &verdict);
	return verdict == SCMS_GOOD ? MESSAGE_OK : verdict == SCMS_BAD ? MESSAGE_SIGNATURE : MESSAGE_FAILED;
}

/* The k-th certificate that the signer may be; carried: what else the message brought. */
static bool signer_bytes(const struct SignerIdentifier *signer, const struct message_judge *judge, unsigned k,
			 struct scms_slice *bytes, struct scms_slice *carried)
{
	struct oer_iter it;

	*carried = (struct scms_slice){NULL, 0};
	if (signer->choice == SignerIdentifier_is_digest)
		return judge->find(judge->ctx, signer->u.digest, k, bytes);
	if (signer->choice != SignerIdentifier_is_certificate || k > 0)
		return false;
	*carried = signer->u.certificate.bytes;
	it = oer_iterate(&signer->u.certificate);
	return oer_next_raw(&it, bytes);
}

static enum message_status layer_signer(const struct signature_layer *layer, const struct message_judge *judge,
					scms_time64 now, const struct scms_crypto *crypto, struct message *message)
{
	enum message_status status = MESSAGE_SIGNER;
	struct scms_slice bytes, carried;

	message->reason = SCMS_CHAIN_INCOMPLETE;
	for (unsigned k = 0; k < CHAIN_MATCHES_MAX && signer_bytes(layer->signer, judge, k, &bytes, &carried); k++) {
		if (cert_read(&message->signer.cert[0], bytes, crypto, NULL) != OER_OK)
			continue;
		message->reason = judge->judge(judge->ctx, &message->signer, carried, now);
		if (message->reason == SCMS_REASON_FAILED)
			return MESSAGE_FAILED;
		if (message->reason != SCMS_VALID)
			continue;
		status = layer_verify(layer, &message->signer, crypto);
		if (status != MESSAGE_SIGNATURE)
			break;
	}
	message->has_signer = status == MESSAGE_OK;
	return status;
}

static enum message_status open_signed(const struct party *me, struct scms_slice bytes, scms_time64 now,
				       const struct message_judge *judge, struct message *message)
{
	struct SignedData data;
	const struct signature_layer layer = {&data.signer, &data.signature, &data, NULL};

	if (signed_data_read(&data, bytes, OER_DEPTH_DEFAULT, &message->oer) != OER_OK)
		return MESSAGE_MALFORMED;
	message->has_time = data.tbsData.headerInfo.has_generationTime;
	message->time = data.tbsData.headerInfo.generationTime;
	return layer_signer(&layer, judge, now, me->crypto, message);
}

static enum message_status open_request(const struct party *me, const struct envelope *row, struct scms_slice bytes,
					scms_time64 now, const struct message_judge *judge, struct message *message)
{
	const struct signature_layer layer = {&message->request.signer, &message->request.signature, NULL, &message->request};

	if (certificate_request_read(&message->request, bytes, &message->oer) != OER_OK)
		return MESSAGE_MALFORMED;
	message->is_request = true;
	if (row->signer == ENVELOPE_SIGNER_SELF)
		return MESSAGE_OK;
	return layer_signer(&layer, judge, now, me->crypto, message);
}

enum message_status message_open(const struct party *me, const struct envelope *row, struct scms_slice bytes,
				 scms_time64 now, const struct message_judge *judge, struct message *message)
{
	struct scms_slice rest = bytes;
	enum message_status status;

	memset(message, 0, sizeof(*message));
	if (row->kind == ENVELOPE_ENCRYPTED) {
		status = decrypt(me, bytes, message, &rest);
		if (status != MESSAGE_OK)
			return status;
		row = envelope_find(row->holds);
	}
	if (envelope_check(row, rest, OER_DEPTH_DEFAULT, &message->content, &message->oer) != OER_OK)
		return MESSAGE_MALFORMED;
	me->crypto->sha256(me->crypto->ctx, &rest, 1, message->hash);
	switch (row->kind) {
	case ENVELOPE_SIGNED:
		return open_signed(me, rest, now, judge, message);
	case ENVELOPE_REQUESTED:
		return open_request(me, row, rest, now, judge, message);
	default:
		return MESSAGE_OK;
	}
}

bool message_signed_by(const struct message *message, const struct scms_point *key, const struct scms_crypto *crypto)
{
	struct scms_verify_request question;
	uint8_t digest[48], verdict = SCMS_FAILED;

	if (!message->is_request ||
	    !certificate_request_question(&message->request, NULL, key, crypto, digest, &question))
		return false;
	crypto->verify(crypto->ctx, &question, 1, &verdict);
	return verdict == SCMS_GOOD;
}

void message_free(struct message *message)
{
	bytes_free(&message->plain);
}
