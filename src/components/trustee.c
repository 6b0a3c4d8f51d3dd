/* SPDX-License-Identifier: Apache-2.0 */
#include "trustee.h"

#include "components/session_report.h"
#include "dot2/validity.h"
#include "trust/members.h"
#include "trust/quorum.h"
#include "trust/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Verdicts that are kept: components are few; of end entities there are many, and each is heard of once in a while. */
#define EXPLICIT_VERDICTS_MAX 256
#define IMPLICIT_VERDICTS_MAX 8

/* A certificate that the store knows, to be found by its HashedId8. */
struct known {
	uint8_t id8[8];
	uint32_t order; /* as found */
	struct scms_slice bytes;
};

/* A certificate that was judged valid, with the chain above it. */
struct verdict {
	uint8_t identity[32];
	scms_time64 from, until; /* all of the chain is within its validity */
	uint8_t quorum;		 /* in force then */
	bool anchored;
	size_t issuers;
	struct cert issuer[];
};

/* Those of one kind, the last used first. */
struct verdicts {
	struct verdict *verdict[EXPLICIT_VERDICTS_MAX];
	size_t n, most;
};

struct trustee {
	char *path;
	const struct scms_crypto *crypto;
	struct store_dir *dir; /* NULL: it could not be read again */
	struct message_judge judge;
	struct source source; /* what the store knows */
	struct known *known;
	size_t known_count;
	struct scms_slice given; /* further candidates, beside the store's */
	struct verdicts verdicts[2]; /* of explicit certificates, of implicit ones */
	uint8_t *own;                /* the holder's certificate, and behind it those above it */
	size_t own_n, issuers_n;
	struct chain work;
};

/* ---- what the store knows ---- */

static int compare_known(const void *left, const void *right)
{
	const struct known *a = left, *b = right;
	int order = memcmp(a->id8, b->id8, 8);

	if (order != 0)
		return order;
	return a->order < b->order ? -1 : a->order > b->order;
}

static bool known_add(struct trustee *trustee, struct scms_slice bytes, size_t *room)
{
	struct cert cert;
	struct known *entry;

	/* What no judge could use is not found. */
	if (cert_read(&cert, bytes, trustee->crypto, NULL) != OER_OK)
		return true;
	if (trustee->known_count == *room) {
		size_t more = *room == 0 ? 64 : 2 * *room;
		struct known *grown = realloc(trustee->known, more * sizeof(*grown));

		if (grown == NULL)
			return false;
		trustee->known = grown;
		*room = more;
	}
	entry = &trustee->known[trustee->known_count];
	memcpy(entry->id8, cert_id8(&cert), 8);
	entry->order = (uint32_t)trustee->known_count++;
	entry->bytes = bytes;
	return true;
}

/* Does the store know it already? */
static bool known_has(const struct trustee *trustee, struct scms_slice bytes)
{
	for (size_t k = 0; k < trustee->known_count; k++)
		if (trustee->known[k].bytes.n == bytes.n && memcmp(trustee->known[k].bytes.p, bytes.p, bytes.n) == 0)
			return true;
	return false;
}

/* fresh: only what is not there yet; of a namesake, few are tried. */
static bool known_add_run(struct trustee *trustee, struct scms_slice rest, bool fresh, size_t *room)
{
	while (rest.n > 0) {
		struct scms_slice one = {rest.p, 0};

		if (oer_decode_prefix(&oer_Certificate, &rest, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
			return true;
		one.n = (size_t)(rest.p - one.p);
		if (!(fresh && known_has(trustee, one)) && !known_add(trustee, one, room))
			return false;
	}
	return true;
}

static bool known_find(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes)
{
	const struct trustee *trustee = ctx;
	size_t low = 0, high = trustee->known_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(trustee->known[middle].id8, id8, 8) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (k >= trustee->known_count - low || memcmp(trustee->known[low + k].id8, id8, 8) != 0)
		return false;
	*bytes = trustee->known[low + k].bytes;
	return true;
}

/* Roots are no candidates: a chain ends in them, or it does not. But they too may have signed. */
static bool find_signer(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes)
{
	const struct trustee *trustee = ctx;
	const struct scms_store *store;
	unsigned candidates = 0;

	if (trustee->dir == NULL)
		return false;
	while (known_find(ctx, id8, candidates, bytes))
		if (candidates++ == k)
			return true;
	store = store_dir_store(trustee->dir);
	for (uint32_t r = 0; r < store->root_count; r++)
		if (memcmp(store->roots[r].id8, id8, 8) == 0 && candidates++ == k) {
			*bytes = root_bytes(&store->roots[r]);
			return true;
		}
	return false;
}

/* Takes stock of the store that was read. */
static bool known_make(struct trustee *trustee)
{
	const struct scms_store *store = store_dir_store(trustee->dir);
	const struct trust_env env = {trustee->crypto, store_dir_objects(trustee->dir)};
	size_t room = 0;

	if (!source_open(&trustee->source, store, env, 0))
		return false;
	source_resolve(&trustee->source);
	for (size_t k = 0; k < trustee->source.runs; k++)
		if (!known_add_run(trustee, trustee->source.run[k], false, &room))
			return false;
	if (!known_add_run(trustee, trustee->given, true, &room))
		return false;
	if (trustee->known_count > 0)
		qsort(trustee->known, trustee->known_count, sizeof(trustee->known[0]), compare_known);
	/* From here on the source asks the index, and only what a message brings lies in runs. */
	trustee->source.runs = 0;
	trustee->source.index = known_find;
	trustee->source.index_ctx = trustee;
	return true;
}

/* ---- verdicts ---- */

static struct verdicts *verdicts_of(struct trustee *trustee, const struct chain *chain)
{
	return &trustee->verdicts[cert_is_implicit(&chain->cert[0])];
}

static void verdicts_drop(struct trustee *trustee)
{
	for (size_t k = 0; k < 2; k++)
		while (trustee->verdicts[k].n > 0)
			free(trustee->verdicts[k].verdict[--trustee->verdicts[k].n]);
}

/* Makes it the first, in the place of the k-th. */
static void verdict_first(struct verdicts *verdicts, struct verdict *verdict, size_t k)
{
	memmove(&verdicts->verdict[1], &verdicts->verdict[0], k * sizeof(verdicts->verdict[0]));
	verdicts->verdict[0] = verdict;
}

static void verdict_keep(struct trustee *trustee, const struct chain *chain, uint8_t quorum)
{
	struct verdicts *verdicts = verdicts_of(trustee, chain);
	struct verdict *verdict;

	verdict = malloc(sizeof(*verdict) + (chain->n - 1) * sizeof(verdict->issuer[0]));
	if (verdict == NULL)
		return;
	memcpy(verdict->identity, chain->cert[0].hash256, 32);
	verdict->quorum = quorum;
	verdict->anchored = chain->anchored;
	verdict->issuers = chain->n - 1;
	memcpy(verdict->issuer, &chain->cert[1], verdict->issuers * sizeof(verdict->issuer[0]));
	verdict->from = 0;
	verdict->until = UINT64_MAX;
	for (size_t k = 0; k < chain->n; k++) {
		const struct ValidityPeriod *period = &chain->cert[k].c.toBeSigned.validityPeriod;

		if (validity_start(period) > verdict->from)
			verdict->from = validity_start(period);
		if (validity_end(period) < verdict->until)
			verdict->until = validity_end(period);
	}
	if (verdicts->n == verdicts->most)
		free(verdicts->verdict[--verdicts->n]);
	verdict_first(verdicts, verdict, verdicts->n++);
}

static bool verdict_find(struct trustee *trustee, struct chain *chain, scms_time64 now, uint8_t quorum)
{
	struct verdicts *verdicts = verdicts_of(trustee, chain);
	struct verdict *verdict;

	for (size_t k = 0; k < verdicts->n; k++) {
		verdict = verdicts->verdict[k];
		if (memcmp(verdict->identity, chain->cert[0].hash256, 32) != 0 || verdict->quorum != quorum ||
		    now < verdict->from || now >= verdict->until)
			continue;
		memcpy(&chain->cert[1], verdict->issuer, verdict->issuers * sizeof(verdict->issuer[0]));
		chain->n = 1 + verdict->issuers;
		chain->anchored = verdict->anchored;
		verdict_first(verdicts, verdict, k);
		return true;
	}
	return false;
}

/* Does a message bring more than the leaf? Then its chain may point into the message, and is not kept. */
static bool brings_issuers(struct scms_slice carried)
{
	return carried.n > 0 &&
	       (oer_decode_prefix(&oer_Certificate, &carried, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK ||
		carried.n > 0);
}

/* further: a run of candidates; lasting: they stay where they are. */
static enum scms_reason judge(struct trustee *trustee, struct chain *chain, struct scms_slice further, bool lasting,
			      scms_time64 now)
{
	struct source source;
	enum scms_reason reason;

	if (trustee->dir == NULL)
		return SCMS_REASON_FAILED;
	source = trustee->source;
	source.quorum = quorum_in_force(source.store, now, NULL);
	if (verdict_find(trustee, chain, now, source.quorum))
		return SCMS_VALID;
	source_add_run(&source, further);
	reason = source_judge(&source, chain, now);
	if (reason == SCMS_VALID && lasting)
		verdict_keep(trustee, chain, source.quorum);
	return reason;
}

static enum scms_reason judge_signer(void *ctx, struct chain *chain, struct scms_slice carried, scms_time64 now)
{
	bool brought = brings_issuers(carried);

	return judge(ctx, chain, brought ? carried : (struct scms_slice){NULL, 0}, !brought, now);
}

const struct message_judge *trustee_judge(struct trustee *trustee)
{
	return &trustee->judge;
}

enum scms_reason trustee_check(struct trustee *trustee, struct scms_slice certificate, scms_time64 now)
{
	if (cert_read(&trustee->work.cert[0], certificate, trustee->crypto, NULL) != OER_OK)
		return SCMS_MALFORMED;
	return judge(trustee, &trustee->work, (struct scms_slice){NULL, 0}, true, now);
}

bool trustee_find(struct trustee *trustee, const uint8_t id8[8], unsigned k, struct scms_slice *certificate)
{
	return find_signer(trustee, id8, k, certificate);
}

/* ---- the holder ---- */

bool trustee_identify(struct trustee *trustee, struct scms_slice certificate, struct scms_slice issuers)
{
	struct oer_list list = {.bytes = {NULL, 0}};
	uint8_t *own = NULL;

	if (issuers.n > 0 && oer_decode(&oer_SequenceOfCertificate, issuers, OER_DEPTH_DEFAULT, &list, NULL) != OER_OK)
		return false;
	if (certificate.n > 0) {
		own = malloc(certificate.n + list.bytes.n);
		if (own == NULL)
			return false;
		memcpy(own, certificate.p, certificate.n);
		if (list.bytes.n > 0)
			memcpy(own + certificate.n, list.bytes.p, list.bytes.n);
	}
	/* Verdicts may point into what goes now. */
	verdicts_drop(trustee);
	free(trustee->own);
	trustee->own = own;
	trustee->own_n = certificate.n;
	trustee->issuers_n = list.bytes.n;
	return true;
}

enum scms_reason trustee_standing(struct trustee *trustee, scms_time64 now)
{
	enum scms_reason reason = SCMS_VALID;

	if (trustee->dir == NULL)
		return SCMS_STORE_UNREADABLE;
	if (trustee->own_n > 0) {
		struct scms_slice own = {trustee->own, trustee->own_n};

		if (cert_read(&trustee->work.cert[0], own, trustee->crypto, NULL) != OER_OK)
			return SCMS_MALFORMED;
		reason =
		    judge(trustee, &trustee->work, (struct scms_slice){own.p + own.n, trustee->issuers_n}, true, now);
	}
	return reason == SCMS_REASON_FAILED ? SCMS_STORE_UNREADABLE : reason;
}

/* ---- the directory ---- */

static void dir_leave(struct trustee *trustee)
{
	verdicts_drop(trustee);
	free(trustee->known);
	trustee->known = NULL;
	trustee->known_count = 0;
	store_dir_close(trustee->dir);
	trustee->dir = NULL;
}

static bool dir_enter(struct trustee *trustee, struct store_dir_error *err)
{
	trustee->dir = store_dir_open(trustee->path, STORE_DIR_READ, trustee->crypto, err);
	if (trustee->dir == NULL)
		return false;
	if (known_make(trustee))
		return true;
	err->status = STORE_DIR_UNREADABLE;
	snprintf(err->text, sizeof(err->text), "%s: %s; restore the directory from a backup", trustee->path,
		 store_dir_object_error(trustee->dir)[0] != '\0' ? store_dir_object_error(trustee->dir)
								 : "out of memory");
	dir_leave(trustee);
	return false;
}

bool trustee_know(struct trustee *trustee, struct scms_slice certificates)
{
	uint8_t *copy = malloc(certificates.n > 0 ? certificates.n : 1);

	verdicts_drop(trustee);
	free(trustee->known);
	trustee->known = NULL;
	trustee->known_count = 0;
	free((void *)(uintptr_t)trustee->given.p);
	trustee->given = (struct scms_slice){copy, 0};
	if (copy != NULL) {
		if (certificates.n > 0)
			memcpy(copy, certificates.p, certificates.n);
		trustee->given.n = certificates.n;
		if (trustee->dir == NULL || known_make(trustee))
			return true;
	}
	dir_leave(trustee);
	return false;
}

struct scms_slice trustee_known(const struct trustee *trustee)
{
	return trustee->given;
}

struct trustee *trustee_open(const char *path, const struct scms_crypto *crypto, struct store_dir_error *err)
{
	struct trustee *trustee = calloc(1, sizeof(*trustee));

	if (trustee == NULL || (trustee->path = strdup(path)) == NULL) {
		free(trustee);
		*err = (struct store_dir_error){STORE_DIR_IO, "out of memory"};
		return NULL;
	}
	trustee->crypto = crypto;
	trustee->judge = (struct message_judge){trustee, find_signer, judge_signer};
	trustee->verdicts[0].most = EXPLICIT_VERDICTS_MAX;
	trustee->verdicts[1].most = IMPLICIT_VERDICTS_MAX;
	if (!dir_enter(trustee, err)) {
		trustee_close(trustee);
		return NULL;
	}
	return trustee;
}

void trustee_close(struct trustee *trustee)
{
	if (trustee == NULL)
		return;
	dir_leave(trustee);
	free(trustee->own);
	free((void *)(uintptr_t)trustee->given.p);
	free(trustee->path);
	free(trustee);
}

/* ---- sessions ---- */

static void outcome_set(struct trustee_outcome *outcome, enum trustee_status status, const char *text)
{
	outcome->status = status;
	snprintf(outcome->text, sizeof(outcome->text), "%s", text);
}

static void keep(struct store_dir *dir, const struct scms_session *session, scms_time64 now,
		 struct session_report *report, const struct scms_session_result *result,
		 const struct scms_crypto *crypto, struct trustee_outcome *outcome)
{
	uint64_t counter = store_dir_counter(dir) + (result->changed ? 1 : 0);
	struct scms_store_status limits;
	struct store_dir_error err;
	enum store_dir_status status;
	json_t *json = session_report_json(report, result);
	char *line = NULL;

	if (scms_store_status(store_dir_store(dir), now, crypto, store_dir_objects(dir), &limits))
		line = session_log_line(session, &limits.limits, now, counter, report, result, crypto);
	status = result->changed ? store_dir_commit(dir, line, &err)
		 : line != NULL  ? store_dir_log(dir, line, &err)
				 : STORE_DIR_OK;
	free(line);
	if (status != STORE_DIR_OK) {
		json_decref(json);
		outcome_set(outcome, TRUSTEE_FAILED, err.text);
		return;
	}
	outcome->changed = result->changed;
	outcome->refused = result->refused;
	outcome->report = json;
}

static void session_run(struct store_dir *dir, const struct scms_session *session, scms_time64 now,
			const struct scms_crypto *crypto, struct trustee_outcome *outcome)
{
	size_t size = scms_session_work_size(store_dir_store(dir), session);
	struct session_report *report = session_report_new(store_dir_store(dir), now);
	struct scms_session_result result;
	void *work = malloc(size);

	if (work == NULL || report == NULL) {
		outcome_set(outcome, TRUSTEE_FAILED, "out of memory");
		goto out;
	}
	result = scms_store_apply(store_dir_store(dir), session, now, crypto, store_dir_objects(dir), work, size,
				  session_report_table(report));
	if (result.status == SCMS_SESSION_DONE)
		keep(dir, session, now, report, &result, crypto, outcome);
	else if (result.status == SCMS_SESSION_CLOCK_BACK)
		outcome_set(
		    outcome, TRUSTEE_CLOCK_BACK,
		    "CLOCK_BACK (rule G6): the clock is behind a time that was signed and accepted; set it right");
	else
		outcome_set(outcome, TRUSTEE_FAILED,
			    store_dir_object_error(dir)[0] != '\0' ? store_dir_object_error(dir)
								   : "the crypto engine failed");
out:
	free(work);
	session_report_free(report);
}

struct trustee_outcome trustee_apply(struct trustee *trustee, const struct scms_session *session, scms_time64 now)
{
	struct trustee_outcome outcome = {.status = TRUSTEE_DONE};
	struct store_dir_error err;
	struct store_dir *dir;

	/* The lock of a reader is given up for that of the one who changes, and what others changed meanwhile is read.
	 */
	dir_leave(trustee);
	dir = store_dir_open(trustee->path, STORE_DIR_CHANGE, trustee->crypto, &err);
	if (dir == NULL)
		outcome_set(&outcome, err.status == STORE_DIR_BUSY ? TRUSTEE_BUSY : TRUSTEE_FAILED, err.text);
	else
		session_run(dir, session, now, trustee->crypto, &outcome);
	store_dir_close(dir);
	if (!dir_enter(trustee, &err) && outcome.status == TRUSTEE_DONE) {
		json_decref(outcome.report);
		outcome.report = NULL;
		outcome_set(&outcome, TRUSTEE_FAILED, err.text);
	}
	return outcome;
}

bool trustee_release(struct trustee *trustee)
{
	return trustee->dir != NULL && store_dir_release(trustee->dir);
}

const struct scms_store *trustee_store(const struct trustee *trustee)
{
	return trustee->dir != NULL ? store_dir_store(trustee->dir) : NULL;
}

const struct scms_objects *trustee_objects(const struct trustee *trustee)
{
	return trustee->dir != NULL ? store_dir_objects(trustee->dir) : NULL;
}

uint64_t trustee_counter(const struct trustee *trustee)
{
	return trustee->dir != NULL ? store_dir_counter(trustee->dir) : 0;
}
