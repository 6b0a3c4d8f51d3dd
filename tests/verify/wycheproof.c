/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Project Wycheproof's ECDSA cases on the four curves, by each back end, with the key given in each way: as a handle,
 * with and without its table, and as a point, compressed and not.
 */
#include "engines.h"

#include "../crypto/json_data.h"

#include <openssl/sha.h>

#define REPEATS 20 /* uses after which a key has its table */

static const struct {
	const char *name;
	enum scms_curve curve;
} curves[] = {
    {"secp256r1", SCMS_NIST_P256},
    {"secp384r1", SCMS_NIST_P384},
    {"brainpoolP256r1", SCMS_BRAINPOOL_P256R1},
    {"brainpoolP384r1", SCMS_BRAINPOOL_P384R1},
};

static enum scms_curve curve_of(const char *name)
{
	for (unsigned k = 0; k < sizeof(curves) / sizeof(curves[0]); k++)
		if (strcmp(curves[k].name, name) == 0)
			return curves[k].curve;
	fprintf(stderr, "unknown curve %s\n", name);
	exit(1);
}

static void case_ask(const char *label, struct scms_verify_request request, const struct scms_point point[2],
		     bool valid)
{
	/* Other curves have no tables. */
	const unsigned all_n = point[0].curve == SCMS_NIST_P256 ? REPEATS + 2 : 3;

	for (unsigned k = 0; k < ENGINES; k++) {
		const struct scms_crypto *crypto = scms_verifier_crypto(engine[k]);
		const struct scms_key *key = crypto->key(crypto->ctx, &point[0]);
		struct scms_verify_request all[REPEATS + 2];
		uint8_t verdict[REPEATS + 2];

		CHECK(key != NULL && key == crypto->key(crypto->ctx, &point[1]), "%s: no handle", label);
		if (key == NULL)
			return;
		for (unsigned m = 0; m < all_n; m++) {
			all[m] = request;
			all[m].signer = m < 2 ? SCMS_SIGNER_POINT : SCMS_SIGNER_KEY;
			if (m < 2)
				all[m].u.point = point[m];
			else
				all[m].u.key = key;
		}
		for (unsigned m = 0; m < 3; m++) {
			engine_ask(k, &all[m], 1, verdict);
			CHECK(verdict[0] == (valid ? SCMS_GOOD : SCMS_BAD), "%s, %s, form %u: %u", label,
			      engine_name[k], m, verdict[0]);
		}
		engine_ask(k, all, all_n, verdict);
		for (unsigned m = 0; m < all_n; m++)
			CHECK(verdict[m] == (valid ? SCMS_GOOD : SCMS_BAD), "%s, %s, %u in a batch: %u", label,
			      engine_name[k], m, verdict[m]);
	}
}

static unsigned group_run(const char *path, const json_t *group)
{
	const json_t *key = json_object_get(group, "publicKey");
	enum scms_curve curve = curve_of(json_data_text(key, "curve"));
	size_t width = scms_curve_bytes(curve);
	uint8_t q[97], sig[256], msg[4096], digest[48];
	struct scms_point point[2];
	const json_t *row;
	unsigned asked = 0;
	size_t index;

	CHECK(json_data_hex(key, "uncompressed", q, sizeof(q)) == 1 + 2 * width, "%s: a key of another size", path);
	point[0] = (struct scms_point){curve, SCMS_POINT_UNCOMPRESSED, q + 1, q + 1 + width};
	point[1] = (struct scms_point){curve, q[2 * width] & 1 ? SCMS_POINT_COMPRESSED_Y1 : SCMS_POINT_COMPRESSED_Y0,
				       q + 1, NULL};
	json_array_foreach(json_object_get(group, "tests"), index, row)
	{
		bool valid = strcmp(json_data_text(row, "result"), "valid") == 0;
		size_t n = json_data_hex(row, "sig", sig, sizeof(sig)), m = json_data_hex(row, "msg", msg, sizeof(msg));
		char label[300];

		snprintf(label, sizeof(label), "%s %u (%s)", path, json_data_number(row, "tcId"),
			 json_data_text(row, "comment"));
		if (n != 2 * width) {
			/* Such a signature cannot be asked about: r and s have one size. */
			CHECK(!valid, "%s: valid, of %zu bytes", label, n);
			continue;
		}
		(width == 32 ? SHA256 : SHA384)(msg, m, digest);
		case_ask(label, (struct scms_verify_request){.digest = digest, .r = sig, .s = sig + width}, point,
			 valid);
		asked++;
	}
	for (unsigned k = 0; k < ENGINES; k++) {
		const struct scms_crypto *crypto = scms_verifier_crypto(engine[k]);

		crypto->key_drop(crypto->ctx, &point[0]);
	}
	return asked;
}

int main(int argc, char **argv)
{
	engines_start();
	for (int k = 1; k < argc; k++) {
		json_t *root = json_data_load(argv[k]), *group;
		unsigned asked = 0;
		size_t index;

		json_array_foreach(json_object_get(root, "testGroups"), index, group) asked +=
		    group_run(argv[k], group);
		CHECK(asked > 100, "%s: only %u cases", argv[k], asked);
		json_decref(root);
	}
	engines_end();
	return check_done();
}
