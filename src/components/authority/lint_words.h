/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint_words.h: parts of certificates in words, for findings. Each appends to a text of LINT_TEXT_BYTES; what does not
 * fit is cut.
 */
#ifndef COMPONENTS_AUTHORITY_LINT_WORDS_H
#define COMPONENTS_AUTHORITY_LINT_WORDS_H

#include "asn1/types.h"

void lint_append(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "26448 hours" */
void lint_duration_words(const struct Duration *duration, char *text);

/* "start 644112005, 4 years" */
void lint_period_words(const struct ValidityPeriod *period, char *text);

/* "PSID 0x23 with SSP 83 00 01; PSID 0x26"; NULL: "absent" */
void lint_app_words(const struct oer_list *app, char *text);

/* "PSID 0x82 with SSPs 90 01, 90 ff ff 01" */
void lint_range_words(const struct PsidSspRange *range, char *text);

/* "all PSIDs, chain length 2, app and enrol" */
void lint_group_words(const struct PsidGroupPermissions *group, char *text);

/* "name", "linkageData" */
const char *lint_id_kind(const struct CertificateId *id);

/* "country 840", "another" */
const char *lint_region_words(const struct GeographicRegion *region);

#endif
