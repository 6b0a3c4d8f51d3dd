/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed data, countersignatures and certificate requests that we make, judged by the verifying side.
 */
#include "dot2/request.h"
#include "dot2/signed_data.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/dot2/people.h"

static const uint8_t text[] = {'h', 'e', 'l', 'l', 'o'};
static const struct scms_slice payload = {text, sizeof(text)};

static bool verdict_of(struct scms_verify_request *request)
{
	uint8_t verdict = SCMS_BAD;

	judge.verify(judge.ctx, request, 1, &verdict);
	return verdict == SCMS_GOOD;
}

/* Is it signed data that this certificate signed? */
static bool signed_by(struct scms_slice message, const struct cert *cert)
{
	struct SignedData data;
	struct scms_verify_request request;
	uint8_t digest[48];

	return signed_data_read(&data, message, OER_DEPTH_DEFAULT, NULL) == OER_OK &&
	       signed_data_request(&data, cert, &judge, digest, &request) && verdict_of(&request);
}

/* By a key without certificate: signer self. */
static bool signed_by_self(struct scms_slice message, const struct private_key *key)
{
	struct SignedData data;
	struct scms_verify_request request = {.signer = SCMS_SIGNER_POINT};
	struct scms_point point = curve_point_compressed(private_key_public(key));
	enum scms_curve curve;
	uint8_t digest[48];

	if (signed_data_read(&data, message, OER_DEPTH_DEFAULT, NULL) != OER_OK ||
	    data.signer.choice != SignerIdentifier_is_self ||
	    !signature_parts(&data.signature, &curve, &request.r, &request.s) || curve != point.curve)
		return false;
	signed_data_digest(&data, NULL, curve, &judge, digest);
	request.digest = digest;
	request.u.point = point;
	return verdict_of(&request);
}

static void reencodes(struct scms_slice message, const char *what)
{
	struct Ieee1609Dot2Data data;
	uint8_t buffer[4096];
	size_t n = 0;

	CHECK(oer_decode(&oer_Ieee1609Dot2Data, message, OER_DEPTH_DEFAULT, &data, NULL) == OER_OK, "%s", what);
	CHECK(oer_encode(&oer_Ieee1609Dot2Data, &data, buffer, sizeof(buffer), &n) == OER_OK && n == message.n &&
		  memcmp(buffer, message.p, n) == 0,
	      "%s: re-encoding", what);
}

static void forms(enum scms_curve curve)
{
	struct ToBeSignedCertificate tbs;
	struct person root, ica;
	struct HeaderInfo header = {.psid = 0x23, .has_generationTime = true, .generationTime = PEOPLE_NOW};
	const struct cert *issuers[1];
	struct signer by;
	struct bytes out;
	struct key_error err = {.status = KEY_OK};
	struct SignedData data;
	struct scms_slice opaque;

	tbs_root(&tbs, "root");
	person_make(&root, &tbs, SCMS_NIST_P256, NULL, false);
	tbs_ica(&tbs, "ica");
	person_make(&ica, &tbs, curve, &root, false);

	by = person_signer(&ica, false);
	CHECK(signed_unsecured_make(&by, payload, &header, &out, &err) == KEY_OK, "%s", err.text);
	reencodes(bytes_view(&out), "digest");
	CHECK(signed_by(bytes_view(&out), &ica.cert) && !signed_by(bytes_view(&out), &root.cert), "digest");
	CHECK(signed_data_read(&data, bytes_view(&out), OER_DEPTH_DEFAULT, NULL) == OER_OK &&
		  data.signer.choice == SignerIdentifier_is_digest &&
		  memcmp(data.signer.u.digest, cert_id8(&ica.cert), 8) == 0,
	      "HashedId8");
	CHECK(signed_data_unsecured(&data, &opaque) && opaque.n == payload.n &&
		  memcmp(opaque.p, payload.p, opaque.n) == 0,
	      "payload");
	/* Any change is noticed: in the payload, in the header's time. */
	out.p[10] ^= 1;
	CHECK(!signed_by(bytes_view(&out), &ica.cert), "changed payload");
	bytes_free(&out);

	by.attach = true;
	CHECK(signed_unsecured_make(&by, payload, &header, &out, &err) == KEY_OK, "%s", err.text);
	reencodes(bytes_view(&out), "certificate");
	CHECK(signed_by(bytes_view(&out), &ica.cert), "certificate");
	bytes_free(&out);

	issuers[0] = &root.cert;
	by.issuers = issuers;
	by.issuer_count = 1;
	CHECK(signed_unsecured_make(&by, payload, &header, &out, &err) == KEY_OK, "%s", err.text);
	reencodes(bytes_view(&out), "chain");
	CHECK(signed_by(bytes_view(&out), &ica.cert), "chain");
	CHECK(signed_data_read(&data, bytes_view(&out), OER_DEPTH_DEFAULT, NULL) == OER_OK &&
		  data.signer.u.certificate.count == 2,
	      "two certificates");
	bytes_free(&out);

	by = (struct signer){.key = ica.key, .crypto = &judge};
	CHECK(signed_unsecured_make(&by, payload, &header, &out, &err) == KEY_OK, "%s", err.text);
	reencodes(bytes_view(&out), "self");
	CHECK(signed_by_self(bytes_view(&out), ica.key) && !signed_by_self(bytes_view(&out), root.key), "self");
	bytes_free(&out);
	person_free(&root);
	person_free(&ica);
}

/* All that a header can say goes in and comes out. */
static void header_fields_all(const struct person *person)
{
	static const uint8_t id[] = {1, 2, 3};
	struct signer by = person_signer(person, false);
	struct EccP256CurvePoint loose = {.choice = EccP256CurvePoint_is_uncompressedP256};
	struct HeaderInfo header = {
	    .psid = 0x20,
	    .has_generationTime = true,
	    .generationTime = PEOPLE_NOW,
	    .has_expiryTime = true,
	    .expiryTime = PEOPLE_NOW + 1000000,
	    .has_generationLocation = true,
	    .generationLocation = {.latitude = 423000000, .longitude = -831000000, .elevation = 6000},
	    .has_p2pcdLearningRequest = true,
	    .p2pcdLearningRequest = id,
	    .has_missingCrlIdentifier = true,
	    .missingCrlIdentifier = {.cracaId = id, .crlSeries = 256},
	    .has_encryptionKey = true,
	};
	struct bytes out;
	struct SignedData data;
	struct key_error err;
	const struct HeaderInfo *got = &data.tbsData.headerInfo;

	header.encryptionKey.choice = EncryptionKey_is_public;
	header.encryptionKey.u.public.publicKey.choice = BasePublicEncryptionKey_is_eciesNistP256;
	loose.u.uncompressedP256.x = private_key_public(person->key)->x;
	loose.u.uncompressedP256.y = private_key_public(person->key)->y;
	header.encryptionKey.u.public.publicKey.u.eciesNistP256 = loose;
	CHECK(signed_unsecured_make(&by, payload, &header, &out, &err) == KEY_OK, "%s", err.text);
	reencodes(bytes_view(&out), "all header fields");
	CHECK(signed_by(bytes_view(&out), &person->cert), "signature");
	CHECK(signed_data_read(&data, bytes_view(&out), OER_DEPTH_DEFAULT, NULL) == OER_OK, "read");
	CHECK(header_fields(got) == (HEADER_GENERATION_TIME | HEADER_EXPIRY_TIME | HEADER_GENERATION_LOCATION |
				     HEADER_P2PCD | HEADER_MISSING_CRL | HEADER_ENCRYPTION_KEY),
	      "fields %x", header_fields(got));
	CHECK(got->generationTime == PEOPLE_NOW && got->expiryTime == PEOPLE_NOW + 1000000 && got->psid == 0x20 &&
		  got->generationLocation.longitude == -831000000 && got->missingCrlIdentifier.crlSeries == 256,
	      "values");
	CHECK(got->encryptionKey.u.public.publicKey.u.eciesNistP256.choice != EccP256CurvePoint_is_uncompressedP256,
	      "the key is compressed");
	bytes_free(&out);
}

static void countersignature(const struct person *person)
{
	struct signer by = person_signer(person, true);
	bool is384 = scms_curve_bytes(private_key_public(person->key)->curve) == 48;
	uint8_t hash[48];
	struct bytes out;
	struct SignedData data;
	struct key_error err;
	const struct SignedDataPayload *got = &data.tbsData.payload;

	CHECK(countersignature_make(&by, payload, PEOPLE_NOW, &out, &err) == KEY_OK, "%s", err.text);
	reencodes(bytes_view(&out), "countersignature");
	CHECK(signed_by(bytes_view(&out), &person->cert), "countersignature");
	CHECK(signed_data_read(&data, bytes_view(&out), OER_DEPTH_DEFAULT, NULL) == OER_OK, "read");
	curve_hash(private_key_public(person->key)->curve, &judge, &payload, 1, hash);
	CHECK(!got->has_data && got->has_extDataHash && got->extDataHash.choice == (is384 ? 1 : 0) &&
		  memcmp(got->extDataHash.u.sha256HashedData, hash, is384 ? 48 : 32) == 0,
	      "hash of the external data");
	CHECK(data.tbsData.headerInfo.psid == 0x23 && header_fields(&data.tbsData.headerInfo) == HEADER_GENERATION_TIME,
	      "header");
	bytes_free(&out);
}

/* ScmsPDU { ee-ra: eeRaCertRequest { version 1 } }: the smallest there is. */
static const uint8_t pdu[] = {0x01, 0x83, 0x80, 0x00, 0x01};

static void request(const struct person *person, bool self)
{
	struct signer by = person_signer(person, true);
	struct scms_point key = curve_point_compressed(private_key_public(person->key));
	struct SignedCertificateRequest got;
	struct scms_verify_request question;
	struct bytes out;
	struct key_error err = {.status = KEY_OK};
	uint8_t digest[48];

	if (self)
		by.cert = NULL;
	CHECK(certificate_request_make(&by, (struct scms_slice){pdu, sizeof(pdu)}, &out, &err) == KEY_OK, "%s",
	      err.text);
	reencodes(bytes_view(&out), "request");
	CHECK(certificate_request_read(&got, bytes_view(&out), NULL) == OER_OK &&
		  got.signer.choice == (self ? SignerIdentifier_is_self : SignerIdentifier_is_certificate) &&
		  got.tbsRequest.raw.n == sizeof(pdu) && memcmp(got.tbsRequest.raw.p, pdu, sizeof(pdu)) == 0,
	      "what was asked");
	CHECK(certificate_request_question(&got, self ? NULL : &person->cert, &key, &judge, digest, &question) &&
		  verdict_of(&question),
	      "signature");
	CHECK(certificate_request_question(&got, self ? &person->cert : NULL, &key, &judge, digest, &question) &&
		  !verdict_of(&question),
	      "self is not the certificate");
	got.hashId = got.hashId == HashAlgorithm_sha256 ? HashAlgorithm_sha384 : HashAlgorithm_sha256;
	CHECK(!certificate_request_question(&got, NULL, &key, &judge, digest, &question), "hashId of another curve");
	bytes_free(&out);
}

static void refusals(const struct person *person, const struct person *other)
{
	struct signer by = person_signer(person, true), wrong = person_signer(person, true);
	struct SignedDataPayload none = {.has_data = false}, empty = {.has_data = true};
	struct HeaderInfo header = {.psid = 0x23}, bad = {.psid = 0x23, .has_p2pcdLearningRequest = true};
	struct SignedCertificateRequest got;
	struct bytes out = {NULL, 0};
	struct key_error err;
	static const uint8_t noise[] = {0x01, 0xff, 0x00};

	CHECK(signed_data_make(&by, &none, &header, &out, &err) == KEY_VALUE && !out.p, "no payload: %s", err.text);
	CHECK(signed_data_make(&by, &empty, &header, &out, &err) == KEY_VALUE && !out.p, "empty payload: %s", err.text);
	CHECK(signed_unsecured_make(&by, payload, &bad, &out, &err) == KEY_VALUE && !out.p, "header: %s", err.text);
	bad = (struct HeaderInfo){.psid = 0x23, .has_generationLocation = true};
	bad.generationLocation.latitude = 900000002;
	CHECK(signed_unsecured_make(&by, payload, &bad, &out, &err) == KEY_VALUE && !out.p, "latitude: %s", err.text);
	wrong.key = other->key;
	CHECK(signed_unsecured_make(&wrong, payload, &header, &out, &err) == KEY_MISMATCH && !out.p, "%s", err.text);
	CHECK(countersignature_make(&wrong, payload, 0, &out, &err) == KEY_MISMATCH && !out.p, "%s", err.text);
	CHECK(certificate_request_make(&wrong, (struct scms_slice){pdu, sizeof(pdu)}, &out, &err) == KEY_MISMATCH &&
		  !out.p,
	      "%s", err.text);
	CHECK(certificate_request_make(&by, (struct scms_slice){noise, sizeof(noise)}, &out, &err) == KEY_VALUE &&
		  !out.p && strstr(err.text, "byte"),
	      "%s", err.text);
	CHECK(certificate_request_make(&by, (struct scms_slice){pdu, sizeof(pdu) - 1}, &out, &err) == KEY_VALUE &&
		  !out.p,
	      "%s", err.text);
	CHECK(signed_unsecured_make(&by, payload, &header, &out, &err) == KEY_OK, "%s", err.text);
	CHECK(certificate_request_read(&got, bytes_view(&out), NULL) == OER_RANGE, "signed data is no request");
	bytes_free(&out);
}

int main(void)
{
	struct ToBeSignedCertificate tbs;
	struct person short_one, long_one;

	for (unsigned k = 0; k < 4; k++)
		forms((enum scms_curve)k);
	tbs_root(&tbs, "short");
	person_make(&short_one, &tbs, SCMS_NIST_P256, NULL, false);
	tbs_root(&tbs, "long");
	person_make(&long_one, &tbs, SCMS_BRAINPOOL_P384R1, NULL, false);
	header_fields_all(&short_one);
	countersignature(&short_one);
	countersignature(&long_one);
	request(&short_one, true);
	request(&short_one, false);
	request(&long_one, false);
	refusals(&short_one, &long_one);
	person_free(&short_one);
	person_free(&long_one);
	return check_done();
}
