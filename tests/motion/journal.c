/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: what is appended is read back; whatever is changed in it is found, and where.
 */
#include "service/journal.h"

#include "base/file.h"
#include "service/engine.h"
#include "tests/check.h"
#include "tests/dot2/people.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/scms-journal-XXXXXX";
static char path[64];
static struct person root, other;

static struct journal_error err;
static struct journal_summary summary;

static enum journal_status append(const char *what, const struct signer *signer)
{
	static const struct journal_file file = {"a.coer", {(const uint8_t *)"abc", 3}};
	struct journal_entry entry = {.now = PEOPLE_NOW, .who = "ann", .what = what, .why = "because", .files = &file, .file_count = 1};

	return journal_append(path, &entry, signer, &err);
}

static char *text(void)
{
	struct scms_slice bytes;
	char *copy;

	if (file_read(path, 1 << 20, &bytes, NULL) != FILE_OK)
		return strdup("");
	copy = strndup((const char *)bytes.p, bytes.n);
	free((void *)(uintptr_t)bytes.p);
	return copy;
}

static void put(const char *content)
{
	CHECK(file_write(path, 0644, (struct scms_slice){(const uint8_t *)content, strlen(content)}, NULL) == FILE_OK, "write");
}

static enum journal_status verify(const struct journal_expect *expect)
{
	return journal_verify(path, expect, &summary, NULL, NULL, &err);
}

static void begin(void)
{
	unlink(path);
	for (int k = 0; k < 4; k++)
		CHECK(append("act", NULL) == JOURNAL_OK, "%s", err.text);
}

static void seen(void *ctx, uint64_t n, const json_t *entry)
{
	uint64_t *count = ctx;

	CHECK(n == ++*count, "line %d", (int)n);
	CHECK(strcmp(json_string_value(json_object_get(entry, "who")), "ann") == 0, "who");
	CHECK(strcmp(json_string_value(json_object_get(json_array_get(json_object_get(entry, "files"), 0), "sha256")),
		     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0,
	      "SHA-256 of abc");
}

static void reads_back(void)
{
	uint64_t count = 0;

	begin();
	CHECK(journal_verify(path, NULL, &summary, seen, &count, &err) == JOURNAL_OK, "%s", err.text);
	CHECK(count == 4 && summary.entries == 4 && summary.last == PEOPLE_NOW && summary.torn == 0, "four entries");
	unlink(path);
	CHECK(verify(NULL) == JOURNAL_OK && summary.entries == 0, "one that is not there is empty");
}

/* One byte of any line changed: found in that line or, where only the chain tells, in the next. */
static void any_byte_changed(void)
{
	char *good, *bad;
	size_t n;

	begin();
	good = text();
	n = strlen(good);
	for (size_t k = 0; k < n; k += 5) {
		uint64_t line = 1;

		/* The last line has nobody to vouch for it but its own form; a signature or a head would. */
		if (strchr(good + k, '\n') == good + n - 1)
			break;
		for (size_t j = 0; j < k; j++)
			line += good[j] == '\n';
		bad = strdup(good);
		bad[k] = (char)(bad[k] ^ 1);
		put(bad);
		CHECK(verify(NULL) == JOURNAL_TAMPERED && (err.line == line || err.line == line + 1), "byte %zu of line %d: %s", k,
		      (int)line, err.text);
		free(bad);
	}
	free(good);
}

static char *line_at(char *all, unsigned n)
{
	for (; n > 1; n--)
		all = strchr(all, '\n') + 1;
	return all;
}

static void lines_moved(void)
{
	char *good, changed[8192];
	uint8_t head[32];
	struct journal_expect expect = {.head = head};

	begin();
	CHECK(verify(NULL) == JOURNAL_OK, "%s", err.text);
	memcpy(head, summary.head, 32);
	good = text();
	/* the second line is gone */
	snprintf(changed, sizeof(changed), "%.*s%s", (int)(line_at(good, 2) - good), good, line_at(good, 3));
	put(changed);
	CHECK(verify(NULL) == JOURNAL_TAMPERED && err.line == 2 && strstr(err.text, "line 2"), "%s", err.text);
	/* the first is gone */
	put(line_at(good, 2));
	CHECK(verify(NULL) == JOURNAL_TAMPERED && err.line == 1, "%s", err.text);
	/* the second is there twice */
	snprintf(changed, sizeof(changed), "%.*s%s", (int)(line_at(good, 3) - good), good, line_at(good, 2));
	put(changed);
	CHECK(verify(NULL) == JOURNAL_TAMPERED && err.line == 3, "%s", err.text);
	/* the end is cut off: only who noted the head can tell */
	snprintf(changed, sizeof(changed), "%.*s", (int)(line_at(good, 4) - good), good);
	put(changed);
	CHECK(verify(NULL) == JOURNAL_OK && summary.entries == 3, "%s", err.text);
	CHECK(verify(&expect) == JOURNAL_TAMPERED && strstr(err.text, "head"), "%s", err.text);
	put(good);
	CHECK(verify(&expect) == JOURNAL_OK, "%s", err.text);
	CHECK(append("more", NULL) == JOURNAL_OK && verify(&expect) == JOURNAL_OK, "an old head stays: %s", err.text);
	free(good);
}

static void torn_line(void)
{
	char *good, *line;
	size_t n;

	begin();
	good = text();
	n = strlen(good);
	/* A crash after any number of bytes of the last line. */
	for (size_t cut = (size_t)(line_at(good, 4) - good) + 1; cut < n; cut += 7) {
		char *torn = strndup(good, cut);

		put(torn);
		CHECK(verify(NULL) == JOURNAL_OK && summary.entries == 3 && summary.torn == cut - (size_t)(line_at(good, 4) - good),
		      "torn at %zu: %s", cut, err.text);
		CHECK(append("after the crash", NULL) == JOURNAL_OK, "%s", err.text);
		CHECK(verify(NULL) == JOURNAL_OK && summary.entries == 4 && summary.torn == 0, "%s", err.text);
		line = text();
		CHECK(strstr(line, "\"torn\":") != NULL, "the next entry says so: %s", line);
		free(line);
		free(torn);
	}
	/* the first line of all */
	put("{\"n\":1,");
	CHECK(append("after the crash", NULL) == JOURNAL_OK && verify(NULL) == JOURNAL_OK && summary.entries == 1, "%s", err.text);
	free(good);
}

static void no_journal(void)
{
	put("something else\n");
	CHECK(append("act", NULL) == JOURNAL_TAMPERED && strstr(err.text, "scms log verify"), "%s", err.text);
	CHECK(verify(NULL) == JOURNAL_TAMPERED && err.line == 1, "%s", err.text);
	unlink(path);
	CHECK(mkdir(path, 0700) == 0, "mkdir");
	CHECK(append("act", NULL) == JOURNAL_IO, "a folder: %s", err.text);
	rmdir(path);
	CHECK(mkfifo(path, 0600) == 0, "mkfifo");
	CHECK(append("act", NULL) == JOURNAL_IO, "a pipe: %s", err.text);
	unlink(path);
	CHECK(symlink("/dev/null", path) == 0, "symlink");
	CHECK(append("act", NULL) == JOURNAL_IO, "a link: %s", err.text);
	unlink(path);
	CHECK(append("act \xff", NULL) == JOURNAL_MEMORY && strstr(err.text, "UTF-8"), "%s", err.text);
	CHECK(verify(NULL) == JOURNAL_OK && summary.entries == 0, "nothing was written: %s", err.text);
}

static void signed_lines(void)
{
	struct signer signer = person_signer(&root, false), stranger = person_signer(&other, false), wrong = signer;
	struct journal_expect expect = {.signers = &root.cert, .signer_count = 1, .crypto = engine_crypto()};
	char *good, *at;

	unlink(path);
	CHECK(append("one", &signer) == JOURNAL_OK && append("two", &signer) == JOURNAL_OK, "%s", err.text);
	expect.all_signed = true;
	CHECK(verify(&expect) == JOURNAL_OK && summary.signed_entries == 2 && summary.unknown_signers == 0, "%s", err.text);
	CHECK(verify(NULL) == JOURNAL_OK && summary.unknown_signers == 2, "without certificates the chain alone: %s", err.text);
	/* the last line is vouched for by its signature */
	good = text();
	at = strstr(line_at(good, 2), "two");
	at[0] = 'T';
	put(good);
	CHECK(verify(&expect) == JOURNAL_TAMPERED && err.line == 2 && strstr(err.text, "signature"), "%s", err.text);
	at[0] = 't';
	at = strrchr(good, '"') - 1;
	*at = *at == '0' ? '1' : '0';
	put(good);
	CHECK(verify(&expect) == JOURNAL_TAMPERED && err.line == 2, "s of the signature: %s", err.text);
	free(good);
	/* a line by somebody else, and an unsigned one */
	unlink(path);
	CHECK(append("one", &signer) == JOURNAL_OK && append("two", &stranger) == JOURNAL_OK, "%s", err.text);
	CHECK(verify(&expect) == JOURNAL_SIGNATURE && err.line == 2 && strstr(err.text, "not given"), "%s", err.text);
	unlink(path);
	CHECK(append("one", NULL) == JOURNAL_OK, "%s", err.text);
	CHECK(verify(&expect) == JOURNAL_SIGNATURE && err.line == 1 && strstr(err.text, "not signed"), "%s", err.text);
	/* a key that is not the certificate's */
	wrong.key = other.key;
	CHECK(append("two", &wrong) == JOURNAL_SIGNATURE, "%s", err.text);
	CHECK(verify(NULL) == JOURNAL_OK && summary.entries == 1, "nothing was written: %s", err.text);
}

/* The disk is full in the middle of a line: nothing of it stays, and the next attempt works. */
static void disk_full(void)
{
	struct rlimit limit, old;
	char *before, *after;

	begin();
	before = text();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){strlen(before) + 40, old.rlim_max};
	setrlimit(RLIMIT_FSIZE, &limit);
	CHECK(append("too much", NULL) == JOURNAL_IO, "%s", err.text);
	setrlimit(RLIMIT_FSIZE, &old);
	after = text();
	CHECK(strcmp(before, after) == 0, "it is as it was");
	CHECK(append("again", NULL) == JOURNAL_OK && verify(NULL) == JOURNAL_OK && summary.entries == 5, "%s", err.text);
	free(before);
	free(after);
}

/* Several processes at once: no line is lost. */
static void together(void)
{
	unlink(path);
	for (int k = 0; k < 4; k++) {
		if (fork() != 0)
			continue;
		for (int j = 0; j < 20; j++)
			if (append("one of many", NULL) != JOURNAL_OK)
				_exit(1);
		_exit(0);
	}
	for (int k = 0, status; k < 4; k++)
		CHECK(wait(&status) > 0 && status == 0, "a writer failed");
	CHECK(verify(NULL) == JOURNAL_OK && summary.entries == 80, "%s", err.text);
}

int main(void)
{
	struct ToBeSignedCertificate tbs;

	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/journal", directory);
	tbs_root(&tbs, "root");
	person_make(&root, &tbs, SCMS_NIST_P256, NULL, false);
	tbs_root(&tbs, "other");
	person_make(&other, &tbs, SCMS_NIST_P384, NULL, false);
	reads_back();
	any_byte_changed();
	lines_moved();
	torn_line();
	no_journal();
	signed_lines();
	disk_full();
	together();
	person_free(&root);
	person_free(&other);
	unlink(path);
	rmdir(directory);
	return check_done();
}
