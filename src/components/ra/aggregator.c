/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ra/aggregator.h"

#include "components/archive.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number that nobody can guess, not negative. */
static bool draw(int64_t *ticket)
{
	uint64_t random;

	if (RAND_bytes((unsigned char *)&random, sizeof(random)) != 1)
		return false;
	*ticket = (int64_t)(random >> 1);
	return true;
}

bool aggregator_add(struct db *db, const struct scms_crypto *crypto, const struct aggregator_item *item, scms_time32 now)
{
	uint8_t hpcr[32];
	int64_t ticket;

	crypto->sha256(crypto->ctx, &item->pdu, 1, hpcr);
	return draw(&ticket) &&
	       db_run(db,
		      "INSERT INTO item (hpcr, request, kind, i, j, state, ticket, since, pdu, expires) "
		      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		      DB_VALUES(db_bytes(hpcr, 32), db_integer(item->request), db_integer(item->kind), db_integer(item->i),
				db_integer(item->j), db_integer(item->kind == RA_PSEUDONYM ? RA_WAITING : RA_RELEASED),
				db_integer(ticket), db_integer(now), db_bytes(item->pdu.p, item->pdu.n), db_integer(item->expires))) == 1;
}

struct waiting {
	int64_t cap, counted, oldest;
};

static bool count_vehicle(void *ctx, const struct db_value *columns, size_t count)
{
	struct waiting *waiting = ctx;

	(void)count;
	waiting->counted += columns[0].integer < waiting->cap ? columns[0].integer : waiting->cap;
	if (columns[1].integer < waiting->oldest)
		waiting->oldest = columns[1].integer;
	return true;
}

int64_t aggregator_release(struct db *db, const struct ra_policy *policy, scms_time32 now)
{
	struct waiting waiting = {.cap = (policy->shuffle_threshold + 1) / 2, .oldest = INT64_MAX};
	int64_t vehicles = db_each(db, "SELECT count(*), min(since) FROM item WHERE state = 0 GROUP BY request", NULL, 0, count_vehicle,
				   &waiting);

	if (vehicles <= 0)
		return vehicles;
	if (waiting.counted < policy->shuffle_threshold && waiting.oldest + policy->max_age > now)
		return 0;
	return db_run(db, "UPDATE item SET state = 1 WHERE state = 0", NULL, 0);
}

/* ---- answers ---- */

struct place {
	int64_t request, i, kind, expires;
	bool found;
};

static bool take_place(void *ctx, const struct db_value *columns, size_t count)
{
	struct place *place = ctx;

	(void)count;
	*place = (struct place){columns[0].integer, columns[1].integer, columns[2].integer, columns[3].integer, true};
	return false;
}

struct filing {
	struct archive_member *member;
	size_t n, max;
	bool failed;
};

static bool add_member(void *ctx, const struct db_value *columns, size_t count)
{
	struct filing *filing = ctx;
	struct archive_member *member;

	(void)count;
	if (filing->n == filing->max) {
		size_t max = 2 * filing->max + 32;
		struct archive_member *more = realloc(filing->member, max * sizeof(*more));

		if (more == NULL) {
			filing->failed = true;
			return false;
		}
		filing->member = more;
		filing->max = max;
	}
	member = &filing->member[filing->n];
	snprintf(member->name, sizeof(member->name), "%x_%x", (unsigned)columns[0].integer, (unsigned)columns[1].integer);
	member->content = (struct bytes){malloc(columns[2].bytes.n), columns[2].bytes.n};
	filing->failed = member->content.p == NULL;
	if (filing->failed)
		return false;
	memcpy(member->content.p, columns[2].bytes.p, columns[2].bytes.n);
	filing->n++;
	return true;
}

struct owner {
	int64_t enrolment;
	char hash[17];
};

static bool take_owner(void *ctx, const struct db_value *columns, size_t count)
{
	struct owner *owner = ctx;

	(void)count;
	if (columns[1].bytes.n == 8) {
		owner->enrolment = columns[0].integer;
		ra_hex8(columns[1].bytes.p, owner->hash);
	}
	return false;
}

static bool put_file(struct db *db, const struct owner *owner, const char *name, struct scms_slice bytes, int64_t expires)
{
	return db_run(db, "INSERT INTO file (name, enrolment, bytes, expires) VALUES ($1, $2, $3, $4)",
		      DB_VALUES(db_text(name), db_integer(owner->enrolment), db_bytes(bytes.p, bytes.n), db_integer(expires))) == 1;
}

/* All answers of a period into one archive; an application certificate is a file by itself. */
static bool file_period(struct db *db, const struct place *place)
{
	struct filing filing = {.member = NULL};
	struct owner owner = {.enrolment = 0};
	struct bytes archive = {NULL, 0};
	struct key_error err;
	char name[64];
	bool ok;

	db_each(db, "SELECT enrolment, hash FROM request WHERE id = $1", DB_VALUES(db_integer(place->request)), take_owner, &owner);
	db_each(db, "SELECT i, j, answer FROM item WHERE request = $1 AND i = $2 AND state = 2 ORDER BY j",
		DB_VALUES(db_integer(place->request), db_integer(place->i)), add_member, &filing);
	ok = owner.enrolment != 0 && !filing.failed;
	ra_file_name(owner.hash, (enum ra_kind)place->kind, (uint32_t)place->i, name);
	if (ok && filing.n > 0 && place->kind == RA_APPLICATION) {
		ok = put_file(db, &owner, name, bytes_view(&filing.member[0].content), place->expires);
	} else if (ok && filing.n > 0) {
		ok = archive_make(filing.member, filing.n, &archive, &err) == KEY_OK &&
		     put_file(db, &owner, name, bytes_view(&archive), place->expires);
	}
	/* What the MA may ask for stays: which request it was of, and which certificate. */
	ok = ok && db_run(db, "UPDATE item SET state = 4, answer = NULL, pdu = NULL WHERE request = $1 AND i = $2 AND state = 2",
			  DB_VALUES(db_integer(place->request), db_integer(place->i))) >= 0;
	for (size_t k = 0; k < filing.n; k++)
		bytes_free(&filing.member[k].content);
	free(filing.member);
	bytes_free(&archive);
	return ok;
}

/* Is the item's period complete? Then it is filed. */
static bool settle(struct db *db, const uint8_t hpcr[32], bool *filed)
{
	struct place place = {.found = false};

	*filed = false;
	db_each(db, "SELECT request, i, kind, expires FROM item WHERE hpcr = $1", DB_VALUES(db_bytes(hpcr, 32)), take_place, &place);
	if (!place.found)
		return true; /* its device was blacklisted meanwhile */
	if (db_number(db, "SELECT count(*) FROM item WHERE request = $1 AND i = $2 AND state < 2",
		      DB_VALUES(db_integer(place.request), db_integer(place.i)), -1) != 0)
		return true;
	*filed = true;
	return file_period(db, &place);
}

bool aggregator_answer(struct db *db, const uint8_t hpcr[32], struct scms_slice answer, const uint8_t *id10, bool *filed)
{
	const struct db_value null = {DB_NULL, 0, {NULL, 0}};

	return db_run(db, "UPDATE item SET state = 2, answer = $2, pdu = NULL, id10 = $3 WHERE hpcr = $1 AND state = 1",
		      DB_VALUES(db_bytes(hpcr, 32), db_bytes(answer.p, answer.n), id10 != NULL ? db_bytes(id10, 10) : null)) >= 0 &&
	       settle(db, hpcr, filed);
}

bool aggregator_refuse(struct db *db, const uint8_t hpcr[32], bool *filed)
{
	return db_run(db, "UPDATE item SET state = 3 WHERE hpcr = $1 AND state = 1", DB_VALUES(db_bytes(hpcr, 32))) >= 0 &&
	       settle(db, hpcr, filed);
}
