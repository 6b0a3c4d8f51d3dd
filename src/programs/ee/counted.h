/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counted.h: the cryptography of one device of a fleet, which counts the signatures that the device checks.
 */
#ifndef PROGRAMS_EE_COUNTED_H
#define PROGRAMS_EE_COUNTED_H

#include <scms/crypto.h>

struct counted {
	struct scms_crypto crypto; /* to be given to the device; this structure must stay where it is */
	const struct scms_crypto *to;
	uint64_t checked; /* signatures, in updates and in messages */
};

/* Passes everything on to an engine, and counts. */
void counted_init(struct counted *counted, const struct scms_crypto *to);

#endif
