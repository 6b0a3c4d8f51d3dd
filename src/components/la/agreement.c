/* SPDX-License-Identifier: Apache-2.0 */
#include "components/la/agreement.h"

#include "crypto/digest.h"
#include "crypto/kdf2.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

static const char kdf_label[] = "scms-la-pca";
static const char *const mac_labels[] = {[AGREEMENT_LA] = "scms-la", [AGREEMENT_PCA] = "scms-pca"};

enum key_status agreement_derive(struct agreement *agreement, struct key_error *err)
{
	uint8_t shares[2 * AGREEMENT_SHARE], keys[AES_128_KEY + sizeof(agreement->mac_key)];
	bool ok;

	memcpy(shares, agreement->r_pca, AGREEMENT_SHARE);
	memcpy(shares + AGREEMENT_SHARE, agreement->r_la, AGREEMENT_SHARE);
	ok = kdf2_sha256((struct scms_slice){shares, sizeof(shares)},
			 (struct scms_slice){(const uint8_t *)kdf_label, sizeof(kdf_label) - 1}, keys, sizeof(keys));
	memcpy(agreement->key, keys, AES_128_KEY);
	memcpy(agreement->mac_key, keys + AES_128_KEY, sizeof(agreement->mac_key));
	OPENSSL_cleanse(shares, sizeof(shares));
	OPENSSL_cleanse(keys, sizeof(keys));
	return ok ? KEY_OK : key_fail(err, KEY_FAILED, "no keys could be derived");
}

enum key_status agreement_mac(const struct agreement *agreement, enum agreement_side side, uint8_t mac[AGREEMENT_MAC],
			      struct key_error *err)
{
	uint8_t text[2 * AGREEMENT_SHARE + 8];
	size_t label = strlen(mac_labels[side]);
	bool ok;

	memcpy(text, agreement->r_pca, AGREEMENT_SHARE);
	memcpy(text + AGREEMENT_SHARE, agreement->r_la, AGREEMENT_SHARE);
	memcpy(text + sizeof(text) - 8, mac_labels[side], label);
	ok = digest_hmac_sha256((struct scms_slice){agreement->mac_key, sizeof(agreement->mac_key)},
				(struct scms_slice){text, sizeof(text) - 8 + label}, mac);
	OPENSSL_cleanse(text, sizeof(text));
	return ok ? KEY_OK : key_fail(err, KEY_FAILED, "no MAC could be computed");
}

/* A new share, sealed for the other side; *sealed points into encoded. */
static enum key_status share_make(const struct agreement_party *from, const struct cert *to, uint8_t share[AGREEMENT_SHARE],
				  struct bytes *encoded, struct EncryptedData *sealed, struct key_error *err)
{
	struct recipient recipient;
	enum key_status status = message_recipient(to, from->party->crypto, &recipient, err);

	if (status == KEY_OK && RAND_priv_bytes(share, AGREEMENT_SHARE) != 1)
		status = key_fail(err, KEY_FAILED, "no randomness");
	if (status == KEY_OK)
		status = sealed_make_for(&recipient, (struct scms_slice){share, AGREEMENT_SHARE}, encoded, err);
	if (status == KEY_OK && oer_decode(&oer_EncryptedData, bytes_view(encoded), OER_DEPTH_DEFAULT, sealed, NULL) != OER_OK)
		status = key_fail(err, KEY_FAILED, "a share could not be sealed");
	return status;
}

static enum key_status share_open(const struct agreement_party *me, const struct EncryptedData *sealed,
				  uint8_t share[AGREEMENT_SHARE], struct key_error *err)
{
	struct private_key *key = me->party->decrypt != NULL ? me->party->decrypt : me->party->sign;
	struct bytes plain = {NULL, 0};
	struct recipient recipient;
	enum key_status status = message_recipient(me->party->cert, me->party->crypto, &recipient, err);

	if (status == KEY_OK)
		status = encrypted_open(sealed, &recipient, key, &plain, err);
	if (status == KEY_OK && plain.n != AGREEMENT_SHARE)
		status = key_fail(err, KEY_VALUE, "a share of %zu bytes; expected %d", plain.n, AGREEMENT_SHARE);
	if (status == KEY_OK)
		memcpy(share, plain.p, AGREEMENT_SHARE);
	bytes_free(&plain);
	return status;
}

static struct ScmsPDU message_of(uint8_t choice)
{
	return (struct ScmsPDU){.version = 1,
				.content = {.choice = ScmsPDU_content_is_la_pca, .u.la_pca.choice = choice}};
}

enum key_status agreement_request(const struct agreement_party *pca, const struct cert *la, scms_time32 start, scms_time32 end,
				  struct agreement *agreement, struct bytes *pdu, struct key_error *err)
{
	struct ScmsPDU message = message_of(LaPcaInterfacePDU_is_pcaLaKeyAgreementRequest);
	struct PcaLaKeyAgreementRequestMsg *request = &message.content.u.la_pca.u.pcaLaKeyAgreementRequest;
	struct bytes sealed = {NULL, 0};
	enum key_status status;

	*request = (struct PcaLaKeyAgreementRequestMsg){.version = 1, .pcaId = pca->host, .startDate = start, .endDate = end};
	status = share_make(pca, la, agreement->r_pca, &sealed, &request->enc_R_pca, err);
	if (status == KEY_OK)
		status = make_bytes(&oer_ScmsPDU, &message, pdu, err);
	bytes_free(&sealed);
	return status;
}

enum key_status agreement_answer(const struct agreement_party *la, const struct PcaLaKeyAgreementRequestMsg *request,
				 const uint8_t hash[32], const struct cert *pca, struct agreement *agreement, struct bytes *pdu,
				 struct key_error *err)
{
	struct ScmsPDU message = message_of(LaPcaInterfacePDU_is_laPcaKeyAgreementResponse);
	struct LaPcaKeyAgreementResponseMsg *answer = &message.content.u.la_pca.u.laPcaKeyAgreementResponse;
	struct bytes sealed = {NULL, 0};
	uint8_t mac[AGREEMENT_MAC];
	enum key_status status;

	*answer = (struct LaPcaKeyAgreementResponseMsg){
	    .version = 1, .requestHash = hash + 24, .laId = la->host, .reply.choice = 0, .reply.u.success = mac};
	status = share_open(la, &request->enc_R_pca, agreement->r_pca, err);
	if (status == KEY_OK)
		status = share_make(la, pca, agreement->r_la, &sealed, &answer->enc_R_la, err);
	if (status == KEY_OK)
		status = agreement_derive(agreement, err);
	if (status == KEY_OK)
		status = agreement_mac(agreement, AGREEMENT_LA, mac, err);
	if (status == KEY_OK)
		status = make_bytes(&oer_ScmsPDU, &message, pdu, err);
	bytes_free(&sealed);
	return status;
}

enum key_status agreement_refuse(const struct agreement_party *la, const uint8_t hash[32], int32_t code, struct bytes *pdu,
				 struct key_error *err)
{
	static const uint8_t nothing[16];
	struct ScmsPDU message = message_of(LaPcaInterfacePDU_is_laPcaKeyAgreementResponse);
	struct LaPcaKeyAgreementResponseMsg *answer = &message.content.u.la_pca.u.laPcaKeyAgreementResponse;
	struct bytes sealed = {NULL, 0};
	enum key_status status;

	*answer = (struct LaPcaKeyAgreementResponseMsg){
	    .version = 1, .requestHash = hash + 24, .laId = la->host, .reply.choice = LaPcaKeyAgreementResponseMsg_reply_is_failure};
	answer->reply.u.failure.choice = ScmsError_is_la_pca;
	answer->reply.u.failure.u.la_pca.choice = LaPcaError_is_la_pca;
	answer->reply.u.failure.u.la_pca.u.la_pca = code;
	/* The message wants a share all the same: an empty one that nobody can read. */
	status = sealed_make(nothing, la->party->crypto, (struct scms_slice){NULL, 0}, &sealed, err);
	if (status == KEY_OK &&
	    oer_decode(&oer_EncryptedData, bytes_view(&sealed), OER_DEPTH_DEFAULT, &answer->enc_R_la, NULL) != OER_OK)
		status = key_fail(err, KEY_FAILED, "a refusal could not be made");
	if (status == KEY_OK)
		status = make_bytes(&oer_ScmsPDU, &message, pdu, err);
	bytes_free(&sealed);
	return status;
}

enum key_status agreement_take(const struct agreement_party *pca, const struct LaPcaKeyAgreementResponseMsg *answer,
			       const uint8_t hash[32], struct agreement *agreement, struct bytes *pdu, struct key_error *err)
{
	struct ScmsPDU message = message_of(LaPcaInterfacePDU_is_pcaLaKeyAgreementAck);
	struct PcaLaKeyAgreementAckMsg *ack = &message.content.u.la_pca.u.pcaLaKeyAgreementAck;
	uint8_t mac[AGREEMENT_MAC];
	enum key_status status;

	if (answer->reply.choice != LaPcaKeyAgreementResponseMsg_reply_is_success)
		return key_fail(err, KEY_VALUE, "the LA refused to agree on a key");
	*ack = (struct PcaLaKeyAgreementAckMsg){
	    .version = 1, .requestHash = hash + 24, .pcaId = pca->host, .reply.choice = 0, .reply.u.success = mac};
	status = share_open(pca, &answer->enc_R_la, agreement->r_la, err);
	if (status == KEY_OK)
		status = agreement_derive(agreement, err);
	if (status == KEY_OK)
		status = agreement_mac(agreement, AGREEMENT_LA, mac, err);
	if (status == KEY_OK && CRYPTO_memcmp(mac, answer->reply.u.success, AGREEMENT_MAC) != 0)
		status = key_fail(err, KEY_MISMATCH, "the LA's MAC is not right");
	if (status == KEY_OK)
		status = agreement_mac(agreement, AGREEMENT_PCA, mac, err);
	if (status == KEY_OK)
		status = make_bytes(&oer_ScmsPDU, &message, pdu, err);
	return status;
}

enum key_status agreement_confirm(const struct agreement *agreement, const struct PcaLaKeyAgreementAckMsg *ack,
				  struct key_error *err)
{
	uint8_t mac[AGREEMENT_MAC];
	enum key_status status = agreement_mac(agreement, AGREEMENT_PCA, mac, err);

	if (status == KEY_OK && (ack->reply.choice != PcaLaKeyAgreementAckMsg_reply_is_success ||
				 CRYPTO_memcmp(mac, ack->reply.u.success, AGREEMENT_MAC) != 0))
		status = key_fail(err, KEY_MISMATCH, "the PCA's MAC is not right");
	return status;
}
