/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypted data for each kind of recipient.
 */
#include "dot2/encrypt.h"

#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/dot2/people.h"

static const uint8_t text[] = {0x03, 0x80, 0x03, 'a', 'b', 'c'}; /* an unsecured Ieee1609Dot2Data */
static const struct scms_slice plain = {text, sizeof(text)};

static void opens(struct scms_slice message, const struct recipient *me, struct private_key *key, const char *what)
{
	struct bytes out = {NULL, 0};
	struct key_error err = {.status = KEY_OK};

	CHECK(encrypted_data_open(message, me, key, &out, &err) == KEY_OK, "%s: %s", what, err.text);
	CHECK(out.n == plain.n && memcmp(out.p, plain.p, plain.n) == 0, "%s", what);
	bytes_free(&out);
}

static void refuses(struct scms_slice message, const struct recipient *me, struct private_key *key,
		    enum key_status want, const char *what)
{
	struct bytes out = {(uint8_t *)(uintptr_t)what, 1};
	struct key_error err = {.status = KEY_OK};
	enum key_status status = encrypted_data_open(message, me, key, &out, &err);

	CHECK(status == want && err.status == want, "%s: %d, not %d: %s", what, status, want, err.text);
	CHECK(out.p == NULL, "%s: plaintext came out", what);
}

static struct bytes encrypted(const struct recipient *recipients, uint32_t n)
{
	struct bytes out = {NULL, 0};
	struct key_error err = {.status = KEY_OK};

	CHECK(encrypted_data_make(recipients, n, plain, &out, &err) == KEY_OK, "%s", err.text);
	return out;
}

/*
 * Where the tag of the ephemeral point stands in a message for one certificate. Its lowest bit is the sign of y, which
 * ECIES does not protect: a point and its negative have the same x, and so the same secret.
 */
#define SIGN_OF_Y 14

/* Each byte of the message matters. */
static void changes(const struct bytes *message, const struct recipient *me, struct private_key *key, const char *what)
{
	struct bytes out;

	for (size_t k = 0; k < message->n; k++) {
		if (me->kind == RecipientInfo_is_certRecipInfo && k == SIGN_OF_Y)
			continue;
		message->p[k] ^= 1;
		CHECK(encrypted_data_open(bytes_view(message), me, key, &out, NULL) != KEY_OK, "%s: byte %zu", what, k);
		CHECK(!out.p, "%s: byte %zu: plaintext came out", what, k);
		bytes_free(&out);
		message->p[k] ^= 1;
	}
}

/* One message for recipients of all kinds with a wrapped key; each of them reads it, and no other. */
static void all_kinds(void)
{
	static const uint8_t secret[16] = "fifteen letters", other_secret[16] = "fourteen others";
	struct ToBeSignedCertificate tbs;
	struct person pca, ra, asker;
	struct private_key *response = NULL, *request_key = NULL;
	struct recipient to[4], stranger;
	struct HeaderInfo header = {.psid = 0x23, .has_encryptionKey = true};
	struct signer by;
	struct bytes question, message;
	struct key_error err = {.status = KEY_OK};

	tbs_root(&tbs, "asker");
	person_make(&asker, &tbs, SCMS_NIST_P384, NULL, false);
	tbs_pca(&tbs, "pca");
	person_make(&pca, &tbs, SCMS_NIST_P256, &asker, true); /* its own signature, and so its hash, is of 384 bits */
	person_make(&ra, &tbs, SCMS_NIST_P256, &pca, true);
	CHECK(private_key_random(SCMS_BRAINPOOL_P256R1, &response, &err) == KEY_OK &&
		  private_key_random(SCMS_NIST_P256, &request_key, &err) == KEY_OK,
	      "%s", err.text);

	header.encryptionKey.choice = EncryptionKey_is_public;
	CHECK(point_to_encryption_key(private_key_public(request_key), &header.encryptionKey.u.public), "header");
	by = person_signer(&asker, true);
	CHECK(signed_unsecured_make(&by, plain, &header, &question, &err) == KEY_OK, "%s", err.text);

	CHECK(recipient_of_cert(&pca.cert, &to[0], &err) == KEY_OK && to[0].p1_length == 48, "%s", err.text);
	CHECK(recipient_of_signed_data(bytes_view(&question), &judge, &to[1], &err) == KEY_OK, "%s", err.text);
	CHECK(recipient_of_response_key(private_key_public(response), &judge, &to[2], &err) == KEY_OK, "%s", err.text);
	CHECK(recipient_of_symmetric_key(secret, false, &judge, &to[3], &err) == KEY_OK, "%s", err.text);
	message = encrypted(to, 4);
	opens(bytes_view(&message), &to[0], pca.decryption, "certificate");
	opens(bytes_view(&message), &to[1], request_key, "signed data");
	opens(bytes_view(&message), &to[2], response, "response key");
	opens(bytes_view(&message), &to[3], NULL, "symmetric key");

	refuses(bytes_view(&message), &to[0], ra.decryption, KEY_NOT_FOR_US, "certificate, another key");
	refuses(bytes_view(&message), &to[1], response, KEY_POINT, "signed data, a key of another curve");
	CHECK(recipient_of_cert(&ra.cert, &stranger, &err) == KEY_OK, "%s", err.text);
	refuses(bytes_view(&message), &stranger, ra.decryption, KEY_NOT_FOR_US, "another certificate");
	CHECK(recipient_of_symmetric_key(other_secret, false, &judge, &stranger, &err) == KEY_OK, "%s", err.text);
	refuses(bytes_view(&message), &stranger, NULL, KEY_NOT_FOR_US, "another symmetric key");
	memcpy(stranger.id, to[3].id, 8);
	refuses(bytes_view(&message), &stranger, NULL, KEY_NOT_FOR_US, "another symmetric key of the same id");
	CHECK(recipient_of_response_key(private_key_public(request_key), &judge, &stranger, &err) == KEY_OK, "%s",
	      err.text);
	refuses(bytes_view(&message), &stranger, request_key, KEY_NOT_FOR_US, "another response key");
	/* Some senders write their own id beside a response key. */
	stranger = to[2];
	memset(stranger.id, 0, 8);
	opens(bytes_view(&message), &stranger, response, "response key under a strange id");
	bytes_free(&message);

	message = encrypted(&to[0], 1);
	changes(&message, &to[0], pca.decryption, "certificate");
	bytes_free(&message);
	message = encrypted(&to[3], 1);
	changes(&message, &to[3], NULL, "symmetric key");
	bytes_free(&message);
	bytes_free(&question);
	private_key_free(response);
	private_key_free(request_key);
	person_free(&pca);
	person_free(&ra);
	person_free(&asker);
}

static void pre_shared(void)
{
	static const uint8_t secret[16] = "fifteen letters";
	struct recipient to[2], other;
	struct bytes message, out;
	struct key_error err;

	CHECK(recipient_of_symmetric_key(secret, true, &judge, &to[0], &err) == KEY_OK, "%s", err.text);
	message = encrypted(to, 1);
	opens(bytes_view(&message), &to[0], NULL, "pre-shared");
	changes(&message, &to[0], NULL, "pre-shared");
	other = to[0];
	other.key[3] ^= 1;
	refuses(bytes_view(&message), &other, NULL, KEY_NOT_FOR_US, "another pre-shared key of the same id");
	bytes_free(&message);

	CHECK(recipient_of_symmetric_key(secret, false, &judge, &to[1], &err) == KEY_OK, "%s", err.text);
	CHECK(encrypted_data_make(to, 2, plain, &out, &err) == KEY_VALUE && !out.p, "pre-shared and another: %s",
	      err.text);
	CHECK(encrypted_data_make(to, 0, plain, &out, &err) == KEY_VALUE && !out.p, "nobody: %s", err.text);
}

static void unusable(void)
{
	struct ToBeSignedCertificate tbs;
	struct person root;
	struct private_key *key = NULL;
	struct HeaderInfo header = {.psid = 0x23};
	struct recipient to;
	struct signer by;
	struct bytes message, out;
	struct key_error err;

	tbs_root(&tbs, "root");
	person_make(&root, &tbs, SCMS_NIST_P256, NULL, false);
	CHECK(recipient_of_cert(&root.cert, &to, &err) == KEY_VALUE, "a certificate without encryption key: %s",
	      err.text);
	by = person_signer(&root, false);
	CHECK(signed_unsecured_make(&by, plain, &header, &message, &err) == KEY_OK, "%s", err.text);
	CHECK(recipient_of_signed_data(bytes_view(&message), &judge, &to, &err) == KEY_VALUE, "no key in it: %s",
	      err.text);
	CHECK(recipient_of_signed_data(plain, &judge, &to, &err) == KEY_MALFORMED, "not signed: %s", err.text);
	CHECK(private_key_random(SCMS_NIST_P384, &key, &err) == KEY_OK, "%s", err.text);
	CHECK(recipient_of_response_key(private_key_public(key), &judge, &to, &err) == KEY_CURVE, "P-384: %s",
	      err.text);
	private_key_free(key);

	CHECK(private_key_random(SCMS_NIST_P256, &key, &err) == KEY_OK &&
		  recipient_of_response_key(private_key_public(key), &judge, &to, &err) == KEY_OK,
	      "%s", err.text);
	refuses(bytes_view(&message), &to, key, KEY_MALFORMED, "signed, not encrypted");
	refuses(plain, &to, key, KEY_MALFORMED, "not encrypted");
	refuses((struct scms_slice){text, 4}, &to, key, KEY_MALFORMED, "cut short");
	to.public.y[2] ^= 1;
	CHECK(encrypted_data_make(&to, 1, plain, &out, &err) == KEY_POINT && !out.p, "off the curve: %s", err.text);
	bytes_free(&message);
	private_key_free(key);
	person_free(&root);
}

/* The id of a signed message is of its canonical form: the same message with loose points has the same. */
static void canonical(void)
{
	struct ToBeSignedCertificate tbs;
	struct person root;
	struct private_key *key = NULL;
	struct HeaderInfo header = {.psid = 0x23, .has_encryptionKey = true};
	struct recipient tight, loose;
	struct Ieee1609Dot2Data data;
	struct EccP256CurvePoint *point, *r;
	struct signer by;
	struct bytes message, other;
	struct key_error err = {.status = KEY_OK};

	tbs_root(&tbs, "root");
	person_make(&root, &tbs, SCMS_NIST_P256, NULL, false);
	CHECK(private_key_random(SCMS_NIST_P256, &key, &err) == KEY_OK, "%s", err.text);
	header.encryptionKey.choice = EncryptionKey_is_public;
	CHECK(point_to_encryption_key(private_key_public(key), &header.encryptionKey.u.public), "header");
	by = person_signer(&root, true);
	CHECK(signed_unsecured_make(&by, plain, &header, &message, &err) == KEY_OK, "%s", err.text);
	CHECK(recipient_of_signed_data(bytes_view(&message), &judge, &tight, &err) == KEY_OK, "%s", err.text);

	CHECK(oer_decode(&oer_Ieee1609Dot2Data, bytes_view(&message), OER_DEPTH_DEFAULT, &data, NULL) == OER_OK,
	      "decode");
	point = &data.content.u.signedData.tbsData.headerInfo.encryptionKey.u.public.publicKey.u.eciesNistP256;
	point->choice = EccP256CurvePoint_is_uncompressedP256;
	point->u.uncompressedP256.x = private_key_public(key)->x;
	point->u.uncompressedP256.y = private_key_public(key)->y;
	r = &data.content.u.signedData.signature.u.ecdsaNistP256Signature.rSig;
	r->choice = EccP256CurvePoint_is_compressed_y_1;
	CHECK(make_bytes(&oer_Ieee1609Dot2Data, &data, &other, &err) == KEY_OK && other.n > message.n, "%s", err.text);
	CHECK(recipient_of_signed_data(bytes_view(&other), &judge, &loose, &err) == KEY_OK, "%s", err.text);
	CHECK(memcmp(tight.p1, loose.p1, 32) == 0 && memcmp(tight.id, loose.id, 8) == 0, "another id");
	CHECK(memcmp(tight.id, tight.p1 + 24, 8) == 0, "id and P1 are of one hash");
	bytes_free(&message);
	bytes_free(&other);
	private_key_free(key);
	person_free(&root);
}

int main(void)
{
	all_kinds();
	pre_shared();
	unusable();
	canonical();
	return check_done();
}
