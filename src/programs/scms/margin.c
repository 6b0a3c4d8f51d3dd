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

/* A released ballot that adds: what is it worth to somebody who has not its subject yet? */
static void ballot(struct margin *margin, const char *name)
{
	const struct motion_work *work = margin->work;
	struct workspace_file path = workspace_file(&work->workspace, WORKSPACE_BALLOTS, name);
	struct ballot_parts *parts = calloc(1, sizeof(*parts));
	struct scms_slice bytes = {NULL, 0};
	struct motion_worth worth;
	struct file_error refused;
	struct motion_error err;
	char date[TIME_TEXT_BYTES];

	if (parts == NULL || file_read(path.text, BALLOT_BYTES_MAX, &bytes, &refused) != FILE_OK ||
	    !ballot_parts_read(parts, bytes, &err) ||
	    !motion_worth(motion_store(work), motion_env(work), work->now, parts->form, parts->motion, bytes, &worth)) {
		operator_fail(&work->options->common, 0, "%s: cannot be judged as a ballot", path.text);
	} else if (!motion_removes(parts->motion) && !worth.removed) {
		bool is_short = worth.counted < worth.quorum;
		int spare = (int)worth.counted - (int)worth.quorum;

		margin->short_of |= is_short;
		json_array_append_new(margin->ballots, json_pack("{s:s, s:i, s:i, s:i, s:I}", "ballot", name, "counted", (int)worth.counted,
								 "quorum", (int)worth.quorum, "spare", spare, "until",
								 (json_int_t)worth.short_from));
		if (worth.short_from != 0)
			event_add(margin, worth.short_from,
				  "ballot %.40s...: falls below the quorum for whoever has not its subject yet: extend it before", name);
		if (!work->options->common.json)
			printf("  %.44s...: %u votes count, %u needed: %d to spare%s%s\n", name, worth.counted, worth.quorum, spare,
			       is_short ? "; NEWCOMERS REFUSE IT" : worth.short_from != 0 ? "; until " : "",
			       !is_short && worth.short_from != 0 ? time_text(&work->leaps, worth.short_from, date) : "");
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
