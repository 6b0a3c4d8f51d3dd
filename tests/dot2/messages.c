/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes messages for wireshark.py: NAME.coer.
 *
 * usage: messages FOLDER
 *
 * Only what Wireshark 4.0 can read. It does not know signatures of NIST P-384 and hashes of 48 bytes, stops at a
 * minChainLength, and misplaces what follows the preamble of a MissingCrlIdentifier.
 */
#include <stdlib.h>

#include "dot2/crl_make.h"
#include "dot2/encrypt.h"
#include "dot2/request.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/dot2/people.h"

static const char *folder;

static void message_write(const char *name, enum key_status status, const struct key_error *err, struct bytes *message)
{
	char path[512];
	FILE *file;

	CHECK(status == KEY_OK, "%s: %s", name, err->text);
	snprintf(path, sizeof(path), "%s/%s.coer", folder, name);
	file = fopen(path, "wb");
	CHECK(file && fwrite(message->p, 1, message->n, file) == message->n && fclose(file) == 0, "%s", path);
	bytes_free(message);
}

static void signed_messages(const char *curve, const struct person *ica, const struct person *pca,
			    const struct person *device)
{
	static const uint8_t id[] = {1, 2, 3};
	static const struct scms_slice text = {(const uint8_t *)"hello", 5};
	struct HeaderInfo plain = {.psid = 0x20, .has_generationTime = true, .generationTime = PEOPLE_NOW}, full;
	struct signer by = person_signer(pca, false);
	const struct cert *issuers[] = {&pca->cert};
	struct bytes out;
	struct key_error err;
	char name[64];

	snprintf(name, sizeof(name), "%s-digest", curve);
	message_write(name, signed_unsecured_make(&by, text, &plain, &out, &err), &err, &out);
	by = person_signer(device, true);
	by.issuers = issuers;
	by.issuer_count = 1;
	snprintf(name, sizeof(name), "%s-certificates", curve);
	message_write(name, signed_unsecured_make(&by, text, &plain, &out, &err), &err, &out);
	by = (struct signer){.key = ica->key, .crypto = &judge};
	snprintf(name, sizeof(name), "%s-self", curve);
	message_write(name, signed_unsecured_make(&by, text, &plain, &out, &err), &err, &out);

	full = plain;
	full.has_expiryTime = true;
	full.expiryTime = PEOPLE_NOW + 1000000;
	full.has_generationLocation = true;
	full.generationLocation =
	    (struct ThreeDLocation){.latitude = -423000000, .longitude = 831000000, .elevation = 6000};
	full.has_p2pcdLearningRequest = true;
	full.p2pcdLearningRequest = id;
	full.has_encryptionKey = true;
	full.encryptionKey.choice = EncryptionKey_is_public;
	CHECK(point_to_encryption_key(private_key_public(device->key), &full.encryptionKey.u.public), "encryption key");
	by = person_signer(device, true);
	snprintf(name, sizeof(name), "%s-header", curve);
	message_write(name, signed_unsecured_make(&by, text, &full, &out, &err), &err, &out);

	if (scms_curve_bytes(private_key_public(pca->key)->curve) == 48)
		return;
	by = person_signer(pca, true);
	snprintf(name, sizeof(name), "%s-countersignature", curve);
	message_write(name, countersignature_make(&by, text, PEOPLE_NOW, &out, &err), &err, &out);
}

static void encrypted_message(const struct person *pca, const struct person *device)
{
	static const uint8_t secret[16] = "fifteen letters";
	static const struct scms_slice plain = {(const uint8_t *)"\x03\x80\x01x", 4};
	struct recipient to[3];
	struct bytes out;
	struct key_error err = {.status = KEY_OK};

	CHECK(recipient_of_cert(&pca->cert, &to[0], &err) == KEY_OK, "%s", err.text);
	CHECK(recipient_of_response_key(private_key_public(device->key), &judge, &to[1], &err) == KEY_OK, "%s",
	      err.text);
	CHECK(recipient_of_symmetric_key(secret, false, &judge, &to[2], &err) == KEY_OK, "%s", err.text);
	message_write("encrypted", encrypted_data_make(to, 3, plain, &out, &err), &err, &out);
	CHECK(recipient_of_symmetric_key(secret, true, &judge, &to[0], &err) == KEY_OK, "%s", err.text);
	message_write("pre-shared", encrypted_data_make(to, 1, plain, &out, &err), &err, &out);
}

/* What is inside is opaque to Wireshark; the envelope is not. */
static void envelopes(const struct person *pca)
{
	static const uint8_t pdu[] = {0x01, 0x83, 0x80, 0x00, 0x01};
	struct crl_hash_entry entry = {.id = {1}, .expiry = PEOPLE_START};
	struct crl_head head = {.series = 1, .issue_date = PEOPLE_START, .next_crl = PEOPLE_START + 1};
	struct signer by = person_signer(pca, true);
	struct bytes out;
	struct key_error err;

	message_write("request", certificate_request_make(&by, (struct scms_slice){pdu, sizeof(pdu)}, &out, &err), &err,
		      &out);
	by.attach = false;
	message_write("crl", crl_make_hash(&by, &head, 1, &entry, 1, &out, &err), &err, &out);
}

static void on_curve(const char *name, enum scms_curve curve)
{
	static const uint8_t linkage_value[9] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
	struct ToBeSignedCertificate tbs;
	struct person ica, pca, device;

	tbs_ica(&tbs, "ica.example");
	person_make(&ica, &tbs, curve, NULL, false);
	tbs_pca(&tbs, "pca.example");
	person_make(&pca, &tbs, curve, &ica, true);
	tbs_device(&tbs, "");
	tbs.id = (struct CertificateId){.choice = CertificateId_is_linkageData};
	tbs.id.u.linkageData.iCert = 17;
	tbs.id.u.linkageData.linkage_value = linkage_value;
	if (scms_curve_bytes(curve) == 32)
		person_make_implicit(&device, &tbs, &pca);
	else
		person_make(&device, &tbs, SCMS_NIST_P256, &pca, false);
	signed_messages(name, &ica, &pca, &device);
	if (curve == SCMS_NIST_P256) {
		encrypted_message(&pca, &device);
		envelopes(&pca);
	}
	person_free(&ica);
	person_free(&pca);
	person_free(&device);
}

int main(int argc, char **argv)
{
	CHECK(argc == 2, "usage: messages FOLDER");
	if (argc == 2) {
		folder = argv[1];
		on_curve("p256", SCMS_NIST_P256);
		on_curve("brainpool-p256", SCMS_BRAINPOOL_P256R1);
		on_curve("brainpool-p384", SCMS_BRAINPOOL_P384R1);
	}
	return check_done();
}
