/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include "base/clock.h"
#include "base/leap.h"
#include "command.h"
#include "components/ee/batch.h"
#include "fleet.h"

#include <stdlib.h>

/* Certificates of a period, of any request whose enrolment holds. */
static bool has_period(const struct device *device, enum ee_request_kind kind, uint16_t period, scms_time64 now)
{
	const struct ee_request *request = NULL;

	while ((request = ee_state_next(&device->state, kind, request)) != NULL)
		if (device_asked_validly(device, request, now) && ee_batch_useful(device, request, period, now))
			return true;
	return false;
}

unsigned status_periods(const struct device *device, enum ee_request_kind kind, scms_time64 now)
{
	uint16_t first = ee_batch_period(kind, now);
	unsigned n = 0;

	while (has_period(device, kind, (uint16_t)(first + n), now) && (kind != EE_APPLICATION || n == 0))
		n++;
	return n;
}

json_t *status_json(const struct device *device, scms_time64 now)
{
	enum scms_reason reason;
	bool enrolled = device_enrolment(device, now, &reason) != NULL;

	return json_pack("{s:s, s:s, s:I, s:b, s:s, s:i, s:i, s:i, s:i, s:b, s:o}", "device", device->serial, "kind",
			 device->kind == DEVICE_OBE ? "obe" : "rse", "now", (json_int_t)now, "enrolled", enrolled, "enrolment",
			 scms_reason_name(reason), "requests", (int)device->state.requests, "period",
			 (int)ee_batch_period(EE_PSEUDONYM, now), "periodsAtHand", (int)status_periods(device, EE_PSEUDONYM, now), "identification",
			 (int)status_periods(device, EE_IDENTIFICATION, now), "application", status_periods(device, EE_APPLICATION, now) > 0, "trust",
			 device_trust_json(device, now));
}

static void page_members(const struct scms_store *store, scms_time64 now, const struct leap_table *leaps, FILE *to)
{
	static const char *const states[] = {"trusted", "suspended", "expired"};
	struct scms_member member;
	char text[TIME_TEXT_BYTES];

	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++)
		fprintf(to, "  elector  %02x%02x%02x%02x  %-9s  until %s\n", member.identity[28], member.identity[29],
			member.identity[30], member.identity[31], states[member.status], time_text(leaps, member.valid_until, text));
	for (uint32_t k = 0; scms_store_root(store, now, k, &member); k++)
		fprintf(to, "  root     %02x%02x%02x%02x  %-9s  until %s, %u endorsers, %u needed\n", member.identity[28],
			member.identity[29], member.identity[30], member.identity[31], states[member.status],
			time_text(leaps, member.valid_until, text), member.endorsers, member.needed);
}

void status_page(const struct device *device, scms_time64 now, FILE *to)
{
	const struct scms_store *store = trustee_store(device->trustee);
	struct scms_store_status status;
	struct leap_table leaps;
	enum scms_reason reason;
	char text[TIME_TEXT_BYTES];
	unsigned at_hand = status_periods(device, EE_PSEUDONYM, now);

	leap_load(&leaps, LEAP_FILE);
	fprintf(to, "%s (%s)  %s\n\n", device->serial, device->kind == DEVICE_OBE ? "vehicle" : "roadside unit",
		time_text(&leaps, now, text));
	if (device_enrolment(device, now, &reason) != NULL)
		fputs("enrolment     valid\n", to);
	else if (device->state.enrolments == 0)
		fputs("enrolment     none\n", to);
	else
		fprintf(to, "enrolment     NOT VALID: %s: the device does not operate (rule D6.1)\n", scms_reason_text(reason));
	if (device->kind == DEVICE_RSE)
		fprintf(to, "certificate   %s\n", status_periods(device, EE_APPLICATION, now) > 0 ? "at hand" : "none");
	else
		fprintf(to, "certificates  %u i-period%s at hand, this one is %u\n", at_hand, at_hand == 1 ? "" : "s",
			ee_batch_period(EE_PSEUDONYM, now));
	if (ee_state_next(&device->state, EE_IDENTIFICATION, NULL) != NULL)
		fprintf(to, "services      identification certificates of %u periods at hand\n",
			status_periods(device, EE_IDENTIFICATION, now));
	if (store == NULL || !scms_store_status(store, now, device->crypto, trustee_objects(device->trustee), &status)) {
		fputs("trust         the store cannot be read\n", to);
		return;
	}
	fprintf(to, "trust         quorum %u, %s\n", status.quorum,
		status.stale ? "STALE: CRLs are overdue, no message is trusted (rule G5.5)" : "up to date");
	page_members(store, now, &leaps, to);
}

int cmd_status(int argc, char **argv)
{
	static const struct argp_option rows[] = {ROWS_CLOCK, ROW_JSON, {0}};
	static const char doc[] = "Show what the device has and whom it trusts now. Nothing is fetched.\v"
				  "Example:\n  scms-ee status car\n\n"
				  "Exit code: 0 it operates, 1 it does not, 2 usage, 3 it cannot be read.";
	struct options options;
	struct command command;
	enum scms_reason reason;
	int code = EE_EXIT_ENVIRONMENT;

	command_parse(argc, argv, rows, "DIR", doc, 0, &options);
	if (command_open(&command, &options, DEVICE_READ)) {
		const struct device *device = &command.device.device;

		if (options.json) {
			json_t *json = status_json(device, clock_now());

			json_dumpf(json, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
			putchar('\n');
			json_decref(json);
		} else {
			status_page(device, clock_now(), stdout);
		}
		code = device_enrolment(device, clock_now(), &reason) != NULL ? EE_EXIT_DONE : EE_EXIT_REFUSED;
	}
	command_close(&command);
	return code;
}
