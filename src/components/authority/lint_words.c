/* SPDX-License-Identifier: Apache-2.0 */
#include "components/authority/lint_words.h"

#include "components/authority/lint.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void lint_append(char *text, const char *format, ...)
{
	size_t n = strnlen(text, LINT_TEXT_BYTES - 1);
	va_list list;

	va_start(list, format);
	vsnprintf(text + n, LINT_TEXT_BYTES - n, format, list);
	va_end(list);
}

void lint_duration_words(const struct Duration *duration, char *text)
{
	static const char *const units[] = {[Duration_is_microseconds] = "microseconds",
					    [Duration_is_milliseconds] = "milliseconds",
					    [Duration_is_seconds] = "seconds",
					    [Duration_is_minutes] = "minutes",
					    [Duration_is_hours] = "hours",
					    [Duration_is_sixtyHours] = "times 60 hours",
					    [Duration_is_years] = "years"};

	lint_append(text, "%u %s", duration->u.hours, duration->choice < 7 ? units[duration->choice] : "units unknown");
}

void lint_period_words(const struct ValidityPeriod *period, char *text)
{
	lint_append(text, "start %" PRIu32 ", ", period->start);
	lint_duration_words(&period->duration, text);
}

static void append_hex(const struct scms_slice *bytes, char *text)
{
	if (bytes->n == 0)
		lint_append(text, "empty");
	for (size_t k = 0; k < bytes->n && k < 24; k++)
		lint_append(text, k > 0 ? " %02x" : "%02x", bytes->p[k]);
	if (bytes->n > 24)
		lint_append(text, " …");
}

void lint_app_words(const struct oer_list *app, char *text)
{
	struct PsidSsp permission;
	struct oer_iter it;
	bool first = true;

	if (app == NULL) {
		lint_append(text, "absent");
		return;
	}
	it = oer_iterate(app);
	while (oer_next(&it, &permission)) {
		lint_append(text, "%sPSID 0x%" PRIx64, first ? "" : "; ", permission.psid);
		first = false;
		if (permission.has_ssp && permission.ssp.choice == ServiceSpecificPermissions_is_opaque) {
			lint_append(text, " with SSP ");
			append_hex(&permission.ssp.u.opaque, text);
		} else {
			lint_append(text, permission.has_ssp ? " with another kind of SSP" : " without SSP");
		}
	}
}

void lint_range_words(const struct PsidSspRange *range, char *text)
{
	const char *before = " with SSPs ";
	struct scms_slice ssp;
	struct oer_iter it;

	lint_append(text, "PSID 0x%" PRIx64, range->psid);
	if (!range->has_sspRange || range->sspRange.choice == SspRange_is_all)
		return;
	if (range->sspRange.choice != SspRange_is_opaque) {
		lint_append(text, " with a bitmap of SSPs");
		return;
	}
	it = oer_iterate(&range->sspRange.u.opaque);
	while (oer_next(&it, &ssp)) {
		lint_append(text, "%s", before);
		append_hex(&ssp, text);
		before = ", ";
	}
}

void lint_group_words(const struct PsidGroupPermissions *group, char *text)
{
	lint_append(text, "%s, chain length %" PRId64,
		    group->subjectPermissions.choice == SubjectPermissions_is_all ? "all PSIDs" : "some PSIDs",
		    group->minChainLength);
	if (group->chainLengthRange == -1)
		lint_append(text, " and more");
	else if (group->chainLengthRange > 0)
		lint_append(text, " to %" PRId64, group->minChainLength + group->chainLengthRange);
	lint_append(text, ",%s%s%s", group->eeType & EndEntityType_app ? " app" : "",
		    group->eeType == (EndEntityType_app | EndEntityType_enrol) ? " and" : "",
		    group->eeType & EndEntityType_enrol ? " enrol" : "");
}

const char *lint_id_kind(const struct CertificateId *id)
{
	switch (id->choice) {
	case CertificateId_is_linkageData:
		return "linkageData";
	case CertificateId_is_name:
		return "name";
	case CertificateId_is_binaryId:
		return "binaryId";
	case CertificateId_is_none:
		return "none";
	default:
		return "another";
	}
}

const char *lint_region_words(const struct GeographicRegion *region)
{
	return region->choice == GeographicRegion_is_identifiedRegion ? "other countries or regions" : "a shape";
}
