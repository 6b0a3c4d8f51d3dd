/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pg/policy_json.h"

#include "dot2/validity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static enum key_status bad(struct key_error *err, const char *member, const char *expected, const json_t *found)
{
	char *text = found != NULL ? json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	enum key_status status =
	    key_fail(err, KEY_VALUE, "%.60s: expected %.120s, found %.120s", member, expected, text != NULL ? text : "nothing");

	free(text);
	return status;
}

static enum key_status only_known(const json_t *object, const char *where, const char *const *names, struct key_error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		const char *const *name = names;

		while (*name != NULL && strcmp(*name, key) != 0)
			name++;
		if (*name == NULL)
			return key_fail(err, KEY_VALUE, "%s%s%.80s: there is no such member", where, where[0] ? "." : "", key);
	}
	return KEY_OK;
}

/* A value as text: numbers may stand without quotation marks. */
static bool value_text(const json_t *json, char text[64], const char **out)
{
	if (json_is_string(json)) {
		*out = json_string_value(json);
		return true;
	}
	if (!json_is_integer(json))
		return false;
	snprintf(text, 64, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
	*out = text;
	return true;
}

static const char *wants(enum policy_item item, char text[96])
{
	const struct policy_parameter *row = policy_parameter(item);

	if (row->kind == POLICY_DURATION)
		snprintf(text, 96, "a duration as \"2 weeks\"");
	else if (row->kind == POLICY_MODEL)
		snprintf(text, 96, "\"concurrent\" or \"non-concurrent\"");
	else
		snprintf(text, 96, "a number from %u to %u", row->least, row->most);
	return text;
}

static enum key_status read_value(enum policy_item item, const json_t *json, struct policy_value *value, struct key_error *err)
{
	char room[64], want[96];
	const char *text;

	if (value_text(json, room, &text) && policy_value_parse(item, text, value))
		return KEY_OK;
	return bad(err, policy_parameter(item)->name, wants(item, want), json);
}

static enum key_status read_changes(enum policy_item item, const json_t *changes, const struct leap_table *leaps,
				    struct policy_series *series, struct key_error *err)
{
	static const char *const members[] = {"from", "value", NULL};
	const char *name = policy_parameter(item)->name;
	enum key_status status = KEY_OK;

	if (!json_is_array(changes) || json_array_size(changes) > POLICY_STEPS_MAX)
		return bad(err, name, "changes: a list of at most 16", changes);
	for (size_t k = 0; status == KEY_OK && k < json_array_size(changes); k++) {
		const json_t *change = json_array_get(changes, k), *from = json_object_get(change, "from");
		struct policy_step *step = &series->step[series->n++];

		if (!json_is_object(change))
			return bad(err, name, "changes: {\"from\": a time, \"value\": ...}", change);
		status = only_known(change, name, members, err);
		if (status == KEY_OK && (!json_is_string(from) || !time_parse(leaps, json_string_value(from), &step->start)))
			status = bad(err, name, "from: " TIME_PARSE_WANTS, from);
		if (status == KEY_OK)
			status = read_value(item, json_object_get(change, "value"), &step->value, err);
		if (status == KEY_OK && k > 0 && step->start <= series->step[k - 1].start)
			status = bad(err, name, "from: a time after that of the change before", from);
	}
	return status;
}

static enum key_status read_series(enum policy_item item, const json_t *json, const struct leap_table *leaps,
				   struct policy_series *series, struct key_error *err)
{
	static const char *const members[] = {"initial", "changes", NULL};
	const json_t *changes = json_object_get(json, "changes");
	enum key_status status;

	*series = (struct policy_series){.has = true};
	if (!json_is_object(json))
		return read_value(item, json, &series->initial, err);
	status = only_known(json, policy_parameter(item)->name, members, err);
	if (status == KEY_OK)
		status = read_value(item, json_object_get(json, "initial"), &series->initial, err);
	if (status == KEY_OK && changes != NULL)
		status = read_changes(item, changes, leaps, series, err);
	return status;
}

static enum key_status read_parameters(const json_t *json, const struct leap_table *leaps, struct policy_content *content,
				       struct key_error *err)
{
	enum key_status status = KEY_OK;
	enum policy_item item;
	const char *key;
	json_t *value;

	if (!json_is_object(json))
		return bad(err, "parameters", "an object", json);
	json_object_foreach((json_t *)(uintptr_t)json, key, value)
	{
		if (!policy_item_find(key, POLICY_PART_GLOBAL, &item))
			return key_fail(err, KEY_VALUE, "parameters.%.80s: there is no such parameter", key);
		status = read_series(item, value, leaps, &content->item[item], err);
		if (status != KEY_OK)
			return status;
	}
	return KEY_OK;
}

static bool hex_byte(const char *text, uint8_t *byte)
{
	static const char digits[] = "0123456789abcdef";
	const char *high = text[0] != '\0' ? strchr(digits, text[0] | 0x20) : NULL;
	const char *low = high != NULL && text[1] != '\0' ? strchr(digits, text[1] | 0x20) : NULL;

	if (low == NULL)
		return false;
	*byte = (uint8_t)((high - digits) << 4 | (low - digits));
	return true;
}

static enum key_status read_removed(const json_t *json, struct policy_content *content, struct key_error *err)
{
	content->has_removed = true;
	if (json == NULL)
		return KEY_OK;
	if (!json_is_array(json) || json_array_size(json) > POLICY_REMOVED_MAX)
		return bad(err, "removed", "a list of at most 64 identities", json);
	for (size_t k = 0; k < json_array_size(json); k++) {
		const json_t *one = json_array_get(json, k);
		const char *text = json_string_value(one);
		bool good = text != NULL && strlen(text) == 64;

		for (unsigned j = 0; good && j < 32; j++)
			good = hex_byte(text + 2 * j, &content->removed.identity[k][j]);
		if (!good)
			return bad(err, "removed", "64 hex digits", one);
	}
	content->removed.n = (uint32_t)json_array_size(json);
	return KEY_OK;
}

static enum key_status read_draft(const json_t *json, const struct leap_table *leaps, struct policy_content *content,
				  struct key_error *err)
{
	static const char *const members[] = {"policyID", "activeTime", "parameters", "removed", NULL};
	const json_t *id = json_object_get(json, "policyID"), *active = json_object_get(json, "activeTime");
	enum key_status status = only_known(json, "", members, err);

	if (status != KEY_OK)
		return status;
	content->part = POLICY_PART_GLOBAL;
	content->id = (struct scms_slice){(const uint8_t *)"", 0}; /* every policy has one */
	if (id != NULL) {
		content->id = (struct scms_slice){(const uint8_t *)json_string_value(id), json_string_length(id)};
		if (content->id.p == NULL || content->id.n > 32)
			return bad(err, "policyID", "text of at most 32 bytes", id);
	}
	if (active != NULL && (!json_is_string(active) || !time_parse(leaps, json_string_value(active), &content->active)))
		return bad(err, "activeTime", TIME_PARSE_WANTS, active);
	status = read_parameters(json_object_get(json, "parameters"), leaps, content, err);
	return status == KEY_OK ? read_removed(json_object_get(json, "removed"), content, err) : status;
}

enum key_status policy_draft_read(struct policy_draft *draft, struct scms_slice text, const struct leap_table *leaps,
				  struct key_error *err)
{
	json_error_t json;
	enum key_status status;

	*draft = (struct policy_draft){.json = NULL};
	if (text.n > POLICY_JSON_BYTES_MAX)
		return key_fail(err, KEY_VALUE, "expected at most %u bytes, found %zu", POLICY_JSON_BYTES_MAX, text.n);
	draft->json = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &json);
	if (draft->json == NULL)
		return key_fail(err, KEY_VALUE, "line %d, column %d: %.160s", json.line, json.column, json.text);
	status = json_is_object(draft->json) ? read_draft(draft->json, leaps, &draft->content, err)
					     : bad(err, "policy", "an object", draft->json);
	if (status != KEY_OK)
		policy_draft_free(draft);
	return status;
}

void policy_draft_free(struct policy_draft *draft)
{
	json_decref(draft->json);
	draft->json = NULL;
}

void policy_draft_defaults(struct policy_content *content, uint8_t quorum)
{
	*content = (struct policy_content){.part = POLICY_PART_GLOBAL, .has_removed = true};
	for (unsigned k = 0; k < POLICY_GLOBAL_ITEMS; k++) {
		enum policy_item item = (enum policy_item)k;
		const char *text = policy_parameter(item)->default_text;

		content->item[k].has = text != NULL && policy_value_parse(item, text, &content->item[k].initial);
	}
	content->item[POLICY_QUORUM].initial.n = quorum;
}

/* ---- writing ---- */

/* "2027-01-01T00:00:00Z"; a time between seconds in decimal. */
static json_t *time_json(const struct leap_table *leaps, scms_time64 time)
{
	time_t seconds = (time_t)leap_unix(leaps, time);
	struct tm tm;
	char text[32];

	if (time % TIME64_SECOND != 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year + 1900 > 9999)
		snprintf(text, sizeof(text), "%" PRIu64, time);
	else
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

static json_t *value_json(enum policy_item item, const struct policy_value *value)
{
	char text[POLICY_VALUE_TEXT];

	if (policy_parameter(item)->kind == POLICY_NUMBER)
		return json_integer(value->n);
	return json_string(policy_value_text(item, value, text));
}

static json_t *series_json(enum policy_item item, const struct policy_series *series, const struct leap_table *leaps)
{
	json_t *changes, *all;

	if (series->n == 0)
		return value_json(item, &series->initial);
	changes = json_array();
	for (uint32_t k = 0; k < series->n; k++)
		json_array_append_new(changes, json_pack("{s:o,s:o}", "from", time_json(leaps, series->step[k].start), "value",
							 value_json(item, &series->step[k].value)));
	all = json_object();
	json_object_set_new(all, "initial", value_json(item, &series->initial));
	json_object_set_new(all, "changes", changes);
	return all;
}

static json_t *id_json(struct scms_slice id)
{
	json_t *text = json_stringn((const char *)id.p, id.n); /* NULL: not UTF-8 */
	char hex[4 + 2 * 32 + 1] = "hex:";

	if (text != NULL)
		return text;
	for (size_t k = 0; k < id.n && k < 32; k++)
		snprintf(hex + 4 + 2 * k, 3, "%02x", id.p[k]);
	return json_string(hex);
}

json_t *policy_draft_json(const struct policy_content *content, const struct leap_table *leaps)
{
	json_t *draft = json_object(), *parameters = json_object(), *removed = json_array();

	if (content->id.n > 0)
		json_object_set_new(draft, "policyID", id_json(content->id));
	if (content->active != 0)
		json_object_set_new(draft, "activeTime", time_json(leaps, content->active));
	for (unsigned k = 0; k < POLICY_ITEMS; k++)
		if (content->item[k].has)
			json_object_set_new(parameters, policy_parameter((enum policy_item)k)->name,
					    series_json((enum policy_item)k, &content->item[k], leaps));
	for (uint32_t k = 0; k < content->removed.n; k++) {
		char text[65];

		for (unsigned j = 0; j < 32; j++)
			snprintf(text + 2 * j, 3, "%02x", content->removed.identity[k][j]);
		json_array_append_new(removed, json_string(text));
	}
	json_object_set_new(draft, "parameters", parameters);
	json_object_set_new(draft, "removed", removed);
	return draft;
}
