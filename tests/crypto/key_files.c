/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in encrypted files, and keys in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "tests/crypto/key_check.h"
#include "tests/crypto/secret_fd.h"

static char directory[] = "/tmp/scms-keys-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static enum key_status load(const char *name, const char *phrase, struct private_key **key, struct key_error *err)
{
	struct secret_source source = secret_fd(phrase);
	enum key_status status = private_key_load(path_of(name), &source, key, err);

	close(source.fd);
	return status;
}

/* A refused file: the status, words that the message must have, and no key. */
static void refuse(const char *name, const char *phrase, enum key_status want, const char *words)
{
	struct private_key *key = (struct private_key *)directory;
	struct key_error err = {.status = KEY_OK};
	enum key_status status = load(name, phrase, &key, &err);

	CHECK(status == want && err.status == want, "%s: status %d, not %d: %s", name, status, want, err.text);
	CHECK(strstr(err.text, words) && strstr(err.text, name), "%s: \"%s\"", name, err.text);
	CHECK(key == NULL, "%s: a key came out", name);
}

static void file_write(const char *name, const char *text, size_t n)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, text, n) == (ssize_t)n, "%s", name);
	close(fd);
}

static size_t file_read(const char *name, char *text, size_t room)
{
	int fd = open(path_of(name), O_RDONLY);
	ssize_t n = read(fd, text, room);

	CHECK(n > 0 && (size_t)n < room, "%s", name);
	close(fd);
	text[n] = 0;
	return (size_t)n;
}

static void generate(enum scms_curve curve)
{
	char name[32];
	struct secret_source source = secret_fd("correct horse\n");
	struct private_key *key, *again;
	struct key_error err = {.status = KEY_OK};
	struct stat st;
	uint8_t d[CURVE_BYTES_MAX], e[CURVE_BYTES_MAX];

	snprintf(name, sizeof(name), "curve-%d.pem", (int)curve);
	CHECK(private_key_generate(path_of(name), curve, KEY_SIGN, &source, &key, &err) == KEY_OK, "%s", err.text);
	close(source.fd);
	CHECK(stat(path_of(name), &st) == 0 && (st.st_mode & 07777) == 0600, "mode %o", st.st_mode);
	key_signs(key, name);

	CHECK(load(name, "correct horse\n", &again, &err) == KEY_OK, "%s", err.text);
	CHECK(curve_point_equal(private_key_public(key), private_key_public(again)), "another key came back");
	CHECK(private_key_scalar(key, d, &err) == KEY_OK && private_key_scalar(again, e, &err) == KEY_OK &&
		  memcmp(d, e, scms_curve_bytes(curve)) == 0,
	      "another scalar came back");
	key_signs(again, name);
	private_key_free(again);
	private_key_free(key);
	refuse(name, "incorrect horse\n", KEY_PASSPHRASE, "wrong pass phrase");
	refuse(name, "\n", KEY_SECRET, "empty");
}

static void malformed(void)
{
	static const char clear[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
	static const char certificate[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	static const char damaged[] =
	    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
	char text[8192], *body;
	size_t n;

	refuse("absent.pem", "x\n", KEY_NOT_FOUND, strerror(ENOENT));
	refuse(".", "x\n", KEY_MALFORMED, "not a file");
	file_write("empty.pem", "", 0);
	refuse("empty.pem", "x\n", KEY_MALFORMED, "not a PEM file");
	file_write("clear.pem", clear, sizeof(clear) - 1);
	refuse("clear.pem", "x\n", KEY_MALFORMED, "not encrypted");
	file_write("certificate.pem", certificate, sizeof(certificate) - 1);
	refuse("certificate.pem", "x\n", KEY_MALFORMED, "no encrypted PKCS#8 key");
	file_write("damaged.pem", damaged, sizeof(damaged) - 1);
	refuse("damaged.pem", "x\n", KEY_MALFORMED, "damaged");
	CHECK(truncate(path_of("empty.pem"), 2147483648) == 0, "2 GB"); /* sparse */
	refuse("empty.pem", "x\n", KEY_MALFORMED, "too long");
	unlink(path_of("empty.pem"));
	if (geteuid() != 0) {
		file_write("closed.pem", damaged, sizeof(damaged) - 1);
		CHECK(chmod(path_of("closed.pem"), 0) == 0, "chmod");
		refuse("closed.pem", "x\n", KEY_IO, strerror(EACCES));
	}

	n = file_read("curve-0.pem", text, sizeof(text));
	file_write("truncated.pem", text, n / 2);
	refuse("truncated.pem", "correct horse\n", KEY_MALFORMED, "not a PEM file");
	/* Of the ciphertext, a place that has the public key: it decrypts, and is no point any more. */
	body = strstr(text, "\n-----END");
	CHECK(body && body - 40 > text, "PEM text");
	if (body)
		body[-40] = body[-40] == 'A' ? 'B' : 'A';
	file_write("flipped.pem", text, n);
	refuse("flipped.pem", "correct horse\n", KEY_MALFORMED, "damaged");
}

/*
 * Files of other makers, in keys/: all made by openssl pkcs8 -topk8 with the pass phrase "phrase", by -v2 aes-256-cbc
 * (pbkdf2), by -v1 PBE-SHA1-3DES (outdated), and of keys that are not ours to use.
 */
static void foreign(const char *data)
{
	static const struct {
		const char *name;
		enum key_status status;
		const char *words;
	} rows[] = {
	    {"pbkdf2.pem", KEY_OK, NULL},
	    {"outdated.pem", KEY_MALFORMED, "PBES2"},
	    {"secp256k1.pem", KEY_CURVE, "curve"},
	    {"rsa.pem", KEY_CURVE, "curve"},
	};
	char path[512];

	for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
		struct secret_source source = secret_fd("phrase\n");
		struct private_key *key = NULL;
		struct key_error err = {.status = KEY_OK};

		snprintf(path, sizeof(path), "%s/%s", data, rows[k].name);
		CHECK(private_key_load(path, &source, &key, &err) == rows[k].status, "%s: %s", path, err.text);
		if (rows[k].words)
			CHECK(strstr(err.text, rows[k].words), "%s", err.text);
		else
			key_signs(key, path);
		private_key_free(key);
		close(source.fd);
	}
}

static unsigned entries;

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
	char before[8192], after[8192];
	struct secret_source source = secret_fd("new phrase\n");
	struct private_key *key = NULL;
	struct key_error err;
	size_t n = file_read("curve-0.pem", before, sizeof(before));
	unsigned files = files_now();

	CHECK(private_key_generate(path_of("curve-0.pem"), SCMS_NIST_P256, KEY_SIGN, &source, &key, &err) ==
		      KEY_EXISTS &&
		  !key,
	      "%s", err.text);
	CHECK(file_read("curve-0.pem", after, sizeof(after)) == n && memcmp(before, after, n) == 0, "replaced");
	CHECK(symlink("nowhere", path_of("link.pem")) == 0, "symlink");
	CHECK(private_key_generate(path_of("link.pem"), SCMS_NIST_P256, KEY_SIGN, &source, &key, &err) == KEY_EXISTS,
	      "a dangling link is not followed: %s", err.text);
	CHECK(private_key_generate(path_of("no/such.pem"), SCMS_NIST_P256, KEY_SIGN, &source, &key, &err) == KEY_IO,
	      "%s", err.text);
	close(source.fd);
	source = secret_fd("");
	CHECK(private_key_generate(path_of("x.pem"), SCMS_NIST_P256, KEY_SIGN, &source, &key, &err) == KEY_SECRET &&
		  !key,
	      "%s", err.text);
	close(source.fd);
	CHECK(files_now() == files, "something was left behind");
}

static void memory(void)
{
	uint8_t d[CURVE_BYTES_MAX] = {0};
	struct private_key *key = NULL;
	struct key_error err;

	CHECK(private_key_from_scalar(SCMS_NIST_P256, d, &key, &err) == KEY_MALFORMED && !key, "zero");
	memset(d, 0xff, sizeof(d));
	CHECK(private_key_from_scalar(SCMS_NIST_P384, d, &key, &err) == KEY_MALFORMED && !key, "above the order");
	private_key_free(NULL);
}

static int entry_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

int main(int argc, char **argv)
{
	CHECK(argc == 2 && mkdtemp(directory), "usage: key_files FOREIGN_KEYS");
	for (unsigned k = 0; k < 4; k++)
		generate((enum scms_curve)k);
	malformed();
	foreign(argv[1]);
	creation();
	memory();
	nftw(directory, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
	return check_done();
}
