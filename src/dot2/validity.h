/* SPDX-License-Identifier: Apache-2.0 */
/*
 * validity.h: IEEE 1609.2 time and validity periods.
 *
 * Everything is compared as Time64, microseconds of TAI since 2004-01-01T00:00:00 UTC. A certificate is valid in
 * [start, start + duration): the last instant is outside (trust rule B2).
 */
#ifndef DOT2_VALIDITY_H
#define DOT2_VALIDITY_H

#include "asn1/types.h"

#include <scms/base.h>

#define TIME64_SECOND UINT64_C(1000000)
/* A year as Duration counts it: 31,556,952 seconds. */
#define TIME64_YEAR (UINT64_C(31556952) * TIME64_SECOND)

static inline scms_time64 time64_of(scms_time32 seconds)
{
	return (scms_time64)seconds * TIME64_SECOND;
}

/* Length of a Duration in microseconds. */
uint64_t duration_micros(const struct Duration *duration);

/* First instant of the period, and the first instant after it. */
scms_time64 validity_start(const struct ValidityPeriod *period);
scms_time64 validity_end(const struct ValidityPeriod *period);

#endif
