/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_check.h: would the components of a configuration start?
 */
#ifndef SERVICE_DAEMON_CHECK_H
#define SERVICE_DAEMON_CHECK_H

#include "service/daemon_config.h"

/*
 * Looks at what each needs beside its lines in the file: settings that are of use, TLS identity, trust store, clock, its certificate
 * and keys (those whose pass phrase would be asked for at the terminal are left out). Nothing is changed. False: `to` has a line for
 * each complaint, with file, line and mend.
 */
SCMS_CHECKED bool daemon_check(const struct daemon_config *config, const struct scms_crypto *crypto, FILE *to);

#endif
