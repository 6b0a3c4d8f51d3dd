/* SPDX-License-Identifier: Apache-2.0 */
/*
 * period.h: i-periods (CAMP): weeks, counted from 2015-01-06 04:00 Eastern Standard Time (09:00 UTC), a Tuesday. Periods of
 * identification certificates, of 720 hours, are counted from the same instant.
 */
#ifndef COMPONENTS_PERIOD_H
#define COMPONENTS_PERIOD_H

#include <scms/base.h>

#define PERIOD_SECONDS 604800u
/* The beginning of i = 0 as Time32: TAI seconds since 2004-01-01, three leap seconds among them. */
#define PERIOD_EPOCH 347619603u
/* A pseudonym certificate holds an hour longer than its period. */
#define PERIOD_OVERLAP_HOURS 1u

/* The i-period of a time; 0 before the first. */
static inline uint16_t period_of(scms_time32 time)
{
	uint32_t i = time < PERIOD_EPOCH ? 0 : (time - PERIOD_EPOCH) / PERIOD_SECONDS;

	return i > UINT16_MAX ? UINT16_MAX : (uint16_t)i;
}

/* When it begins; the last of all before Time32 ends is 6,526. */
static inline scms_time32 period_start(uint16_t i)
{
	return PERIOD_EPOCH + (scms_time32)i * PERIOD_SECONDS;
}

/* Identification certificates hold 721 hours, an hour longer than their period. */
#define ID_PERIOD_SECONDS (720u * 3600u)

/* The period of an identification certificate; 0 before the first. */
static inline uint16_t id_period_of(scms_time32 time)
{
	return time < PERIOD_EPOCH ? 0 : (uint16_t)((time - PERIOD_EPOCH) / ID_PERIOD_SECONDS);
}

static inline scms_time32 id_period_start(uint16_t period)
{
	return PERIOD_EPOCH + period * ID_PERIOD_SECONDS;
}

#endif
