/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every row of tests/data/crypto.json.
 */
#include "crypto/aes.h"
#include "crypto/butterfly.h"
#include "crypto/ecies.h"
#include "crypto/ecqv.h"
#include "crypto/kdf2.h"
#include "crypto/linkage.h"
#include "tests/check.h"
#include "tests/crypto/json_data.h"

static uint32_t big_endian(const uint8_t *p, size_t n)
{
	uint32_t value = 0;

	while (n-- > 0)
		value = value << 8 | *p++;
	return value;
}

static void point(const json_t *row, const char *name, struct curve_point *out)
{
	uint8_t sec1[65];
	size_t n = json_data_hex(row, name, sec1, sizeof(sec1));

	CHECK(curve_point_read_sec1(SCMS_NIST_P256, (struct scms_slice){sec1, n}, out), "%s", name);
}

static void seed(const json_t *row, uint32_t i, uint32_t j, unsigned la, uint8_t plv[LINKAGE_VALUE])
{
	char name[16];
	uint8_t id[2] = {0}, ls[LINKAGE_SEED], want[LINKAGE_SEED], window[3][LINKAGE_VALUE];

	snprintf(name, sizeof(name), "la%u_id", la);
	json_data_hex(row, name, id, sizeof(id));
	snprintf(name, sizeof(name), "ls%u_0", la);
	json_data_hex(row, name, ls, sizeof(ls));
	CHECK(linkage_seed_advance((uint16_t)big_endian(id, 2), i, ls), "ls%u", la);
	snprintf(name, sizeof(name), "ls%u_i", la);
	json_data_hex(row, name, want, sizeof(want));
	CHECK(memcmp(ls, want, sizeof(ls)) == 0, "%s, i = %u", name, i);

	/* Alone, and as the last of several. */
	CHECK(linkage_pre_values((uint16_t)big_endian(id, 2), ls, j, 1, (uint8_t(*)[LINKAGE_VALUE])plv), "plv%u", la);
	CHECK(linkage_pre_values((uint16_t)big_endian(id, 2), ls, j - 2, 3, window), "plv%u", la);
	CHECK(memcmp(window[2], plv, LINKAGE_VALUE) == 0, "plv%u in a batch", la);
	snprintf(name, sizeof(name), "plv%u", la);
	json_data_hex(row, name, want, sizeof(want));
	CHECK(memcmp(plv, want, LINKAGE_VALUE) == 0, "%s, i = %u, j = %u", name, i, j);
}

static void linkage(const json_t *row)
{
	uint8_t plv[2][LINKAGE_VALUE], lv[LINKAGE_VALUE], want[LINKAGE_VALUE];
	uint32_t i = json_data_number(row, "i"), j = json_data_number(row, "j");

	seed(row, i, j, 1, plv[0]);
	seed(row, i, j, 2, plv[1]);
	linkage_value(plv[0], plv[1], lv);
	json_data_hex(row, "lv", want, sizeof(want));
	CHECK(memcmp(lv, want, sizeof(lv)) == 0, "%s: lv(%u, %u)", json_data_text(row, "name"), i, j);
}

static void butterfly(const json_t *row)
{
	const char *name = json_data_text(row, "name");
	uint8_t key[16], word[4] = {0}, f[32], a[32], b[32], want[32];
	struct curve_point A, B, expanded;
	struct butterfly_index index = {
	    .kind = strcmp(json_data_text(row, "kind"), "signing") == 0 ? BUTTERFLY_SIGNING : BUTTERFLY_ENCRYPTION,
	};

	json_data_hex(row, "expansion_key", key, sizeof(key));
	json_data_hex(row, "i", word, sizeof(word));
	index.i = big_endian(word, 4);
	json_data_hex(row, "j", word, sizeof(word));
	index.j = big_endian(word, 4);

	json_data_hex(row, "f", want, sizeof(want));
	CHECK(butterfly_scalar(SCMS_NIST_P256, key, &index, f) && memcmp(f, want, 32) == 0, "%s: f", name);
	json_data_hex(row, "a", a, sizeof(a));
	json_data_hex(row, "b", want, sizeof(want));
	CHECK(butterfly_private(SCMS_NIST_P256, a, key, &index, b) && memcmp(b, want, 32) == 0, "%s: b", name);

	A = B = (struct curve_point){.curve = SCMS_NIST_P256};
	json_data_hex(row, "A_x", A.x, 32);
	json_data_hex(row, "A_y", A.y, 32);
	json_data_hex(row, "B_x", B.x, 32);
	json_data_hex(row, "B_y", B.y, 32);
	CHECK(butterfly_public(&A, key, &index, &expanded) && curve_point_equal(&expanded, &B), "%s: B", name);
	CHECK(curve_mul_base(SCMS_NIST_P256, b, &expanded) && curve_point_equal(&expanded, &B), "%s: b*G", name);
}

static void ecqv(const json_t *row)
{
	uint8_t e[32], k_u[32], k[32], ca[32], r[32], d[32], want[32];
	struct curve_point request, ca_public, expected, got;
	struct ecqv_issue issue;

	json_data_hex(row, "e", e, 32);
	json_data_hex(row, "request_private", k_u, 32);
	json_data_hex(row, "ca_nonce", k, 32);
	json_data_hex(row, "ca_private", ca, 32);
	CHECK(curve_mul_base(SCMS_NIST_P256, k_u, &request), "R_U");
	CHECK(curve_mul_base(SCMS_NIST_P256, ca, &ca_public), "Q_CA");

	CHECK(ecqv_begin_with(&request, k, &issue), "begin");
	point(row, "reconstruction_point", &expected);
	CHECK(curve_point_equal(&issue.reconstruction, &expected), "P_U");
	CHECK(ecqv_finish(&issue, e, ca, r), "finish");
	json_data_hex(row, "r", want, 32);
	CHECK(memcmp(r, want, 32) == 0, "r");
	CHECK(!ecqv_finish(&issue, e, ca, r), "a second r from one k");

	CHECK(ecqv_accept(&expected, e, &ca_public, k_u, r, d), "accept");
	json_data_hex(row, "private", want, 32);
	CHECK(memcmp(d, want, 32) == 0, "d_U");
	point(row, "public", &expected);
	CHECK(ecqv_public(&issue.reconstruction, e, &ca_public, &got) && curve_point_equal(&got, &expected), "Q_U");
}

static void ecies(const json_t *row)
{
	uint8_t ephemeral[32], d[32], key[16], p1[32], t[16], c[16], out[16];
	struct private_key *recipient = NULL;
	struct ecies_wrapped wrapped;
	struct curve_point v;

	json_data_hex(row, "ephemeral_private", ephemeral, 32);
	json_data_hex(row, "recipient_private", d, 32);
	json_data_hex(row, "key", key, 16);
	json_data_hex(row, "p1", p1, 32);
	json_data_hex(row, "C", c, 16);
	json_data_hex(row, "T", t, 16);
	point(row, "V", &v);
	CHECK(private_key_from_scalar(SCMS_NIST_P256, d, &recipient, NULL) == KEY_OK, "recipient");
	CHECK(ecies_wrap_with(ephemeral, private_key_public(recipient), (struct scms_slice){p1, 32}, key, &wrapped),
	      "wrap");
	CHECK(curve_point_equal(&wrapped.v, &v), "V");
	CHECK(memcmp(wrapped.c, c, 16) == 0, "C");
	CHECK(memcmp(wrapped.t, t, 16) == 0, "T");
	CHECK(ecies_unwrap(recipient, (struct scms_slice){p1, 32}, &wrapped, out, NULL) == KEY_OK &&
		  memcmp(out, key, 16) == 0,
	      "unwrap");
	private_key_free(recipient);
}

static void ccm(const json_t *row)
{
	uint8_t key[16], nonce[12], plain[4096], want[4096 + 16], out[4096 + 16];
	size_t n = json_data_hex(row, "plaintext", plain, sizeof(plain));
	size_t sealed = json_data_hex(row, "ciphertext_and_tag", want, sizeof(want));
	struct ccm c = ccm_1609(key, nonce);

	json_data_hex(row, "key", key, sizeof(key));
	json_data_hex(row, "nonce", nonce, sizeof(nonce));
	CHECK(sealed == n + CCM_TAG, "row of %zu bytes", n);
	CHECK(ccm_encrypt(&c, (struct scms_slice){plain, n}, out) && memcmp(out, want, sealed) == 0, "%zu bytes", n);
	CHECK(ccm_decrypt(&c, (struct scms_slice){want, sealed}, out) && memcmp(out, plain, n) == 0, "%zu bytes", n);
}

static void kdf2(const json_t *row)
{
	uint8_t ss[64], p1[256], want[256], out[256];
	size_t ss_n = json_data_hex(row, "ss", ss, sizeof(ss)), p1_n = json_data_hex(row, "p1", p1, sizeof(p1));
	size_t n = json_data_hex(row, "out", want, sizeof(want));

	CHECK(n == json_data_number(row, "length"), "length");
	CHECK(kdf2_sha256((struct scms_slice){ss, ss_n}, (struct scms_slice){p1, p1_n}, out, n) &&
		  memcmp(out, want, n) == 0,
	      "%zu bytes", n);
}

/* CAMP's published group linkage values: the individual formulas, with a 32-bit j. */
static void group(void)
{
	static const struct {
		uint16_t la;
		uint32_t j;
		uint8_t seed[LINKAGE_SEED], plv[LINKAGE_VALUE];
	} rows[] = {
	    {0x8e09, 0x4840ed22, "\x6b\x71\xa7\xeb\x57\x55\xf1\x6e\x89\x98\x1d\x21\x89\xa6\xda\xea",
	     "\x39\x6e\x1f\xd3\x9b\x37\x96\x97\xe6"},
	    {0x59ce, 0x4840ed22, "\xcc\x4d\xb9\x77\xf5\x95\xad\x23\x3f\x0f\x4e\x65\x40\x8d\x9a\x9c",
	     "\x5f\xb9\xe2\xba\x0a\x6d\xaa\x09\xea"},
	    {0x8e09, 0x548f7017, "\x38\x72\x2c\x45\x59\xb4\xc3\xe9\x6d\x12\x03\x2b\x0e\x05\x6a\x76",
	     "\xa8\xdb\x5a\x8c\xa0\xe4\xe2\xe4\x86"},
	};
	static const uint8_t ik[16] = "\x15\x02\xd9\xab\x67\x86\xbf\x68\xfb\xa9\xf2\x10\x37\x3b\xf2\x21";
	static const uint8_t ei[16] = "\x0a\x25\x69\x59\xa3\x76\x9a\x93\xf4\x3f\x82\x5d\x07\x90\x71\x9b";
	uint8_t out[1][LINKAGE_VALUE], index[AES_BLOCK];

	for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++)
		CHECK(linkage_pre_values(rows[k].la, rows[k].seed, rows[k].j, 1, out) &&
			  memcmp(out, rows[k].plv, LINKAGE_VALUE) == 0,
		      "group row %zu", k);
	CHECK(linkage_encrypted_index(ik, 0x5a6709ea, 0x4840ed22, index) && memcmp(index, ei, 16) == 0, "ei");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(const json_t *row);
	} kinds[] = {
	    {"linkage", linkage}, {"butterfly", butterfly}, {"ecqv", ecqv}, {"ecies", ecies},
	    {"ccm", ccm},         {"kdf2", kdf2},
	};
	json_t *root = json_data_load(argc > 1 ? argv[1] : "");
	unsigned matched = 0;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		const json_t *rows = json_object_get(root, kinds[k].name);
		size_t n;
		json_t *row;

		CHECK(json_array_size(rows) > 0, "no rows of %s", kinds[k].name);
		json_array_foreach(rows, n, row) kinds[k].run(row);
		matched++;
	}
	CHECK(json_object_size(root) == matched, "a kind of rows that no test reads");
	json_decref(root);
	group();
	return check_done();
}
