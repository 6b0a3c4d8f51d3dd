/* SPDX-License-Identifier: Apache-2.0 */
#include <scms/reason.h>

static const struct {
	const char *name, *rule, *text;
} reasons[] = {
#define REASON_ROW(name, rule, text) {#name, rule, text},
    SCMS_REASONS(REASON_ROW)
#undef REASON_ROW
	{"FAILED", "A1", "the crypto engine or the storage could not answer"},
};

const char *scms_reason_name(enum scms_reason reason)
{
	return reasons[reason <= SCMS_REASON_FAILED ? reason : SCMS_REASON_FAILED].name;
}

const char *scms_reason_rule(enum scms_reason reason)
{
	return reasons[reason <= SCMS_REASON_FAILED ? reason : SCMS_REASON_FAILED].rule;
}

const char *scms_reason_text(enum scms_reason reason)
{
	return reasons[reason <= SCMS_REASON_FAILED ? reason : SCMS_REASON_FAILED].text;
}
