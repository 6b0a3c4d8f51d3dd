/* SPDX-License-Identifier: Apache-2.0 */
/*
 * updates.h: random updates of a trust store, and what must hold after each (fuzz/apply.c, tests/trust/soak.c).
 *
 * Files are canonical and of the right shape, made from choices: which motions, subjects, voters, forms, times, carriers,
 * honest votes and bad ones, and then perhaps changed bytes. The choices come from a fuzzer's input or from a seed.
 *
 * Signatures are toys: one whose s is 1 is taken as made by whoever it is said to be by, so that a file whose bytes were
 * changed is as good as signed again. What is tried here is the judging; real signatures are tried elsewhere.
 */
#ifndef TESTS_TRUST_UPDATES_H
#define TESTS_TRUST_UPDATES_H

#include <scms/trust.h>

/* Choices: from bytes as long as there are any, or (p NULL) endless, from a seed. */
struct choices {
	const uint8_t *p;
	size_t n;
	uint64_t seed;
};

bool choices_left(const struct choices *choices);
unsigned choose(struct choices *choices, unsigned below);

/* When stores are provisioned. Each of the UPDATES_YEARS years from then on has electors and roots of its own. */
#define UPDATES_START UINT64_C(500864000000000)
#define UPDATES_YEARS 16

extern const struct scms_crypto updates_crypto;

/* A provisioned store of three electors and a root, quorum 2, in memory of updates_store_size() bytes. */
size_t updates_store_size(void);
struct scms_store *updates_store(void *memory, const struct scms_objects *objects);

/* The objects of a store, all kept in memory. */
extern const struct scms_objects updates_objects;

struct update {
	scms_time64 now;
	struct scms_session session;
	bool is_changed; /* bytes were changed after the files were made */
	struct {
		enum scms_motion motion;
		uint8_t subject[32];
		unsigned voters; /* distinct electors with an honest vote */
	} ballots[16];
	unsigned ballot_count;
	uint8_t file[2][1 << 14];
};

void update_draw(struct update *update, struct choices *choices, scms_time64 now);

/* Could this update leave the store with fewer than three electors who vote for another year? Nothing would happen any more. */
bool update_endangers(const struct update *update, const struct scms_store *store);

/*
 * Applies an update to the store and ends the program where something does not hold: a quorum for what came and went,
 * tombstones that stay and keep out, room, encoding and decoding, the same files again. True: the store changed.
 */
bool update_apply(struct scms_store *store, const struct update *update, const struct scms_objects *objects);

#endif
