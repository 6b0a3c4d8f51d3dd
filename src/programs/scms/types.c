/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms types: the types and messages that show and encode know.
 */
#include "commands.h"
#include "dot2/envelope.h"
#include "report.h"

#include <argp.h>
#include <stdio.h>

enum { OPTION_JSON = 256 };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key == OPTION_JSON)
		*(bool *)state->input = true;
	else if (key == ARGP_KEY_ARG)
		argp_error(state, "no argument is expected, found '%s'", arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

/* What a message is wrapped in, in a word. */
static const char *wrapping(const struct envelope *row)
{
	static const char *const words[] = {
	    [ENVELOPE_SCOPED] = "scoped",
	    [ENVELOPE_UNSECURED] = "unsecured",
	    [ENVELOPE_SIGNED] = "signed",
	    [ENVELOPE_ENCRYPTED] = "encrypted",
	    [ENVELOPE_REQUESTED] = "signed request",
	    [ENVELOPE_REQUEST] = "signed request",
	    [ENVELOPE_ANY] = "any",
	};

	return words[row->kind];
}

static void print_json(void)
{
	const char *comma = "";

	fputs("{\"types\": [", stdout);
	for (size_t i = 0; i < oer_entry_count; i++, comma = ",")
		printf("%s\n  {\"name\": \"%s\", \"module\": \"%s\"}", comma, oer_entries[i].type->name,
		       oer_entries[i].module);
	fputs("],\n\"messages\": [", stdout);
	comma = "";
	for (size_t i = 0; i < envelope_count; i++, comma = ",") {
		printf("%s\n  {\"name\": \"%s\", \"wrapping\": \"%s\"", comma, envelopes[i].name,
		       wrapping(&envelopes[i]));
		if (envelopes[i].holds)
			printf(", \"holds\": \"%s\"", envelopes[i].holds);
		putchar('}');
	}
	puts("]}");
}

static void print_words(void)
{
	puts("Types of the ASN.1 modules, for show and encode:");
	for (size_t i = 0; i < oer_entry_count; i++)
		printf("  %-44s %s\n", oer_entries[i].type->name, oer_entries[i].module);
	puts("\nMessages, each a type in its wrapping, for show:");
	for (size_t i = 0; i < envelope_count; i++)
		printf("  %-44s %s%s%s\n", envelopes[i].name, wrapping(&envelopes[i]),
		       envelopes[i].holds ? ", holds " : "", envelopes[i].holds ? envelopes[i].holds : "");
}

int cmd_types(int argc, char **argv)
{
	static const struct argp_option rows[] = {{"json", OPTION_JSON, NULL, 0, "Write JSON", 0}, {0}};
	static const struct argp argp = {
	    rows, parse,
	    "",   "List the types and messages that show and encode know.\v"
	    "Example:\n  scms types | grep Ballot\n",
	    NULL, NULL,
	    NULL};
	bool json = false;
	static char name[] = "scms types";

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, &json);
	if (json)
		print_json();
	else
		print_words();
	return report_flush("types") ? 0 : EXIT_REFUSED;
}
