/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h: verification engines in memory of their own; and the process's, for programs.
 */
#ifndef SERVICE_ENGINE_H
#define SERVICE_ENGINE_H

#include <scms/verify.h>

/* One of one's own, as the environment's SCMS_CPU says. NULL: libcrypto failed, or memory is short. */
struct scms_verifier *engine_new(void);
void engine_free(struct scms_verifier *engine); /* NULL is allowed */

/* Made at first use, from the environment's SCMS_CPU; ends the process with a message where that is not possible. */
const struct scms_crypto *engine_crypto(void);

#endif
