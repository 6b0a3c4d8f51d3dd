/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h: the process's verification engine, for programs.
 */
#ifndef SERVICE_ENGINE_H
#define SERVICE_ENGINE_H

#include <scms/crypto.h>

/* Made at first use, from the environment's SCMS_CPU; ends the process with a message where that is not possible. */
const struct scms_crypto *engine_crypto(void);

#endif
