/* SPDX-License-Identifier: Apache-2.0 */
#include "components/la/chain.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum key_status la_chain_begin(const struct la *la, struct bytes *lci, struct key_error *err)
{
	uint8_t seed[LINKAGE_SEED];
	enum key_status status;

	if (!linkage_seed_random(seed))
		return key_fail(err, KEY_FAILED, "no randomness");
	status = sealed_make(la->own_key, la->crypto, (struct scms_slice){seed, sizeof(seed)}, lci, err);
	OPENSSL_cleanse(seed, sizeof(seed));
	return status;
}

enum key_status la_chain_seed(const struct la *la, const struct EncryptedData *lci, uint16_t i, uint8_t seed[LINKAGE_SEED],
			      struct key_error *err)
{
	struct bytes plain = {NULL, 0};
	enum key_status status = sealed_open(la->own_key, la->crypto, lci, &plain, err);

	if (status == KEY_OK && plain.n != LINKAGE_SEED)
		status = key_fail(err, KEY_NOT_FOR_US, "holds %zu bytes, not a seed of %d", plain.n, LINKAGE_SEED);
	if (status == KEY_OK) {
		memcpy(seed, plain.p, LINKAGE_SEED);
		if (!linkage_seed_advance(la->id, i, seed))
			status = key_fail(err, KEY_FAILED, "no seed could be computed");
	}
	bytes_free(&plain);
	return status;
}

/* Everything that an answer is put together from. */
struct answer {
	struct EncryptedIndividualPLV *values;
	struct bytes *sealed; /* what values point into */
	struct oer_list *periods;
	size_t count, made;
	uint32_t period_count;
};

static enum key_status answer_begin(struct answer *answer, const struct la_range *range, struct key_error *err)
{
	*answer = (struct answer){.values = NULL};
	if (range->i_max < range->i_min || range->j_max == 0)
		return key_fail(err, KEY_VALUE, "no values: i from %u to %u, %u each", range->i_min, range->i_max, range->j_max);
	answer->period_count = (uint32_t)range->i_max - range->i_min + 1;
	answer->count = (size_t)answer->period_count * range->j_max;
	if (answer->count > LA_VALUES_MAX)
		return key_fail(err, KEY_VALUE, "%zu values; at most %d at a time", answer->count, LA_VALUES_MAX);
	answer->values = calloc(answer->count, sizeof(*answer->values));
	answer->sealed = calloc(answer->count, sizeof(*answer->sealed));
	answer->periods = calloc(answer->period_count, sizeof(*answer->periods));
	if (answer->values == NULL || answer->sealed == NULL || answer->periods == NULL)
		return key_fail(err, KEY_FAILED, "out of memory");
	return KEY_OK;
}

static void answer_free(struct answer *answer)
{
	for (size_t k = 0; k < answer->made; k++)
		bytes_free(&answer->sealed[k]);
	free(answer->values);
	free(answer->sealed);
	free(answer->periods);
}

static enum key_status seal_value(const uint8_t la_id[2], uint16_t i, const uint8_t plv[LINKAGE_VALUE], const struct recipient *pca,
				  struct answer *answer, struct key_error *err)
{
	uint8_t plain[2 + LINKAGE_VALUE] = {(uint8_t)(i >> 8), (uint8_t)i};
	struct EncryptedIndividualPLV *value = &answer->values[answer->made];
	struct bytes *sealed = &answer->sealed[answer->made];
	enum key_status status;

	memcpy(plain + 2, plv, LINKAGE_VALUE);
	status = sealed_make_for(pca, (struct scms_slice){plain, sizeof(plain)}, sealed, err);
	if (status != KEY_OK)
		return status;
	answer->made++;
	*value = (struct EncryptedIndividualPLV){.version = 1, .laId = la_id};
	if (oer_decode(&oer_EncryptedData, bytes_view(sealed), OER_DEPTH_DEFAULT, &value->enc_plv, NULL) != OER_OK)
		return key_fail(err, KEY_FAILED, "a value could not be sealed");
	return KEY_OK;
}

static enum key_status fill(const struct la *la, const uint8_t la_id[2], const struct EncryptedData *lci,
			    const struct la_range *range, const uint8_t pca_key[AES_128_KEY], struct answer *answer,
			    struct key_error *err)
{
	uint8_t seed[LINKAGE_SEED], plv[UINT8_MAX][LINKAGE_VALUE];
	enum key_status status = la_chain_seed(la, lci, range->i_min, seed, err);
	struct recipient pca;

	if (status == KEY_OK)
		status = recipient_of_symmetric_key(pca_key, false, la->crypto, &pca, err);
	for (uint32_t p = 0; p < answer->period_count && status == KEY_OK; p++) {
		answer->periods[p] = (struct oer_list){
		    .items = &answer->values[answer->made], .count = range->j_max, .element = &oer_EncryptedIndividualPLV};
		if (!linkage_pre_values(la->id, seed, 0, range->j_max, plv) || !linkage_seed_advance(la->id, 1, seed))
			status = key_fail(err, KEY_FAILED, "no pre-linkage values could be computed");
		for (unsigned j = 0; j < range->j_max && status == KEY_OK; j++)
			status = seal_value(la_id, (uint16_t)(range->i_min + p), plv[j], &pca, answer, err);
	}
	OPENSSL_cleanse(&pca, sizeof(pca));
	OPENSSL_cleanse(seed, sizeof(seed));
	OPENSSL_cleanse(plv, sizeof(plv));
	return status;
}

enum key_status la_chain_values(const struct la *la, const struct EncryptedData *lci, const struct la_range *range,
				const uint8_t pca_key[AES_128_KEY], struct bytes *out, struct key_error *err)
{
	const uint8_t la_id[2] = {(uint8_t)(la->id >> 8), (uint8_t)la->id};
	struct IndividualPlvResponseLinkageChain chain = {.jMax = range->j_max, .linkageChainId = *lci};
	struct answer answer;
	enum key_status status = answer_begin(&answer, range, err);

	if (status == KEY_OK)
		status = fill(la, la_id, lci, range, pca_key, &answer, err);
	if (status == KEY_OK) {
		chain.values = (struct oer_list){.items = answer.periods,
						 .count = answer.period_count,
						 .element = &oer_IndividualPlvResponseLinkageChain_values_item};
		status = make_bytes(&oer_IndividualPlvResponseLinkageChain, &chain, out, err);
	}
	answer_free(&answer);
	return status;
}

enum key_status plv_open(const uint8_t pca_key[AES_128_KEY], const struct scms_crypto *crypto,
			 const struct EncryptedIndividualPLV *sealed, uint16_t i, uint8_t plv[LINKAGE_VALUE],
			 struct key_error *err)
{
	struct bytes plain = {NULL, 0};
	enum key_status status = sealed_open(pca_key, crypto, &sealed->enc_plv, &plain, err);

	if (status == KEY_OK && plain.n != 2 + LINKAGE_VALUE)
		status = key_fail(err, KEY_VALUE, "a pre-linkage value of %zu bytes; expected %d", plain.n, 2 + LINKAGE_VALUE);
	if (status == KEY_OK && (plain.p[0] << 8 | plain.p[1]) != i)
		status = key_fail(err, KEY_VALUE, "a pre-linkage value of i-period %d; expected %u",
				  plain.p[0] << 8 | plain.p[1], i);
	if (status == KEY_OK)
		memcpy(plv, plain.p + 2, LINKAGE_VALUE);
	bytes_free(&plain);
	return status;
}
