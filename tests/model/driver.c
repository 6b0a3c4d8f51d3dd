/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver.c: the library in the small worlds (tests/model/worlds.py).
 *
 * Reads one world on standard input (limits, provisioned certificates, the files of each session), then requests, and
 * answers on standard output; integers are little-endian. Each store that turns up is kept in its encoded form under a
 * number, so every session starts from a store that went through encode and decode.
 *
 *   'E' number:u32 now:u64 keep:u8   every session at now on that store -> for each: digests of the report, of the new
 *                                    store's members and of its status, its signed time (u64 each), and the number of
 *                                    the new store, or NONE; for a session that changes nothing the number it had
 *   'T' number:u32 now:u64 session:u32   the same for one session -> report and dump as text (u32 length, bytes)
 *   'F' number:u32                   forget that store
 *
 * The dump and the report are the texts that tests/model/canonical.py makes from the model.
 *
 * Signatures are toys: (r, s) is valid if r = SHA-256(message representative || x of the key) and s = 1. What is
 * compared here is the rules; that signatures are checked properly is shown elsewhere.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* the one-shot and streaming SHA-2 calls: an EVP fetch costs more than the hash */
#include <scms/trust.h>

#include <openssl/sha.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

static void die(const char *what)
{
	fprintf(stderr, "driver: %s\n", what);
	exit(2);
}

static void *allocate(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		die("out of memory");
	return p;
}

/* -- input ------------------------------------------------------------------------------------------------------- */

static void read_bytes(void *out, size_t n)
{
	if (n && fread(out, 1, n, stdin) != n)
		die("input ends early");
}

static uint64_t read_uint(unsigned bytes)
{
	uint8_t raw[8];
	uint64_t value = 0;

	read_bytes(raw, bytes);
	for (unsigned k = 0; k < bytes; k++)
		value |= (uint64_t)raw[k] << (8 * k);
	return value;
}

static uint32_t read_u32(void)
{
	return (uint32_t)read_uint(4);
}

/* A slice; p is NULL for one that is absent. */
static struct scms_slice read_slice(void)
{
	uint32_t n = read_u32();
	struct scms_slice slice = {NULL, 0};
	uint8_t *bytes;

	if (n == NONE)
		return slice;
	bytes = allocate(n);
	read_bytes(bytes, n);
	slice.p = bytes;
	slice.n = n;
	return slice;
}

static struct scms_slice *read_slices(size_t *count)
{
	struct scms_slice *slices;

	*count = read_u32();
	slices = allocate(*count * sizeof(*slices));
	for (size_t k = 0; k < *count; k++)
		slices[k] = read_slice();
	return slices;
}

static void write_uint(uint64_t value, unsigned bytes)
{
	uint8_t raw[8];

	for (unsigned k = 0; k < bytes; k++)
		raw[k] = (uint8_t)(value >> (8 * k));
	fwrite(raw, 1, bytes, stdout);
}

/* -- toy cryptography -------------------------------------------------------------------------------------------- */

struct scms_key {
	uint8_t x[32];
	struct scms_key *next;
};

static struct scms_key *keys;

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

static bool toy_good(const struct scms_verify_request *request)
{
	static const uint8_t one[32] = {[31] = 1};
	const uint8_t *x = request->signer == SCMS_SIGNER_KEY ? request->u.key->x : request->u.point.x;
	struct scms_slice parts[] = {{request->digest, 32}, {x, 32}};
	uint8_t r[32];

	if (request->signer == SCMS_SIGNER_IMPLICIT || memcmp(request->s, one, sizeof(one)) != 0)
		return false;
	toy_sha256(NULL, parts, 2, r);
	return memcmp(r, request->r, sizeof(r)) == 0;
}

static void toy_verify(void *ctx, const struct scms_verify_request *req, size_t n, uint8_t *verdict)
{
	(void)ctx;
	for (size_t k = 0; k < n; k++)
		verdict[k] = toy_good(&req[k]) ? SCMS_GOOD : SCMS_BAD;
}

static const struct scms_key *toy_key(void *ctx, const struct scms_point *point)
{
	struct scms_key *key;

	(void)ctx;
	for (key = keys; key; key = key->next)
		if (memcmp(key->x, point->x, sizeof(key->x)) == 0)
			return key;
	key = allocate(sizeof(*key));
	memcpy(key->x, point->x, sizeof(key->x));
	key->next = keys;
	keys = key;
	return key;
}

static void toy_key_drop(void *ctx, const struct scms_point *point)
{
	(void)ctx;
	(void)point;
}

static enum scms_verdict toy_reconstruct(void *ctx, const struct scms_point *recon, const uint8_t e[32],
					 const struct scms_point *issuer, uint8_t q[64])
{
	(void)ctx;
	(void)recon;
	(void)e;
	(void)issuer;
	memset(q, 0, 64);
	return SCMS_BAD;
}

static const struct scms_crypto toy = {
	.sha256 = toy_sha256,
	.sha384 = toy_sha384,
	.verify = toy_verify,
	.key = toy_key,
	.key_drop = toy_key_drop,
	.reconstruct = toy_reconstruct,
};

/* -- objects beside the stores: few, shared by all, never dropped -------------------------------------------------- */

struct object {
	uint8_t digest[32];
	struct scms_slice bytes;
	struct object *next;
};

static struct object *objects_kept;

static bool object_get(void *ctx, const uint8_t digest[32], struct scms_slice *bytes)
{
	(void)ctx;
	for (const struct object *o = objects_kept; o; o = o->next)
		if (memcmp(o->digest, digest, 32) == 0) {
			*bytes = o->bytes;
			return true;
		}
	return false;
}

static bool object_put(void *ctx, const uint8_t digest[32], const struct scms_slice *parts, size_t n)
{
	struct scms_slice known;
	struct object *object;
	uint8_t *bytes;
	size_t length = 0;

	if (object_get(ctx, digest, &known))
		return true;
	for (size_t k = 0; k < n; k++)
		length += parts[k].n;
	bytes = allocate(length);
	object = allocate(sizeof(*object));
	object->bytes = (struct scms_slice){bytes, length};
	for (size_t k = 0; k < n; k++) {
		memcpy(bytes, parts[k].p, parts[k].n);
		bytes += parts[k].n;
	}
	memcpy(object->digest, digest, 32);
	object->next = objects_kept;
	objects_kept = object;
	return true;
}

static const struct scms_objects objects = {.get = object_get, .put = object_put};

/* -- text -------------------------------------------------------------------------------------------------------- */

struct text {
	char bytes[65536];
	size_t n;
};

static void __attribute__((format(printf, 2, 3))) text_add(struct text *text, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(text->bytes + text->n, sizeof(text->bytes) - text->n, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= sizeof(text->bytes) - text->n)
		die("text too long");
	text->n += (size_t)n;
}

static void text_word(struct text *text, const char *word)
{
	size_t n = strlen(word);

	if (n >= sizeof(text->bytes) - text->n)
		die("text too long");
	memcpy(text->bytes + text->n, word, n);
	text->n += n;
}

static void text_hex(struct text *text, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	if (2 * n >= sizeof(text->bytes) - text->n)
		die("text too long");
	for (size_t k = 0; k < n; k++) {
		text->bytes[text->n++] = digits[bytes[k] >> 4];
		text->bytes[text->n++] = digits[bytes[k] & 15];
	}
}

static uint64_t text_digest(const struct text *text)
{
	uint8_t hash[32];
	uint64_t digest = 0;

	SHA256((const uint8_t *)text->bytes, text->n, hash);
	for (unsigned k = 0; k < 8; k++)
		digest = digest << 8 | hash[k];
	return digest;
}

/* -- the report ---------------------------------------------------------------------------------------------------- */

struct ballot_kept {
	struct scms_ballot_report report;
	struct scms_vote_report votes[64];
};

/* The last judgement of each ballot, and what was said of the other files, as text. */
static struct {
	struct ballot_kept ballots[64];
	size_t ballot_count;
	struct text rest;
} said;

static const char *const carrier_names[] = {"revokedElectors", "revokedRootCAs", "electorEndorsements",
					    "rootCAEndorsements", "history"};
static const char *const motion_names[] = {"addRoot", "addElector", "removeRoot", "removeElector"};
static const char *const status_names[] = {"trusted", "suspended", "expired"};
static const char *const file_names[] = {"policy", "crl", "chain", "history", "own", "cert"};

static int ballot_order(const struct scms_ballot_report *a, const struct scms_ballot_report *b)
{
	return a->carrier != b->carrier ? (int)a->carrier - (int)b->carrier : (int)a->index - (int)b->index;
}

static void on_ballot(void *ctx, const struct scms_ballot_report *ballot)
{
	size_t k = 0;

	(void)ctx;
	while (k < said.ballot_count && ballot_order(&said.ballots[k].report, ballot) < 0)
		k++;
	if (k == said.ballot_count || ballot_order(&said.ballots[k].report, ballot) != 0) {
		if (said.ballot_count == 64)
			die("too many ballots");
		memmove(&said.ballots[k + 1], &said.ballots[k], (said.ballot_count - k) * sizeof(said.ballots[0]));
		said.ballot_count++;
	}
	if (ballot->vote_count > 64)
		die("too many votes");
	said.ballots[k].report = *ballot;
	if (ballot->vote_count > 0)
		memcpy(said.ballots[k].votes, ballot->votes, ballot->vote_count * sizeof(ballot->votes[0]));
}

static void on_policy(void *ctx, enum scms_reason outcome)
{
	struct text *line = ctx;

	line->n = 0;
	text_add(line, "policy %s\n", scms_reason_name(outcome));
}

static void on_chain(void *ctx, enum scms_reason outcome, uint16_t version)
{
	(void)ctx;
	text_add(&said.rest, "chain %s %u\n", scms_reason_name(outcome), version);
}

static void on_crl(void *ctx, const uint8_t craca[8], uint16_t series, enum scms_reason outcome)
{
	(void)ctx;
	text_word(&said.rest, "crl ");
	text_hex(&said.rest, craca, 8);
	text_add(&said.rest, " %u %s\n", series, scms_reason_name(outcome));
}

static void on_own(void *ctx, const uint8_t subject[32], enum scms_reason outcome)
{
	(void)ctx;
	text_word(&said.rest, "own ");
	text_hex(&said.rest, subject, 32);
	text_add(&said.rest, " %s\n", scms_reason_name(outcome));
}

static void on_refused(void *ctx, const struct scms_refusal *refusal)
{
	(void)ctx;
	text_add(&said.rest, "refused %s %u %s at %zu of %s\n", file_names[refusal->file], refusal->index,
		 scms_reason_name(refusal->reason), refusal->offset, refusal->path ? refusal->path : "");
}

static void ballot_text(struct text *text, const struct ballot_kept *kept)
{
	const struct scms_ballot_report *b = &kept->report;

	text_add(text, "%s %u %s ", carrier_names[b->carrier], b->index, motion_names[b->motion]);
	if (b->has_subject)
		text_hex(text, b->subject, 32);
	else
		text_word(text, "-");
	text_add(text, " %s round %u counted %u of %u alarm %d\n", scms_reason_name(b->outcome), b->round, b->counted,
		 b->quorum, b->alarm);
	for (size_t k = 0; k < b->vote_count; k++) {
		text_word(text, "  ");
		text_hex(text, kept->votes[k].elector, kept->votes[k].elector_bytes);
		text_word(text, " ");
		text_word(text, scms_reason_name(kept->votes[k].reason));
		text_word(text, "\n");
	}
}

static void report_text(struct text *text, const struct scms_session_result *result, const struct text *policy)
{
	if (result->status == SCMS_SESSION_CLOCK_BACK) {
		text_word(text, "CLOCK_BACK\n");
		return;
	}
	text_add(text, "changed %d quorum %u\n", result->changed, result->quorum);
	for (size_t k = 0; k < said.ballot_count; k++)
		ballot_text(text, &said.ballots[k]);
	text_add(text, "%.*s%.*s", (int)policy->n, policy->bytes, (int)said.rest.n, said.rest.bytes);
}

/* -- the dump ------------------------------------------------------------------------------------------------------ */

static int compare_identity(const void *a, const void *b)
{
	return memcmp(a, b, 32);
}

static void dump_members(struct text *text, const struct scms_store *store, scms_time64 now)
{
	struct scms_member members[32];
	uint8_t endorsers[32][32], order[32][33];
	uint32_t n, count;

	for (n = 0; scms_store_elector(store, now, n, &members[n]); n++) {
		memcpy(order[n], members[n].identity, 32);
		order[n][32] = (uint8_t)n;
	}
	qsort(order, n, sizeof(order[0]), compare_identity);
	for (uint32_t k = 0; k < n; k++) {
		text_word(text, "elector ");
		text_hex(text, order[k], 32);
		text_add(text, " %s\n", status_names[members[order[k][32]].status]);
	}

	for (n = 0; scms_store_root(store, now, n, &members[n]); n++) {
		memcpy(order[n], members[n].identity, 32);
		order[n][32] = (uint8_t)n;
	}
	qsort(order, n, sizeof(order[0]), compare_identity);
	for (uint32_t k = 0; k < n; k++) {
		const struct scms_member *root = &members[order[k][32]];

		text_word(text, "root ");
		text_hex(text, order[k], 32);
		text_add(text, " %s needs %u of", status_names[root->status], root->needed);
		for (count = 0; scms_store_endorser(store, order[k][32], count, endorsers[count]); count++)
			if (count == 31)
				die("too many endorsers");
		qsort(endorsers, count, 32, compare_identity);
		for (uint32_t j = 0; j < count; j++) {
			text_word(text, " ");
			text_hex(text, endorsers[j], 32);
		}
		text_word(text, count ? "\n" : " \n");
	}
}

static int compare_tombstone(const void *a, const void *b)
{
	return memcmp(((const struct scms_tombstone *)a)->identity, ((const struct scms_tombstone *)b)->identity, 32);
}

static void dump_removed(struct text *text, const struct scms_store *store)
{
	struct scms_tombstone tombs[64];
	uint32_t n;

	for (n = 0; n < 64 && scms_store_tombstone(store, n, &tombs[n]); n++)
		;
	qsort(tombs, n, sizeof(tombs[0]), compare_tombstone);
	for (uint32_t k = 0; k < n; k++) {
		text_word(text, "tombstone ");
		text_hex(text, tombs[k].identity, 32);
		text_add(text, " %s %" PRIu64 " until %" PRIu64 "\n", motion_names[tombs[k].motion], tombs[k].time,
			 tombs[k].kept_until);
	}
}

static int compare_crl(const void *a, const void *b)
{
	const struct scms_crl_status *left = a, *right = b;
	int order = memcmp(left->craca, right->craca, 8);

	return order ? order : left->series - right->series;
}

static void dump_withheld(struct text *text, const struct scms_store *store, scms_time64 now)
{
	uint8_t withheld[64][32];
	uint32_t n;

	for (n = 0; n < 64 && scms_store_withheld(store, now, n, withheld[n]); n++)
		;
	qsort(withheld, n, 32, compare_identity);
	for (uint32_t k = 0; k < n; k++) {
		text_word(text, "withheld ");
		text_hex(text, withheld[k], 32);
		text_word(text, "\n");
	}
}

/* All but the members; the signed time is returned. */
static scms_time64 dump_status(struct text *text, const struct scms_store *store, scms_time64 now)
{
	struct scms_store_status status;
	struct scms_crl_status crls[16];
	uint32_t n;

	dump_withheld(text, store, now);
	for (n = 0; n < 16 && scms_store_crl(store, n, &crls[n]); n++)
		;
	qsort(crls, n, sizeof(crls[0]), compare_crl);
	for (uint32_t k = 0; k < n; k++) {
		const struct scms_crl_status *crl = &crls[k];

		text_word(text, "crl ");
		text_hex(text, crl->craca, 8);
		text_add(text, " %u %" PRIu64 " %" PRIu64 " %d\n", crl->series, crl->live ? crl->issued : 0,
			 crl->live ? crl->next : 0, crl->live);
	}
	if (!scms_store_status(store, now, &toy, &objects, &status))
		die("no status");
	text_add(text, "quorum %u clamped %d\n", status.quorum, status.quorum_clamped);
	if (status.has_gccf_version)
		text_add(text, "version %u", status.gccf_version);
	else
		text_word(text, "version -");
	if (status.has_policy)
		text_add(text, " policy %" PRIu64, status.policy_generation);
	else
		text_word(text, " policy -");
	text_add(text, "\nstale %d own %s\n", status.stale,
		 scms_reason_name(status.operational ? SCMS_VALID : status.own));
	return status.signed_time;
}

/* -- stores by number ------------------------------------------------------------------------------------------------ */

struct kept {
	uint8_t hash[32];
	struct scms_slice encoded;
	uint32_t next; /* in the same bucket */
};

static struct kept *stores;
static uint32_t store_count, store_room, *buckets;
#define BUCKETS (1U << 20)

/* The number of a store with this encoding: an old one if it has turned up before. */
static uint32_t store_number(struct scms_slice encoded)
{
	uint8_t hash[32], *copy;
	uint32_t *bucket, k;

	SHA256(encoded.p, encoded.n, hash);
	bucket = &buckets[(hash[0] | (uint32_t)hash[1] << 8 | (uint32_t)hash[2] << 16) % BUCKETS];
	for (k = *bucket; k != NONE; k = stores[k].next)
		if (memcmp(stores[k].hash, hash, 32) == 0)
			return k;
	if (store_count == store_room) {
		store_room = store_room ? 2 * store_room : 1024;
		stores = realloc(stores, store_room * sizeof(*stores));
		if (!stores)
			die("out of memory");
	}
	copy = allocate(encoded.n);
	memcpy(copy, encoded.p, encoded.n);
	memcpy(stores[store_count].hash, hash, 32);
	stores[store_count].encoded = (struct scms_slice){copy, encoded.n};
	stores[store_count].next = *bucket;
	*bucket = store_count;
	return store_count++;
}

static void store_forget(uint32_t number)
{
	if (number >= store_count)
		die("no such store");
	free((void *)(uintptr_t)stores[number].encoded.p);
	stores[number].encoded = (struct scms_slice){NULL, 0};
}

/* -- requests -------------------------------------------------------------------------------------------------------- */

static struct scms_session *sessions;
static size_t session_count;
static void *memory, *pristine, *work;
static size_t memory_size, work_size;
static uint8_t *encoded;
static size_t encoded_cap = 1 << 20;

static struct scms_slice encode(const struct scms_store *store)
{
	size_t n;

	if (!scms_store_encode(store, encoded, encoded_cap, &n))
		die("encoded store too large");
	return (struct scms_slice){encoded, n};
}

static struct scms_store *decode(uint32_t number)
{
	struct scms_store *store;

	if (number >= store_count || !stores[number].encoded.p)
		die("no such store");
	store = scms_store_decode(memory, memory_size, stores[number].encoded, &toy);
	if (!store)
		die("a store that was encoded does not decode");
	memcpy(pristine, memory, memory_size);
	return store;
}

struct dump {
	struct text members, status;
	scms_time64 signed_time;
};

static void dump_store(struct dump *dump, const struct scms_store *store, scms_time64 now)
{
	dump->members.n = dump->status.n = 0;
	dump_members(&dump->members, store, now);
	dump_removed(&dump->members, store);
	dump->signed_time = dump_status(&dump->status, store, now);
}

/* One session on the store in memory. True: the store has changed. */
static bool run(struct scms_store *store, scms_time64 now, size_t session, struct text *report)
{
	static struct text policy;
	const struct scms_report hear = {.ctx = &policy, .ballot = on_ballot, .policy = on_policy, .chain = on_chain,
					 .crl = on_crl, .own = on_own, .refused = on_refused};
	struct scms_session_result result;
	size_t need;

	need = scms_session_work_size(store, &sessions[session]);
	if (need > work_size) {
		free(work);
		work = allocate(need);
		work_size = need;
	}
	said.ballot_count = 0;
	said.rest.n = policy.n = report->n = 0;
	result = scms_store_apply(store, &sessions[session], now, &toy, &objects, work, work_size, &hear);
	if (result.status != SCMS_SESSION_DONE && result.status != SCMS_SESSION_CLOCK_BACK)
		die("a session failed");
	report_text(report, &result, &policy);
	if (!result.changed && memcmp(memory, pristine, memory_size) != 0)
		die("a session that changed nothing changed the store");
	return result.changed;
}

static void write_answer(const struct text *report, const uint64_t digests[3], uint32_t number)
{
	write_uint(text_digest(report), 8);
	for (unsigned k = 0; k < 3; k++)
		write_uint(digests[k], 8);
	write_uint(number, 4);
}

static void answer_expand(void)
{
	static struct text report;
	static struct dump dump;
	uint32_t number = read_u32();
	scms_time64 now = read_uint(8);
	bool keep = read_uint(1) != 0;
	struct scms_store *store = decode(number);
	uint64_t before[3];

	dump_store(&dump, store, now);
	before[0] = text_digest(&dump.members);
	before[1] = text_digest(&dump.status);
	before[2] = dump.signed_time;
	for (size_t k = 0; k < session_count; k++) {
		if (run(store, now, k, &report)) {
			dump_store(&dump, store, now);
			write_answer(&report, (uint64_t[]){text_digest(&dump.members), text_digest(&dump.status), dump.signed_time},
				     keep ? store_number(encode(store)) : NONE);
			memcpy(memory, pristine, memory_size);
		} else {
			write_answer(&report, before, number);
		}
	}
}

static void answer_text(void)
{
	static struct text report;
	static struct dump dump;
	uint32_t number = read_u32();
	scms_time64 now = read_uint(8);
	uint32_t session = read_u32();
	struct scms_store *store = decode(number);

	if (session >= session_count)
		die("no such session");
	run(store, now, session, &report);
	dump_store(&dump, store, now);
	text_add(&report, "%.*s%.*ssigned %" PRIu64 "\n", (int)dump.members.n, dump.members.bytes, (int)dump.status.n,
		 dump.status.bytes, dump.signed_time);
	write_uint(report.n, 4);
	fwrite(report.bytes, 1, report.n, stdout);
}

static void read_limits(struct scms_limits *limits)
{
	uint32_t *const members[] = {&limits->electors, &limits->roots, &limits->tombstones, &limits->policy_bytes,
				     &limits->chain_bytes, &limits->history_bytes, &limits->history_entries,
				     &limits->crl_bytes, &limits->ballots, &limits->votes, &limits->certificates,
				     &limits->depth};

	for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++)
		*members[k] = read_u32();
}

static void read_world(void)
{
	static struct scms_bootstrap bootstrap; /* lasts as long as the world */
	struct scms_bootstrap_error err = {0};
	struct scms_store *store;

	read_limits(&bootstrap.limits);
	bootstrap.now = read_uint(8);
	bootstrap.quorum = (uint8_t)read_uint(1);
	bootstrap.quorum_floor = (uint8_t)read_uint(1);
	bootstrap.quorum_ceiling = (uint8_t)read_uint(1);
	bootstrap.skew_seconds = read_u32();
	bootstrap.crl_tolerance_seconds = read_u32();
	bootstrap.electors = read_slices(&bootstrap.elector_count);
	bootstrap.roots = read_slices(&bootstrap.root_count);
	bootstrap.own = read_slices(&bootstrap.own_count);
	bootstrap.certificates = read_slices(&bootstrap.certificate_count);
	session_count = read_u32();
	sessions = allocate(session_count * sizeof(*sessions));
	for (size_t k = 0; k < session_count; k++) {
		sessions[k].policy = read_slice();
		sessions[k].crl = read_slice();
		sessions[k].chain = read_slice();
		sessions[k].history = read_slice();
		sessions[k].own = read_slices(&sessions[k].own_count);
		sessions[k].certificates = read_slices(&sessions[k].certificate_count);
	}

	memory_size = scms_store_size(&bootstrap.limits);
	memory = allocate(memory_size);
	pristine = allocate(memory_size);
	encoded = allocate(encoded_cap);
	buckets = allocate(BUCKETS * sizeof(*buckets));
	for (size_t k = 0; k < BUCKETS; k++)
		buckets[k] = NONE;
	store = scms_store_init(memory, memory_size, &bootstrap, &toy, &objects, &err);
	if (!store) {
		fprintf(stderr, "driver: %s[%zu]: %s\n", err.list, err.index, scms_reason_name(err.reason));
		exit(2);
	}
	if (store_number(encode(store)) != 0)
		die("the first store has number 0");
}

int main(void)
{
	static char out[1 << 16];
	int request;

	setvbuf(stdout, out, _IOFBF, sizeof(out));
	read_world();
	while ((request = getchar()) != EOF) {
		if (request == 'E')
			answer_expand();
		else if (request == 'T')
			answer_text();
		else if (request == 'F')
			store_forget(read_u32());
		else
			die("unknown request");
		fflush(stdout);
	}
	return 0;
}
