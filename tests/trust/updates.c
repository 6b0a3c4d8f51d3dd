/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED /* one-shot SHA-2 */
#include "updates.h"

#include "fuzz/fuzz.h"

#include <openssl/sha.h>
#include <string.h>

#define ELECTORS 9
#define ROOTS 5
#define SECOND UINT64_C(1000000)
#define YEAR UINT64_C(31556952)
#define FIRST 500860000u /* start of the first year, Time32 */

/* ---- choices ---- */

bool choices_left(const struct choices *choices)
{
	return choices->p == NULL || choices->n > 0;
}

unsigned choose(struct choices *choices, unsigned below)
{
	uint64_t z;

	if (choices->p != NULL) {
		if (choices->n == 0)
			return 0;
		choices->n--;
		return *choices->p++ % below;
	}
	/* splitmix64 */
	z = choices->seed += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((z ^ (z >> 31)) % below);
}

/* ---- toy cryptography ---- */

struct scms_key {
	uint8_t x[48];
};

static void toy_sha256(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[32])
{
	SHA256_CTX state;

	(void)ctx;
	SHA256_Init(&state);
	for (size_t k = 0; k < n; k++)
		SHA256_Update(&state, parts[k].p, parts[k].n);
	SHA256_Final(out, &state);
}

static void toy_sha384(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[48])
{
	SHA512_CTX state;

	(void)ctx;
	SHA384_Init(&state);
	for (size_t k = 0; k < n; k++)
		SHA384_Update(&state, parts[k].p, parts[k].n);
	SHA384_Final(out, &state);
}

static bool toy_aes(void *ctx, const uint8_t key[16], const uint8_t *in, size_t n, uint8_t *out)
{
	(void)ctx;
	for (size_t k = 0; k < 16 * n; k++)
		out[k] = in[k] ^ key[k % 16];
	return true;
}

static void toy_verify(void *ctx, const struct scms_verify_request *req, size_t n, uint8_t *verdict)
{
	static const uint8_t one[32] = {[31] = 1};

	(void)ctx;
	for (size_t k = 0; k < n; k++)
		verdict[k] = memcmp(req[k].s, one, 32) == 0 ? SCMS_GOOD : SCMS_BAD;
}

static const struct scms_key *toy_key(void *ctx, const struct scms_point *point)
{
	(void)ctx, (void)point;
	return NULL; /* no room: points are used */
}

static void toy_key_drop(void *ctx, const struct scms_point *point)
{
	(void)ctx, (void)point;
}

static enum scms_verdict toy_reconstruct(void *ctx, const struct scms_point *recon, const uint8_t e[32],
					 const struct scms_point *issuer, uint8_t q[64])
{
	(void)ctx, (void)recon, (void)e, (void)issuer;
	memset(q, 0, 64);
	return SCMS_BAD;
}

const struct scms_crypto updates_crypto = {
	.sha256 = toy_sha256, .sha384 = toy_sha384, .aes128 = toy_aes, .verify = toy_verify, .key = toy_key,
	.key_drop = toy_key_drop, .reconstruct = toy_reconstruct,
};

/* ---- bytes ---- */

struct out {
	uint8_t *p;
	size_t n, room;
};

static void put(struct out *out, const void *bytes, size_t n)
{
	ALWAYS(n <= out->room - out->n, "an update is too large");
	memcpy(out->p + out->n, bytes, n);
	out->n += n;
}

#define PUT(out, ...) put(out, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void put_uint(struct out *out, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		PUT(out, (uint8_t)(value >> (8 * bytes)));
}

static void put_length(struct out *out, size_t n)
{
	if (n < 128)
		PUT(out, (uint8_t)n);
	else if (n < 256)
		PUT(out, 0x81, (uint8_t)n);
	else
		PUT(out, 0x82, (uint8_t)(n >> 8), (uint8_t)n);
}

static void put_signature(struct out *out, bool honest)
{
	uint8_t number[32] = {0};

	PUT(out, 0x80, 0x80);
	memset(number, 0x55, sizeof(number));
	put(out, number, 32);
	memset(number, 0, sizeof(number));
	number[31] = honest ? 1 : 2;
	put(out, number, 32);
}

/* ---- people ---- */

struct person {
	uint8_t bytes[400], identity[32];
	size_t n;
};

static struct person electors[UPDATES_YEARS][ELECTORS], roots[UPDATES_YEARS][ROOTS];

/* Valid for four years from the start of its own, the first ones from a year earlier. */
static void person_make(struct person *person, bool elector, unsigned year, unsigned number)
{
	static const uint8_t crl_ssp[] = {0x80, 0x02, 0x01, 0x00, 0x80, 0x07, 0x00, 0x01, 0x00, 0x01, 0x01, 0x01, 0x00};
	static const uint8_t groups[] = {0x01, 0x01, 0xe0, 0x81, 0x01, 0x03, 0x01, 0xff, 0xc0};
	struct out out = {person->bytes, 0, sizeof(person->bytes)};
	struct scms_slice whole;
	uint8_t x[32];

	memset(x, elector ? 0x10 : 0x20, sizeof(x));
	x[30] = (uint8_t)year;
	x[31] = (uint8_t)number;
	PUT(&out, 0x80, 0x03, 0x00, 0x81, 0x00, elector ? 0x10 : 0x18);
	PUT(&out, elector ? 0x82 : 0x81, 0x02, elector ? 'E' : 'R', (uint8_t)('a' + number), 0, 0, 0, 0, 0);
	put_uint(&out, FIRST + (year - (year == 0)) * YEAR, 4);
	PUT(&out, 0x86, 0, year == 0 ? 5 : 4, 0x01, elector ? 1 : 2, 0x80, 0x01, 0x23, 0x80, 0x03, elector ? 0x80 : 0x81, 0x00, 0x01);
	if (!elector) {
		put(&out, crl_ssp, sizeof(crl_ssp));
		put(&out, groups, sizeof(groups));
	}
	PUT(&out, 0x80, 0x80, 0x82);
	put(&out, x, 32);
	put_signature(&out, true);
	person->n = out.n;
	whole = (struct scms_slice){person->bytes, person->n};
	toy_sha256(NULL, &whole, 1, person->identity);
}

static void people_make(void)
{
	for (unsigned year = 0; electors[UPDATES_YEARS - 1][0].n == 0 && year < UPDATES_YEARS; year++) {
		for (unsigned k = 0; k < ROOTS; k++)
			person_make(&roots[year][k], false, year, k);
		for (unsigned k = 0; k < ELECTORS; k++)
			person_make(&electors[year][k], true, year, k);
	}
}

/* Somebody of the last so many years. */
static const struct person *somebody(struct choices *choices, bool elector, unsigned years, scms_time64 now)
{
	unsigned year = (unsigned)((now / SECOND - FIRST) / YEAR) % UPDATES_YEARS;
	unsigned back = choose(choices, years);

	year -= back < year ? back : year;
	return elector ? &electors[year][choose(choices, ELECTORS)] : &roots[year][choose(choices, ROOTS)];
}

/* ---- the store ---- */

static const struct scms_limits limits = {.electors = 8, .roots = 3, .tombstones = 96};

size_t updates_store_size(void)
{
	return scms_store_size(&limits);
}

struct scms_store *updates_store(void *memory, const struct scms_objects *objects)
{
	struct scms_slice held[3], root;
	struct scms_bootstrap from = {.limits = limits, .now = UPDATES_START, .electors = held, .elector_count = 3, .roots = &root,
				      .root_count = 1, .quorum = 2};
	struct scms_bootstrap_error err = {0};
	struct scms_store *store;

	people_make();
	for (unsigned k = 0; k < 3; k++)
		held[k] = (struct scms_slice){electors[0][k].bytes, electors[0][k].n};
	root = (struct scms_slice){roots[0][0].bytes, roots[0][0].n};
	store = scms_store_init(memory, updates_store_size(), &from, &updates_crypto, objects, &err);
	ALWAYS(store != NULL, "%s %zu: %s at %s", err.list, err.index, scms_reason_name(err.reason), err.path);
	return store;
}

static struct {
	uint8_t digest[32], *bytes;
	size_t n;
} held_objects[64];
static unsigned object_next;

static bool object_get(void *ctx, const uint8_t digest[32], struct scms_slice *bytes)
{
	(void)ctx;
	for (unsigned k = 0; k < 64; k++)
		if (held_objects[k].bytes != NULL && memcmp(held_objects[k].digest, digest, 32) == 0) {
			*bytes = (struct scms_slice){held_objects[k].bytes, held_objects[k].n};
			return true;
		}
	return false;
}

/* Of the last 64: a store names far fewer. */
static bool object_put(void *ctx, const uint8_t digest[32], const struct scms_slice *parts, size_t n)
{
	struct scms_slice known;
	size_t length = 0, at = 0;
	uint8_t *copy;

	if (object_get(ctx, digest, &known))
		return true;
	for (size_t k = 0; k < n; k++)
		length += parts[k].n;
	copy = malloc(length + 1);
	ALWAYS(copy != NULL, "no memory");
	for (size_t k = 0; k < n; k++) {
		if (parts[k].n > 0)
			memcpy(copy + at, parts[k].p, parts[k].n);
		at += parts[k].n;
	}
	free(held_objects[object_next].bytes);
	memcpy(held_objects[object_next].digest, digest, 32);
	held_objects[object_next].bytes = copy;
	held_objects[object_next].n = length;
	object_next = (object_next + 1) % 64;
	return true;
}

const struct scms_objects updates_objects = {.get = object_get, .put = object_put};

/* ---- updates ---- */

static void put_vote(struct out *out, enum scms_motion motion, const struct person *subject, bool form124, uint32_t time,
		     const struct person *voter, scms_time64 made, bool honest)
{
	uint8_t room[600];
	struct out tbs = {room, 0, sizeof(room)};

	PUT(&tbs, 0x01, 0x80, 0x80);
	PUT(&tbs, form124 || time == 0 ? 0x00 : 0x80, (uint8_t)motion);
	if (form124) {
		put(&tbs, subject->identity, 32);
		put_uint(&tbs, time, 4);
	} else {
		put(&tbs, subject->bytes, subject->n);
		if (time != 0)
			put_uint(&tbs, time * SECOND, 8);
	}
	PUT(out, 0x03, 0x81, 0x00, 0x40, 0x03, 0x80);
	put_length(out, tbs.n);
	put(out, room, tbs.n);
	PUT(out, 0x40, 0x01, 0x23);
	put_uint(out, made, 8);
	PUT(out, 0x80);
	put(out, voter->identity + 24, 8);
	put_signature(out, honest);
}

/* A ballot, of choices; what must be known of it later goes to the update. */
static void put_ballot(struct out *out, struct update *update, struct choices *choices, enum scms_motion motion, bool form124)
{
	bool of_elector = motion == SCMS_ADD_ELECTOR || motion == SCMS_REMOVE_ELECTOR;
	const struct person *subject = somebody(choices, of_elector, 2, update->now);
	uint32_t time = (uint32_t)(update->now / SECOND) - choose(choices, 256);
	unsigned votes = 1 + choose(choices, 5), counted = 0;
	const struct person *seen[5];

	PUT(out, 0x00);
	if (form124)
		put(out, subject->bytes, subject->n);
	PUT(out, 0x01, (uint8_t)votes);
	for (unsigned k = 0; k < votes; k++) {
		const struct person *voter = somebody(choices, true, 4, update->now);
		scms_time64 made = update->now - SECOND * choose(choices, 256);
		unsigned kind = choose(choices, 16), before = 0;

		if (kind == 1)
			made = update->now + 1000 * SECOND;
		put_vote(out, motion, subject, form124, kind == 2 ? time - 1 : time, voter, made, kind != 0);
		while (before < counted && seen[before] != voter)
			before++;
		if (kind != 0 && kind != 1 && subject != voter && before == counted)
			seen[counted++] = voter;
	}
	ALWAYS(update->ballot_count < 16, "too many ballots");
	update->ballots[update->ballot_count].motion = motion;
	update->ballots[update->ballot_count].voters = counted;
	memcpy(update->ballots[update->ballot_count].subject, subject->identity, 32);
	update->ballot_count++;
}

static void put_ballots(struct out *out, struct update *update, struct choices *choices, enum scms_motion motion, bool form124)
{
	unsigned n = choose(choices, 3);

	PUT(out, 0x01, (uint8_t)n);
	for (unsigned k = 0; k < n; k++)
		put_ballot(out, update, choices, motion, form124);
}

static struct scms_slice make_file(struct update *update, struct choices *choices, uint8_t *room, unsigned kind)
{
	struct out out = {room, 0, sizeof(update->file[0])};
	bool form124 = choose(choices, 3) != 0;

	if (kind == 0) { /* history */
		unsigned n = 1 + choose(choices, 4);

		PUT(&out, 0x00, 0x01, 0x01, (uint8_t)n);
		for (unsigned k = 0; k < n; k++) {
			enum scms_motion motion = choose(choices, 4);

			form124 = choose(choices, 3) != 0;
			PUT(&out, (uint8_t)motion, form124 ? 0x80 : 0x81);
			put_ballot(&out, update, choices, motion, form124);
		}
	} else if (kind == 1) { /* composite CRL */
		PUT(&out, 0x00, 0x01, 0x00);
		put_ballots(&out, update, choices, SCMS_REMOVE_ROOT, form124);
		put_ballots(&out, update, choices, SCMS_REMOVE_ELECTOR, form124);
	} else { /* chain file */
		PUT(&out, 0x01, 0x80, 0x80, 0x00, 0x00, (uint8_t)choose(choices, 256), 0x00);
		put_ballots(&out, update, choices, SCMS_ADD_ROOT, form124);
		put_ballots(&out, update, choices, SCMS_ADD_ELECTOR, form124);
		put(&out, roots[0][0].bytes, roots[0][0].n);
		PUT(&out, 0x01, 0x00);
	}
	if (choose(choices, 4) == 0) {
		unsigned n = 1 + choose(choices, 4);

		for (unsigned k = 0; k < n; k++)
			room[(choose(choices, 256) << 8 | choose(choices, 256)) % out.n] ^= (uint8_t)(1u << choose(choices, 8));
		update->is_changed = true;
	}
	return (struct scms_slice){room, out.n};
}

void update_draw(struct update *update, struct choices *choices, scms_time64 now)
{
	people_make();
	update->now = now;
	memset(&update->session, 0, sizeof(update->session));
	update->ballot_count = 0;
	update->is_changed = false;
	switch (choose(choices, 4)) {
	case 0:
		update->session.history = make_file(update, choices, update->file[0], 0);
		break;
	case 1:
		update->session.crl = make_file(update, choices, update->file[0], 1);
		break;
	case 2:
		update->session.chain = make_file(update, choices, update->file[0], 2);
		break;
	default:
		update->session.crl = make_file(update, choices, update->file[0], 1);
		update->session.chain = make_file(update, choices, update->file[1], 2);
	}
}

/* ---- what must hold ---- */

struct seen {
	uint8_t electors[8][32], roots[8][32];
	scms_time64 elector_ends[8];
	struct scms_tombstone tombs[96];
	uint32_t elector_count, root_count, tomb_count;
};

static void look(struct seen *seen, const struct scms_store *store, scms_time64 now)
{
	struct scms_member member;

	seen->elector_count = seen->root_count = seen->tomb_count = 0;
	while (scms_store_elector(store, now, seen->elector_count, &member)) {
		seen->elector_ends[seen->elector_count] = member.valid_until;
		memcpy(seen->electors[seen->elector_count++], member.identity, 32);
	}
	while (scms_store_root(store, now, seen->root_count, &member))
		memcpy(seen->roots[seen->root_count++], member.identity, 32);
	while (scms_store_tombstone(store, seen->tomb_count, &seen->tombs[seen->tomb_count]))
		seen->tomb_count++;
	ALWAYS(seen->elector_count <= limits.electors && seen->root_count <= limits.roots, "too many members");
	ALWAYS(seen->tomb_count + seen->elector_count + seen->root_count + 1 <= limits.tombstones, "a member cannot be removed");
}

static bool among(const uint8_t list[][32], uint32_t n, const uint8_t identity[32])
{
	for (uint32_t k = 0; k < n; k++)
		if (memcmp(list[k], identity, 32) == 0)
			return true;
	return false;
}

static const struct scms_tombstone *tomb_of(const struct seen *seen, const uint8_t identity[32])
{
	for (uint32_t k = 0; k < seen->tomb_count; k++)
		if (memcmp(seen->tombs[k].identity, identity, 32) == 0)
			return &seen->tombs[k];
	return NULL;
}

/* Did a ballot of this motion on this subject bring two honest voters? What bytes were changed to, nobody knows. */
static bool carried(const struct update *update, enum scms_motion motion, const uint8_t identity[32])
{
	for (unsigned k = 0; k < update->ballot_count; k++)
		if (update->ballots[k].motion == motion && update->ballots[k].voters >= 2 &&
		    memcmp(update->ballots[k].subject, identity, 32) == 0)
			return true;
	return update->is_changed;
}

static void compare(const struct seen *old, const struct seen *new, const struct update *update)
{
	for (uint32_t k = 0; k < new->elector_count; k++) {
		ALWAYS(tomb_of(new, new->electors[k]) == NULL, "a removed elector is there");
		ALWAYS(among(old->electors, old->elector_count, new->electors[k]) ||
			   carried(update, SCMS_ADD_ELECTOR, new->electors[k]), "an elector without a quorum");
	}
	for (uint32_t k = 0; k < new->root_count; k++) {
		ALWAYS(tomb_of(new, new->roots[k]) == NULL, "a removed root is there");
		ALWAYS(among(old->roots, old->root_count, new->roots[k]) || carried(update, SCMS_ADD_ROOT, new->roots[k]),
		       "a root without a quorum");
	}
	for (uint32_t k = 0; k < old->elector_count; k++)
		ALWAYS(among(new->electors, new->elector_count, old->electors[k]) || old->elector_ends[k] <= update->now ||
			   (tomb_of(new, old->electors[k]) && carried(update, SCMS_REMOVE_ELECTOR, old->electors[k])),
		       "an elector is lost");
	for (uint32_t k = 0; k < old->root_count; k++)
		ALWAYS(among(new->roots, new->root_count, old->roots[k]) ||
			   (tomb_of(new, old->roots[k]) && carried(update, SCMS_REMOVE_ROOT, old->roots[k])), "a root is lost");
	for (uint32_t k = 0; k < old->tomb_count; k++)
		ALWAYS(tomb_of(new, old->tombs[k].identity) != NULL || old->tombs[k].kept_until <= update->now + 300 * SECOND,
		       "a tombstone went early");
}

bool update_endangers(const struct update *update, const struct scms_store *store)
{
	struct seen seen;
	bool removes = false;
	uint32_t voting = 0;

	look(&seen, store, update->now);
	for (uint32_t k = 0; k < seen.elector_count; k++)
		voting += seen.elector_ends[k] > update->now + YEAR * SECOND;
	for (unsigned k = 0; k < update->ballot_count; k++)
		if (update->ballots[k].motion == SCMS_REMOVE_ELECTOR && update->ballots[k].voters >= 2) {
			voting -= voting > 0;
			removes = true;
		}
	return voting < 3 && (update->is_changed || removes);
}

static size_t encode(const struct scms_store *store, uint8_t *room, size_t size)
{
	size_t n = 0;

	ALWAYS(scms_store_encode(store, room, size, &n), "the store does not encode");
	return n;
}

bool update_apply(struct scms_store *store, const struct update *update, const struct scms_objects *objects)
{
	static uint8_t before[1 << 16], after[1 << 16], again[1 << 16];
	const struct scms_report silent = {0};
	struct scms_session_result result;
	size_t work_size = scms_session_work_size(store, &update->session), n, m;
	void *work = malloc(work_size + 1), *memory = malloc(updates_store_size());
	struct scms_store *copy;
	struct seen old, new;
	bool changed;

	ALWAYS(work != NULL && memory != NULL, "no memory");
	look(&old, store, update->now);
	m = encode(store, before, sizeof(before));
	result = scms_store_apply(store, &update->session, update->now, &updates_crypto, objects, work, work_size, &silent);
	ALWAYS(result.status == SCMS_SESSION_DONE, "status %d", (int)result.status);
	changed = result.changed;
	look(&new, store, update->now);
	compare(&old, &new, update);
	n = encode(store, after, sizeof(after));
	ALWAYS(changed || (n == m && memcmp(before, after, n) == 0), "changed nothing, it says");
	copy = scms_store_decode(memory, updates_store_size(), (struct scms_slice){after, n}, &updates_crypto);
	ALWAYS(copy != NULL, "a store that was encoded does not decode");
	ALWAYS(encode(copy, again, sizeof(again)) == n && memcmp(after, again, n) == 0, "not the store that was kept");
	result = scms_store_apply(copy, &update->session, update->now, &updates_crypto, objects, work, work_size, &silent);
	ALWAYS(result.status == SCMS_SESSION_DONE && !result.changed, "the same files again change the store"); /* A3 */
	free(work);
	free(memory);
	return changed;
}
