/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms policy: the global policy, written, signed, compared.
 */
#include "commands.h"
#include "group.h"
#include "components/pg/policy_file.h"
#include "components/pg/policy_json.h"
#include "publish_work.h"
#include "service/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>


enum { OPTION_FROM = 300, OPTION_PG, OPTION_REASON, OPTION_ACTIVE, OPTION_ID, OPTION_FORCE };

struct policy_command {
	struct operator_options common;
	const char *from, *pg, *reason, *id;
	bool force;
	struct operator_args args;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct policy_command *command = state->input;

	switch (key) {
	case OPTION_FROM:
		command->from = arg;
		break;
	case OPTION_PG:
		command->pg = arg;
		break;
	case OPTION_REASON:
		command->reason = arg;
		break;
	case OPTION_ID:
		command->id = arg;
		break;
	case OPTION_FORCE:
		command->force = true;
		break;
	default:
		return operator_key(key, arg, state, &command->common, &command->args);
	}
	return 0;
}

/* ---- drafts and files ---- */

/* A policy from a draft (JSON) or a signed file, told apart by their first byte. */
struct any_policy {
	struct policy_draft draft;
	struct policy_said said;
	const struct policy_content *content;
	bool is_signed;
};

static int read_any(struct publish_work *work, const char *path, struct scms_slice bytes, struct any_policy *any)
{
	struct key_error key;
	struct oer_error oer;
	size_t k = 0;

	*any = (struct any_policy){.content = NULL};
	while (k < bytes.n && (bytes.p[k] == ' ' || bytes.p[k] == '\n' || bytes.p[k] == '\t' || bytes.p[k] == '\r'))
		k++;
	if (k < bytes.n && bytes.p[k] == '{') {
		if (policy_draft_read(&any->draft, bytes, &work->leaps, &key) != KEY_OK)
			return operator_fail(work->options, OPERATOR_REFUSED, "%s: %s", path, key.text);
		any->content = &any->draft.content;
		return OPERATOR_DONE;
	}
	if (policy_said_read(&any->said, bytes, engine_crypto(), &oer) != OER_OK)
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: no policy file: offset %zu: %s: expected %s, found %s", path,
				     oer.offset, oer.path, oer.expected, oer.found);
	any->content = &any->said.content;
	any->is_signed = true;
	return OPERATOR_DONE;
}

static int read_draft(struct publish_work *work, struct policy_draft *draft)
{
	struct workspace_file file = workspace_file(&work->workspace, WORKSPACE_POLICY, POLICY_DRAFT);
	struct scms_slice bytes;
	struct key_error err;
	int code = publish_read(work, WORKSPACE_POLICY, POLICY_DRAFT, POLICY_JSON_BYTES_MAX, &bytes);

	*draft = (struct policy_draft){.json = NULL};
	if (code != OPERATOR_DONE)
		return code;
	if (bytes.p == NULL)
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: there is none; begin with: scms policy init", file.text);
	if (policy_draft_read(draft, bytes, &work->leaps, &err) != KEY_OK)
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: %s", file.text, err.text);
	return OPERATOR_DONE;
}

/* ---- init ---- */

static int policy_init(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"id", OPTION_ID, "TEXT", 0, "policyID, at most 32 bytes. Default: the system's name", 0}, {0}};
	static const char doc[] = "Begin a global policy: all published parameters with their defaults.\v"
				  "It stands in policy/gpf.json, to be changed there or with 'scms policy set'.\n\n"
				  "Example:\n  scms policy init --workspace ws\n\n"
				  "Exit code: 0 made, 1 there is one already, 2 usage, 3 the workspace cannot be used.";
	struct policy_command command = {.common = {.command = "policy init"}};
	struct policy_content content;
	struct publish_work work;
	struct scms_slice bytes;
	int code;

	operator_parse_rows(rows, parse_option, "", doc, argc, argv, "policy init", &command);
	code = publish_begin(&work, &command.common, WORKSPACE_CHANGE, PUBLISH_NO_STORE);
	if (code == OPERATOR_DONE)
		code = publish_read(&work, WORKSPACE_POLICY, POLICY_DRAFT, POLICY_JSON_BYTES_MAX, &bytes);
	if (code == OPERATOR_DONE && bytes.p != NULL)
		code = operator_fail(&command.common, OPERATOR_REFUSED, "%s/%s/%s: is there already", work.workspace.path, WORKSPACE_POLICY,
				     POLICY_DRAFT);
	if (code == OPERATOR_DONE) {
		const char *id = command.id != NULL ? command.id : work.workspace.settings.system;
		size_t n = strlen(id);

		policy_draft_defaults(&content, work.workspace.settings.quorum);
		content.id = (struct scms_slice){(const uint8_t *)id, n <= 32 ? n : 32};
		code = command.id != NULL && n > 32
			   ? operator_fail(&command.common, OPERATOR_REFUSED, "--id: expected at most 32 bytes, found %zu", n)
			   : publish_write_json(&work, WORKSPACE_POLICY, POLICY_DRAFT, policy_draft_json(&content, &work.leaps));
	}
	if (code == OPERATOR_DONE)
		code = publish_journal(&work, "policy init", NULL, NULL, 0, NULL);
	if (code == OPERATOR_DONE)
		operator_json(&command.common, policy_draft_json(&content, &work.leaps));
	publish_end(&work);
	return code;
}

/* ---- set ---- */

/* Puts a step in its place, or takes the place of the one at that time. */
static bool put_step(struct policy_series *series, scms_time64 at, const struct policy_value *value)
{
	uint32_t k = 0;

	while (k < series->n && series->step[k].start < at)
		k++;
	if (k < series->n && series->step[k].start == at) {
		series->step[k].value = *value;
		return true;
	}
	if (series->n == POLICY_STEPS_MAX)
		return false;
	memmove(&series->step[k + 1], &series->step[k], (series->n - k) * sizeof(series->step[0]));
	series->step[k] = (struct policy_step){at, *value};
	series->n++;
	return true;
}

static int set_removed(const struct publish_work *work, const char *text, struct policy_content *content)
{
	uint8_t *to = content->removed.identity[content->removed.n];

	if (strcmp(text, "none") == 0) {
		content->removed.n = 0;
		return OPERATOR_DONE;
	}
	if (content->removed.n == POLICY_REMOVED_MAX)
		return operator_fail(work->options, OPERATOR_REFUSED, "removed: expected at most %d identities", POLICY_REMOVED_MAX);
	for (unsigned k = 0; k < 32; k++) {
		unsigned byte;

		if (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64 || sscanf(text + 2 * k, "%2x", &byte) != 1)
			return operator_fail(work->options, OPERATOR_REFUSED, "removed: expected 64 hex digits or none, found '%.80s'", text);
		to[k] = (uint8_t)byte;
	}
	for (uint32_t k = 0; k < content->removed.n; k++)
		if (memcmp(content->removed.identity[k], to, 32) == 0)
			return operator_fail(work->options, OPERATOR_REFUSED, "removed: %.64s is there already", text);
	content->removed.n++;
	return OPERATOR_DONE;
}

static int set_value(const struct publish_work *work, const struct policy_command *command, struct policy_content *content)
{
	const char *name = command->args.arg[0], *text = command->args.arg[1];
	struct policy_series *series;
	struct policy_value value;
	enum policy_item item;
	scms_time64 at = 0;

	if (command->from != NULL && !time_parse(&work->leaps, command->from, &at))
		return operator_fail(work->options, OPERATOR_USAGE, "--from: expected " TIME_PARSE_WANTS ", found '%s'", command->from);
	if (strcmp(name, "activeTime") == 0) {
		if (!time_parse(&work->leaps, text, &content->active))
			return operator_fail(work->options, OPERATOR_REFUSED, "activeTime: expected " TIME_PARSE_WANTS ", found '%s'", text);
		return OPERATOR_DONE;
	}
	if (strcmp(name, "removed") == 0)
		return set_removed(work, text, content);
	if (!policy_item_find(name, POLICY_PART_GLOBAL, &item))
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: there is no such parameter; 'scms policy show' lists them", name);
	series = &content->item[item];
	if (strcmp(text, "none") == 0) {
		*series = (struct policy_series){.has = false};
		return OPERATOR_DONE;
	}
	if (!policy_value_parse(item, text, &value))
		return operator_fail(work->options, OPERATOR_REFUSED, "%s (%s): '%s' is no value of it", name, policy_parameter(item)->about, text);
	if (command->from == NULL) {
		*series = (struct policy_series){.has = true, .initial = value};
	} else if (!series->has) {
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: has no value yet from which it could change", name);
	} else if (!put_step(series, at, &value)) {
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: expected at most %d changes", name, POLICY_STEPS_MAX);
	}
	return OPERATOR_DONE;
}

static int policy_set(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"from", OPTION_FROM, "T", 0, "The value holds from this time on; without it, from the beginning, and alone", 0},
	    {"reason", OPTION_REASON, "TEXT", 0, "Why, for the journal", 0},
	    {0}};
	static const char doc[] =
	    "Change a parameter of the policy in the making.\v"
	    "VALUE is a number, a duration (\"2 weeks\"), concurrent or non-concurrent, or none: the parameter is left out.\n"
	    "PARAMETER may be activeTime (a time), or removed: an identity of 64 hex digits is added, none empties the list.\n\n"
	    "Examples:\n"
	    "  scms policy set globalCertChainFileID 2\n"
	    "  scms policy set quorum 3 --from 2027-03-01T00:00:00Z --reason \"5 electors\"\n\n"
	    "Exit code: 0 changed, 1 refused, 2 usage, 3 the workspace cannot be used.";
	struct policy_command command = {.common = {.command = "policy set"}, .args = {.least = 2, .most = 2}};
	struct policy_draft draft = {.json = NULL};
	struct publish_work work;
	json_t *details;
	int code;

	operator_parse_rows(rows, parse_option, "PARAMETER VALUE", doc, argc, argv, "policy set", &command);
	code = publish_begin(&work, &command.common, WORKSPACE_CHANGE, PUBLISH_NO_STORE);
	if (code == OPERATOR_DONE)
		code = read_draft(&work, &draft);
	if (code == OPERATOR_DONE)
		code = set_value(&work, &command, &draft.content);
	if (code == OPERATOR_DONE) {
		struct key_error err;
		struct bytes tried;

		/* What could not be signed is not kept. */
		if (policy_content_make(&draft.content, &tried, &err) != KEY_OK)
			code = operator_fail(&command.common, OPERATOR_REFUSED, "%s", err.text);
		else
			bytes_free(&tried);
	}
	if (code == OPERATOR_DONE)
		code = publish_write_json(&work, WORKSPACE_POLICY, POLICY_DRAFT, policy_draft_json(&draft.content, &work.leaps));
	details = json_pack("{s:s,s:s,s:s?}", "parameter", command.args.arg[0], "value", command.args.arg[1], "from", command.from);
	if (code == OPERATOR_DONE)
		code = publish_journal(&work, "policy set", command.reason, NULL, 0, details);
	else
		json_decref(details);
	if (code == OPERATOR_DONE)
		operator_json(&command.common, policy_draft_json(&draft.content, &work.leaps));
	policy_draft_free(&draft);
	publish_end(&work);
	return code;
}

/* ---- diff and show ---- */

static json_t *changes_json(const struct policy_change *changes, unsigned n)
{
	json_t *list = json_array();

	for (unsigned k = 0; k < n; k++)
		json_array_append_new(list, json_pack("{s:s,s:s}", "parameter", changes[k].parameter, "change", changes[k].text));
	return list;
}

static void changes_words(const struct policy_change *changes, unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		printf("%-28s %s\n", changes[k].parameter, changes[k].text);
	if (n == 0)
		printf("no difference\n");
}

static int policy_compare(int argc, char **argv)
{
	static const struct argp_option rows[] = {{0}};
	static const char doc[] = "Say in words what changes from one policy to another.\v"
				  "Each may be a draft (JSON), a GPF or an LPF, of which the PG's part is taken.\n\n"
				  "Example:\n  scms policy diff published/global_policy.oer policy/gpf.json\n\n"
				  "Exit code: 0 no difference, 1 there is one, or a file cannot be used, 2 usage, 3 a file cannot be read.";
	struct policy_change changes[POLICY_CHANGES_MAX];
	struct any_policy before = {.content = NULL}, after = {.content = NULL};
	struct policy_command command = {.common = {.command = "policy diff"}, .args = {.least = 2, .most = 2}};
	struct scms_slice bytes;
	struct publish_work work = {.workspace = {.lock = -1}};
	unsigned n = 0;
	int code;

	operator_parse_rows(rows, parse_option, "OLD NEW", doc, argc, argv, "policy diff", &command);
	work.options = &command.common;
	leap_load(&work.leaps, LEAP_FILE);
	code = publish_read_path(&work, command.args.arg[0], POLICY_JSON_BYTES_MAX, &bytes);
	if (code == OPERATOR_DONE)
		code = read_any(&work, command.args.arg[0], bytes, &before);
	if (code == OPERATOR_DONE)
		code = publish_read_path(&work, command.args.arg[1], POLICY_JSON_BYTES_MAX, &bytes);
	if (code == OPERATOR_DONE)
		code = read_any(&work, command.args.arg[1], bytes, &after);
	if (code == OPERATOR_DONE) {
		struct policy_content one = *before.content, two = *after.content;

		/* A draft has no times of its own: they come when it is signed. */
		if (!before.is_signed || !after.is_signed)
			one.generation = two.generation = 0;
		if (one.active == 0 || two.active == 0)
			one.active = two.active = 0;
		n = policy_diff(&one, &two, &work.leaps, changes);
		if (command.common.json)
			operator_json(&command.common, changes_json(changes, n));
		else
			changes_words(changes, n);
		code = n == 0 ? OPERATOR_DONE : OPERATOR_REFUSED;
	}
	policy_draft_free(&before.draft);
	policy_draft_free(&after.draft);
	publish_end(&work);
	return code;
}

static void show_part(const struct policy_content *content, const struct leap_table *leaps, bool is_signed)
{
	static const struct policy_content nothing = {.part = POLICY_PART_GLOBAL};
	static const char *const parts[] = {"global policy", "custom policy of an RA", "local policy of an RA"};
	struct policy_change lines[POLICY_CHANGES_MAX];
	struct policy_content plain = *content;
	char time[TIME_TEXT_BYTES];
	unsigned n;

	printf("%s\n", parts[content->part]);
	if (is_signed)
		printf("  %-28s %s\n", "generationTime", time_text(leaps, content->generation, time));
	if (content->active != 0)
		printf("  %-28s %s\n", "activeTime", time_text(leaps, content->active, time));
	plain.part = nothing.part;
	plain.generation = plain.active = 0;
	plain.id = (struct scms_slice){NULL, 0};
	n = policy_diff(&nothing, &plain, leaps, lines);
	for (unsigned k = 0; k < n; k++) {
		const char *is = strstr(lines[k].text, "; is ");

		printf("  %-28s %s\n", lines[k].parameter, is != NULL ? is + 5 : lines[k].text);
	}
}

static int policy_show(int argc, char **argv)
{
	static const struct argp_option rows[] = {{0}};
	static const char doc[] = "Say what a policy says: a draft (JSON), a GPF or an LPF.\v"
				  "Nothing is verified: 'scms store explain --policy FILE' judges it.\n\n"
				  "Example:\n  scms policy show policy/gpf.json\n\n"
				  "Exit code: 0 shown, 1 no policy, 2 usage, 3 the file cannot be read.";
	struct any_policy any = {.content = NULL};
	struct policy_command command = {.common = {.command = "policy show"}, .args = {.least = 1, .most = 1}};
	struct publish_work work = {.workspace = {.lock = -1}};
	struct scms_slice bytes;
	int code;

	operator_parse_rows(rows, parse_option, "FILE", doc, argc, argv, "policy show", &command);
	work.options = &command.common;
	leap_load(&work.leaps, LEAP_FILE);
	code = publish_read_path(&work, command.args.arg[0], POLICY_JSON_BYTES_MAX, &bytes);
	if (code == OPERATOR_DONE)
		code = read_any(&work, command.args.arg[0], bytes, &any);
	if (code == OPERATOR_DONE && command.common.json) {
		operator_json(&command.common, policy_draft_json(any.content, &work.leaps));
	} else if (code == OPERATOR_DONE) {
		show_part(any.content, &work.leaps, any.is_signed);
		if (any.is_signed && any.said.has_local)
			show_part(&any.said.local, &work.leaps, true);
	}
	policy_draft_free(&any.draft);
	publish_end(&work);
	return code;
}

/* ---- sign ---- */

static void hear_policy(void *ctx, enum scms_reason outcome)
{
	*(enum scms_reason *)ctx = outcome;
}

/* What our own store would refuse does not leave the house. */
static int rehearse(struct publish_work *work, struct scms_slice file)
{
	enum scms_reason outcome = SCMS_MALFORMED;
	const struct scms_report report = {.ctx = &outcome, .policy = hear_policy};
	struct scms_session session = {.policy = file};
	struct scms_session_result result;
	struct simulation *simulation =
	    simulation_new(store_dir_store(work->store), store_dir_objects(work->store), engine_crypto());

	if (simulation == NULL)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "no memory for a copy of the trust store");
	result = simulation_apply(simulation, &session, work->now, &report);
	simulation_free(simulation);
	if (result.status == SCMS_SESSION_CLOCK_BACK)
		return operator_fail(work->options, OPERATOR_REFUSED,
				     "the clock is before a time that the trust store has accepted (rule G6); set it right");
	if (outcome == SCMS_ACCEPTED || outcome == SCMS_UNCHANGED)
		return OPERATOR_DONE;
	return operator_fail(work->options, OPERATOR_REFUSED, "the signed policy would be refused: %s (rule %s): %s",
			     scms_reason_name(outcome), scms_reason_rule(outcome), scms_reason_text(outcome));
}

static int policy_sign(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"pg", OPTION_PG, "NAME", 0, "The policy generator that signs. Default: the only one that is valid", 0},
	    {"reason", OPTION_REASON, "TEXT", 0, "Why, for the journal", 0},
	    {"force", OPTION_FORCE, NULL, 0, "Sign a quorum outside floor and ceiling all the same", 0},
	    {0}};
	static const char doc[] =
	    "Sign the policy in the making (policy/gpf.json) as the policy generator: policy/gpf.oer.\v"
	    "Says what changes from the policy before. Refused: what the workspace's own trust store would refuse; a policy "
	    "without quorum or without the version of the chain file; a quorum that stores would clamp (rule G3).\n\n"
	    "Example:\n  scms policy sign --workspace ws --reason \"chain file 2\"\n\n"
	    "Exit code: 0 signed, 1 refused, 2 usage, 3 keys or workspace cannot be used.";
	struct policy_change changes[POLICY_CHANGES_MAX];
	struct policy_draft draft = {.json = NULL};
	struct policy_command command = {.common = {.command = "policy sign"}};
	struct publish_work work;
	struct bytes file = {NULL, 0};
	struct scms_slice before;
	struct key_error err;
	struct party pg;
	unsigned n = 0;
	int code;

	operator_parse_rows(rows, parse_option, "", doc, argc, argv, "policy sign", &command);
	code = publish_begin(&work, &command.common, WORKSPACE_CHANGE, PUBLISH_STORE);
	if (code == OPERATOR_DONE)
		code = read_draft(&work, &draft);
	if (code == OPERATOR_DONE && (!draft.content.item[POLICY_QUORUM].has || !draft.content.item[POLICY_CHAIN_FILE].has))
		code = operator_fail(&command.common, OPERATOR_REFUSED, "%s: is missing; set it with: scms policy set %s N",
				     draft.content.item[POLICY_QUORUM].has ? "globalCertChainFileID" : "quorum",
				     draft.content.item[POLICY_QUORUM].has ? "globalCertChainFileID" : "quorum");
	if (code == OPERATOR_DONE && !command.force) {
		const struct policy_series *quorum = &draft.content.item[POLICY_QUORUM];
		const struct scms_store *store = store_dir_store(work.store);

		for (uint32_t k = 0; code == OPERATOR_DONE && k <= quorum->n; k++) {
			uint32_t m = k == 0 ? quorum->initial.n : quorum->step[k - 1].value.n;

			if (m < store->floor || m > store->ceiling)
				code = operator_fail(&command.common, OPERATOR_REFUSED,
						     "quorum: %u would be clamped by stores: floor %u, ceiling %u (rule G3)", m, store->floor,
						     store->ceiling);
		}
	}
	if (code == OPERATOR_DONE)
		code = publish_party(&work, ROLE_PG, command.pg, &pg);
	if (code == OPERATOR_DONE && gpf_make(&pg, &draft.content, work.now, &file, &err) != KEY_OK)
		code = operator_key_failed(&command.common, &err);
	if (code == OPERATOR_DONE)
		code = rehearse(&work, bytes_view(&file));
	if (code == OPERATOR_DONE)
		code = publish_read(&work, WORKSPACE_POLICY, POLICY_SIGNED, POLICY_BYTES_MAX, &before);
	if (code == OPERATOR_DONE && before.p != NULL) {
		struct any_policy any;

		if (read_any(&work, POLICY_SIGNED, before, &any) == OPERATOR_DONE)
			n = policy_diff(any.content, &draft.content, &work.leaps, changes);
	}
	if (code == OPERATOR_DONE)
		code = publish_write(&work, WORKSPACE_POLICY, POLICY_SIGNED, bytes_view(&file));
	if (code == OPERATOR_DONE) {
		const struct journal_file files[] = {{WORKSPACE_POLICY "/" POLICY_SIGNED, bytes_view(&file)}};

		code = publish_journal(&work, "policy sign", command.reason, files, 1, json_pack("{s:o}", "changes", changes_json(changes, n)));
	}
	if (code == OPERATOR_DONE && command.common.json) {
		operator_json(&command.common, json_pack("{s:s,s:o}", "file", WORKSPACE_POLICY "/" POLICY_SIGNED, "changes", changes_json(changes, n)));
	} else if (code == OPERATOR_DONE) {
		printf("%s/%s/%s: signed\n", work.workspace.path, WORKSPACE_POLICY, POLICY_SIGNED);
		if (before.p != NULL)
			changes_words(changes, n);
	}
	bytes_free(&file);
	policy_draft_free(&draft);
	publish_end(&work);
	return code;
}

int cmd_policy(int argc, char **argv)
{
	static const struct group_command commands[] = {
	    {"diff", policy_compare, "what changes from one policy to another, in words"},
	    {"init", policy_init, "begin a global policy with all defaults"},
	    {"set", policy_set, "change a parameter, now or from a time on"},
	    {"show", policy_show, "what a policy says"},
	    {"sign", policy_sign, "sign it as the policy generator"},
	};
	static const struct group group = GROUP("scms policy", "The global policy: written, signed, compared.", commands,
						"  scms policy set globalCertChainFileID 2 && scms policy sign\n");

	return group_run(&group, argc, argv);
}
