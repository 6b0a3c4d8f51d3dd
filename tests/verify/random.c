/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random decisions: argv[1] signatures, a quarter of them tampered with, in batches of random size and mixture, by
 * every back end, each verdict compared with OpenSSL's. Keys are few, so that every back end comes to have tables for
 * them, and change from time to time, so that tables are made, and dropped, again.
 *
 * With a second argument they are shared among that many processes, each with random numbers of its own, 0 standing
 * for one a processor; each tells from time to time how far it is. A third is the seed: runs with different seeds add
 * up. A fourth is the name of the one back end to ask.
 *
 * OpenSSL's verdict on a request is found once, for all back ends, and in two ways. Where the signer's bytes are those
 * of a key pair made here, d is known and u1 * G + u2 * Q is (u1 + u2 d) * G, one multiplication instead of two, by
 * another path than any back end takes; one in VERIFY_EVERY is verified by ECDSA_do_verify as well, as are all others.
 */
#include "engines.h"

#include <sys/wait.h>
#include <unistd.h>

#define CAS 5
#define DEVICES 16
#define BATCH_MAX 300
#define CHANGE 4000 /* decisions until a CA's key is another */
#define NONCE_USES 50
#define TELL 500000
#define VERIFY_EVERY 16

static EC_GROUP *group;
static BN_CTX *bn;

struct pair {
	EC_KEY *ec;
	uint8_t x[32], y[32], e[32]; /* for an implicit certificate, x and y are the reconstruction point's */
	unsigned ca;
	const struct scms_key *handle[ENGINES];
	/* The nonce of its signatures: r, and 1 / k mod n; another after NONCE_USES. */
	BIGNUM *r, *k_inverse;
	unsigned nonce_uses;
};

static struct pair ca[CAS], device[DEVICES], implicit[DEVICES];

struct item {
	uint8_t digest[32], r[32], s[32], e[32], x[32], y[32];
};

static BIGNUM *random_scalar(void)
{
	uint8_t bytes[32];
	BIGNUM *x;

	random_bytes(bytes, sizeof(bytes));
	bytes[0] &= 0x7f;
	bytes[31] |= 1;
	x = BN_bin2bn(bytes, 32, NULL);
	return x;
}

static void xy_write(const EC_POINT *q, uint8_t x[32], uint8_t y[32])
{
	uint8_t octets[65];

	EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, octets, sizeof(octets), bn);
	memcpy(x, octets + 1, 32);
	memcpy(y, octets + 33, 32);
}

static EC_KEY *key_of(const BIGNUM *d)
{
	EC_KEY *key = EC_KEY_new();
	EC_POINT *q = EC_POINT_new(group);

	EC_POINT_mul(group, q, d, NULL, NULL, bn);
	EC_KEY_set_group(key, group);
	EC_KEY_set_private_key(key, d);
	EC_KEY_set_public_key(key, q);
	EC_POINT_free(q);
	return key;
}

static void pair_make(struct pair *pair)
{
	BIGNUM *d = random_scalar();

	EC_KEY_free(pair->ec);
	pair->ec = key_of(d);
	xy_write(EC_KEY_get0_public_key(pair->ec), pair->x, pair->y);
	BN_free(d);
}

static struct scms_point pair_point(const uint8_t x[32], const uint8_t y[32], bool compressed)
{
	if (!compressed)
		return (struct scms_point){SCMS_NIST_P256, SCMS_POINT_UNCOMPRESSED, x, y};
	return (struct scms_point){SCMS_NIST_P256, y[31] & 1 ? SCMS_POINT_COMPRESSED_Y1 : SCMS_POINT_COMPRESSED_Y0, x,
				   NULL};
}

static void ca_make(unsigned k)
{
	for (unsigned m = 0; m < ENGINES; m++) {
		const struct scms_crypto *crypto = scms_verifier_crypto(engine[m]);
		struct scms_point point = pair_point(ca[k].x, ca[k].y, m == 0);

		if (ca[k].ec != NULL)
			crypto->key_drop(crypto->ctx, &point);
	}
	pair_make(&ca[k]);
	for (unsigned m = 0; m < ENGINES; m++) {
		const struct scms_crypto *crypto = scms_verifier_crypto(engine[m]);
		struct scms_point point = pair_point(ca[k].x, ca[k].y, m == 0);

		ca[k].handle[m] = crypto->key(crypto->ctx, &point);
		CHECK(ca[k].handle[m] != NULL, "no handle");
	}
}

/* Q = e * P + Q_CA, so d = e * k + d_CA. */
static void implicit_make(struct pair *pair, unsigned issuer)
{
	const BIGNUM *n = EC_GROUP_get0_order(group);
	BIGNUM *d = random_scalar(), *e = BN_new();
	EC_KEY *recon = key_of(d);

	random_bytes(pair->e, 32);
	pair->ca = issuer;
	xy_write(EC_KEY_get0_public_key(recon), pair->x, pair->y);
	BN_bin2bn(pair->e, 32, e);
	BN_mod_mul(d, d, e, n, bn);
	BN_mod_add(d, d, EC_KEY_get0_private_key(ca[issuer].ec), n, bn);
	EC_KEY_free(pair->ec);
	pair->ec = key_of(d);
	EC_KEY_free(recon);
	BN_free(d);
	BN_free(e);
}

/*
 * A signature over the item's digest, s = (digest + r d) / k. A nonce serves some fifty times: what verification
 * calculates with, digest / s and r / s, is random all the same, and OpenSSL's signing would take a third of the time.
 */
static void item_sign(struct item *item, struct pair *pair)
{
	const BIGNUM *n = EC_GROUP_get0_order(group), *d = EC_KEY_get0_private_key(pair->ec);
	BIGNUM *s = BN_new(), *digest = BN_bin2bn(item->digest, 32, NULL);

	if (pair->r == NULL || pair->nonce_uses++ == NONCE_USES) {
		BIGNUM *k = random_scalar();
		EC_POINT *point = EC_POINT_new(group);

		BN_free(pair->r);
		BN_free(pair->k_inverse);
		pair->r = BN_new();
		pair->k_inverse = BN_mod_inverse(NULL, k, n, bn);
		pair->nonce_uses = 0;
		EC_POINT_mul(group, point, k, NULL, NULL, bn);
		EC_POINT_get_affine_coordinates(group, point, pair->r, NULL, bn);
		BN_nnmod(pair->r, pair->r, n, bn);
		EC_POINT_free(point);
		BN_free(k);
	}
	BN_mod_mul(s, pair->r, d, n, bn);
	BN_mod_add(s, s, digest, n, bn);
	BN_mod_mul(s, s, pair->k_inverse, n, bn);
	BN_bn2binpad(pair->r, item->r, 32);
	BN_bn2binpad(s, item->s, 32);
	BN_free(s);
	BN_free(digest);
}

/* OpenSSL's key for the bytes of an item; NULL if a point is none. */
static EC_POINT *plain_signer(const struct item *item, unsigned kind, const struct pair *issuer)
{
	uint8_t octets[65] = {POINT_CONVERSION_UNCOMPRESSED};
	EC_POINT *q = EC_POINT_new(group);
	BIGNUM *e;

	memcpy(octets + 1, item->x, 32);
	memcpy(octets + 33, item->y, 32);
	if (EC_POINT_oct2point(group, q, octets, 65, bn) != 1) {
		EC_POINT_free(q);
		return NULL;
	}
	if (kind == SCMS_SIGNER_IMPLICIT) {
		e = BN_bin2bn(item->e, 32, NULL);
		EC_POINT_mul(group, q, NULL, q, e, bn);
		EC_POINT_add(group, q, q, EC_KEY_get0_public_key(issuer->ec), bn);
		BN_free(e);
	}
	return q;
}

static void item_tamper(struct item *item, unsigned kind, uint8_t choice[4])
{
	uint8_t *part[] = {item->digest, item->r, item->s, kind == SCMS_SIGNER_IMPLICIT ? item->e : item->s, item->y};

	/* A y changed is no point, nearly always; not of a known key, whose bytes are its own. */
	part[choice[1] % (kind == SCMS_SIGNER_KEY ? 3 : 5)][choice[2] % 32] ^= (uint8_t)(1 << choice[3] % 8);
}

/* The definition of a good signature, by a key pair: x of (u1 + u2 d) * G is r mod n. */
static enum scms_verdict pair_verdict(const EC_KEY *pair, const struct item *item)
{
	static BIGNUM *r, *s, *u, *x;
	static EC_POINT *sum;
	const BIGNUM *n = EC_GROUP_get0_order(group);
	bool good;

	if (sum == NULL) {
		r = BN_new();
		s = BN_new();
		u = BN_new();
		x = BN_new();
		sum = EC_POINT_new(group);
	}
	BN_bin2bn(item->r, 32, r);
	BN_bin2bn(item->s, 32, s);
	if (BN_is_zero(r) || BN_is_zero(s) || BN_cmp(r, n) >= 0 || BN_cmp(s, n) >= 0)
		return SCMS_BAD;
	BN_bin2bn(item->digest, 32, u);
	BN_mod_mul(x, r, EC_KEY_get0_private_key(pair), n, bn);
	BN_mod_add(u, u, x, n, bn);
	BN_mod_inverse(s, s, n, bn);
	BN_mod_mul(u, u, s, n, bn);
	EC_POINT_mul(group, sum, u, NULL, NULL, bn);
	good = EC_POINT_is_at_infinity(group, sum) != 1 &&
	       EC_POINT_get_affine_coordinates(group, sum, x, NULL, bn) == 1 && BN_nnmod(x, x, n, bn) == 1;
	return good && BN_cmp(x, r) == 0 ? SCMS_GOOD : SCMS_BAD;
}

/* Makes one, and gives what OpenSSL says of it. */
static enum scms_verdict item_make(struct item *item, struct scms_verify_request request[ENGINES])
{
	uint8_t choice[8];
	struct pair *pair;
	enum scms_verdict right;
	enum scms_signer_kind kind;
	bool compressed;

	random_bytes(choice, sizeof(choice));
	kind = (enum scms_signer_kind)(choice[4] % 3);
	pair = kind == SCMS_SIGNER_KEY     ? &ca[choice[5] % CAS]
	       : kind == SCMS_SIGNER_POINT ? &device[choice[5] % DEVICES]
					   : &implicit[choice[5] % DEVICES];
	random_bytes(item->digest, 32);
	item_sign(item, pair);
	memcpy(item->e, pair->e, 32);
	memcpy(item->x, pair->x, 32);
	memcpy(item->y, pair->y, 32);
	compressed = choice[6] % 2;
	if (choice[0] % 4 == 0) {
		item_tamper(item, kind, choice);
		compressed = false;
	}
	if (memcmp(item->x, pair->x, 32) == 0 && memcmp(item->y, pair->y, 32) == 0 && memcmp(item->e, pair->e, 32) == 0) {
		right = pair_verdict(pair->ec, item);
		if (choice[3] / 8 % VERIFY_EVERY == 0)
			CHECK(right == plain_verdict(group, EC_KEY_get0_public_key(pair->ec), item->digest, item->r, item->s),
			      "OpenSSL's verdicts differ");
	} else {
		EC_POINT *q = plain_signer(item, kind, &ca[pair->ca]);

		right = plain_verdict(group, q, item->digest, item->r, item->s);
		EC_POINT_free(q);
	}
	for (unsigned m = 0; m < ENGINES; m++) {
		struct scms_verify_request *one = &request[m];

		*one = (struct scms_verify_request){.digest = item->digest, .r = item->r, .s = item->s, .signer = kind};
		if (kind == SCMS_SIGNER_KEY) {
			one->u.key = pair->handle[m];
		} else if (kind == SCMS_SIGNER_POINT) {
			one->u.point = pair_point(item->x, item->y, compressed);
		} else {
			one->u.implicit.recon = pair_point(item->x, item->y, compressed);
			one->u.implicit.e = item->e;
			one->u.implicit.issuer_key = choice[7] % 8 != 0 ? ca[pair->ca].handle[m] : NULL;
			one->u.implicit.issuer = pair_point(ca[pair->ca].x, ca[pair->ca].y, false);
		}
	}
	return right;
}

static void pair_free(struct pair *pair)
{
	EC_KEY_free(pair->ec);
	BN_free(pair->r);
	BN_free(pair->k_inverse);
}

/* only: the name of one back end, or NULL */
static bool engine_wanted(unsigned m, const char *only)
{
	return only == NULL || strcmp(only, engine_name[m]) == 0;
}

static void decide(unsigned long wanted, bool tell, const char *only)
{
	unsigned long done = 0, bad = 0, next = CHANGE, told = TELL;
	static struct item item[BATCH_MAX];
	static struct scms_verify_request request[ENGINES][BATCH_MAX];
	static enum scms_verdict right[BATCH_MAX];

	group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	bn = BN_CTX_new();
	engines_start();
	for (unsigned k = 0; k < CAS; k++)
		ca_make(k);
	for (unsigned k = 0; k < DEVICES; k++) {
		pair_make(&device[k]);
		implicit_make(&implicit[k], k % CAS);
	}
	while (done < wanted) {
		uint8_t size[3], verdict[BATCH_MAX];
		unsigned n;

		random_bytes(size, sizeof(size));
		n = size[0] % 4 == 0 ? 1 + size[1] % 4U : 1 + (size[1] | (size[2] & 1U) << 8) % BATCH_MAX;
		for (unsigned k = 0; k < n; k++) {
			struct scms_verify_request one[ENGINES];

			right[k] = item_make(&item[k], one);
			bad += right[k] != SCMS_GOOD;
			for (unsigned m = 0; m < ENGINES; m++)
				request[m][k] = one[m];
		}
		for (unsigned m = 0; m < ENGINES; m++) {
			if (!engine_wanted(m, only))
				continue;
			engine_ask(m, request[m], n, verdict);
			for (unsigned k = 0; k < n; k++)
				CHECK(verdict[k] == right[k], "%s, decision %lu: %u, OpenSSL %u", engine_name[m],
				      done + k, verdict[k], right[k]);
		}
		done += n;
		if (tell && done >= told) {
			printf("process %ld: %lu decisions by each back end, %u failures\n", (long)getpid(), done,
			       check_failures);
			fflush(stdout);
			told += TELL;
		}
		if (done >= next) {
			unsigned k = (unsigned)(next / CHANGE) % CAS;

			ca_make(k);
			for (unsigned d = 0; d < DEVICES; d++)
				if (d % CAS == k)
					implicit_make(&implicit[d], k);
			next += CHANGE;
		}
	}
	printf("%lu decisions, %lu of them to refuse\n", done, bad);
	CHECK(bad * 5 > done && bad * 3 < done, "%lu of %lu tampered", bad, done);
	for (unsigned m = 0; m < ENGINES; m++)
		CHECK(wanted < 20000 || !engine_wanted(m, only) || scms_verifier_tables(engine[m]).keys > 0,
		      "%s never made a table", engine_name[m]);
	engines_end();
	for (unsigned k = 0; k < CAS; k++)
		pair_free(&ca[k]);
	for (unsigned k = 0; k < DEVICES; k++) {
		pair_free(&device[k]);
		pair_free(&implicit[k]);
	}
	BN_CTX_free(bn);
	EC_GROUP_free(group);
}

int main(int argc, char **argv)
{
	unsigned long wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
	long processes = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
	const char *only = argc > 4 ? argv[4] : NULL;
	bool parent = true;
	int status;

	if (argc > 3)
		random_state = strtoull(argv[3], NULL, 0);

	if (processes == 0)
		processes = sysconf(_SC_NPROCESSORS_ONLN);
	for (long k = 1; k < processes && parent; k++) {
		pid_t child = fork();

		CHECK(child >= 0, "cannot fork");
		if (child == 0) {
			random_state += (uint64_t)k << 56;
			parent = false;
		}
	}
	decide((wanted - 1) / (unsigned long)processes + 1, argc > 2, only);
	while (parent && wait(&status) > 0)
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a process failed");
	return check_done();
}
