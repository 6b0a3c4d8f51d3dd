/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every Wycheproof case of key agreement on P-256 and of AES-CCM.
 */
#include "crypto/aes.h"
#include "crypto/key.h"
#include "tests/check.h"
#include "tests/crypto/json_data.h"

static bool has_flag(const json_t *test, const char *name)
{
	const json_t *flags = json_object_get(test, "flags");

	for (size_t k = 0; k < json_array_size(flags); k++)
		if (strcmp(json_string_value(json_array_get(flags, k)), name) == 0)
			return true;
	return false;
}

/* A scalar as a big-endian number of any length, as 32 bytes. */
static bool scalar_read(const json_t *test, uint8_t out[32])
{
	uint8_t number[64];
	size_t n = json_data_hex(test, "private", number, sizeof(number)), skip = 0;

	while (skip < n && n - skip > 32 && number[skip] == 0)
		skip++;
	memset(out, 0, 32);
	if (n - skip > 32)
		return false;
	memcpy(out + 32 - (n - skip), number + skip, n - skip);
	return true;
}

static void ecdh(const json_t *group, const json_t *test)
{
	const char *result = json_data_text(test, "result");
	uint8_t public[256], d[32], want[64], shared[CURVE_BYTES_MAX];
	size_t public_n = json_data_hex(test, "public", public, sizeof(public));
	size_t want_n = json_data_hex(test, "shared", want, sizeof(want));
	struct private_key *key = NULL;
	struct curve_point peer;
	bool agreed;

	CHECK(strcmp(json_data_text(group, "curve"), "secp256r1") == 0, "a curve that this test does not know");
	agreed = scalar_read(test, d) && private_key_from_scalar(SCMS_NIST_P256, d, &key, NULL) == KEY_OK &&
		 curve_point_read_sec1(SCMS_NIST_P256, (struct scms_slice){public, public_n}, &peer) &&
		 private_key_agree(key, &peer, shared, NULL) == KEY_OK;
	/* "acceptable": a compressed point, which is how 1609.2 writes its points. */
	if (strcmp(result, "acceptable") == 0)
		CHECK(has_flag(test, "CompressedPublic"), "case %u", json_data_number(test, "tcId"));
	CHECK(agreed == (strcmp(result, "invalid") != 0), "case %u: %s", json_data_number(test, "tcId"),
	      json_data_text(test, "comment"));
	if (agreed)
		CHECK(want_n == 32 && memcmp(shared, want, 32) == 0, "case %u: %s", json_data_number(test, "tcId"),
		      json_data_text(test, "comment"));
	private_key_free(key);
}

static void ccm(const json_t *group, const json_t *test)
{
	uint8_t key[32], nonce[512], aad[2048], text[2048], want[2048 + 32], out[2048 + 32];
	size_t key_n = json_data_hex(test, "key", key, sizeof(key));
	size_t nonce_n = json_data_hex(test, "iv", nonce, sizeof(nonce));
	size_t aad_n = json_data_hex(test, "aad", aad, sizeof(aad));
	size_t text_n = json_data_hex(test, "msg", text, sizeof(text));
	size_t cipher_n = json_data_hex(test, "ct", want, sizeof(want) - 32);
	size_t tag_n = json_data_hex(test, "tag", want + cipher_n, 32);
	struct ccm c = {{key, key_n}, {nonce, nonce_n}, {aad, aad_n}, json_data_number(group, "tagSize") / 8};
	bool valid = strcmp(json_data_text(test, "result"), "valid") == 0;
	unsigned number = json_data_number(test, "tcId");

	if (valid) {
		CHECK(ccm_encrypt(&c, (struct scms_slice){text, text_n}, out), "case %u", number);
		CHECK(memcmp(out, want, cipher_n + tag_n) == 0, "case %u", number);
	}
	memset(out, 0xa5, sizeof(out));
	CHECK(ccm_decrypt(&c, (struct scms_slice){want, cipher_n + tag_n}, out) == valid, "case %u: %s", number,
	      json_data_text(test, "comment"));
	if (valid)
		CHECK(memcmp(out, text, text_n) == 0, "case %u", number);
	else
		CHECK(cipher_n == 0 || memcmp(out, text, cipher_n) != 0, "case %u: plaintext came out", number);
}

static void run(const char *path, void (*one)(const json_t *group, const json_t *test))
{
	json_t *root = json_data_load(path), *groups = json_object_get(root, "testGroups"), *group, *test;
	size_t g, t, n = 0;

	json_array_foreach(groups, g, group)
	{
		json_array_foreach(json_object_get(group, "tests"), t, test)
		{
			one(group, test);
			n++;
		}
	}
	CHECK(n == json_data_number(root, "numberOfTests") && n > 300, "%s has %zu cases", path, n);
	json_decref(root);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: wycheproof ECDH.json CCM.json\n");
		return 1;
	}
	run(argv[1], ecdh);
	run(argv[2], ccm);
	return check_done();
}
