/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_report.h: what a session reported (scms/trust.h), collected: as JSON, in words, and as a line of a store's log.
 */
#ifndef COMPONENTS_SESSION_REPORT_H
#define COMPONENTS_SESSION_REPORT_H

#include <scms/trust.h>

#include <jansson.h>
#include <stdio.h>

struct session_report;

/* store: that the session is about; it must outlive the report. NULL without memory. */
struct session_report *session_report_new(const struct scms_store *store, scms_time64 now);

/* What scms_store_apply reports to. */
const struct scms_report *session_report_table(struct session_report *report);

/* The report as conformance/README.md has it. */
json_t *session_report_json(const struct session_report *report, const struct scms_session_result *result);

/* The same in words. */
void session_report_words(const struct session_report *report, const struct scms_session_result *result, FILE *to);

void session_report_free(struct session_report *report);

/*
 * JSON line for the store's log: time, files by SHA-256, effect; counter: of the store after the session. A file above its
 * limit is named without its hash. To be freed.
 */
char *session_log_line(const struct scms_session *session, const struct scms_limits *limits, scms_time64 now, uint64_t counter,
		       const struct session_report *report, const struct scms_session_result *result,
		       const struct scms_crypto *crypto);

/* Lower-case hexadecimal, of at most 64 bytes. */
json_t *json_hex(const uint8_t *bytes, size_t n);

#endif
