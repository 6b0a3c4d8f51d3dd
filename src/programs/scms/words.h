/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h: values of IEEE 1609.2 in words, for show.
 *
 * What comes out of a file may hold anything: text is written so that no
 * terminal acts on it.
 */
#ifndef PROGRAMS_WORDS_H
#define PROGRAMS_WORDS_H

#include "asn1/types.h"
#include "base/leap.h"

#include <stdio.h>

/* Lower-case hex; of more than 64 bytes the first 32, and how many there are. */
void words_hex(FILE *to, struct scms_slice bytes);

/* Text in quotation marks; control characters and those that turn the direction of writing are escaped. */
void words_text(FILE *to, struct scms_slice text);

/* "0x23 security management" */
void words_psid(FILE *to, uint64_t psid);

/* "12 years" */
void words_duration(FILE *to, const struct Duration *d);

/* Seconds of a duration, rounded down. */
uint64_t words_seconds(const struct Duration *d);

/* "2018-04-26 00:00:00 UTC to 2030-04-25 23:59:59 UTC (12 years)" */
void words_validity(FILE *to, const struct leap_table *leap, const struct ValidityPeriod *v);

/* "NIST P-256 compressed-y-0 0011..": a key or point. False: of no curve known here; nothing is written. */
bool words_key(FILE *to, const struct PublicVerificationKey *key);
void words_point(FILE *to, const struct EccP256CurvePoint *point);

/* "NIST P-256" and so on. */
const char *words_curve(uint8_t signature_choice);

/* "USA (840)", regions, circles and so on. */
void words_region(FILE *to, const struct GeographicRegion *region);

/* "USA (840)" */
void words_country(FILE *to, uint16_t country);

/* Name, bytes or linkage value of a certificate's holder. */
void words_id(FILE *to, const struct CertificateId *id);

/* "2 (SCMS components)" */
void words_series(FILE *to, uint16_t series);

/* "0x23 security management: elector" */
void words_permission(FILE *to, const struct PsidSsp *permission);

/* "any application, to end entities of either kind, 3 certificates or more away" */
void words_group(FILE *to, const struct PsidGroupPermissions *group);

/* Degrees. */
void words_angle(FILE *to, int32_t angle, bool latitude);

#endif
