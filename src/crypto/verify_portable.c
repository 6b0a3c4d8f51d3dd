/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P-256 with OpenSSL's point multiplication: one inversion for a whole batch, tables for known keys, an implicit
 * signer's key never made affine: u1 * G + u2 * (e * P + Q) = u1 * G + (u2 e) * P + u2 * Q, and no division at the
 * end: x = r is asked as X = r * Z^2.
 */
#include "crypto/verify_engine.h"

#include <string.h>

static BIGNUM **number_at(struct portable_numbers *m, unsigned k)
{
	BIGNUM **const single[] = {&m->n, &m->p,  &m->p_minus_n, &m->inverse, &m->t, &m->digest, &m->r,
				   &m->e, &m->u1, &m->u2,        &m->u3,      &m->x, &m->z};
	const unsigned singles = sizeof(single) / sizeof(single[0]);

	if (k < singles)
		return single[k];
	k -= singles;
	if (k < ENGINE_BATCH)
		return &m->s[k];
	k -= ENGINE_BATCH;
	return k < ENGINE_BATCH ? &m->prefix[k] : NULL;
}

bool portable_init(struct scms_verifier *v)
{
	struct portable_numbers *m = &v->numbers;
	const EC_GROUP *group = v->group[SCMS_NIST_P256];
	BIGNUM **number;

	for (unsigned k = 0; (number = number_at(m, k)) != NULL; k++) {
		*number = BN_new();
		if (*number == NULL)
			return false;
	}
	m->order = BN_MONT_CTX_new();
	m->sum = EC_POINT_new(group);
	m->term = EC_POINT_new(group);
	return m->order != NULL && m->sum != NULL && m->term != NULL &&
	       EC_GROUP_get_curve(group, m->p, NULL, NULL, v->bn) == 1 && EC_GROUP_get_order(group, m->n, v->bn) == 1 &&
	       BN_sub(m->p_minus_n, m->p, m->n) == 1 && BN_MONT_CTX_set(m->order, m->n, v->bn) == 1;
}

void portable_end(struct scms_verifier *v)
{
	struct portable_numbers *m = &v->numbers;
	BIGNUM **number;

	for (unsigned k = 0; (number = number_at(m, k)) != NULL; k++)
		BN_free(*number);
	BN_MONT_CTX_free(m->order); /* m is a member: NOLINT(clang-analyzer-core.NullDereference) */
	EC_POINT_free(m->sum);
	EC_POINT_free(m->term);
}

/* OpenSSL 1.0.2 once made wrong tables (its issue 6714): a multiple through the table must be what it is without. */
static bool comb_right(struct scms_verifier *v, const EC_GROUP *comb, const EC_POINT *q)
{
	const EC_GROUP *group = v->group[SCMS_NIST_P256];
	struct portable_numbers *m = &v->numbers;

	return BN_rshift1(m->t, m->n) == 1 && BN_sub_word(m->t, 0x5343) == 1 &&
	       EC_POINT_mul(comb, m->sum, m->t, NULL, NULL, v->bn) == 1 &&
	       EC_POINT_mul(group, m->term, NULL, q, m->t, v->bn) == 1 &&
	       EC_POINT_cmp(group, m->sum, m->term, v->bn) == 0;
}

EC_GROUP *portable_comb(struct scms_verifier *v, const EC_POINT *q)
{
	EC_GROUP *comb = EC_GROUP_dup(v->group[SCMS_NIST_P256]);

	if (comb != NULL && EC_GROUP_set_generator(comb, q, v->numbers.n, BN_value_one()) == 1 &&
	    EC_GROUP_precompute_mult(comb, v->bn) == 1 && comb_right(v, comb, q))
		return comb;
	EC_GROUP_free(comb);
	return NULL;
}

/* Every s of the queue becomes 1 / s, in Montgomery form. */
static bool invert_all(struct scms_verifier *v, const struct p256_queue *queue)
{
	struct portable_numbers *m = &v->numbers;
	bool good = true;

	for (unsigned k = 0; k < queue->n && good; k++) {
		good = BN_bin2bn(queue->job[k].s, 32, m->s[k]) != NULL &&
		       BN_to_montgomery(m->s[k], m->s[k], m->order, v->bn) == 1 &&
		       (k == 0 ? BN_copy(m->prefix[0], m->s[0]) != NULL
			       : BN_mod_mul_montgomery(m->prefix[k], m->prefix[k - 1], m->s[k], m->order, v->bn) == 1);
	}
	good = good && BN_from_montgomery(m->t, m->prefix[queue->n - 1], m->order, v->bn) == 1 &&
	       BN_mod_inverse(m->inverse, m->t, m->n, v->bn) != NULL &&
	       BN_to_montgomery(m->inverse, m->inverse, m->order, v->bn) == 1;
	for (unsigned k = queue->n; k-- > 1 && good;) {
		good = BN_mod_mul_montgomery(m->t, m->inverse, m->prefix[k - 1], m->order, v->bn) == 1 &&
		       BN_mod_mul_montgomery(m->inverse, m->inverse, m->s[k], m->order, v->bn) == 1;
		BN_swap(m->t, m->s[k]);
	}
	BN_swap(m->inverse, m->s[0]);
	return good;
}

/* X = r Z^2 for the r given, or for r + n where that is below p. */
static enum scms_verdict sum_judge(struct scms_verifier *v, const EC_POINT *sum)
{
	struct portable_numbers *m = &v->numbers;
	const EC_GROUP *group = v->group[SCMS_NIST_P256];

	if (EC_POINT_is_at_infinity(group, sum))
		return SCMS_BAD;
	if (EC_POINT_get_Jprojective_coordinates_GFp(group, sum, m->x, NULL, m->z, v->bn) != 1 ||
	    BN_mod_sqr(m->z, m->z, m->p, v->bn) != 1 || BN_mod_mul(m->t, m->r, m->z, m->p, v->bn) != 1)
		return SCMS_FAILED;
	if (BN_cmp(m->t, m->x) == 0)
		return SCMS_GOOD;
	if (BN_cmp(m->r, m->p_minus_n) >= 0)
		return SCMS_BAD;
	if (BN_add(m->r, m->r, m->n) != 1 || BN_mod_mul(m->t, m->r, m->z, m->p, v->bn) != 1)
		return SCMS_FAILED;
	return BN_cmp(m->t, m->x) == 0 ? SCMS_GOOD : SCMS_BAD;
}

/* sum = u1 * G + u2 * Q, with Q's table if it has one. */
static bool sum_make(struct scms_verifier *v, const struct scms_key *key, const EC_POINT *q)
{
	struct portable_numbers *m = &v->numbers;
	const EC_GROUP *group = v->group[SCMS_NIST_P256];

	if (key == NULL || key->comb_group == NULL)
		return EC_POINT_mul(group, m->sum, m->u1, q, m->u2, v->bn) == 1;
	return EC_POINT_mul(key->comb_group, m->term, m->u2, NULL, NULL, v->bn) == 1 &&
	       EC_POINT_mul(group, m->sum, m->u1, NULL, NULL, v->bn) == 1 &&
	       EC_POINT_add(group, m->sum, m->sum, m->term, v->bn) == 1;
}

/* sum = u3 * P + u2 * Q, with u3 = u2 e */
static bool signer_make(struct scms_verifier *v, const struct scms_key *key, const EC_POINT *q, const EC_POINT *p)
{
	struct portable_numbers *m = &v->numbers;
	const EC_GROUP *group = v->group[SCMS_NIST_P256];
	const EC_POINT *point[2] = {p, q};
	const BIGNUM *scalar[2] = {m->u3, m->u2};

	if (key == NULL || key->comb_group == NULL)
		return EC_POINTs_mul(group, m->sum, NULL, 2, point, scalar, v->bn) == 1;
	return EC_POINT_mul(key->comb_group, m->term, m->u2, NULL, NULL, v->bn) == 1 &&
	       EC_POINT_mul(group, m->sum, NULL, p, m->u3, v->bn) == 1 &&
	       EC_POINT_add(group, m->sum, m->sum, m->term, v->bn) == 1;
}

/* sum = u1 * G + u2 * (e * P + Q); infinity too where e * P + Q is, which is nobody's key. */
static bool sum_make_implicit(struct scms_verifier *v, const struct scms_key *key, const EC_POINT *q, const EC_POINT *p)
{
	struct portable_numbers *m = &v->numbers;
	const EC_GROUP *group = v->group[SCMS_NIST_P256];

	if (!signer_make(v, key, q, p))
		return false;
	if (EC_POINT_is_at_infinity(group, m->sum))
		return true;
	return EC_POINT_mul(group, m->term, m->u1, NULL, NULL, v->bn) == 1 &&
	       EC_POINT_add(group, m->sum, m->sum, m->term, v->bn) == 1;
}

static enum scms_verdict verify_sum(struct scms_verifier *v, const struct scms_verify_request *request)
{
	struct portable_numbers *m = &v->numbers;
	enum scms_verdict verdict = SCMS_BAD;
	EC_POINT *point = NULL, *issuer = NULL;
	const EC_POINT *other = NULL;
	const struct scms_key *key = NULL;
	bool good;

	if (request->signer == SCMS_SIGNER_KEY) {
		key = request->u.key;
		good = sum_make(v, key, EC_KEY_get0_public_key(key->ec));
	} else if (request->signer == SCMS_SIGNER_POINT) {
		point = engine_point(v, &request->u.point);
		if (point == NULL)
			goto out;
		good = sum_make(v, NULL, point);
	} else {
		key = request->u.implicit.issuer_key;
		point = engine_point(v, &request->u.implicit.recon);
		if (key == NULL)
			issuer = engine_point(v, &request->u.implicit.issuer);
		other = key != NULL ? EC_KEY_get0_public_key(key->ec) : issuer;
		if (point == NULL || other == NULL)
			goto out;
		good = BN_bin2bn(request->u.implicit.e, 32, m->e) != NULL &&
		       BN_mod_mul(m->u3, m->u2, m->e, m->n, v->bn) == 1 && sum_make_implicit(v, key, other, point);
	}
	verdict = good ? sum_judge(v, m->sum) : SCMS_FAILED;
out:
	EC_POINT_free(point);
	EC_POINT_free(issuer);
	return verdict;
}

void portable_verify(struct scms_verifier *v, struct p256_queue *queue)
{
	struct portable_numbers *m = &v->numbers;
	bool inverted = invert_all(v, queue);

	for (unsigned k = 0; k < queue->n; k++) {
		const struct p256_job *job = &queue->job[k];
		bool good = inverted && BN_bin2bn(job->digest, 32, m->digest) != NULL &&
			    BN_bin2bn(job->r, 32, m->r) != NULL && BN_nnmod(m->digest, m->digest, m->n, v->bn) == 1 &&
			    BN_mod_mul_montgomery(m->u1, m->digest, m->s[k], m->order, v->bn) == 1 &&
			    BN_mod_mul_montgomery(m->u2, m->r, m->s[k], m->order, v->bn) == 1;

		*queue->verdict[k] = (uint8_t)(good ? verify_sum(v, queue->request[k]) : SCMS_FAILED);
	}
	queue->n = 0;
}
