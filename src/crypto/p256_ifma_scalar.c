/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers mod n of a batch, with one inversion for all of it. */
#include "crypto/p256_ifma_work.h"

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
	struct fe *s = ifma->u.prefix + VECTORS;
	struct words words;

	for (unsigned v = 0; v < vectors; v++) {
		LOAD(&words, lane[v], s);
		fe_from_words(&s[v], words.w);
		fn_mul(&s[v], &s[v], &rr);
	}
	p256_ifma_invert_n(s, ifma->u.prefix, vectors);
	for (unsigned v = 0; v < vectors; v++) {
		struct fe number, u;

		/* s is 2^260 / s now, so that a product with a plain number is plain again. */
		LOAD(&words, lane[v], digest);
		fe_from_words(&number, words.w);
		fn_mul(&u, &number, &s[v]);
		fn_words(&ifma->u1[v], &u);
		LOAD(&ifma->r[v], lane[v], r);
		fe_from_words(&number, ifma->r[v].w);
		fn_mul(&u, &number, &s[v]);
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
