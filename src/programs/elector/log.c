/* SPDX-License-Identifier: Apache-2.0 */
#include "elector.h"

#include <inttypes.h>

static const struct argp_option rows[] = {ROW_HOME, ROW_NOW, ROW_JSON, {0}};

static const char doc[] =
    "Show all that was done with this elector, after checking that nobody changed the journal: its chain, and the signature of "
    "each vote.\v"
    "Example:\n  scms-elector log --home elector-a\n\n"
    "Others check it with: scms log verify --cert elector-a.coer elector-a/journal\n\n"
    "Exit code: 0 unbroken, 1 somebody changed it, 2 usage, 3 it cannot be read.";

static void print_act(const struct options *options, const json_t *entry)
{
	const json_t *details = json_object_get(entry, "details");
	const char *motion = json_string_value(json_object_get(details, "motion"));
	const char *why = json_string_value(json_object_get(entry, "why"));
	char time[TIME_TEXT_BYTES];

	printf("%4lld  %s  %s: %s%s%s%s\n", (long long)json_integer_value(json_object_get(entry, "n")),
	       time_text(&options->leaps, (scms_time64)json_integer_value(json_object_get(entry, "time")), time),
	       json_string_value(json_object_get(entry, "who")), json_string_value(json_object_get(entry, "what")), motion != NULL ? " " : "",
	       motion != NULL ? motion : "", json_object_get(entry, "signature") != NULL ? " (signed)" : "");
	if (why != NULL) {
		fputs("      why ", stdout);
		text_words(stdout, (struct scms_slice){(const uint8_t *)why, json_string_length(json_object_get(entry, "why"))});
		putchar('\n');
	}
}

int elector_log(int argc, char **argv)
{
	struct elector_home elector;
	struct options options;
	const json_t *entry;
	char head[65];
	size_t k;
	int code;

	elector_parse(argc, argv, "log", rows, "", doc, 0, 0, &options);
	if (elector_open(&elector, &options, &code)) {
		code = EXIT_DONE;
		motion_hex(elector.journal.head, 32, head);
		if (options.json) {
			elector_print(json_pack("{s:O, s:s}", "entries", elector.acts, "head", head));
		} else {
			json_array_foreach(elector.acts, k, entry)
				print_act(&options, entry);
			printf("%" PRIu64 " entries, unbroken, %" PRIu64 " signed; head %s\n", elector.journal.entries, elector.journal.signed_entries,
			       head);
		}
	}
	elector_close(&elector);
	return code;
}
