/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pseudonym certificates from request to use, every party by its own code: the device asks, the RA expands, two LAs give
 * values that the RA cannot read, the PCA issues, the device rebuilds its keys. And what happens when a part of it is
 * not what it should be.
 */
#include "components/ee/pseudonym.h"
#include "components/la/chain.h"
#include "components/pca/pseudonym.h"
#include "components/period.h"
#include "components/ra/expand.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/dot2/people.h"

#include <stdlib.h>

#define PERIOD 500
#define J_MAX 4

static struct person root, ica, pca_person, ra;
static struct la la[2] = {{&judge, 0x8e09, {1, 2, 3}}, {&judge, 0x59ce, {4, 5, 6}}};
static struct pca pca;
static struct plv_keys keys;
static struct key_error err;

static struct EncryptedData decoded(const struct bytes *bytes)
{
	struct EncryptedData data;

	CHECK(oer_decode(&oer_EncryptedData, bytes_view(bytes), 8, &data, NULL) == OER_OK, "EncryptedData");
	return data;
}

/* The value of (i, j) in an answer of an LA. */
static struct EncryptedIndividualPLV value_of(const struct bytes *answer, unsigned i, unsigned j)
{
	struct IndividualPlvResponseLinkageChain chain;
	struct EncryptedIndividualPLV value = {.version = 0};
	struct oer_list period = {.count = 0};
	struct oer_iter periods, values;

	CHECK(oer_decode(&oer_IndividualPlvResponseLinkageChain, bytes_view(answer), 8, &chain, NULL) == OER_OK, "answer of an LA");
	periods = oer_iterate(&chain.values);
	for (unsigned k = 0; k <= i; k++)
		CHECK(oer_next(&periods, &period), "period %u", k);
	CHECK(period.count == J_MAX, "%u values", period.count);
	values = oer_iterate(&period);
	for (unsigned k = 0; k <= j; k++)
		CHECK(oer_next(&values, &value), "value %u", k);
	return value;
}

static const uint8_t *pca_key(unsigned k)
{
	return keys.keys[k].agreement.key;
}

/* One device's batch of two periods, and everything that led to it. */
struct batch {
	struct ee_caterpillars secret;
	struct caterpillars public;
	struct bytes lci[2], answer[2];
};

static void batch_begin(struct batch *batch)
{
	struct bytes pdu = {NULL, 0};
	struct ScmsPDU message;

	CHECK(ee_caterpillars_random(&batch->secret, &err) == KEY_OK, "%s", err.text);
	CHECK(ee_pseudonym_request(&batch->secret, PEOPLE_START, &pdu, &err) == KEY_OK, "%s", err.text);
	CHECK(oer_decode(&oer_ScmsPDU, bytes_view(&pdu), 8, &message, NULL) == OER_OK, "request");
	CHECK(caterpillars_read(&message.content.u.ee_ra.u.eeRaPseudonymCertProvisioningRequest, &batch->public, &err) == KEY_OK,
	      "%s", err.text);
	for (unsigned k = 0; k < 2; k++) {
		const struct la_range range = {PERIOD, PERIOD + 1, J_MAX};
		struct EncryptedData lci;

		batch->lci[k] = batch->answer[k] = (struct bytes){NULL, 0};
		CHECK(la_chain_begin(&la[k], &batch->lci[k], &err) == KEY_OK, "%s", err.text);
		lci = decoded(&batch->lci[k]);
		CHECK(la_chain_values(&la[k], &lci, &range, pca_key(k), &batch->answer[k], &err) == KEY_OK, "%s", err.text);
	}
	bytes_free(&pdu);
}

static void batch_free(struct batch *batch)
{
	for (unsigned k = 0; k < 2; k++) {
		bytes_free(&batch->lci[k]);
		bytes_free(&batch->answer[k]);
	}
}

static const struct PsidSsp permissions[] = {{.psid = 0x20}};

/* The RA's request for certificate j of the n-th period. cocoons must live as long as it. */
static struct PseudonymCertRequestInfo request_of(const struct batch *batch, unsigned n, uint8_t j, struct cocoons *cocoons)
{
	struct PseudonymCertRequestInfo request = {
	    .psidSsp = {.items = permissions, .count = 1, .element = &oer_PsidSsp},
	    .iValue = (uint16_t)(PERIOD + n),
	    .enc_plv1 = value_of(&batch->answer[0], n, j),
	    .enc_plv2 = value_of(&batch->answer[1], n, j),
	};

	CHECK(caterpillars_expand(&batch->public, request.iValue, j, cocoons, &err) == KEY_OK, "%s", err.text);
	point_to_256(&cocoons->sign, &request.sig_butterfly_key_B);
	point_to_256(&cocoons->respond, &request.enc_butterfly_key_H);
	return request;
}

/* The linkage value that a revocation of this device would give. */
static void value_from_seeds(const struct batch *batch, uint16_t i, uint8_t j, uint8_t lv[LINKAGE_VALUE])
{
	uint8_t plv[2][1][LINKAGE_VALUE];

	for (unsigned k = 0; k < 2; k++) {
		uint8_t seed[LINKAGE_SEED];
		struct EncryptedData lci = decoded(&batch->lci[k]);

		CHECK(la_chain_seed(&la[k], &lci, i, seed, &err) == KEY_OK && linkage_pre_values(la[k].id, seed, j, 1, plv[k]), "%s",
		      err.text);
	}
	linkage_value(plv[0][0], plv[1][0], lv);
}

static void certificate_right(const struct batch *batch, const struct ee_certified *got, uint16_t i, uint8_t j)
{
	uint8_t lv[LINKAGE_VALUE];
	struct curve_point public;
	struct cert cert;

	CHECK(cert_read(&cert, bytes_view(&got->certificate), &judge, NULL) == OER_OK, "certificate");
	value_from_seeds(batch, i, j, lv);
	CHECK(memcmp(cert.c.toBeSigned.id.u.linkageData.linkage_value, lv, LINKAGE_VALUE) == 0, "linkage value of %u, %u", i, j);
	CHECK(cert.c.toBeSigned.validityPeriod.start == period_start(i) && cert.c.toBeSigned.crlSeries == 1, "period and series");
	CHECK(memcmp(cert.c.toBeSigned.cracaId, cert_id8(&root.cert) + 5, 3) == 0, "CRACA");
	CHECK(curve_mul_base(SCMS_NIST_P256, got->key, &public), "private key");
}

static void everything_right(void)
{
	struct batch batch;

	batch_begin(&batch);
	for (unsigned n = 0; n < 2; n++)
		for (uint8_t j = 0; j < J_MAX; j++) {
			struct cocoons cocoons;
			struct PseudonymCertRequestInfo request = request_of(&batch, n, j, &cocoons);
			struct pseudonym_issued issued;
			struct ee_certified got = {.certificate = {NULL, 0}};
			struct bytes file = {NULL, 0};

			CHECK(pca_issue_pseudonym(&pca, &request, &issued, &file, &err) == KEY_OK, "%s", err.text);
			CHECK(ee_pseudonym_take(&batch.secret, request.iValue, j, bytes_view(&file), &pca_person.cert, &judge, &got,
						&err) == KEY_OK,
			      "%s", err.text);
			if (got.certificate.n > 0)
				certificate_right(&batch, &got, request.iValue, j);
			ee_certified_free(&got);
			bytes_free(&file);
		}
	batch_free(&batch);
}

static enum key_status issue_status(const struct pca *by, const struct PseudonymCertRequestInfo *request)
{
	struct pseudonym_issued issued;
	struct bytes file = {NULL, 0};
	enum key_status status = pca_issue_pseudonym(by, request, &issued, &file, &err);

	CHECK((status == KEY_OK) == (file.n > 0), "an answer only where it succeeds");
	bytes_free(&file);
	return status;
}

static void pca_refuses(void)
{
	static const uint8_t off_curve[32] = {0xff, 0xff, 0xff, 0xff, 0xff};
	struct PseudonymCertRequestInfo request, changed;
	struct plv_keys none = {NULL, 0};
	struct pca stranger = pca;
	struct cocoons cocoons;
	struct batch batch;

	batch_begin(&batch);
	request = request_of(&batch, 0, 1, &cocoons);
	CHECK(issue_status(&pca, &request) == KEY_OK, "%s", err.text);
	stranger.keys = &none;
	CHECK(issue_status(&stranger, &request) == KEY_NOT_FOR_US, "a value for another PCA");
	keys.keys[1].agreement.key[0] ^= 1;
	CHECK(issue_status(&pca, &request) == KEY_NOT_FOR_US, "a value under another key of that name");
	keys.keys[1].agreement.key[0] ^= 1;
	changed = request;
	changed.iValue++;
	CHECK(issue_status(&pca, &changed) == KEY_VALUE, "values of another period");
	changed = request;
	changed.enc_plv2 = changed.enc_plv1;
	CHECK(issue_status(&pca, &changed) == KEY_VALUE && strstr(err.text, "la1") != NULL, "the first LA's value twice");
	changed = request;
	changed.sig_butterfly_key_B.u.compressed_y_0 = off_curve;
	CHECK(issue_status(&pca, &changed) == KEY_POINT, "a signing key that is no point");
	CHECK(strstr(err.text, "sig-butterfly-key-B") != NULL, "%s", err.text);
	changed = request;
	changed.enc_butterfly_key_H.choice = EccP256CurvePoint_is_x_only;
	CHECK(issue_status(&pca, &changed) == KEY_POINT, "an encryption key that names no point");
	batch_free(&batch);
}

static enum key_status take_status(const struct batch *batch, uint16_t i, uint8_t j, struct scms_slice file, const struct cert *by)
{
	struct ee_certified got = {.certificate = {NULL, 0}};
	enum key_status status = ee_pseudonym_take(&batch->secret, i, j, file, by, &judge, &got, &err);

	CHECK((status == KEY_OK) == (got.certificate.n > 0), "a certificate only where it succeeds");
	ee_certified_free(&got);
	return status;
}

static void device_refuses(void)
{
	struct PseudonymCertRequestInfo request;
	struct pseudonym_issued issued;
	struct cocoons cocoons;
	struct batch batch, another;
	struct bytes file = {NULL, 0};

	batch_begin(&batch);
	batch_begin(&another);
	request = request_of(&batch, 0, 1, &cocoons);
	CHECK(pca_issue_pseudonym(&pca, &request, &issued, &file, &err) == KEY_OK, "%s", err.text);
	CHECK(take_status(&batch, PERIOD, 1, bytes_view(&file), &pca_person.cert) == KEY_OK, "%s", err.text);
	CHECK(take_status(&batch, PERIOD, 2, bytes_view(&file), &pca_person.cert) == KEY_NOT_FOR_US, "another j");
	CHECK(take_status(&batch, PERIOD + 1, 1, bytes_view(&file), &pca_person.cert) == KEY_NOT_FOR_US, "another i");
	CHECK(take_status(&another, PERIOD, 1, bytes_view(&file), &pca_person.cert) == KEY_NOT_FOR_US, "another device's");
	CHECK(take_status(&batch, PERIOD, 1, bytes_view(&file), &ica.cert) == KEY_MISMATCH, "signed by another");
	for (size_t k = 0; k < file.n; k += 1 + file.n / 50) {
		enum key_status status;

		if (k == file.n - 65) /* the form of r says nothing */
			continue;
		file.p[k] ^= 4;
		status = take_status(&batch, PERIOD, 1, bytes_view(&file), &pca_person.cert);
		/* The signer's HashedId8 is not believed in any case: the caller says whose signature it must be. */
		CHECK(status == KEY_MISMATCH || status == KEY_MALFORMED || (status == KEY_OK && k > file.n - 80), "byte %zu changed: %d",
		      k, (int)status);
		file.p[k] ^= 4;
	}
	bytes_free(&file);
	batch_free(&batch);
	batch_free(&another);
}

static void la_refuses(void)
{
	const struct la_range right = {PERIOD, PERIOD, 1}, backwards = {PERIOD, PERIOD - 1, 1}, none = {PERIOD, PERIOD, 0},
			      huge = {0, 65535, 1};
	struct bytes lci = {NULL, 0}, out = {NULL, 0};
	struct EncryptedData chain;
	uint8_t seed[LINKAGE_SEED];

	CHECK(la_chain_begin(&la[0], &lci, &err) == KEY_OK, "%s", err.text);
	chain = decoded(&lci);
	CHECK(la_chain_values(&la[0], &chain, &right, pca_key(0), &out, &err) == KEY_OK, "%s", err.text);
	bytes_free(&out);
	CHECK(la_chain_values(&la[0], &chain, &backwards, pca_key(0), &out, &err) == KEY_VALUE, "i from high to low");
	CHECK(la_chain_values(&la[0], &chain, &none, pca_key(0), &out, &err) == KEY_VALUE, "no j");
	CHECK(la_chain_values(&la[0], &chain, &huge, pca_key(0), &out, &err) == KEY_VALUE, "too many");
	CHECK(la_chain_values(&la[1], &chain, &right, pca_key(1), &out, &err) == KEY_NOT_FOR_US, "another LA's chain");
	CHECK(la_chain_seed(&la[1], &chain, 3, seed, &err) == KEY_NOT_FOR_US, "another LA's chain");
	lci.p[lci.n - 1] ^= 1;
	chain = decoded(&lci);
	CHECK(la_chain_seed(&la[0], &chain, 3, seed, &err) == KEY_NOT_FOR_US, "a chain identifier that was changed");
	bytes_free(&lci);
}

static void ra_refuses(void)
{
	static const uint8_t off_curve[32] = {0xff, 0xff, 0xff, 0xff, 0xff}, key[16];
	struct EeRaPseudonymCertProvisioningRequest request = {.version = 1};
	struct caterpillars out;
	struct curve_point good = *private_key_public(ra.key);

	point_to_256(&good, &request.verify_key_info.seed_key);
	point_to_256(&good, &request.resp_enc_key_info.seed_key);
	request.verify_key_info.expansion = request.resp_enc_key_info.expansion = key;
	CHECK(caterpillars_read(&request, &out, &err) == KEY_OK, "%s", err.text);
	request.resp_enc_key_info.seed_key.u.compressed_y_0 = off_curve;
	CHECK(caterpillars_read(&request, &out, &err) == KEY_POINT && strstr(err.text, "resp-enc-key-info") != NULL, "%s", err.text);
}

static void periods(void)
{
	CHECK(period_of(PERIOD_EPOCH) == 0 && period_of(PERIOD_EPOCH - 1) == 0 && period_of(0) == 0, "the first");
	CHECK(period_of(period_start(500)) == 500 && period_of(period_start(501) - 1) == 500, "ends of one");
}

int main(void)
{
	struct ToBeSignedCertificate tbs;

	tbs_root(&tbs, "root");
	person_make(&root, &tbs, SCMS_NIST_P256, NULL, false);
	tbs_ica(&tbs, "ica");
	person_make(&ica, &tbs, SCMS_NIST_P256, &root, false);
	tbs_pca(&tbs, "pca");
	person_make(&pca_person, &tbs, SCMS_NIST_P256, &ica, true);
	tbs_pca(&tbs, "ra");
	person_make(&ra, &tbs, SCMS_NIST_P256, &ica, true);
	pca.party = (struct party){&judge, &pca_person.cert, pca_person.key, pca_person.decryption};
	memcpy(pca.craca_id, cert_id8(&root.cert) + 5, 3);
	for (unsigned k = 0; k < 2; k++) {
		struct plv_key key = {.host = {'l', 'a', (char)('1' + k)}, .start = 0, .end = UINT32_MAX, .confirmed = true};

		memset(key.agreement.key, 0x11 + (int)k, AES_128_KEY);
		CHECK(sealed_key_id(key.agreement.key, &judge, key.id, &err) == KEY_OK && plv_keys_add(&keys, &key), "key");
	}
	pca.keys = &keys;
	everything_right();
	pca_refuses();
	device_refuses();
	la_refuses();
	ra_refuses();
	periods();
	plv_keys_free(&keys);
	person_free(&ra);
	person_free(&pca_person);
	person_free(&ica);
	person_free(&root);
	return check_done();
}
