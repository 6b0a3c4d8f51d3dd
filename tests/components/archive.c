/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives: what goes in comes out; and what no honest RA would send is refused.
 */
#include "components/archive.h"

#include "tests/check.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#define MEMBERS 20

static struct key_error err;

static struct archive_member member(const char *name, size_t n)
{
	struct archive_member made = {.content = {OPENSSL_zalloc(n + 1), n}};

	snprintf(made.name, sizeof(made.name), "%s", name);
	memset(made.content.p, (int)n, n);
	return made;
}

static enum key_status read_status(struct scms_slice bytes, size_t members_max, size_t bytes_max)
{
	struct archive archive;
	enum key_status status = archive_read(bytes, members_max, bytes_max, &archive, &err);

	CHECK((status == KEY_OK) == (archive.member != NULL), "members only where it succeeds");
	archive_free(&archive);
	return status;
}

static void round_trip(void)
{
	struct archive_member members[MEMBERS];
	struct bytes bytes, again;
	struct archive archive;
	size_t total = 0;

	for (size_t k = 0; k < MEMBERS; k++) {
		char name[16];

		snprintf(name, sizeof(name), "1f4_%zx", k);
		members[k] = member(name, k * 37);
		total += k * 37;
	}
	CHECK(archive_make(members, MEMBERS, &bytes, &err) == KEY_OK, "%s", err.text);
	CHECK(archive_make(members, MEMBERS, &again, &err) == KEY_OK, "%s", err.text);
	CHECK(bytes.n == again.n && memcmp(bytes.p, again.p, bytes.n) == 0, "the same members give the same bytes");
	CHECK(archive_read(bytes_view(&bytes), MEMBERS, total, &archive, &err) == KEY_OK, "%s", err.text);
	CHECK(archive.n == MEMBERS, "%zu members", archive.n);
	for (size_t k = 0; k < archive.n; k++) {
		struct scms_slice found = archive_find(&archive, members[k].name);

		CHECK(found.n == members[k].content.n && (found.n == 0 || memcmp(found.p, members[k].content.p, found.n) == 0), "%s",
		      members[k].name);
	}
	CHECK(archive_find(&archive, "1f4").p == NULL, "a name that is not there");
	archive_free(&archive);
	CHECK(read_status(bytes_view(&bytes), MEMBERS - 1, total) == KEY_MALFORMED && strstr(err.text, "at most 19") != NULL, "%s",
	      err.text);
	CHECK(read_status(bytes_view(&bytes), MEMBERS, total - 1) == KEY_MALFORMED && strstr(err.text, "in all") != NULL, "%s", err.text);
	for (size_t n = 0; n < bytes.n; n += 11)
		CHECK(read_status((struct scms_slice){bytes.p, n}, MEMBERS, total) == KEY_MALFORMED, "cut to %zu bytes", n);
	for (size_t k = 0; k < bytes.n; k += 3) { /* whatever comes of it: no crash, and never more than the limits */
		bytes.p[k] ^= 0x21;
		(void)read_status(bytes_view(&bytes), MEMBERS, total);
		bytes.p[k] ^= 0x21;
	}
	for (size_t k = 0; k < MEMBERS; k++)
		bytes_free(&members[k].content);
	bytes_free(&bytes);
	bytes_free(&again);
}

/* Archives that our own maker would not write: names are changed in its bytes, in both directories. */
static void bad_name(const char *good, const char *bad)
{
	struct archive_member members[2] = {member(good, 5), member("second", 6)};
	struct bytes bytes;

	CHECK(archive_make(members, 2, &bytes, &err) == KEY_OK, "%s", err.text);
	for (size_t k = 0; k + strlen(good) <= bytes.n; k++)
		if (memcmp(bytes.p + k, good, strlen(good)) == 0)
			memcpy(bytes.p + k, bad, strlen(bad));
	CHECK(read_status(bytes_view(&bytes), 2, 100) == KEY_MALFORMED, "a member called %s", bad);
	bytes_free(&members[0].content);
	bytes_free(&members[1].content);
	bytes_free(&bytes);
}

int main(void)
{
	struct bytes empty;

	round_trip();
	bad_name("aabbccdd", "../../..");
	bad_name("aabbccdd", "/etc/bad");
	bad_name("aabbccdd", ".hidden.");
	bad_name("aabbccdd", "a\\b\\c\\d\\");
	bad_name("firsty", "second");
	CHECK(archive_make(NULL, 0, &empty, &err) == KEY_VALUE, "an archive of nothing");
	CHECK(read_status((struct scms_slice){NULL, 0}, 1, 1) == KEY_MALFORMED, "nothing");
	return check_done();
}
