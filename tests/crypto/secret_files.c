/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symmetric secrets in sealed files.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "crypto/secret_file.h"
#include "tests/check.h"
#include "tests/crypto/secret_fd.h"

#define KIND "caterpillar"
#define PHRASE "correct horse\n"
#define BYTES 32

static char directory[] = "/tmp/scms-secrets-XXXXXX";
static unsigned entries;

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static enum key_status save(const char *path, const char *kind, struct scms_slice secret, const char *phrase,
			    struct key_error *err)
{
	struct secret_source source = secret_fd(phrase);
	enum key_status status = secret_file_save(path, kind, secret, &source, err);

	close(source.fd);
	return status;
}

static enum key_status load(const char *path, const char *kind, uint8_t *secret, size_t n, const char *phrase,
			    struct key_error *err)
{
	struct secret_source source = secret_fd(phrase);
	enum key_status status = secret_file_load(path, kind, secret, n, &source, err);

	close(source.fd);
	return status;
}

/* A refused file: the status, words that the message must have, and nothing of a secret. */
static void refuse(const char *name, const char *kind, size_t n, const char *phrase, enum key_status want,
		   const char *words)
{
	static const uint8_t zero[SECRET_FILE_MAX];
	uint8_t secret[SECRET_FILE_MAX] = {0};
	struct key_error err = {.status = KEY_OK};
	enum key_status status = load(path_of(name), kind, secret, n, phrase, &err);

	CHECK(status == want && err.status == want, "%s: status %d, not %d: %s", name, status, want, err.text);
	CHECK(strstr(err.text, words) && strstr(err.text, name), "%s: \"%s\"", name, err.text);
	CHECK(memcmp(secret, zero, n) == 0, "%s: something came out", name);
}

static size_t text_read(const char *name, char *text, size_t room)
{
	FILE *f = fopen(path_of(name), "rb");
	size_t n = f ? fread(text, 1, room - 1, f) : 0;

	CHECK(n > 0, "%s", name);
	if (f)
		fclose(f);
	text[n] = 0;
	return n;
}

static void text_write(const char *name, const char *text, size_t n)
{
	FILE *f = fopen(path_of(name), "wb");

	CHECK(f && fwrite(text, 1, n, f) == n, "%s", name);
	if (f)
		fclose(f);
}

/* Made by another program, from the description in secret_file.h and RFC 3610, for the pass phrase "phrase". */
static void known(const char *data)
{
	uint8_t secret[BYTES];
	struct key_error err = {0};
	char path[512];

	snprintf(path, sizeof(path), "%s/caterpillar.pem", data);
	CHECK(load(path, KIND, secret, sizeof(secret), "phrase\n", &err) == KEY_OK, "%s", err.text);
	for (unsigned k = 0; k < BYTES; k++)
		CHECK(secret[k] == k, "byte %u: %u", k, secret[k]);
}

static void there_and_back(void)
{
	static const size_t sizes[] = {1, BYTES, SECRET_FILE_MAX};
	uint8_t secret[SECRET_FILE_MAX], again[SECRET_FILE_MAX];
	struct key_error err = {0};
	struct stat st;
	char name[32], first[8192], second[8192];

	memset(secret, 0xa5, sizeof(secret));
	for (unsigned k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
		snprintf(name, sizeof(name), "%zu.pem", sizes[k]);
		CHECK(save(path_of(name), KIND, (struct scms_slice){secret, sizes[k]}, PHRASE, &err) == KEY_OK, "%s",
		      err.text);
		CHECK(stat(path_of(name), &st) == 0 && (st.st_mode & 07777) == 0600, "mode %o", st.st_mode);
		memset(again, 0, sizeof(again));
		CHECK(load(path_of(name), KIND, again, sizes[k], PHRASE, &err) == KEY_OK, "%s", err.text);
		CHECK(memcmp(secret, again, sizes[k]) == 0, "another secret came back");
	}
	/* The same secret under the same pass phrase is sealed in other bytes. */
	CHECK(save(path_of("again.pem"), KIND, (struct scms_slice){secret, BYTES}, PHRASE, &err) == KEY_OK, "%s",
	      err.text);
	text_read("32.pem", first, sizeof(first));
	text_read("again.pem", second, sizeof(second));
	CHECK(strcmp(first, second) != 0, "salt");
}

static void refused(const char *data)
{
	static const char *const wrong = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
	static const char *const later = "-----BEGIN SCMS SECRET-----\nAAAA\n-----END SCMS SECRET-----\n";
	char text[8192], path[512];
	struct key_error err;
	uint8_t secret[BYTES];
	size_t n;

	refuse("32.pem", KIND, BYTES, "incorrect horse\n", KEY_PASSPHRASE, "wrong pass phrase");
	/* Judged before a pass phrase is asked for: there is none. */
	refuse("32.pem", KIND, BYTES, "", KEY_SECRET, "empty");
	refuse("32.pem", "linkage authority", BYTES, "", KEY_MALFORMED, "another kind than linkage authority");
	refuse("32.pem", "caterpillars", BYTES, "", KEY_MALFORMED, "another kind");
	refuse("32.pem", KIND, BYTES - 1, "", KEY_MALFORMED, "expected a secret of 31 bytes, found 32");
	refuse("32.pem", KIND, BYTES + 1, "", KEY_MALFORMED, "expected a secret of 33 bytes, found 32");
	refuse("absent.pem", KIND, BYTES, "", KEY_NOT_FOUND, strerror(ENOENT));
	refuse(".", KIND, BYTES, "", KEY_MALFORMED, "not a file");
	text_write("empty.pem", "", 0);
	refuse("empty.pem", KIND, BYTES, "", KEY_MALFORMED, "not a PEM file");
	CHECK(truncate(path_of("empty.pem"), 2147483648) == 0, "2 GB"); /* sparse */
	refuse("empty.pem", KIND, BYTES, "", KEY_MALFORMED, "too long");
	unlink(path_of("empty.pem"));
	text_write("key.pem", wrong, strlen(wrong));
	refuse("key.pem", KIND, BYTES, "", KEY_MALFORMED, "expected a sealed secret (SCMS SECRET), found PRIVATE KEY");
	text_write("later.pem", later, strlen(later));
	refuse("later.pem", KIND, BYTES, "", KEY_MALFORMED, "damaged, or of a later version");
	if (geteuid() != 0) {
		text_write("closed.pem", later, strlen(later));
		CHECK(chmod(path_of("closed.pem"), 0) == 0, "chmod");
		refuse("closed.pem", KIND, BYTES, "", KEY_IO, strerror(EACCES));
	}
	snprintf(path, sizeof(path), "%s/pbkdf2.pem", data);
	CHECK(load(path, KIND, secret, sizeof(secret), "", &err) == KEY_MALFORMED &&
		  strstr(err.text, "ENCRYPTED PRIVATE KEY"),
	      "%s", err.text);
	n = text_read("32.pem", text, sizeof(text));
	text_write("truncated.pem", text, n / 2);
	refuse("truncated.pem", KIND, BYTES, "", KEY_MALFORMED, "not a PEM file");
}

/* Salt, ciphertext and tag: no byte can be another. */
static void damaged(void)
{
	static const size_t places[] = {28 + 28, 28 + 65, 28 + 94, 28 + 112};
	char text[8192];
	size_t n = text_read("32.pem", text, sizeof(text));

	for (unsigned k = 0; k < sizeof(places) / sizeof(*places); k++) {
		char was = text[places[k]];

		CHECK(was != '\n', "a place with nothing to damage");
		text[places[k]] = was == 'A' ? 'B' : 'A';
		text_write("damaged.pem", text, n);
		refuse("damaged.pem", KIND, BYTES, PHRASE, KEY_PASSPHRASE, "damaged");
		text[places[k]] = was;
	}
}

static int entry_count(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)path, (void)st, (void)ftw;
	entries += kind == FTW_F;
	return 0;
}

static unsigned files_now(void)
{
	entries = 0;
	nftw(directory, entry_count, 8, FTW_PHYS);
	return entries;
}

/* What is there is never replaced, and a failure leaves no file, whole or part. */
static void creation(void)
{
	static const uint8_t secret[SECRET_FILE_MAX + 1];
	const struct scms_slice some = {secret, BYTES};
	char before[8192], after[8192];
	struct key_error err;
	unsigned files = files_now();

	text_read("32.pem", before, sizeof(before));
	CHECK(save(path_of("32.pem"), KIND, some, "", &err) == KEY_EXISTS && strstr(err.text, "32.pem"), "%s",
	      err.text);
	text_read("32.pem", after, sizeof(after));
	CHECK(strcmp(before, after) == 0, "replaced");
	CHECK(save(path_of("no/such.pem"), KIND, some, PHRASE, &err) == KEY_IO, "%s", err.text);
	CHECK(save(path_of("x.pem"), KIND, some, "", &err) == KEY_SECRET, "%s", err.text);
	CHECK(save(path_of("x.pem"), KIND, (struct scms_slice){secret, 0}, PHRASE, &err) == KEY_VALUE, "%s", err.text);
	CHECK(save(path_of("x.pem"), KIND, (struct scms_slice){secret, SECRET_FILE_MAX + 1}, PHRASE, &err) == KEY_VALUE,
	      "%s", err.text);
	CHECK(save(path_of("x.pem"), "", some, PHRASE, &err) == KEY_VALUE, "%s", err.text);
	CHECK(save(path_of("x.pem"), "a kind whose name is far too long", some, PHRASE, &err) == KEY_VALUE, "%s",
	      err.text);
	CHECK(files_now() == files, "something was left behind");
}

static int entry_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

int main(int argc, char **argv)
{
	CHECK(argc == 2 && mkdtemp(directory), "usage: secret_files FOREIGN_KEYS");
	known(argv[1]);
	there_and_back();
	refused(argv[1]);
	damaged();
	creation();
	nftw(directory, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
	return check_done();
}
