/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long certificates are valid: every unit, up to its greatest number.
 */
#include "dot2/validity.h"

#include "tests/check.h"

int main(void)
{
	static const struct {
		uint8_t unit;
		uint64_t micros; /* of one */
	} rows[] = {
	    {Duration_is_microseconds, 1},
	    {Duration_is_milliseconds, 1000},
	    {Duration_is_seconds, 1000000},
	    {Duration_is_minutes, 60000000},
	    {Duration_is_hours, 3600000000},
	    {Duration_is_sixtyHours, 216000000000},
	    {Duration_is_years, 31556952000000},
	};
	static const uint16_t numbers[] = {0, 1, 9942, 9943, 32767, 32768, 65535};

	for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++)
		for (size_t m = 0; m < sizeof(numbers) / sizeof(*numbers); m++) {
			struct ValidityPeriod period = {.start = UINT32_MAX, .duration = {.choice = rows[k].unit}};
			uint64_t want = numbers[m] * rows[k].micros, start = UINT64_C(4294967295000000);

			period.duration.u.years = numbers[m]; /* of the same type in all */
			CHECK(duration_micros(&period.duration) == want, "unit %u, %u: %llu", rows[k].unit, numbers[m],
			      (unsigned long long)duration_micros(&period.duration));
			CHECK(validity_start(&period) == start && validity_end(&period) == start + want, "unit %u, %u",
			      rows[k].unit, numbers[m]);
		}
	return check_done();
}
