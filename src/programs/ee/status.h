/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status.h: what a device has and whom it trusts, for people and programs.
 */
#ifndef PROGRAMS_EE_STATUS_H
#define PROGRAMS_EE_STATUS_H

#include "client.h"

#include <stdio.h>

/* As JSON; the trust store in it as `scms store dump` has it. */
json_t *status_json(const struct device *device, scms_time64 now);

/* As a page of text. */
void status_page(const struct device *device, scms_time64 now, FILE *to);

/* Periods from this one on for which certificates of a kind are at hand. */
unsigned status_periods(const struct device *device, enum ee_request_kind kind, scms_time64 now);

#endif
