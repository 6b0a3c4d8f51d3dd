/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pg/policy_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Units as they are written, and how many of the schema's unit one is. The first of a unit is the one that is printed. */
static const struct {
	const char *name;
	uint8_t unit;
	uint32_t times;
} units[] = {
    {"microseconds", Duration_is_microseconds, 1},
    {"milliseconds", Duration_is_milliseconds, 1},
    {"seconds", Duration_is_seconds, 1},
    {"minutes", Duration_is_minutes, 1},
    {"hours", Duration_is_hours, 1},
    {"sixtyHours", Duration_is_sixtyHours, 1},
    {"years", Duration_is_years, 1},
    {"days", Duration_is_hours, 24},
    {"weeks", Duration_is_hours, 168},
};
#define UNITS (sizeof(units) / sizeof(units[0]))

static const char *unit_name(uint8_t unit)
{
	for (size_t k = 0; k < UNITS; k++)
		if (units[k].unit == unit)
			return units[k].name;
	return "of an unknown unit";
}

/* Text of others is shown without what a terminal would act on. */
static void put_text(struct scms_slice from, char text[POLICY_VALUE_TEXT])
{
	size_t n = 0;

	while (n < from.n && n + 1 < POLICY_VALUE_TEXT) {
		text[n] = from.p[n] < 0x20 || from.p[n] >= 0x7f ? '?' : (char)from.p[n];
		n++;
	}
	text[n] = '\0';
}

static void put_hex(struct scms_slice from, char text[POLICY_VALUE_TEXT])
{
	size_t n = from.n < 32 ? from.n : 32;

	text[0] = '\0';
	for (size_t k = 0; k < n; k++)
		snprintf(text + 2 * k, 3, "%02x", from.p[k]);
	snprintf(text + 2 * n, POLICY_VALUE_TEXT - 2 * n, "%s (%zu bytes)", from.n > n ? ".." : "", from.n);
}

const char *policy_value_text(enum policy_item item, const struct policy_value *value, char text[POLICY_VALUE_TEXT])
{
	switch (policy_parameter(item)->kind) {
	case POLICY_DURATION:
		/* "1 hour" */
		snprintf(text, POLICY_VALUE_TEXT, "%u %.*s", value->n,
			 (int)(strlen(unit_name(value->unit)) - (value->n == 1 ? 1 : 0)), unit_name(value->unit));
		break;
	case POLICY_MODEL:
		if (value->n == CertValidityModel_concurrent || value->n == CertValidityModel_non_concurrent)
			snprintf(text, POLICY_VALUE_TEXT, "%s",
				 value->n == CertValidityModel_concurrent ? "concurrent" : "non-concurrent");
		else
			snprintf(text, POLICY_VALUE_TEXT, "model %u", value->n);
		break;
	case POLICY_HOST:
		put_text(value->text, text);
		break;
	case POLICY_X509:
		put_hex(value->text, text);
		break;
	default:
		snprintf(text, POLICY_VALUE_TEXT, "%u", value->n);
	}
	return text;
}

/* "weeks", and "week" after 1 or anywhere. */
static bool unit_is(const char *text, const char *name)
{
	size_t n = strlen(name);

	return strcasecmp(text, name) == 0 || (strlen(text) == n - 1 && strncasecmp(text, name, n - 1) == 0);
}

static bool parse_duration(const char *text, unsigned long n, struct policy_value *value)
{
	while (isspace((unsigned char)*text))
		text++;
	for (size_t k = 0; k < UNITS; k++) {
		if (!unit_is(text, units[k].name))
			continue;
		if (n == 0 || n > UINT16_MAX / units[k].times)
			return false;
		*value = (struct policy_value){.n = (uint32_t)n * units[k].times, .unit = units[k].unit};
		return true;
	}
	return false;
}

bool policy_value_parse(enum policy_item item, const char *text, struct policy_value *value)
{
	const struct policy_parameter *row = policy_parameter(item);
	unsigned long n;
	char *end;

	*value = (struct policy_value){0};
	if (row->kind == POLICY_HOST) {
		value->text = (struct scms_slice){(const uint8_t *)text, strlen(text)};
		return value->text.n > 0 && value->text.n <= 255;
	}
	if (row->kind == POLICY_MODEL) {
		value->n = strcmp(text, "concurrent") == 0	 ? CertValidityModel_concurrent
			   : strcmp(text, "non-concurrent") == 0 ? CertValidityModel_non_concurrent
								 : 0;
		return value->n != 0;
	}
	if (row->kind == POLICY_X509 || !isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0)
		return false;
	if (row->kind == POLICY_DURATION)
		return parse_duration(end, n, value);
	value->n = (uint32_t)n;
	return *end == '\0' && n >= row->least && n <= row->most;
}

__attribute__((format(printf, 2, 3))) static void append(struct policy_change *change, const char *format, ...)
{
	size_t n = strlen(change->text);
	va_list args;

	va_start(args, format);
	vsnprintf(change->text + n, sizeof(change->text) - n, format, args);
	va_end(args);
}

static struct policy_change *begin(struct policy_change *changes, unsigned *n, const char *parameter)
{
	struct policy_change *change = &changes[(*n)++];

	*change = (struct policy_change){.parameter = parameter};
	return change;
}

static void append_series(struct policy_change *change, enum policy_item item, const struct policy_series *series,
			  const struct leap_table *leaps)
{
	char text[POLICY_VALUE_TEXT], time[TIME_TEXT_BYTES];

	if (!series->has) {
		append(change, "absent");
		return;
	}
	append(change, "%s", policy_value_text(item, &series->initial, text));
	for (uint32_t k = 0; k < series->n; k++)
		append(change, ", %s from %s", policy_value_text(item, &series->step[k].value, text),
		       time_text(leaps, series->step[k].start, time));
}

static bool same_series(enum policy_item item, const struct policy_series *a, const struct policy_series *b)
{
	if (a->has != b->has || a->n != b->n)
		return false;
	if (!a->has)
		return true;
	for (uint32_t k = 0; k < a->n; k++)
		if (a->step[k].start != b->step[k].start || !policy_value_same(item, &a->step[k].value, &b->step[k].value))
			return false;
	return policy_value_same(item, &a->initial, &b->initial);
}

static bool has_identity(const struct policy_removed *list, const uint8_t identity[32])
{
	for (uint32_t k = 0; k < list->n; k++)
		if (memcmp(list->identity[k], identity, 32) == 0)
			return true;
	return false;
}

/* Identities of one list that the other lacks. */
static void append_missing(struct policy_change *change, const char *what, const struct policy_removed *list,
			   const struct policy_removed *other)
{
	for (uint32_t k = 0; k < list->n; k++) {
		if (has_identity(other, list->identity[k]))
			continue;
		append(change, "%s%s ", change->text[0] != '\0' ? ", " : "", what);
		for (unsigned j = 24; j < 32; j++)
			append(change, "%02x", list->identity[k][j]);
	}
}

static bool same_bytes(struct scms_slice a, struct scms_slice b)
{
	if (a.p == NULL || b.p == NULL)
		return a.p == b.p;
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

unsigned policy_diff(const struct policy_content *before, const struct policy_content *after, const struct leap_table *leaps,
		     struct policy_change changes[POLICY_CHANGES_MAX])
{
	char old[TIME_TEXT_BYTES], new[TIME_TEXT_BYTES];
	struct policy_change *change;
	unsigned n = 0;

	static const char *const parts[] = {"a global policy", "an RA's custom policy", "an RA's local policy"};
	char was[POLICY_VALUE_TEXT], is[POLICY_VALUE_TEXT];

	if (before->part != after->part)
		append(begin(changes, &n, "kind"), "was %s; is %s", parts[before->part], parts[after->part]);
	if (!same_bytes(before->id, after->id)) {
		put_text(before->id, was);
		put_text(after->id, is);
		append(begin(changes, &n, "policyID"), "was \"%s\"; is \"%s\"", was, is);
	}
	if (!same_bytes(before->host, after->host)) {
		put_text(before->host, was);
		put_text(after->host, is);
		append(begin(changes, &n, "requestingRaHostname"), "was %s; is %s", before->host.p != NULL ? was : "absent",
		       after->host.p != NULL ? is : "absent");
	}
	if (before->active != after->active)
		append(begin(changes, &n, "activeTime"), "was %s, is %s", time_text(leaps, before->active, old),
		       time_text(leaps, after->active, new));
	if (after->generation < before->generation)
		append(begin(changes, &n, "generationTime"), "goes back from %s to %s: stores refuse it as ROLLBACK",
		       time_text(leaps, before->generation, old), time_text(leaps, after->generation, new));
	for (unsigned k = 0; k < POLICY_ITEMS; k++) {
		enum policy_item item = (enum policy_item)k;

		if (same_series(item, &before->item[k], &after->item[k]))
			continue;
		change = begin(changes, &n, policy_parameter(item)->name);
		append(change, "was ");
		append_series(change, item, &before->item[k], leaps);
		append(change, "; is ");
		append_series(change, item, &after->item[k], leaps);
	}
	if (!same_bytes(before->foreign, after->foreign))
		append(begin(changes, &n, "extension"), "of others: was %zu bytes; is %zu%s", before->foreign.n, after->foreign.n,
		       before->foreign.n == after->foreign.n ? " other ones" : "");
	if (before->has_removed != after->has_removed && after->removed.n == 0 && before->removed.n == 0)
		append(begin(changes, &n, "removed"), after->has_removed ? "was absent; is an empty list" : "was an empty list; is absent");
	if (before->removed.n != after->removed.n ||
	    memcmp(before->removed.identity, after->removed.identity, (size_t)after->removed.n * 32) != 0) {
		change = begin(changes, &n, "removed");
		append_missing(change, "adds", &after->removed, &before->removed);
		append_missing(change, "no longer lists", &before->removed, &after->removed);
		if (change->text[0] == '\0')
			append(change, "is in another order");
	}
	return n;
}
