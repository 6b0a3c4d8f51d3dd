/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/validity.h"

uint64_t duration_micros(const struct Duration *duration)
{
	switch (duration->choice) {
	case Duration_is_microseconds:
		return duration->u.microseconds;
	case Duration_is_milliseconds:
		return duration->u.milliseconds * UINT64_C(1000);
	case Duration_is_seconds:
		return duration->u.seconds * TIME64_SECOND;
	case Duration_is_minutes:
		return duration->u.minutes * UINT64_C(60) * TIME64_SECOND;
	case Duration_is_hours:
		return duration->u.hours * UINT64_C(3600) * TIME64_SECOND;
	case Duration_is_sixtyHours:
		return duration->u.sixtyHours * UINT64_C(216000) * TIME64_SECOND;
	default:
		return duration->u.years * TIME64_YEAR;
	}
}

scms_time64 validity_start(const struct ValidityPeriod *period)
{
	return time64_of(period->start);
}

scms_time64 validity_end(const struct ValidityPeriod *period)
{
	return time64_of(period->start) + duration_micros(&period->duration);
}
