/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peers.h: are the peers of a configuration there, and are they who they should be?
 */
#ifndef PROGRAMS_SCMSD_PEERS_H
#define PROGRAMS_SCMSD_PEERS_H

#include "service/daemon_config.h"

/*
 * Asks each peer of each component, as that component: by mutual TLS, for its health, and for its certificate, which the component's
 * own trust store judges. A line for each peer: to `out` where all is well, to `wrong`, with the mend, where something is not. True: all is well.
 */
SCMS_CHECKED bool peers_check(const struct daemon_config *config, const struct scms_crypto *crypto, FILE *out, FILE *wrong);

#endif
