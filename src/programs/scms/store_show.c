/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms store show, forecast: the store in words.
 */
#include "base/leap.h"
#include "service/engine.h"
#include "store_command.h"

#include "asn1/types.h"
#include "oer/oer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct argp_option rows[] = {STORE_ROW_STATE, STORE_ROW_NOW, {0}};
static const struct argp_option forecast_rows[] = {STORE_ROW_STATE, STORE_ROW_NOW, STORE_ROW_JSON, {0}};

static const char show_doc[] = "The store in words: who is trusted, on how many votes, with what margin.\v"
			       "Example:\n  scms store show --state store\n\n"
			       "Exit code: 0, 2 usage, 3 the store cannot be read. 'scms store dump' gives the same as JSON.";

static const char forecast_doc[] =
    "When will something need action? Dates on which members expire, votes run out and CRLs fall due.\v"
    "Example:\n  scms store forecast --state store\n\n"
    "Exit code: 0, 2 usage, 3 the store cannot be read.";

static void print_identity(const uint8_t identity[32])
{
	for (unsigned k = 0; k < 32; k++)
		printf("%02x", identity[k]);
}

/* The name that a certificate gives itself, if any. What a terminal would obey is not shown to it. */
static void print_name(struct scms_slice certificate)
{
	struct Certificate c;

	if (oer_decode(&oer_Certificate, certificate, OER_DEPTH_DEFAULT, &c, NULL) != OER_OK)
		return;
	if (c.toBeSigned.id.choice != CertificateId_is_name || c.toBeSigned.id.u.name.n == 0)
		return;
	fputs("  \"", stdout);
	for (size_t k = 0; k < c.toBeSigned.id.u.name.n; k++) {
		uint8_t byte = c.toBeSigned.id.u.name.p[k];

		putchar(byte < 0x20 || byte == 0x7f || byte == 0x9b ? '?' : byte);
	}
	putchar('"');
}

static void show_members(const struct scms_store *store, scms_time64 now, const struct leap_table *leaps)
{
	static const char *const words[] = {"trusted", "SUSPENDED", "expired"};
	char from[TIME_TEXT_BYTES], until[TIME_TEXT_BYTES];
	struct scms_member member;

	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++) {
		printf("Elector ");
		print_identity(member.identity);
		print_name(member.certificate);
		printf("\n  %s, valid %s to %s\n", words[member.status], time_text(leaps, member.valid_from, from),
		       time_text(leaps, member.valid_until, until));
	}
	for (uint32_t k = 0; scms_store_root(store, now, k, &member); k++) {
		uint8_t endorser[32];

		printf("Root CA ");
		print_identity(member.identity);
		print_name(member.certificate);
		printf("\n  %s, valid %s to %s\n", words[member.status], time_text(leaps, member.valid_from, from),
		       time_text(leaps, member.valid_until, until));
		if (member.needed == 0)
			printf("  held since provisioning, without a ballot (rule F3)\n");
		else
			printf("  endorsed by %u, needs %u: margin %d\n", member.endorsers, member.needed,
			       (int)member.endorsers - (int)member.needed);
		for (uint32_t j = 0; scms_store_endorser(store, k, j, endorser); j++) {
			printf("    endorser ");
			print_identity(endorser);
			putchar('\n');
		}
	}
}

static void show_rest(const struct scms_store *store, const struct scms_store_status *status, scms_time64 now,
		      const struct leap_table *leaps)
{
	char text[TIME_TEXT_BYTES], next[TIME_TEXT_BYTES];
	struct scms_tombstone tombstone;
	struct scms_crl_status crl;
	uint8_t withheld[32];

	for (uint32_t k = 0; scms_store_tombstone(store, k, &tombstone); k++) {
		printf("Removed %s ", tombstone.motion == SCMS_REMOVE_ROOT ? "root CA" : "elector");
		print_identity(tombstone.identity);
		printf("\n  on %s, kept until %s\n", time_text(leaps, tombstone.time, text),
		       time_text(leaps, tombstone.kept_until, next));
	}
	for (uint32_t k = 0; scms_store_withheld(store, now, k, withheld); k++) {
		printf("WITHHELD: policy says removed, and no ballot came: ");
		print_identity(withheld);
		putchar('\n');
	}
	for (uint32_t k = 0; scms_store_crl(store, k, &crl); k++)
		printf("CRL series %u%s: issued %s, next due %s\n", crl.series, crl.live ? "" : " (signer revoked)",
		       time_text(leaps, crl.issued, text), time_text(leaps, crl.next, next));
	printf("Quorum %u (floor %u, ceiling %u)%s\n", status->quorum, status->quorum_floor, status->quorum_ceiling,
	       status->quorum_clamped ? ", policy names another value" : "");
	if (status->has_gccf_version)
		printf("Chain file version %u\n", status->gccf_version);
	if (status->has_policy)
		printf("Policy of %s\n", time_text(leaps, status->policy_generation, text));
	printf("Newest signed time %s\n", status->signed_time != 0 ? time_text(leaps, status->signed_time, text) : "none yet");
	if (status->stale)
		printf("STALE: a CRL is overdue beyond the tolerance (rule G5.5)\n");
	if (!status->operational)
		printf("MUST CEASE OPERATION: own certificate: %s (rule D6.1)\n", scms_reason_text(status->own));
}

/* How many more electors may fall out before nothing can be decided any more. */
static void show_margin(const struct scms_store *store, const struct scms_store_status *status, scms_time64 now)
{
	struct scms_member member;
	int trusted = 0;

	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++)
		trusted += member.status == SCMS_MEMBER_TRUSTED && member.valid_from <= now;
	if (trusted < status->quorum)
		printf("LOCKED OUT: %d electors can vote, %u votes are needed\n", trusted, status->quorum);
	else
		printf("%d electors can vote, %u votes are needed: %d may be lost\n", trusted, status->quorum,
		       trusted - (int)status->quorum);
}

/* Opens the store for reading, with its status; the exit code in *code where that fails. */
static struct store_dir *open_for_reading(const char *command, const struct store_options *options, scms_time64 now,
					  struct scms_store_status *status, int *code)
{
	struct store_dir_error err;
	struct store_dir *dir = store_dir_open(options->state, STORE_DIR_READ, engine_crypto(), &err);

	if (dir == NULL) {
		*code = store_failed(command, &err);
		return NULL;
	}
	if (scms_store_status(store_dir_store(dir), now, engine_crypto(), store_dir_objects(dir), status))
		return dir;
	fprintf(stderr, "scms store %s: %s: STORE_UNREADABLE: %s\n", command, options->state, store_dir_object_error(dir));
	*code = STORE_EXIT_STORE;
	store_dir_close(dir);
	return NULL;
}

int store_show(int argc, char **argv)
{
	struct store_options options;
	struct scms_store_status status;
	struct leap_table leaps;
	struct store_dir *dir;
	int code = STORE_EXIT_DONE;
	scms_time64 now;

	store_parse(argc, argv, "store show", rows, "", show_doc, &options, NULL, 0, NULL);
	now = store_now(&options);
	leap_load(&leaps, LEAP_FILE);
	dir = open_for_reading("show", &options, now, &status, &code);
	if (dir == NULL)
		return code;
	show_members(store_dir_store(dir), now, &leaps);
	show_rest(store_dir_store(dir), &status, now, &leaps);
	show_margin(store_dir_store(dir), &status, now);
	store_dir_close(dir);
	return code;
}

/* ---- forecast ---- */

#define EVENTS_MAX 256

struct event {
	scms_time64 time;
	char text[160];
};

struct forecast {
	struct event event[EVENTS_MAX];
	size_t n;
};

static void event_add(struct forecast *forecast, scms_time64 time, const char *what, const uint8_t identity[32], const char *then)
{
	struct event *event;
	char hex[17] = "";

	if (forecast->n == EVENTS_MAX)
		return;
	for (unsigned k = 0; identity != NULL && k < 8; k++)
		snprintf(hex + 2 * k, 3, "%02x", identity[k]);
	event = &forecast->event[forecast->n++];
	event->time = time;
	snprintf(event->text, sizeof(event->text), "%s%s%s%s", what, hex, identity != NULL ? "...: " : "", then);
}

static int by_time(const void *left, const void *right)
{
	const struct event *a = left, *b = right;

	return a->time < b->time ? -1 : a->time > b->time;
}

/* Each elector's expiry, and what is left of the body after it. */
static void forecast_electors(const struct scms_store *store, scms_time64 now, uint8_t quorum, struct forecast *forecast)
{
	struct scms_member member, other;

	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++) {
		char then[96];
		int left = 0;

		if (member.status != SCMS_MEMBER_TRUSTED)
			continue;
		for (uint32_t j = 0; scms_store_elector(store, now, j, &other); j++)
			left += other.valid_until > member.valid_until;
		snprintf(then, sizeof(then), "expires; %d electors can vote then, %u votes are needed%s", left, quorum,
			 left < quorum ? ": LOCKED OUT" : "");
		event_add(forecast, member.valid_until, "elector ", member.identity, then);
	}
}

static void forecast_rest(const struct scms_store *store, const struct scms_store_status *status, scms_time64 now,
			  struct forecast *forecast)
{
	struct scms_member member;
	struct scms_crl_status crl;

	for (uint32_t k = 0; scms_store_root(store, now, k, &member); k++) {
		if (member.status != SCMS_MEMBER_EXPIRED)
			event_add(forecast, member.valid_until, "root CA ", member.identity, "expires, and all below it");
		if (member.needed > 0 && member.endorsers == member.needed)
			event_add(forecast, now, "root CA ", member.identity,
				  "has no vote to spare: removing one of its endorsers suspends it");
	}
	for (uint32_t k = 0; scms_store_crl(store, k, &crl); k++) {
		char what[48];

		snprintf(what, sizeof(what), "CRL series %u ", crl.series);
		event_add(forecast, crl.next, what, NULL, "falls due");
	}
	if (status->stale)
		event_add(forecast, now, "CRL: ", NULL, "overdue beyond the tolerance");
}

int store_forecast(int argc, char **argv)
{
	char text[TIME_TEXT_BYTES];
	struct store_options options;
	struct scms_store_status status;
	struct forecast *forecast;
	struct leap_table leaps;
	struct store_dir *dir;
	int code = STORE_EXIT_DONE;
	json_t *list;
	scms_time64 now;

	store_parse(argc, argv, "store forecast", forecast_rows, "", forecast_doc, &options, NULL, 0, NULL);
	now = store_now(&options);
	leap_load(&leaps, LEAP_FILE);
	dir = open_for_reading("forecast", &options, now, &status, &code);
	if (dir == NULL)
		return code;
	forecast = calloc(1, sizeof(*forecast));
	if (forecast == NULL) {
		store_dir_close(dir);
		fprintf(stderr, "scms store forecast: out of memory\n");
		return STORE_EXIT_STORE;
	}
	forecast_electors(store_dir_store(dir), now, status.quorum, forecast);
	forecast_rest(store_dir_store(dir), &status, now, forecast);
	qsort(forecast->event, forecast->n, sizeof(forecast->event[0]), by_time);
	list = json_array();
	for (size_t k = 0; k < forecast->n; k++) {
		const struct event *event = &forecast->event[k];

		if (!options.json)
			printf("%s  %s\n", event->time <= now ? "now                    " : time_text(&leaps, event->time, text),
			       event->text);
		json_array_append_new(list, json_pack("{s:I, s:s}", "time", (json_int_t)event->time, "event", event->text));
	}
	if (options.json)
		store_print(json_pack("{s:O}", "events", list));
	json_decref(list);
	free(forecast);
	store_dir_close(dir);
	return code;
}
