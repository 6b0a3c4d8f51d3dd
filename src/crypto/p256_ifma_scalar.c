/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers mod n of a batch, with one inversion for all of it. */
#include "crypto/p256_ifma_work.h"

/* a^(n - 2), by windows of four bits. */
static void fn_invert(struct fe *a)
{
	static const uint64_t e[4] = {0xf3b9cac2fc63254f, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000};
	struct fe power[16], x;

	power[1] = *a;
	for (int i = 2; i < 16; i++)
		fn_mul(&power[i], &power[i - 1], a);
	x = power[15];
	for (int i = 62; i >= 0; i--) {
		uint64_t digit = e[i / 16] >> (4 * (i % 16)) & 15;

		for (int k = 0; k < 4; k++)
			fn_mul(&x, &x, &x);
		if (digit != 0)
			fn_mul(&x, &x, &power[digit]);
	}
	*a = x;
}

/* a number below 2 n as words of its value mod n */
LANE void fn_words(struct words *out, const struct fe *a)
{
	struct fe t = *a;

	fe_once(&t, p256_n);
	fe_to_words(out->w, &t);
}

#define LOAD(words, jobs, field)                                                                                       \
	do {                                                                                                           \
		const uint8_t *bytes_[8];                                                                              \
		for (int lane_ = 0; lane_ < 8; lane_++)                                                                \
			bytes_[lane_] = (jobs)[lane_]->field;                                                          \
		words_load(words, bytes_);                                                                             \
	} while (0)

void p256_ifma_scalars(struct p256_ifma *ifma, enum p256_kind kind, const struct p256_job *const lane[][8],
		       unsigned vectors)
{
	const struct fe rr = fe_const(fn_rr);
	struct fe *prefix = ifma->u.prefix, *s = ifma->u.prefix + VECTORS, inverse;
	struct words words;

	for (unsigned v = 0; v < vectors; v++) {
		LOAD(&words, lane[v], s);
		fe_from_words(&s[v], words.w);
		fn_mul(&s[v], &s[v], &rr);
		if (v == 0)
			prefix[v] = s[v];
		else
			fn_mul(&prefix[v], &prefix[v - 1], &s[v]);
	}
	inverse = prefix[vectors - 1];
	fn_invert(&inverse);
	for (unsigned v = vectors; v-- > 0;) {
		struct fe w = inverse, number, u;

		if (v > 0) {
			fn_mul(&w, &inverse, &prefix[v - 1]);
			fn_mul(&inverse, &inverse, &s[v]);
		}
		/* w is 2^260 / s, so that a product with a plain number is plain again. */
		LOAD(&words, lane[v], digest);
		fe_from_words(&number, words.w);
		fn_mul(&u, &number, &w);
		fn_words(&ifma->u1[v], &u);
		LOAD(&ifma->r[v], lane[v], r);
		fe_from_words(&number, ifma->r[v].w);
		fn_mul(&u, &number, &w);
		fn_words(&ifma->u2[v], &u);
		if (kind != P256_IMPLICIT)
			continue;
		fn_mul(&u, &u, &rr);
		LOAD(&words, lane[v], e);
		fe_from_words(&number, words.w);
		fn_mul(&u, &u, &number);
		fn_words(&ifma->u3[v], &u);
	}
}
