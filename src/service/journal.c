/* SPDX-License-Identifier: Apache-2.0 */
#include "service/journal.h"

#include "base/file.h"
#include "crypto/digest.h"
#include "dot2/signed_data.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES (1u << 20)
#define JOURNAL_MAX_BYTES ((size_t)1 << 30)
#define SIGNATURE_KEY ",\"signature\":\""

static enum journal_status fail(struct journal_error *err, enum journal_status status, uint64_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static enum journal_status fail(struct journal_error *err, enum journal_status status, uint64_t line, const char *format, ...)
{
	va_list args;

	err->status = status;
	err->line = line;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return status;
}

static void hex_of(const uint8_t *bytes, size_t n, char *text)
{
	for (size_t k = 0; k < n; k++)
		snprintf(text + 2 * k, 3, "%02x", bytes[k]);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly n bytes from 2 n lower-case digits. */
static bool hex_read(const char *text, size_t digits, uint8_t *bytes)
{
	for (size_t k = 0; k < digits; k += 2) {
		int high = hex_digit(text[k]), low = hex_digit(text[k + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[k / 2] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool line_hash(const char *line, size_t n, uint8_t hash[32])
{
	return digest_sha256(&(struct scms_slice){(const uint8_t *)line, n}, 1, hash);
}

const char *journal_user(char text[64])
{
	/* The environment is not asked: it says what anybody wants. getpwuid would load network services (NSS). */
	FILE *passwd = fopen("/etc/passwd", "re");
	char line[512];

	snprintf(text, 64, "uid %u", (unsigned)getuid());
	while (passwd != NULL && fgets(line, sizeof(line), passwd) != NULL) {
		char *save, *name = strtok_r(line, ":", &save), *uid;

		uid = strtok_r(NULL, ":", &save) != NULL ? strtok_r(NULL, ":", &save) : NULL;
		if (name != NULL && uid != NULL && strtoul(uid, NULL, 10) == getuid()) {
			snprintf(text, 64, "%s", name);
			break;
		}
	}
	if (passwd != NULL)
		fclose(passwd);
	return text;
}

/* ---- reading ---- */

/* A line's signature: its place, and the countersignature's bytes. False: it has none. */
static bool signature_find(const char *line, size_t n, size_t *at, struct bytes *signature)
{
	const char *found = NULL, *next = line;
	size_t digits;

	*signature = (struct bytes){NULL, 0};
	while ((next = memmem(next, n - (size_t)(next - line), SIGNATURE_KEY, strlen(SIGNATURE_KEY))) != NULL)
		found = next++;
	if (found == NULL)
		return false;
	*at = (size_t)(found - line);
	found += strlen(SIGNATURE_KEY);
	digits = n - (size_t)(found - line);
	if (digits < 4 || digits % 2 != 0 || memcmp(line + n - 2, "\"}", 2) != 0)
		return false;
	digits -= 2;
	signature->n = digits / 2;
	signature->p = malloc(signature->n);
	if (signature->p == NULL || !hex_read(found, digits, signature->p)) {
		free(signature->p);
		*signature = (struct bytes){NULL, 0};
		return false;
	}
	return true;
}

enum signed_line { LINE_UNSIGNED, LINE_SIGNED, LINE_SIGNER_UNKNOWN, LINE_BADLY_SIGNED };

/* Is the countersignature one over body by a certificate that is known? */
static enum signed_line signature_judge(struct scms_slice signature, const char *body, size_t n,
					const struct journal_expect *expect)
{
	const struct scms_slice covered = {(const uint8_t *)body, n};
	struct scms_verify_request request;
	const struct HashedData *external;
	const struct cert *signer = NULL;
	uint8_t verdict;
	struct SignedData data;
	uint8_t hash[48], e[48];

	if (signed_data_read(&data, signature, OER_DEPTH_DEFAULT, NULL) != OER_OK ||
	    data.signer.choice != SignerIdentifier_is_digest || !data.tbsData.payload.has_extDataHash)
		return LINE_BADLY_SIGNED;
	external = &data.tbsData.payload.extDataHash;
	if (external->choice == HashedData_is_sha256HashedData) {
		if (!digest_sha256(&covered, 1, hash) || memcmp(hash, external->u.sha256HashedData, 32) != 0)
			return LINE_BADLY_SIGNED;
	} else if (external->choice == HashedData_is_sha384HashedData) {
		if (!digest_sha384(&covered, 1, hash) || memcmp(hash, external->u.sha384HashedData, 48) != 0)
			return LINE_BADLY_SIGNED;
	} else {
		return LINE_BADLY_SIGNED;
	}
	for (size_t k = 0; expect != NULL && k < expect->signer_count && signer == NULL; k++)
		if (memcmp(cert_id8(&expect->signers[k]), data.signer.u.digest, 8) == 0)
			signer = &expect->signers[k];
	if (signer == NULL)
		return LINE_SIGNER_UNKNOWN;
	if (!signed_data_request(&data, signer, expect->crypto, e, &request))
		return LINE_BADLY_SIGNED;
	expect->crypto->verify(expect->crypto->ctx, &request, 1, &verdict);
	return verdict == SCMS_GOOD ? LINE_SIGNED : LINE_BADLY_SIGNED;
}

/* The line without its signature. To be freed. */
static char *line_body(const char *line, size_t at, size_t *n)
{
	char *body = malloc(at + 2);

	if (body == NULL)
		return NULL;
	memcpy(body, line, at);
	memcpy(body + at, "}", 2);
	*n = at + 1;
	return body;
}

static enum signed_line line_judge(const char *line, size_t n, const struct journal_expect *expect)
{
	enum signed_line verdict = LINE_BADLY_SIGNED;
	struct bytes signature;
	size_t at, body_n;
	char *body;

	if (memmem(line, n, SIGNATURE_KEY, strlen(SIGNATURE_KEY)) == NULL)
		return LINE_UNSIGNED;
	if (!signature_find(line, n, &at, &signature))
		return LINE_BADLY_SIGNED;
	body = line_body(line, at, &body_n);
	if (body != NULL)
		verdict = signature_judge(bytes_view(&signature), body, body_n, expect);
	free(body);
	bytes_free(&signature);
	return verdict;
}

struct reading {
	const char *path;
	const struct journal_expect *expect;
	struct journal_summary *summary;
	void (*line)(void *ctx, uint64_t n, const json_t *entry);
	void *ctx;
	struct journal_error *err;
};

static enum journal_status read_signature(struct reading *reading, const char *line, size_t n, uint64_t number)
{
	struct journal_summary *summary = reading->summary;
	const struct journal_expect *expect = reading->expect;
	bool all = expect != NULL && expect->all_signed;

	switch (line_judge(line, n, expect)) {
	case LINE_UNSIGNED:
		return all ? fail(reading->err, JOURNAL_SIGNATURE, number, "%s: line %" PRIu64 ": is not signed", reading->path, number)
			   : JOURNAL_OK;
	case LINE_SIGNER_UNKNOWN:
		summary->signed_entries++;
		summary->unknown_signers++;
		return all ? fail(reading->err, JOURNAL_SIGNATURE, number,
				  "%s: line %" PRIu64 ": is signed by a certificate that was not given", reading->path, number)
			   : JOURNAL_OK;
	case LINE_SIGNED:
		summary->signed_entries++;
		return JOURNAL_OK;
	default:
		return fail(reading->err, JOURNAL_TAMPERED, number,
			    "%s: line %" PRIu64 ": its signature does not fit: the line was changed, or signed with another key",
			    reading->path, number);
	}
}

/* One whole line. */
static enum journal_status read_line(struct reading *reading, const char *line, size_t n)
{
	struct journal_summary *summary = reading->summary;
	uint64_t number = summary->entries + 1;
	enum journal_status status;
	json_int_t counter, time;
	char expected[65] = "";
	const char *prev;
	json_error_t bad;
	json_t *json;

	if (n == 0 || n > LINE_MAX_BYTES)
		return fail(reading->err, JOURNAL_TAMPERED, number, "%s: line %" PRIu64 ": expected a JSON object, found %zu bytes",
			    reading->path, number, n);
	json = json_loadb(line, n, JSON_REJECT_DUPLICATES, &bad);
	if (!json_is_object(json)) {
		json_decref(json);
		return fail(reading->err, JOURNAL_TAMPERED, number, "%s: line %" PRIu64 ": not a JSON object: %s", reading->path, number,
			    json == NULL ? bad.text : "another value");
	}
	counter = json_integer_value(json_object_get(json, "n"));
	time = json_integer_value(json_object_get(json, "time"));
	prev = json_string_value(json_object_get(json, "prev"));
	hex_of(summary->head, 32, expected);
	if (counter != (json_int_t)number)
		status = fail(reading->err, JOURNAL_TAMPERED, number,
			      "%s: line %" PRIu64 ": its number is %lld: lines were taken out or put in", reading->path, number,
			      (long long)counter);
	else if (prev == NULL || strcmp(prev, expected) != 0)
		status = fail(reading->err, JOURNAL_TAMPERED, number,
			      "%s: line %" PRIu64 ": does not follow the line before: expected prev %.16s..., found %.16s...: one of the "
			      "two was changed",
			      reading->path, number, expected, prev != NULL ? prev : "none");
	else if (time < 0)
		status = fail(reading->err, JOURNAL_TAMPERED, number, "%s: line %" PRIu64 ": time: expected Time64, found %lld",
			      reading->path, number, (long long)time);
	else
		status = read_signature(reading, line, n, number);
	if (status == JOURNAL_OK && !line_hash(line, n, summary->head))
		status = fail(reading->err, JOURNAL_MEMORY, number, "%s: SHA-256 failed", reading->path);
	if (status == JOURNAL_OK) {
		summary->entries = number;
		summary->last = (scms_time64)time;
		if (reading->expect != NULL && reading->expect->head != NULL && memcmp(reading->expect->head, summary->head, 32) == 0)
			summary->has_head = true;
		if (reading->line != NULL)
			reading->line(reading->ctx, number, json);
	}
	json_decref(json);
	return status;
}

static enum journal_status read_all(struct reading *reading, const char *text, size_t n)
{
	enum journal_status status = JOURNAL_OK;

	while (n > 0 && status == JOURNAL_OK) {
		const char *end = memchr(text, '\n', n);

		if (end == NULL) {
			reading->summary->torn = n;
			break;
		}
		status = read_line(reading, text, (size_t)(end - text));
		n -= (size_t)(end + 1 - text);
		text = end + 1;
	}
	return status;
}

enum journal_status journal_verify(const char *path, const struct journal_expect *expect, struct journal_summary *summary,
				   void (*line)(void *ctx, uint64_t n, const json_t *entry), void *ctx, struct journal_error *err)
{
	struct reading reading = {path, expect, summary, line, ctx, err};
	struct scms_slice bytes;
	struct file_error file_err;
	enum journal_status status;

	*summary = (struct journal_summary){0};
	if (file_read(path, JOURNAL_MAX_BYTES, &bytes, &file_err) != FILE_OK) {
		if (file_err.status != FILE_OPEN || file_err.error != ENOENT)
			return fail(err, JOURNAL_IO, 0, "%s: %s", path, file_err.text);
		bytes = (struct scms_slice){NULL, 0};
	}
	status = read_all(&reading, (const char *)bytes.p, bytes.n);
	free((void *)(uintptr_t)bytes.p);
	if (status == JOURNAL_OK && expect != NULL && expect->head != NULL && !summary->has_head)
		return fail(err, JOURNAL_TAMPERED, summary->entries,
			    "%s: no line has the head that was noted: lines were cut off at the end, or all was written anew", path);
	return status;
}

/* ---- writing ---- */

/* What the end of a journal says to whoever appends. */
struct tail {
	uint64_t n;	/* number of the last whole line */
	uint8_t hash[32];
	off_t end;	/* of the last whole line */
	size_t torn;	/* bytes behind it */
};

/* Reads back from the end: the last whole line and what is behind it. */
static enum journal_status tail_read(int fd, const char *path, struct tail *tail, struct journal_error *err)
{
	off_t size = lseek(fd, 0, SEEK_END), from;
	char *text, *end, *begin;
	size_t n;
	json_t *json;

	*tail = (struct tail){0};
	if (size < 0)
		return fail(err, JOURNAL_IO, 0, "%s: %s", path, strerror(errno));
	/* A torn line and a whole one before it. */
	from = size > 2 * (off_t)LINE_MAX_BYTES + 2 ? size - 2 * (off_t)LINE_MAX_BYTES - 2 : 0;
	n = (size_t)(size - from);
	text = malloc(n + 1);
	if (text == NULL)
		return fail(err, JOURNAL_MEMORY, 0, "%s: out of memory", path);
	if (pread(fd, text, n, from) != (ssize_t)n) {
		free(text);
		return fail(err, JOURNAL_IO, 0, "%s: cannot be read: %s", path, strerror(errno));
	}
	end = memrchr(text, '\n', n);
	tail->torn = end != NULL ? (size_t)(text + n - (end + 1)) : n;
	tail->end = size - (off_t)tail->torn;
	if (end == NULL && from > 0) {
		free(text);
		return fail(err, JOURNAL_TAMPERED, 0, "%s: its end is not a journal's", path);
	}
	if (end == NULL) {
		free(text);
		return JOURNAL_OK;
	}
	begin = memrchr(text, '\n', (size_t)(end - text));
	begin = begin != NULL ? begin + 1 : text;
	json = json_loadb(begin, (size_t)(end - begin), 0, NULL);
	tail->n = (uint64_t)json_integer_value(json_object_get(json, "n"));
	if (!line_hash(begin, (size_t)(end - begin), tail->hash))
		tail->n = 0;
	json_decref(json);
	free(text);
	return tail->n > 0 ? JOURNAL_OK
			   : fail(err, JOURNAL_TAMPERED, 0,
				  "%s: its last line is not one of a journal: see `scms log verify` before anything is added", path);
}

static json_t *files_json(const struct journal_entry *entry)
{
	json_t *list = json_array();

	for (size_t k = 0; k < entry->file_count; k++) {
		uint8_t hash[32];
		char hex[65];

		if (!digest_sha256(&entry->files[k].bytes, 1, hash)) {
			json_decref(list);
			return NULL;
		}
		hex_of(hash, 32, hex);
		if (json_array_append_new(list, json_pack("{s:s, s:s}", "file", entry->files[k].name, "sha256", hex)) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* The line's text, unsigned. To be freed. */
static char *line_make(const struct journal_entry *entry, const struct tail *tail)
{
	json_t *json = json_object(), *files = files_json(entry);
	char user[64], prev[65];
	char *line = NULL;

	hex_of(tail->hash, 32, prev);
	json_object_set_new(json, "n", json_integer((json_int_t)tail->n + 1));
	json_object_set_new(json, "time", json_integer((json_int_t)entry->now));
	json_object_set_new(json, "who", json_string(entry->who != NULL ? entry->who : journal_user(user)));
	json_object_set_new(json, "what", json_string(entry->what));
	if (entry->why != NULL)
		json_object_set_new(json, "why", json_string(entry->why));
	if (files != NULL && json_array_size(files) > 0)
		json_object_set(json, "files", files);
	if (entry->details != NULL)
		json_object_set_new(json, "details", json_deep_copy(entry->details));
	if (tail->torn > 0)
		json_object_set_new(json, "torn", json_integer((json_int_t)tail->torn));
	json_object_set_new(json, "prev", json_string(prev));
	if (files != NULL && json_object_get(json, "who") != NULL && json_object_get(json, "what") != NULL &&
	    (entry->why == NULL || json_object_get(json, "why") != NULL))
		line = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(files);
	json_decref(json);
	return line;
}

/* Puts the signature, and the line end, behind the line. Takes line; the result is to be freed, NULL on failure. */
static char *line_finish(char *line, const struct journal_entry *entry, const struct signer *signer, const char *path,
			 struct journal_error *err)
{
	size_t n = strlen(line);
	struct key_error key_err;
	struct bytes signature = {NULL, 0};
	char *whole;

	if (signer != NULL && countersignature_make(signer, (struct scms_slice){(const uint8_t *)line, n}, entry->now, &signature,
						    &key_err) != KEY_OK) {
		fail(err, JOURNAL_SIGNATURE, 0, "%s: the entry cannot be signed: %s", path, key_err.text);
		free(line);
		return NULL;
	}
	whole = malloc(n + strlen(SIGNATURE_KEY) + 2 * signature.n + 4);
	if (whole == NULL) {
		fail(err, JOURNAL_MEMORY, 0, "%s: out of memory", path);
	} else if (signer == NULL) {
		memcpy(whole, line, n);
		memcpy(whole + n, "\n", 2);
	} else {
		size_t at = n - 1 + strlen(SIGNATURE_KEY);

		memcpy(whole, line, n - 1);
		memcpy(whole + n - 1, SIGNATURE_KEY, strlen(SIGNATURE_KEY));
		hex_of(signature.p, signature.n, whole + at);
		memcpy(whole + at + 2 * signature.n, "\"}\n", 4);
	}
	bytes_free(&signature);
	free(line);
	return whole;
}

/* Writes a whole line behind the last; on failure takes back what was written. */
static enum journal_status line_write(int fd, const char *path, const char *line, const struct tail *tail,
				      struct journal_error *err)
{
	size_t n = strlen(line), done = 0;
	int error = 0;

	if (n > LINE_MAX_BYTES)
		return fail(err, JOURNAL_IO, 0, "%s: an entry of %zu bytes is too long", path, n);
	if (tail->torn > 0 && ftruncate(fd, tail->end) != 0)
		return fail(err, JOURNAL_IO, 0, "%s: the unfinished last line cannot be taken away: %s", path, strerror(errno));
	while (done < n && error == 0) {
		ssize_t w = pwrite(fd, line + done, n - done, tail->end + (off_t)done);

		if (w >= 0)
			done += (size_t)w;
		else if (errno != EINTR)
			error = errno;
	}
	if (error == 0 && fsync(fd) != 0)
		error = errno;
	if (error == 0)
		return JOURNAL_OK;
	if (ftruncate(fd, tail->end) != 0)
		return fail(err, JOURNAL_IO, 0, "%s: cannot be written: %s; its last line is unfinished", path, strerror(error));
	return fail(err, JOURNAL_IO, 0, "%s: cannot be written: %s", path, strerror(error));
}

/* A new file's name is on disk only with its directory. */
static bool directory_sync(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd = name != NULL ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);

	if (fd >= 0)
		close(fd);
	free(name);
	return good;
}

enum journal_status journal_append(const char *path, const struct journal_entry *entry, const struct signer *signer,
				   struct journal_error *err)
{
	enum journal_status status;
	struct tail tail;
	struct stat st;
	char *line;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0)
		return fail(err, JOURNAL_IO, 0, "%s: cannot be opened: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return fail(err, JOURNAL_IO, 0, "%s: is not a regular file", path);
	}
	while (flock(fd, LOCK_EX) != 0) {
		if (errno != EINTR) {
			status = fail(err, JOURNAL_IO, 0, "%s: cannot be locked: %s", path, strerror(errno));
			goto out;
		}
	}
	status = tail_read(fd, path, &tail, err);
	if (status != JOURNAL_OK)
		goto out;
	line = line_make(entry, &tail);
	if (line == NULL) {
		status = fail(err, JOURNAL_MEMORY, 0, "%s: an entry must be UTF-8 text, or memory is out", path);
		goto out;
	}
	line = line_finish(line, entry, signer, path, err);
	status = line == NULL ? err->status : line_write(fd, path, line, &tail, err);
	free(line);
	if (status == JOURNAL_OK && tail.end == 0 && !directory_sync(path))
		status = fail(err, JOURNAL_IO, 0, "%s: is written, but its directory is not: %s", path, strerror(errno));
out:
	close(fd);
	return status;
}
