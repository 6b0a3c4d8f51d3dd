/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms margin, forecast: votes to spare, now and when certificates expire; votes that lie about (trust rule H10).
 */
#include "motion_command.h"

#include "base/file.h"
#include "commands.h"
#include "service/engine.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct argp_option rows[] = {{0}};

static const char margin_doc[] =
    "Votes to spare: of the elector body, of each root CA, and of each ballot that newcomers judge, with the date on which expiry "
    "eats the last of it; and latent votes, of motions that were not completed.\v"
    "Example:\n  scms margin --workspace ws\n\n"
    "Exit code: 0, 1 something is below its quorum now, 2 usage, 3 workspace or trust store cannot be used.";

static const char forecast_doc[] =
    "Dates that need action: electors and root CAs that expire, and ballots that fall below the quorum when their voters do.\v"
    "Example:\n  scms forecast --workspace ws\n\n"
    "Exit code: 0, 2 usage, 3 workspace or trust store cannot be used.";

#define EVENTS_MAX 256

struct event {
	scms_time64 time;
	char text[200];
};

struct margin {
	const struct motion_work *work;
	bool short_of; /* something is below its quorum */
	json_t *ballots, *latent;
	struct event event[EVENTS_MAX];
	size_t events;
};

static void event_add(struct margin *margin, scms_time64 time, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void event_add(struct margin *margin, scms_time64 time, const char *format, ...)
{
	struct event *event = &margin->event[margin->events];
	va_list args;

	if (margin->events == EVENTS_MAX)
		return;
	event->time = time;
	va_start(args, format);
	vsnprintf(event->text, sizeof(event->text), format, args);
	va_end(args);
	margin->events++;
}

static int by_time(const void *left, const void *right)
{
	const struct event *a = left, *b = right;

	return a->time < b->time ? -1 : a->time > b->time;
}

/* Votes of a ballot that count for a newcomer at a time. */
static int votes_at(const struct motion_work *work, const struct ballot_parts *parts, struct scms_slice bytes, scms_time64 time,
		    int *quorum)
{
	struct motion_tally *tally = calloc(1, sizeof(*tally));
	int counted = -1;

	if (tally != NULL &&
	    motion_count(motion_store(work), motion_env(work), time, parts->form, parts->motion, bytes, tally)) {
		counted = tally->fixed == SCMS_APPLIED ? (int)tally->counted : 0;
		*quorum = (int)tally->quorum;
	}
	free(tally);
	return counted;
}

/*
 * The first time at which the ballot falls below the quorum, by an elector's expiry or a higher quorum; 0: none before the
 * subject itself is gone.
 */
static scms_time64 falls_short(const struct motion_work *work, const struct ballot_parts *parts, struct scms_slice bytes)
{
	scms_time64 changes[OUTLOOK_CHANGES_MAX], first = 0;
	size_t n = outlook_quorum_changes(motion_store(work), work->now, changes);
	struct scms_member member;
	int quorum = 0;

	for (size_t k = 0; k < n && first == 0; k++)
		if (votes_at(work, parts, bytes, changes[k], &quorum) < quorum)
			first = changes[k];
	for (uint32_t k = 0; scms_store_elector(motion_store(work), work->now, k, &member); k++)
		if (member.valid_until > work->now && (first == 0 || member.valid_until < first) &&
		    votes_at(work, parts, bytes, member.valid_until, &quorum) < quorum)
			first = member.valid_until;
	return first;
}

/* A released ballot that adds: what is it worth to somebody who has not its subject yet? */
static void ballot(struct margin *margin, const char *name)
{
	const struct motion_work *work = margin->work;
	struct workspace_file path = workspace_file(&work->workspace, WORKSPACE_BALLOTS, name);
	struct ballot_parts *parts = calloc(1, sizeof(*parts));
	struct scms_slice bytes = {NULL, 0};
	struct file_error refused;
	struct motion_error err;
	char date[TIME_TEXT_BYTES];
	scms_time64 until;
	int counted, quorum = 0;

	if (parts == NULL || file_read(path.text, BALLOT_BYTES_MAX, &bytes, &refused) != FILE_OK ||
	    !ballot_parts_read(parts, bytes, &err)) {
		operator_fail(&work->options->common, 0, "%s: cannot be read as a ballot", path.text);
	} else if (!motion_removes(parts->motion)) {
		counted = votes_at(work, parts, bytes, work->now, &quorum);
		until = counted >= quorum ? falls_short(work, parts, bytes) : work->now;
		margin->short_of |= counted < quorum;
		json_array_append_new(margin->ballots, json_pack("{s:s, s:i, s:i, s:i, s:I}", "ballot", name, "counted", counted, "quorum", quorum,
								 "spare", counted - quorum, "until", (json_int_t)until));
		if (until != 0)
			event_add(margin, until, "ballot %.40s...: falls below the quorum for whoever has not its subject yet: extend it before", name);
		if (!work->options->common.json)
			printf("  %.44s...: %d votes count, %d needed: %d to spare%s%s\n", name, counted, quorum, counted - quorum,
			       counted < quorum	? "; NEWCOMERS REFUSE IT" : until != 0 ? "; until " : "",
			       counted >= quorum && until != 0 ? time_text(&work->leaps, until, date) : "");
	}
	free((void *)(uintptr_t)bytes.p);
	free(parts);
}

static void ballots(struct margin *margin)
{
	char **names = NULL;
	size_t count = 0;

	if (workspace_names(&margin->work->workspace, WORKSPACE_BALLOTS, &names, &count))
		for (size_t k = 0; k < count; k++)
			if (strncmp(names[k], "add-", 4) == 0)
				ballot(margin, names[k]);
	workspace_names_free(names, count);
}

static bool latent_one(void *ctx, const struct motion_dir *motion)
{
	struct margin *margin = ctx;
	struct motion_tally *tally;

	if (motion->state == MOTION_RELEASED || motion->vote_count == 0)
		return true;
	tally = calloc(1, sizeof(*tally));
	if (tally != NULL && motion_tally(margin->work, motion, tally) && tally->fixed == SCMS_APPLIED && tally->counted > 0) {
		int missing = (int)tally->quorum - (int)tally->counted;

		json_array_append_new(margin->latent, json_pack("{s:s, s:s, s:i, s:i}", "motion", motion->id, "state",
								motion_state_name(motion->state), "counted", (int)tally->counted, "missing",
								missing > 0 ? missing : 0));
		if (!margin->work->options->common.json)
			printf("  latent: %s (%s): %u votes are out; %d more would complete it, in whoever's hands\n", motion->id,
			       motion_state_name(motion->state), tally->counted, missing > 0 ? missing : 0);
	}
	free(tally);
	return true;
}

static void members(struct margin *margin)
{
	scms_time64 changes[OUTLOOK_CHANGES_MAX];
	const struct motion_work *work = margin->work;
	const struct scms_store *store = motion_store(work);
	struct outlook outlook = outlook_of(store, work->now);
	struct scms_member member;
	char hex[17];

	margin->short_of |= outlook.able < outlook.quorum;
	for (uint32_t k = 0; scms_store_elector(store, work->now, k, &member); k++)
		if (member.valid_until > work->now) {
			struct outlook then = outlook_of(store, member.valid_until);

			event_add(margin, member.valid_until, "elector %s... expires: %u can vote then, %u votes are needed%s",
				  motion_hex(member.identity, 8, hex), then.able, then.quorum, then.able < then.quorum ? ": LOCKED OUT" : "");
		}
	for (uint32_t k = 0; scms_store_root(store, work->now, k, &member); k++) {
		margin->short_of |= member.status == SCMS_MEMBER_SUSPENDED;
		if (member.valid_until > work->now)
			event_add(margin, member.valid_until, "root CA %s... expires, and all below it", motion_hex(member.identity, 8, hex));
	}
	for (size_t k = 0, n = outlook_quorum_changes(store, work->now, changes); k < n; k++) {
		struct outlook then = outlook_of(store, changes[k]);

		event_add(margin, changes[k], "the quorum changes: %u votes are needed then, %u electors can vote%s", then.quorum, then.able,
			  then.able < then.quorum ? ": LOCKED OUT" : "");
	}
	if (work->options->common.json)
		return;
	printf("%s: %u electors can vote, %u votes are needed: %d may be lost\n", work->workspace.settings.system, outlook.able,
	       outlook.quorum, (int)outlook.able - outlook.quorum);
	outlook_words(stdout, store, work->now, &work->leaps, engine_crypto());
}

static json_t *events_json(const struct margin *margin)
{
	json_t *list = json_array();

	for (size_t k = 0; k < margin->events; k++)
		json_array_append_new(list, json_pack("{s:I, s:s}", "time", (json_int_t)margin->event[k].time, "event", margin->event[k].text));
	return list;
}

static int run(int argc, char **argv, const char *name, const char *doc, bool dates)
{
	struct margin *margin = calloc(1, sizeof(*margin));
	char text[TIME_TEXT_BYTES];
	struct motion_options options;
	struct motion_work work;
	bool json;
	int code;

	motion_parse(argc, argv, name, rows, "", doc, 0, 0, &options);
	code = motion_begin(&work, &options, WORKSPACE_READ);
	if (code != OPERATOR_DONE || margin == NULL) {
		free(margin);
		motion_end(&work);
		return code;
	}
	margin->work = &work;
	margin->ballots = json_array();
	margin->latent = json_array();
	/* The dates alone: what margin prints on the way stays out. */
	json = options.common.json;
	options.common.json = json || dates;
	members(margin);
	ballots(margin);
	motion_each(&work, latent_one, margin);
	options.common.json = json;
	qsort(margin->event, margin->events, sizeof(margin->event[0]), by_time);
	if (dates && !json)
		for (size_t k = 0; k < margin->events; k++)
			printf("%s  %s\n", time_text(&work.leaps, margin->event[k].time, text), margin->event[k].text);
	if (json && dates)
		operator_json(&options.common, json_pack("{s:o}", "events", events_json(margin)));
	else if (json)
		operator_json(&options.common, json_pack("{s:o, s:O, s:O}", "members", outlook_json(motion_store(&work), work.now), "ballots",
							 margin->ballots, "latent", margin->latent));
	code = margin->short_of && !dates ? OPERATOR_REFUSED : OPERATOR_DONE;
	json_decref(margin->ballots);
	json_decref(margin->latent);
	free(margin);
	motion_end(&work);
	return code;
}

int cmd_margin(int argc, char **argv)
{
	return run(argc, argv, "margin", margin_doc, false);
}

int cmd_forecast(int argc, char **argv)
{
	return run(argc, argv, "forecast", forecast_doc, true);
}
