/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in PKCS#11 tokens: SoftHSM2 in a directory of this test's own, and SoftHSM2 behind a module that fails on
 * demand.
 *
 * usage: tokens SOFTHSM2-UTIL SOFTHSM2-MODULE FAULTY-MODULE
 */
#include <ftw.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <sys/stat.h>

#include "crypto/ecies.h"
#include "tests/crypto/key_check.h"
#include "tests/crypto/secret_fd.h"

#define PIN "648219"

static char directory[] = "/tmp/scms-token-XXXXXX";
static const char *util, *softhsm, *faulty;

static void token_make(const char *label)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "'%s' --module '%s' --init-token --free --label '%s' --so-pin 12345678 --pin " PIN " >/dev/null", util,
		 softhsm, label);
	CHECK(system(command) == 0, "%s", command);
}

static void tokens_make(void)
{
	char text[512];
	FILE *file;

	snprintf(text, sizeof(text), "%s/softhsm2.conf", directory);
	setenv("SOFTHSM2_CONF", text, 1);
	file = fopen(text, "w");
	CHECK(file &&
		  fprintf(file, "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n",
			  directory) > 0 &&
		  fclose(file) == 0,
	      "%s", text);
	snprintf(text, sizeof(text), "%s/tokens", directory);
	CHECK(mkdir(text, 0700) == 0, "%s", text);
	token_make("Elector A");
	token_make("Elector B");
	token_make("twin");
	token_make("twin");
}

/* The URI of an object in a token, through the given module; several may be in use at a time. */
static const char *uri(const char *module, const char *path)
{
	static char texts[4][512];
	static unsigned which;
	char *text = texts[which++ % 4];

	snprintf(text, sizeof(texts[0]), "pkcs11:%s?module-path=%s", path, module);
	return text;
}

static enum key_status load(const char *name, const char *pin, struct private_key **key, struct key_error *err)
{
	struct secret_source source = secret_fd(pin);
	enum key_status status = private_key_load(name, &source, key, err);

	close(source.fd);
	return status;
}

static enum key_status generate(const char *name, enum scms_curve curve, enum key_use use, struct private_key **key,
				struct key_error *err)
{
	struct secret_source source = secret_fd(PIN "\n");
	enum key_status status = private_key_generate(name, curve, use, &source, key, err);

	close(source.fd);
	return status;
}

static void refuse(const char *name, const char *pin, enum key_status want, const char *words)
{
	struct private_key *key = (struct private_key *)directory;
	struct key_error err = {.status = KEY_OK};
	enum key_status status = load(name, pin, &key, &err);

	CHECK(status == want && err.status == want, "%s: status %d, not %d: %s", name, status, want, err.text);
	CHECK(strstr(err.text, words), "%s: \"%s\" not in \"%s\"", name, words, err.text);
	CHECK(!strstr(err.text, PIN), "the PIN stands in the message");
	CHECK(key == NULL, "%s: a key came out", name);
}

static void makes_and_signs(enum scms_curve curve)
{
	char path[64];
	struct private_key *key = NULL, *again = NULL;
	struct key_error err = {.status = KEY_OK};
	uint8_t d[CURVE_BYTES_MAX];

	snprintf(path, sizeof(path), "token=Elector%%20A;object=vote-%d", (int)curve);
	CHECK(generate(uri(softhsm, path), curve, KEY_SIGN, &key, &err) == KEY_OK, "%s", err.text);
	if (!key)
		return;
	CHECK(private_key_public(key)->curve == curve, "another curve");
	key_signs(key, path);
	CHECK(private_key_scalar(key, d, &err) == KEY_IN_TOKEN && strstr(err.text, "cannot be taken out"), "%s",
	      err.text);
	CHECK(private_key_save(key, "/tmp/never", NULL, &err) == KEY_IN_TOKEN, "%s", err.text);

	CHECK(load(uri(softhsm, path), PIN "\n", &again, &err) == KEY_OK, "%s", err.text);
	CHECK(again && curve_point_equal(private_key_public(key), private_key_public(again)), "another key");
	private_key_free(key);
	if (again)
		key_signs(again, path);
	private_key_free(again);
}

/* A key for decryption: agrees with keys in memory, unwraps what was wrapped for it, and does not sign. */
static void agrees(enum scms_curve curve)
{
	char path[64];
	struct private_key *key = NULL, *peer = NULL;
	struct key_error err = {.status = KEY_OK};
	uint8_t one[CURVE_BYTES_MAX], two[CURVE_BYTES_MAX], context[32] = {1}, wanted[16] = {2}, got[16];
	struct scms_slice p1 = {context, sizeof(context)};
	struct ecies_wrapped wrapped;
	struct curve_point bad;

	snprintf(path, sizeof(path), "token=Elector%%20B;object=decrypt-%d", (int)curve);
	CHECK(generate(uri(softhsm, path), curve, KEY_AGREE, &key, &err) == KEY_OK, "%s", err.text);
	CHECK(private_key_random(curve, &peer, &err) == KEY_OK, "%s", err.text);
	if (!key || !peer)
		return;
	CHECK(private_key_agree(key, private_key_public(peer), one, &err) == KEY_OK, "%s", err.text);
	CHECK(private_key_agree(peer, private_key_public(key), two, &err) == KEY_OK, "%s", err.text);
	CHECK(memcmp(one, two, scms_curve_bytes(curve)) == 0, "different secrets");
	bad = *private_key_public(peer);
	bad.x[3] ^= 1;
	CHECK(private_key_agree(key, &bad, one, &err) == KEY_POINT, "%s", err.text);
	CHECK(private_key_sign(key, one, one, two, &err) == KEY_REFUSED, "signed with a key that must not sign");
	if (scms_curve_bytes(curve) == 32) {
		CHECK(ecies_wrap(private_key_public(key), p1, wanted, &wrapped), "wrap");
		CHECK(ecies_unwrap(key, p1, &wrapped, got, &err) == KEY_OK && memcmp(got, wanted, 16) == 0, "%s",
		      err.text);
		wrapped.c[1] ^= 1;
		CHECK(ecies_unwrap(key, p1, &wrapped, got, &err) == KEY_NOT_FOR_US, "%s", err.text);
	}
	private_key_free(key);
	private_key_free(peer);
}

static void names(void)
{
	struct private_key *key = NULL, *second = NULL;
	struct key_error err;
	const char *vote = "token=Elector%20A;object=vote-0";

	refuse("pkcs11:token=Elector%20A;object=vote-0?pin-value=" PIN, PIN "\n", KEY_NAME, "what the PIN is");
	refuse("pkcs11:token=Elector%20A;object=vote-0?pin-source=/x", PIN "\n", KEY_NAME, "what the PIN is");
	refuse("pkcs11:token=Elector%2", PIN "\n", KEY_NAME, "pkcs11:");
	refuse(uri(softhsm, "token=Elector%20A;colour=red"), PIN "\n", KEY_NAME, "not known");
	refuse(uri(softhsm, "token=Elector%20A;object=vote-0;type=public"), PIN "\n", KEY_NAME, "type=private");
	refuse(uri("/nonexistent/module.so", vote), PIN "\n", KEY_NO_MODULE, "cannot load");
	refuse(uri("/etc/passwd", vote), PIN "\n", KEY_NO_MODULE, "cannot load");
	refuse(uri(softhsm, "token=Elector%20Z;object=vote-0"), PIN "\n", KEY_NO_TOKEN, "no such token");
	refuse(uri(softhsm, "token=twin;object=vote-0"), PIN "\n", KEY_AMBIGUOUS, "2 tokens match");
	refuse(uri(softhsm, "object=vote-0"), PIN "\n", KEY_AMBIGUOUS, "tokens match");
	refuse(uri(softhsm, "token=Elector%20A;object=veto"), PIN "\n", KEY_NOT_FOUND, "no such EC private key");
	refuse(uri(softhsm, "token=Elector%20A"), PIN "\n", KEY_AMBIGUOUS, "several private keys");
	refuse(uri(softhsm, "token=twin;model=none"), PIN "\n", KEY_NO_TOKEN, "no such token");

	CHECK(generate(uri(softhsm, "token=Elector%20A"), SCMS_NIST_P256, KEY_SIGN, &key, &err) == KEY_NAME, "%s",
	      err.text);
	CHECK(generate(uri(softhsm, vote), SCMS_NIST_P384, KEY_SIGN, &key, &err) == KEY_EXISTS && !key, "%s", err.text);
	/* By id, which both halves then have. */
	CHECK(generate(uri(softhsm, "token=Elector%20B;id=%01%02"), SCMS_NIST_P256, KEY_SIGN, &key, &err) == KEY_OK,
	      "%s", err.text);
	CHECK(load(uri(softhsm, "token=Elector%20B;id=%01%02;type=private"), PIN "\n", &second, &err) == KEY_OK, "%s",
	      err.text);
	private_key_free(key);
	private_key_free(second);
}

#define THREADS 4

static void *thread_signs(void *key)
{
	uint8_t digest[32] = {1}, r[32], s[32];
	struct key_error err = {.status = KEY_OK};

	for (unsigned k = 0; k < 25; k++)
		if (private_key_sign(key, digest, r, s, &err) != KEY_OK ||
		    !key_verifies(private_key_public(key), digest, r, s))
			return "failed";
	return NULL;
}

/* One key, several threads; and a second key of the token, which finds it logged in and asks for no PIN. */
static void shared(void)
{
	struct private_key *key = NULL, *second = NULL;
	struct key_error err = {.status = KEY_OK};
	pthread_t threads[THREADS];
	void *failed;

	CHECK(load(uri(softhsm, "token=Elector%20A;object=vote-0"), PIN "\n", &key, &err) == KEY_OK, "%s", err.text);
	if (!key)
		return;
	for (unsigned k = 0; k < THREADS; k++)
		CHECK(pthread_create(&threads[k], NULL, thread_signs, key) == 0, "thread");
	for (unsigned k = 0; k < THREADS; k++)
		CHECK(pthread_join(threads[k], &failed) == 0 && !failed, "thread %u", k);
	CHECK(load(uri(softhsm, "token=Elector%20A;object=vote-3"), "", &second, &err) == KEY_OK, "%s", err.text);
	private_key_free(key);
	if (second)
		key_signs(second, "after the first was closed");
	private_key_free(second);
}

static void pins(void)
{
	const char *name = uri(softhsm, "token=Elector%20A;object=vote-0");

	refuse(name, "648210\n", KEY_PIN, "wrong PIN");
	refuse(name, "1\n", KEY_PIN, "wrong PIN");
	refuse(name, "\n", KEY_SECRET, "empty");
}

/* One call of the module fails while a key is open. */
static void fault_one(struct private_key *key, const char *fault, enum key_status want, const char *words)
{
	uint8_t digest[CURVE_BYTES_MAX] = {1}, r[CURVE_BYTES_MAX] = {2}, s[CURVE_BYTES_MAX] = {3},
		before[CURVE_BYTES_MAX];
	struct key_error err = {.status = KEY_OK};

	memcpy(before, r, sizeof(before));
	setenv("FAULTY_TOKEN", fault, 1);
	CHECK(private_key_sign(key, digest, r, s, &err) == want, "%s: %d %s", fault, err.status, err.text);
	CHECK(strstr(err.text, words), "%s: %s", fault, err.text);
	CHECK(memcmp(r, before, sizeof(before)) == 0, "%s: something was written", fault);
	unsetenv("FAULTY_TOKEN");
}

static void faults(void)
{
	const char *name = uri(faulty, "token=Elector%20A;object=vote-0");
	struct private_key *key = NULL;
	struct key_error err = {.status = KEY_OK};
	uint8_t shared[CURVE_BYTES_MAX];

	setenv("SCMS_SOFTHSM", softhsm, 1);
	setenv("FAULTY_TOKEN", "C_Login=0xa4", 1); /* CKR_PIN_LOCKED */
	refuse(name, PIN "\n", KEY_PIN_LOCKED, "locked");
	setenv("FAULTY_TOKEN", "C_Login=0xa3", 1); /* CKR_PIN_EXPIRED */
	refuse(name, PIN "\n", KEY_PIN_LOCKED, "set first");
	setenv("FAULTY_TOKEN", "C_Login=0x30", 1); /* CKR_DEVICE_ERROR */
	refuse(name, PIN "\n", KEY_REFUSED, "log in");
	setenv("FAULTY_TOKEN", "flags=0x20000", 1); /* CKF_USER_PIN_FINAL_TRY */
	refuse(name, "000000\n", KEY_PIN, "last try");
	setenv("FAULTY_TOKEN", "flags=0x40000", 1); /* CKF_USER_PIN_LOCKED: no PIN is even read */
	refuse(name, "", KEY_PIN_LOCKED, "locked");
	unsetenv("FAULTY_TOKEN");

	CHECK(load(name, PIN "\n", &key, &err) == KEY_OK, "%s", err.text);
	if (!key)
		return;
	fault_one(key, "C_Sign=0x32", KEY_GONE, "removed");         /* CKR_DEVICE_REMOVED */
	fault_one(key, "C_SignInit=0xb3", KEY_GONE, "removed");     /* CKR_SESSION_HANDLE_INVALID */
	fault_one(key, "C_Sign=0xe0", KEY_GONE, "removed");         /* CKR_TOKEN_NOT_PRESENT */
	fault_one(key, "C_SignInit=0x54", KEY_REFUSED, "not sign"); /* CKR_FUNCTION_NOT_SUPPORTED */
	fault_one(key, "C_Sign=0", KEY_REFUSED, "10 bytes");
	setenv("FAULTY_TOKEN", "C_DeriveKey=0x32", 1);
	CHECK(private_key_agree(key, private_key_public(key), shared, &err) == KEY_GONE, "%s", err.text);
	unsetenv("FAULTY_TOKEN");
	private_key_free(key);

	/* A pair whose public half cannot be read is taken out again. */
	name = uri(faulty, "token=Elector%20A;object=half");
	setenv("FAULTY_TOKEN", "CKA_EC_PARAMS=0x30", 1);
	CHECK(generate(name, SCMS_NIST_P256, KEY_SIGN, &key, &err) == KEY_REFUSED && !key, "%s", err.text);
	unsetenv("FAULTY_TOKEN");
	CHECK(generate(name, SCMS_NIST_P256, KEY_SIGN, &key, &err) == KEY_OK, "left behind: %s", err.text);
	private_key_free(key);
}

/* A key that wants its PIN at each use, like the signature key of many smart cards. */
static void always(void)
{
	struct private_key *key = NULL;
	struct key_error err = {.status = KEY_OK};
	uint8_t digest[32] = {1}, r[32], s[32];

	setenv("FAULTY_TOKEN", "always=1", 1);
	setenv("FAULTY_TOKEN_PIN", PIN, 1);
	CHECK(load(uri(faulty, "token=Elector%20A;object=vote-0"), PIN "\n", &key, &err) == KEY_OK, "%s", err.text);
	if (key) {
		key_signs(key, "first");
		key_signs(key, "second");
		setenv("FAULTY_TOKEN_PIN", "changed", 1);
		CHECK(private_key_sign(key, digest, r, s, &err) == KEY_PIN, "%s", err.text);
	}
	private_key_free(key);
	unsetenv("FAULTY_TOKEN");
}

/* Really gone: the token's files disappear while the key is open. */
static void removed(void)
{
	char here[512], away[512];
	struct private_key *key = NULL;
	struct key_error err = {.status = KEY_OK};
	uint8_t digest[32] = {1}, r[32], s[32];

	CHECK(load(uri(softhsm, "token=Elector%20A;object=vote-0"), PIN "\n", &key, &err) == KEY_OK, "%s", err.text);
	if (!key)
		return;
	key_signs(key, "before");
	snprintf(here, sizeof(here), "%s/tokens", directory);
	snprintf(away, sizeof(away), "%s/away", directory);
	CHECK(rename(here, away) == 0 && mkdir(here, 0700) == 0, "rename");
	CHECK(private_key_sign(key, digest, r, s, &err) == KEY_GONE, "%d %s", err.status, err.text);
	CHECK(strstr(err.text, "removed"), "%s", err.text);
	private_key_free(key);
	refuse(uri(softhsm, "token=Elector%20A;object=vote-0"), PIN "\n", KEY_NO_TOKEN, "no such token");
	CHECK(rmdir(here) == 0 && rename(away, here) == 0, "rename");
}

static int entry_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

int main(int argc, char **argv)
{
	CHECK(argc == 4 && mkdtemp(directory), "usage: tokens SOFTHSM2-UTIL SOFTHSM2-MODULE FAULTY-MODULE");
	if (argc != 4)
		return check_done();
	util = argv[1];
	softhsm = argv[2];
	faulty = realpath(argv[3], NULL);
	CHECK(faulty != NULL, "%s", argv[3]);
	tokens_make();
	for (unsigned k = 0; k < 4; k++)
		makes_and_signs((enum scms_curve)k);
	for (unsigned k = 0; k < 4; k++)
		agrees((enum scms_curve)k);
	names();
	shared();
	pins();
	faults();
	always();
	removed();
	free((char *)(uintptr_t)faulty);
	nftw(directory, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
	return check_done();
}
