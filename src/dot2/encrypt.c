/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/encrypt.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

/* One recipient's part of a message being made: what its RecipientInfo points to. */
struct wrapped {
	struct ecies_wrapped ecies;
	uint8_t nonce[CCM_NONCE];
	uint8_t key[AES_128_KEY + CCM_TAG];
};

static struct SymmetricCiphertext symmetric_ciphertext(const uint8_t nonce[CCM_NONCE], struct scms_slice cipher)
{
	return (struct SymmetricCiphertext){
	    .choice = SymmetricCiphertext_is_aes128ccm,
	    .u.aes128ccm = {.nonce = nonce, .ccmCiphertext = cipher},
	};
}

static bool wrap_public(const struct recipient *to, const uint8_t key[AES_128_KEY], struct wrapped *wrapped,
			struct PKRecipientInfo *info)
{
	struct EciesP256EncryptedKey *ecies;

	if (!ecies_wrap(&to->public, (struct scms_slice){to->p1, to->p1_length}, key, &wrapped->ecies))
		return false;
	info->recipientId = to->id;
	if (to->public.curve == SCMS_NIST_P256) {
		info->encKey.choice = EncryptedDataEncryptionKey_is_eciesNistP256;
		ecies = &info->encKey.u.eciesNistP256;
	} else {
		info->encKey.choice = EncryptedDataEncryptionKey_is_eciesBrainpoolP256r1;
		ecies = &info->encKey.u.eciesBrainpoolP256r1;
	}
	point_to_256(&wrapped->ecies.v, &ecies->v);
	ecies->c = wrapped->ecies.c;
	ecies->t = wrapped->ecies.t;
	return true;
}

static bool wrap_symmetric(const struct recipient *to, const uint8_t key[AES_128_KEY], struct wrapped *wrapped,
			   struct SymmRecipientInfo *info)
{
	struct ccm ccm = ccm_1609(to->key, wrapped->nonce);

	if (!ccm_encrypt(&ccm, (struct scms_slice){key, AES_128_KEY}, wrapped->key))
		return false;
	info->recipientId = to->id;
	info->encKey = symmetric_ciphertext(wrapped->nonce, (struct scms_slice){wrapped->key, sizeof(wrapped->key)});
	return true;
}

static bool wrap(const struct recipient *to, const uint8_t key[AES_128_KEY], struct wrapped *wrapped,
		 struct RecipientInfo *info)
{
	info->choice = to->kind;
	switch (to->kind) {
	case RecipientInfo_is_pskRecipInfo:
		info->u.pskRecipInfo = to->id;
		return true;
	case RecipientInfo_is_symmRecipInfo:
		return wrap_symmetric(to, key, wrapped, &info->u.symmRecipInfo);
	default: /* the three kinds with a public key have the same member */
		return wrap_public(to, key, wrapped, &info->u.certRecipInfo);
	}
}

/* The content key: new, or the pre-shared one. */
static enum key_status content_key(const struct recipient *recipients, uint32_t n, uint8_t key[AES_128_KEY],
				   struct key_error *err)
{
	for (uint32_t k = 0; k < n; k++) {
		if (recipients[k].kind != RecipientInfo_is_pskRecipInfo)
			continue;
		if (n != 1)
			return key_fail(err, KEY_VALUE, "a pre-shared key must be the only recipient of a message");
		memcpy(key, recipients[k].key, AES_128_KEY);
		return KEY_OK;
	}
	if (n == 0)
		return key_fail(err, KEY_VALUE, "nobody to encrypt for");
	return RAND_priv_bytes(key, AES_128_KEY) == 1 ? KEY_OK
						      : key_fail(err, KEY_FAILED, "no random numbers to encrypt with");
}

/* All nonces at a draw: where the text is short, drawing costs more than encrypting. */
static bool nonces_draw(uint8_t nonce[CCM_NONCE], struct wrapped *wrapped, uint32_t n)
{
	uint8_t drawn[2 * CCM_NONCE];

	for (uint32_t k = 0; k < n; k++) {
		if (RAND_bytes(drawn, sizeof(drawn)) != 1)
			return false;
		memcpy(nonce, drawn, CCM_NONCE);
		memcpy(wrapped[k].nonce, drawn + CCM_NONCE, CCM_NONCE);
	}
	return true;
}

enum key_status encrypted_data_make(const struct recipient *recipients, uint32_t n, struct scms_slice plain,
				    struct bytes *out, struct key_error *err)
{
	struct Ieee1609Dot2Data data = {.protocolVersion = 3, .content.choice = Ieee1609Dot2Content_is_encryptedData};
	struct EncryptedData *encrypted = &data.content.u.encryptedData;
	struct RecipientInfo *infos = calloc(n ? n : 1, sizeof(*infos));
	struct wrapped *wrapped = calloc(n ? n : 1, sizeof(*wrapped));
	uint8_t *cipher = malloc(plain.n + CCM_TAG);
	uint8_t key[AES_128_KEY] = {0}, nonce[CCM_NONCE];
	struct ccm ccm = ccm_1609(key, nonce);
	enum key_status status = KEY_OK;

	*out = (struct bytes){NULL, 0};
	if (!infos || !wrapped || !cipher)
		status = key_fail(err, KEY_FAILED, "no memory to encrypt %zu bytes", plain.n);
	if (status == KEY_OK)
		status = content_key(recipients, n, key, err);
	if (status == KEY_OK && !nonces_draw(nonce, wrapped, n))
		status = key_fail(err, KEY_FAILED, "no random numbers to encrypt with");
	for (uint32_t k = 0; status == KEY_OK && k < n; k++)
		if (!wrap(&recipients[k], key, &wrapped[k], &infos[k]))
			status = key_fail(err, KEY_POINT, "the public key of recipient %u cannot be used", k + 1);
	if (status == KEY_OK && !ccm_encrypt(&ccm, plain, cipher))
		status = key_fail(err, KEY_FAILED, "cannot encrypt %zu bytes", plain.n);
	if (status == KEY_OK) {
		encrypted->recipients = (struct oer_list){.items = infos, .count = n, .element = &oer_RecipientInfo};
		encrypted->ciphertext = symmetric_ciphertext(nonce, (struct scms_slice){cipher, plain.n + CCM_TAG});
		status = make_bytes(&oer_Ieee1609Dot2Data, &data, out, err);
	}
	OPENSSL_cleanse(key, sizeof(key));
	free(infos);
	free(wrapped);
	free(cipher);
	return status;
}

static bool ecies_read(const struct EncryptedDataEncryptionKey *from, struct ecies_wrapped *to)
{
	const struct EciesP256EncryptedKey *ecies;
	enum scms_curve curve;
	struct scms_point v;

	switch (from->choice) {
	case EncryptedDataEncryptionKey_is_eciesNistP256:
		ecies = &from->u.eciesNistP256;
		curve = SCMS_NIST_P256;
		break;
	case EncryptedDataEncryptionKey_is_eciesBrainpoolP256r1:
		ecies = &from->u.eciesBrainpoolP256r1;
		curve = SCMS_BRAINPOOL_P256R1;
		break;
	default:
		return false;
	}
	if (!point_of_256(&ecies->v, curve, &v) || !curve_point_read(&v, &to->v))
		return false;
	memcpy(to->c, ecies->c, sizeof(to->c));
	memcpy(to->t, ecies->t, sizeof(to->t));
	return true;
}

static enum key_status not_for_us(struct key_error *err)
{
	return key_fail(err, KEY_NOT_FOR_US, "the message is not for this recipient, or was changed");
}

/* The content key out of an entry that is, by its kind and id, for us. */
static enum key_status unwrap(const struct RecipientInfo *info, const struct recipient *me, struct private_key *key,
			      uint8_t content[AES_128_KEY], struct key_error *err)
{
	const struct SymmetricCiphertext *under;
	struct ecies_wrapped wrapped;
	struct ccm ccm;

	switch (info->choice) {
	case RecipientInfo_is_pskRecipInfo:
		memcpy(content, me->key, AES_128_KEY);
		return KEY_OK;
	case RecipientInfo_is_symmRecipInfo:
		under = &info->u.symmRecipInfo.encKey;
		ccm = ccm_1609(me->key, under->u.aes128ccm.nonce);
		if (under->choice != SymmetricCiphertext_is_aes128ccm ||
		    under->u.aes128ccm.ccmCiphertext.n != AES_128_KEY + CCM_TAG ||
		    !ccm_decrypt(&ccm, under->u.aes128ccm.ccmCiphertext, content))
			return not_for_us(err);
		return KEY_OK;
	default:
		/* A key on another curve than ours says KEY_POINT; for the caller it is one that is not for us. */
		if (!ecies_read(&info->u.certRecipInfo.encKey, &wrapped) || wrapped.v.curve != me->public.curve)
			return not_for_us(err);
		return ecies_unwrap(key, (struct scms_slice){me->p1, me->p1_length}, &wrapped, content, err);
	}
}

static const uint8_t *info_id(const struct RecipientInfo *info)
{
	switch (info->choice) {
	case RecipientInfo_is_pskRecipInfo:
		return info->u.pskRecipInfo;
	case RecipientInfo_is_symmRecipInfo:
		return info->u.symmRecipInfo.recipientId;
	default:
		return info->u.certRecipInfo.recipientId;
	}
}

static bool might_be_ours(const struct RecipientInfo *info, const struct recipient *me)
{
	return info->choice == me->kind &&
	       (info->choice == RecipientInfo_is_rekRecipInfo || memcmp(info_id(info), me->id, sizeof(me->id)) == 0);
}

/* Decrypts the content under a key that may be the right one. */
static enum key_status content_open(const struct SymmetricCiphertext *content, const uint8_t key[AES_128_KEY],
				    struct bytes *plain, struct key_error *err)
{
	struct scms_slice cipher;
	struct ccm ccm;

	if (content->choice != SymmetricCiphertext_is_aes128ccm)
		return key_fail(err, KEY_MALFORMED, "encrypted with a cipher that is not AES-128-CCM");
	cipher = content->u.aes128ccm.ccmCiphertext;
	if (cipher.n < CCM_TAG)
		return key_fail(err, KEY_MALFORMED, "the ciphertext is shorter than its tag");
	plain->p = malloc(cipher.n);
	if (!plain->p)
		return key_fail(err, KEY_FAILED, "no memory to decrypt %zu bytes", cipher.n);
	plain->n = cipher.n - CCM_TAG;
	ccm = ccm_1609(key, content->u.aes128ccm.nonce);
	if (ccm_decrypt(&ccm, cipher, plain->p))
		return KEY_OK;
	bytes_free(plain);
	return not_for_us(err);
}

enum key_status encrypted_open(const struct EncryptedData *data, const struct recipient *me, struct private_key *key,
			       struct bytes *plain, struct key_error *err)
{
	struct oer_iter it = oer_iterate(&data->recipients);
	struct RecipientInfo info;
	uint8_t content[AES_128_KEY];
	enum key_status status = KEY_NOT_FOR_US;
	unsigned tries = 0;

	*plain = (struct bytes){NULL, 0};
	while (status == KEY_NOT_FOR_US && tries < ENCRYPT_TRIES_MAX && oer_next(&it, &info)) {
		if (!might_be_ours(&info, me))
			continue;
		tries++;
		status = unwrap(&info, me, key, content, err);
		if (status == KEY_OK)
			status = content_open(&data->ciphertext, content, plain, err);
	}
	OPENSSL_cleanse(content, sizeof(content));
	return status == KEY_NOT_FOR_US ? not_for_us(err) : status;
}

enum key_status encrypted_data_open(struct scms_slice message, const struct recipient *me, struct private_key *key,
				    struct bytes *plain, struct key_error *err)
{
	struct Ieee1609Dot2Data data;
	struct oer_error refused;

	*plain = (struct bytes){NULL, 0};
	if (oer_decode(&oer_Ieee1609Dot2Data, message, OER_DEPTH_DEFAULT, &data, &refused) != OER_OK)
		return key_fail(err, KEY_MALFORMED, "not IEEE 1609.2 data: %s at byte %zu: %s expected, %s found",
				refused.path, refused.offset, refused.expected, refused.found);
	if (data.content.choice != Ieee1609Dot2Content_is_encryptedData)
		return key_fail(err, KEY_MALFORMED, "the message is not encrypted");
	return encrypted_open(&data.content.u.encryptedData, me, key, plain, err);
}
