/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_tls.h: the TLS identity of a component that runs.
 *
 * It is in HOME/tls: certificate.pem, key.pem and roots.pem. Where these are replaced, the component takes them: new connections
 * get the new ones, open ones go on. What cannot be used is named in the log, and the old ones stay in use.
 */
#ifndef SERVICE_SERVICE_TLS_H
#define SERVICE_SERVICE_TLS_H

#include "service/daemon.h"

/* Can the files be used, by this component and now? */
SCMS_CHECKED bool service_tls_check(struct service *service, struct tls_error *err);

/* Makes the server's context and the client, and checks that both can be used now. */
SCMS_CHECKED bool service_tls_open(struct service *service, struct service_error *err);

/*
 * To be called once a second: takes files that were replaced and have lain there unchanged since the last look, so that a certificate
 * is not taken before its key is there. A month before the certificate expires, and each day from then on, the log says so.
 */
void service_tls_tick(struct service *service);

/* Takes what lies there now, and says so, whether it is new or not (SIGHUP). */
void service_tls_take(struct service *service);

void service_tls_close(struct service *service);

#endif
