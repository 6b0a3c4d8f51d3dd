/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role.h: the kinds of component that an SCMS is made of, and what they are called.
 *
 * The names are those of commands, configuration files, folders and TLS certificates (OU).
 */
#ifndef COMPONENTS_AUTHORITY_ROLE_H
#define COMPONENTS_AUTHORITY_ROLE_H

#include "dot2/cert.h"

enum role {
	ROLE_ELECTOR,	/* "elector": votes on electors and roots */
	ROLE_ROOT,	/* "root": root CA */
	ROLE_ICA,	/* "ica": intermediate CA */
	ROLE_ECA,	/* "eca": enrolment CA */
	ROLE_PCA,	/* "pca": pseudonym CA */
	ROLE_RA,	/* "ra": registration authority */
	ROLE_LA,	/* "la": linkage authority */
	ROLE_MA,	/* "ma": misbehaviour authority */
	ROLE_CRLG,	/* "crlg": CRL generator */
	ROLE_PG,	/* "pg": policy generator */
	ROLE_DCM,	/* "dcm": device configuration manager */
	ROLE_CRL_STORE, /* "crl-store": serves the composite CRL; TLS identity only */
	ROLE_MANAGER,	/* "manager": the SCMS Manager's technical component; TLS identity only */
	ROLE_FACTORY,	/* "factory": whoever may have devices enrolled, or enrolled anew; TLS identity only, runs nothing */
};
#define ROLE_COUNT 14

/* "ra" */
const char *role_name(enum role role);

/* "registration authority" */
const char *role_title(enum role role);

/* Finds a role by its name; false if there is none. */
bool role_parse(const char *name, enum role *role);

/* Has it a certificate of IEEE 1609.2? CRL store, manager and factories are known by TLS alone. */
bool role_has_certificate(enum role role);

/* Does it stay off any network? Electors, root and ICA do. */
bool role_is_offline(enum role role);

/*
 * The role that a certificate gives its holder: the SSP of PSID 0x23, where an absent SSP means MA (CAMP 1.2.4). False for
 * certificates of end entities and of roles that no component here has.
 */
bool role_of_certificate(const struct cert *cert, enum role *role);

#endif
