/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secure_memory FOLDER: a device with a little secure memory of its own, as an example and a test. It uses the public headers
 * of libscms-trust only, and real signatures (FOLDER: tests/data/electors). The three ways to keep a store:
 *
 *   whole    the encoded store lies in secure memory; what it names by hash lies in flash, where anybody may write
 *   votes    secure memory keeps the files that brought about the store, with their votes; they are judged again at each start
 *   hash     the store lies in flash, in two slots; secure memory keeps the SHA-256 of the slot that holds
 *
 * Each is shown to outlive a loss of power at each write, and the ones in flash to refuse what was changed or put back there.
 */
#include <scms/trust.h>
#include <scms/verify.h>

#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A check without which the rest makes no sense. */
#define CHECK_ALWAYS(condition, ...)                                                                                   \
	do {                                                                                                           \
		CHECK(condition, __VA_ARGS__);                                                                         \
		if (check_failures > 0)                                                                                \
			exit(1);                                                                                       \
	} while (0)

#define NOW UINT64_C(600000000000000)
#define STORE_MAX 32768

static const struct scms_crypto *crypto;
static struct scms_slice electors[3], root, crlg, files[2]; /* a chain file, then a composite CRL */

static struct scms_slice load(const char *folder, const char *name)
{
	char path[1024];
	FILE *file;
	uint8_t *bytes = malloc(1 << 20);
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	CHECK_ALWAYS(file != NULL && bytes != NULL, "%s", path);
	n = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return (struct scms_slice){bytes, n};
}

/* ---- the device's memories ---- */

static struct {
	uint8_t bytes[STORE_MAX];
	size_t n;
} secure, flash[2];

static struct {
	uint8_t digest[32], bytes[STORE_MAX];
	size_t n;
} objects[8];
static unsigned object_count;

/* Power fails at this write: it and all that follow do not happen. */
static unsigned writes, power_fails_at;

static bool power(void)
{
	return ++writes != power_fails_at && (power_fails_at == 0 || writes < power_fails_at);
}

static void sha256(const void *bytes, size_t n, uint8_t hash[32])
{
	struct scms_slice whole = {bytes, n};

	crypto->sha256(crypto->ctx, &whole, 1, hash);
}

/* What is taken from flash is hashed first: it is its name, or it is not there. */
static bool object_get(void *ctx, const uint8_t digest[32], struct scms_slice *bytes)
{
	uint8_t hash[32];

	(void)ctx;
	for (unsigned k = 0; k < object_count; k++) {
		if (memcmp(objects[k].digest, digest, 32) != 0)
			continue;
		sha256(objects[k].bytes, objects[k].n, hash);
		*bytes = (struct scms_slice){objects[k].bytes, objects[k].n};
		return memcmp(hash, digest, 32) == 0;
	}
	return false;
}

static bool object_put(void *ctx, const uint8_t digest[32], const struct scms_slice *parts, size_t n)
{
	struct scms_slice known;

	if (object_get(ctx, digest, &known))
		return true;
	if (object_count == 8 || !power())
		return false;
	memcpy(objects[object_count].digest, digest, 32);
	objects[object_count].n = 0;
	for (size_t k = 0; k < n; k++) {
		if (parts[k].n > STORE_MAX - objects[object_count].n)
			return false;
		if (parts[k].n > 0)
			memcpy(objects[object_count].bytes + objects[object_count].n, parts[k].p, parts[k].n);
		objects[object_count].n += parts[k].n;
	}
	object_count++;
	return true;
}

static const struct scms_objects beside = {.get = object_get, .put = object_put};

/* ---- stores ---- */

static void *memory;
static size_t memory_size;

static struct scms_store *provision(void)
{
	struct scms_bootstrap from = {.now = NOW, .electors = electors, .elector_count = 3, .roots = &root, .root_count = 1,
				      .certificates = &crlg, .certificate_count = 1, .quorum = 2};
	struct scms_bootstrap_error err;

	return scms_store_init(memory, memory_size, &from, crypto, &beside, &err);
}

static bool session(struct scms_store *store, unsigned which)
{
	struct scms_session files_of = {0};
	const struct scms_report silent = {0};
	struct scms_session_result result;
	size_t size;
	void *work;

	*(which == 0 ? &files_of.chain : &files_of.crl) = files[which];
	size = scms_session_work_size(store, &files_of);
	work = malloc(size);
	CHECK_ALWAYS(work != NULL, "memory");
	result = scms_store_apply(store, &files_of, NOW, crypto, &beside, work, size, &silent);
	free(work);
	return result.status == SCMS_SESSION_DONE;
}

static struct scms_slice encode(const struct scms_store *store)
{
	static uint8_t bytes[STORE_MAX];
	size_t n = 0;

	CHECK_ALWAYS(scms_store_encode(store, bytes, sizeof(bytes), &n), "the store is larger than its place");
	return (struct scms_slice){bytes, n};
}

/* ---- the three ways: save the state after file `which`, and start from what lasts ---- */

static bool whole_save(const struct scms_store *store, unsigned which)
{
	struct scms_slice bytes = encode(store);

	(void)which;
	if (!power())
		return false;
	memcpy(secure.bytes, bytes.p, bytes.n); /* secure memories replace an entry at a stroke */
	secure.n = bytes.n;
	return true;
}

static struct scms_store *whole_start(void)
{
	return scms_store_decode(memory, memory_size, (struct scms_slice){secure.bytes, secure.n}, crypto);
}

/* Which files: a byte for each. The files themselves are as good in secure memory; here they are in `files`. */
static bool votes_save(const struct scms_store *store, unsigned which)
{
	(void)store;
	if (!power())
		return false;
	if (which != UINT32_MAX)
		secure.bytes[secure.n++] = (uint8_t)which;
	return true;
}

static struct scms_store *votes_start(void)
{
	struct scms_store *store = provision();

	for (size_t k = 0; store != NULL && k < secure.n; k++)
		if (!session(store, secure.bytes[k]))
			return NULL;
	return store;
}

static int hash_slot(void)
{
	uint8_t hash[32];

	for (int k = 0; k < 2; k++) {
		sha256(flash[k].bytes, flash[k].n, hash);
		if (flash[k].n > 0 && memcmp(hash, secure.bytes, 32) == 0)
			return k;
	}
	return -1;
}

/* The slot that does not hold is written, and then its hash: that is the instant at which the new store holds. */
static bool hash_save(const struct scms_store *store, unsigned which)
{
	struct scms_slice bytes = encode(store);
	int slot = hash_slot() == 0 ? 1 : 0;

	(void)which;
	if (!power()) {
		memcpy(flash[slot].bytes, bytes.p, bytes.n / 2); /* torn */
		return false;
	}
	memcpy(flash[slot].bytes, bytes.p, bytes.n);
	flash[slot].n = bytes.n;
	if (!power())
		return false;
	sha256(bytes.p, bytes.n, secure.bytes);
	secure.n = 32;
	return true;
}

static struct scms_store *hash_start(void)
{
	int slot = hash_slot();

	return slot < 0 ? NULL : scms_store_decode(memory, memory_size, (struct scms_slice){flash[slot].bytes, flash[slot].n}, crypto);
}

static const struct way {
	const char *name;
	bool (*save)(const struct scms_store *store, unsigned which);
	struct scms_store *(*start)(void);
} ways[] = {{"whole", whole_save, whole_start}, {"votes", votes_save, votes_start}, {"hash", hash_save, hash_start}};

/* ---- what is shown ---- */

static void factory(const struct way *way)
{
	struct scms_store *store;

	memset(&secure, 0, sizeof(secure));
	memset(flash, 0, sizeof(flash));
	object_count = 0;
	power_fails_at = 0;
	store = provision();
	CHECK_ALWAYS(store != NULL && way->save(store, UINT32_MAX), "%s: provisioning", way->name);
}

/* The state after so many files, as bytes. */
static struct scms_slice expected(unsigned count)
{
	static uint8_t bytes[3][STORE_MAX];
	struct scms_store *store = provision();
	struct scms_slice encoded;

	for (unsigned k = 0; k < count; k++)
		CHECK_ALWAYS(session(store, k), "session");
	encoded = encode(store);
	memcpy(bytes[count], encoded.p, encoded.n);
	return (struct scms_slice){bytes[count], encoded.n};
}

static bool is_state(const struct scms_store *store, struct scms_slice state)
{
	struct scms_slice bytes = encode(store);

	return bytes.n == state.n && memcmp(bytes.p, state.p, bytes.n) == 0;
}

static void power_cuts(const struct way *way, const struct scms_slice state[3])
{
	for (unsigned which = 0; which < 2; which++) {
		unsigned old_seen = 0;

		for (unsigned at = 1;; at++) {
			struct scms_store *store;
			bool done;

			factory(way);
			for (unsigned k = 0; k < which; k++) {
				store = way->start();
				CHECK_ALWAYS(store != NULL && session(store, k) && way->save(store, k), "%s: %u", way->name, k);
			}
			store = way->start();
			writes = 0;
			power_fails_at = at;
			done = store != NULL && session(store, which) && way->save(store, which);
			power_fails_at = 0;
			store = way->start(); /* after the loss of power */
			CHECK_ALWAYS(store != NULL, "%s: no store after a loss of power at write %u", way->name, at);
			CHECK(is_state(store, state[done ? which + 1 : which]), "%s: another store after write %u", way->name, at);
			old_seen += !done;
			if (done)
				break;
			CHECK(session(store, which) && way->save(store, which) && is_state(way->start(), state[which + 1]),
			      "%s: the next session", way->name);
		}
		CHECK(old_seen > 0, "%s: power never failed", way->name);
	}
}

static void tampering(const struct scms_slice state[3])
{
	struct scms_store *store;

	factory(&ways[2]);
	store = hash_start();
	CHECK(session(store, 0) && hash_save(store, 0), "session");
	memcpy(flash[hash_slot()].bytes, state[0].p, state[0].n);
	CHECK(hash_start() == NULL, "an older store was put back in flash");
	memset(&secure, 0, sizeof(secure));
	factory(&ways[2]);
	flash[hash_slot()].bytes[200] ^= 1;
	CHECK(hash_start() == NULL, "a changed store in flash is believed");
	factory(&ways[0]);
	CHECK_ALWAYS(session(whole_start(), 0) && object_count > 0, "a session keeps objects");
	objects[0].bytes[20] ^= 1;
	CHECK(!session(whole_start(), 1), "a changed object in flash is believed");
}

int main(int argc, char **argv)
{
	size_t engine_size = scms_verifier_size(NULL);
	struct scms_verifier *engine = scms_verifier_init(malloc(engine_size), engine_size, NULL);
	struct scms_slice state[3];

	CHECK_ALWAYS(argc == 2 && engine != NULL, "usage: secure_memory FOLDER");
	crypto = scms_verifier_crypto(engine);
	electors[0] = load(argv[1], "cert-elector-A.coer");
	electors[1] = load(argv[1], "cert-elector-B.coer");
	electors[2] = load(argv[1], "cert-elector-C.coer");
	root = load(argv[1], "cert-root-1.coer");
	crlg = load(argv[1], "cert-crlg.coer");
	files[0] = load(argv[1], "v124-gccf.coer");
	files[1] = load(argv[1], "v124-composite-crl.coer");
	memory_size = scms_store_size(&(struct scms_limits){0});
	memory = malloc(memory_size);
	for (unsigned k = 0; k < 3; k++)
		state[k] = expected(k);
	CHECK(state[0].n != state[1].n || memcmp(state[0].p, state[1].p, state[0].n) != 0, "the files change the store");
	for (unsigned k = 0; k < 3; k++)
		power_cuts(&ways[k], state);
	tampering(state);
	return check_done();
}
