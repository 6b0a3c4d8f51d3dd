/* SPDX-License-Identifier: Apache-2.0 */
/* The table of linkage values, by each back end, against the plain formulas of crypto/linkage.h. */
#include "engines.h"

#include "crypto/linkage.h"
#include "crypto/linkage_lookup.h"

#define ENTRIES 400
#define VALUES 8000

struct set {
	struct linkage_group group;
	uint16_t i_rev;
	size_t n;
	uint8_t entry[40][LINKAGE_ENTRY];
};

static struct set sets[] = {
    {.group = {20, 0x0102, 0x0304, 60}, .i_rev = 50, .n = 40},
    {.group = {1, 0x0102, 0x0304, 52}, .i_rev = 47, .n = 17},
    {.group = {3, 0xffff, 0x0000, 51}, .i_rev = 50, .n = 16},
    {.group = {255, 7, 7, 60}, .i_rev = 49, .n = 1},
    {.group = {4, 1, 2, 50}, .i_rev = 50, .n = 15},
    {.group = {20, 1, 2, 49}, .i_rev = 40, .n = 5},
};
#define SETS (sizeof(sets) / sizeof(sets[0]))

static void value_of(const struct set *set, size_t k, uint16_t i, uint32_t j, uint8_t out[9])
{
	uint8_t seed1[16], seed2[16], one[1][9], two[1][9];

	memcpy(seed1, set->entry[k] + 1, 16);
	memcpy(seed2, set->entry[k] + 17, 16);
	CHECK(linkage_seed_advance(set->group.la1, (uint32_t)(i - set->i_rev), seed1) &&
		  linkage_seed_advance(set->group.la2, (uint32_t)(i - set->i_rev), seed2) &&
		  linkage_pre_values(set->group.la1, seed1, j, 1, one) &&
		  linkage_pre_values(set->group.la2, seed2, j, 1, two),
	      "linkage values");
	linkage_value(one[0], two[0], out);
}

/* Each value of period i of the first `added` sets is there, or no more; its neighbours are not. */
static void table_check(const struct linkage_lookup *table, uint16_t i, size_t added, const char *when)
{
	const char *name = linkage_lookup_backend(table);

	CHECK(linkage_lookup_period(table) == i, "%s, %s: period %u", name, when, linkage_lookup_period(table));
	for (size_t s = 0; s < SETS; s++) {
		bool listed = s < added && sets[s].group.i_max >= i;

		for (size_t k = 0; k < sets[s].n; k++)
			for (uint32_t j = 0; j < sets[s].group.j_max; j += j < 5 || j > 17 ? 1 : 4) {
				uint8_t value[9];

				value_of(&sets[s], k, i, j, value);
				CHECK(linkage_lookup_has(table, value) == (listed ? SCMS_GOOD : SCMS_BAD),
				      "%s, %s: set %zu entry %zu j %u", name, when, s, k, j);
				value[j % 9] ^= (uint8_t)(1 << k % 8);
				CHECK(linkage_lookup_has(table, value) == SCMS_BAD,
				      "%s, %s: changed, set %zu entry %zu j %u", name, when, s, k, j);
				/* The filter does not look at the ninth byte; the answer must. */
				value[j % 9] ^= (uint8_t)(1 << k % 8);
				value[8] ^= 0x80;
				CHECK(linkage_lookup_has(table, value) == SCMS_BAD, "%s, %s: ninth byte, set %zu", name,
				      when, s);
				value_of(&sets[s], k, i, sets[s].group.j_max, value);
				CHECK(linkage_lookup_has(table, value) == SCMS_BAD, "%s, %s: j is j_max, set %zu", name,
				      when, s);
			}
	}
}

static enum linkage_status set_add(struct linkage_lookup *table, const struct set *set)
{
	return linkage_lookup_add(table, set->i_rev, &set->group, set->entry[0], set->n);
}

static void test_life(const struct scms_crypto *crypto, bool portable)
{
	struct linkage_lookup *table =
	    linkage_lookup_init(malloc(linkage_lookup_size(ENTRIES, VALUES)), ENTRIES, VALUES, 50, crypto, portable);
	bool done;
	unsigned slices = 0;

	CHECK(!portable || strcmp(linkage_lookup_backend(table), "portable") == 0, "not portable on demand");
	table_check(table, 50, 0, "empty");
	for (size_t s = 0; s < SETS - 2; s++)
		CHECK(set_add(table, &sets[s]) == LINKAGE_OK, "set %zu", s);
	table_check(table, 50, SETS - 2, "first");
	/* A delta after half of the next period was made: it is made again, with it. */
	CHECK(linkage_lookup_prepare(table, 30, &done) == LINKAGE_OK && !done, "prepared too early");
	CHECK(set_add(table, &sets[SETS - 2]) == LINKAGE_OK, "a delta");
	CHECK(set_add(table, &sets[SETS - 1]) == LINKAGE_OK, "exhausted entries");
	CHECK(linkage_lookup_entries(table) == 40 + 17 + 16 + 1 + 15, "%zu entries", linkage_lookup_entries(table));
	do {
		CHECK(linkage_lookup_prepare(table, 16, &done) == LINKAGE_OK, "slice");
	} while (!done && ++slices < 100);
	CHECK(done && slices >= 4, "%u slices", slices);
	table_check(table, 50, SETS, "while the next is ready");
	CHECK(linkage_lookup_advance(table) == LINKAGE_OK, "advance");
	table_check(table, 51, SETS, "next");
	CHECK(linkage_lookup_entries(table) == 40 + 17 + 16 + 1, "%zu entries", linkage_lookup_entries(table));
	for (uint16_t i = 52; i <= 53; i++) {
		CHECK(linkage_lookup_advance(table) == LINKAGE_OK, "advance");
		table_check(table, i, SETS, "later");
	}
	free(table);
}

static void test_limits(const struct scms_crypto *crypto, bool portable)
{
	struct linkage_lookup *table =
	    linkage_lookup_init(malloc(linkage_lookup_size(57, 817)), 57, 817, 50, crypto, portable);
	struct set later = sets[0];

	later.i_rev = 51;
	CHECK(set_add(table, &later) == LINKAGE_LATER, "an i that is not yet");
	CHECK(set_add(table, &sets[0]) == LINKAGE_OK && set_add(table, &sets[1]) == LINKAGE_OK, "just as many");
	CHECK(linkage_lookup_add(table, 50, &sets[4].group, sets[4].entry[0], 1) == LINKAGE_FULL, "one more");
	table_check(table, 50, 2, "full");
	CHECK(linkage_lookup_add(table, 50, &sets[4].group, sets[4].entry[0], SIZE_MAX / 200) == LINKAGE_FULL,
	      "far more");
	free(table);
	table = linkage_lookup_init(malloc(linkage_lookup_size(100, 800)), 100, 800, 50, crypto, portable);
	CHECK(set_add(table, &sets[0]) == LINKAGE_OK, "as many values");
	CHECK(linkage_lookup_add(table, 50, &sets[1].group, sets[1].entry[0], 1) == LINKAGE_FULL, "one more value");
	free(table);
	table = linkage_lookup_init(malloc(linkage_lookup_size(10, 10)), 10, 10, UINT16_MAX, crypto, portable);
	CHECK(linkage_lookup_advance(table) == LINKAGE_LATER, "after the last period");
	free(table);
}

/* An engine whose AES fails when it is told to. */
static const struct scms_crypto *working;
static unsigned fail_after;

static bool failing_aes(void *ctx, const uint8_t key[16], const uint8_t *in, size_t n, uint8_t *out)
{
	(void)ctx;
	if (fail_after == 0)
		return false;
	fail_after--;
	return working->aes128(working->ctx, key, in, n, out);
}

static void failing_sha256(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[32])
{
	(void)ctx;
	working->sha256(working->ctx, parts, n, out);
}

static void test_failure(const struct scms_crypto *crypto)
{
	const struct scms_crypto failing = {.sha256 = failing_sha256, .aes128 = failing_aes};
	struct linkage_lookup *table =
	    linkage_lookup_init(malloc(linkage_lookup_size(ENTRIES, VALUES)), ENTRIES, VALUES, 50, &failing, true);
	uint8_t value[9];
	bool done;

	working = crypto;
	fail_after = 10000;
	CHECK(set_add(table, &sets[0]) == LINKAGE_OK, "add");
	fail_after = 50;
	CHECK(set_add(table, &sets[2]) == LINKAGE_OK && set_add(table, &sets[1]) == LINKAGE_FAILED,
	      "a failure is told");
	fail_after = 10;
	value_of(&sets[0], 39, 50, 19, value);
	CHECK(linkage_lookup_has(table, value) == SCMS_FAILED, "a failure is told, not taken for a no");
	fail_after = 50;
	CHECK(linkage_lookup_prepare(table, 1000, &done) == LINKAGE_FAILED && !done, "a failure is told");
	CHECK(linkage_lookup_advance(table) == LINKAGE_FAILED, "a failure is told");
	fail_after = 1000000;
	CHECK(linkage_lookup_period(table) == 50 && linkage_lookup_has(table, value) == SCMS_GOOD,
	      "the table is as it was");
	CHECK(linkage_lookup_advance(table) == LINKAGE_OK, "and goes on");
	value_of(&sets[0], 39, 51, 19, value);
	CHECK(linkage_lookup_has(table, value) == SCMS_GOOD, "and goes on");
	free(table);
}

int main(void)
{
	const struct scms_crypto *crypto;

	engines_start();
	crypto = scms_verifier_crypto(engine[0]);
	for (size_t s = 0; s < SETS; s++)
		for (size_t k = 0; k < sets[s].n; k++) {
			random_bytes(sets[s].entry[k], LINKAGE_ENTRY);
			sets[s].entry[k][0] = 0;
		}
	for (int portable = 0; portable < 2; portable++) {
		test_life(crypto, portable);
		test_limits(crypto, portable);
	}
	test_failure(crypto);
	engines_end();
	return check_done();
}
