/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h: an SCMS in a folder, for tests of running components: root, ICA and ECA in memory; homes of RA, PCA, two LAs,
 * DCM and MA with real keys, stores, TLS identities; and scmsd.conf for them.
 */
#ifndef TESTS_PROVISION_WORLD_H
#define TESTS_PROVISION_WORLD_H

#include "components/message.h"
#include "service/tls.h"
#include "tests/dot2/people.h"

enum world_component {
	WORLD_RA,
	WORLD_PCA,
	WORLD_LA1,
	WORLD_LA2,
	WORLD_COMPONENTS, /* those that world_make makes */
	WORLD_ECA = WORLD_COMPONENTS,
	WORLD_DCM,
	WORLD_MA,
	WORLD_PG,
	WORLD_CRLG,
	WORLD_CRL_STORE,
	WORLD_MANAGER,
	WORLD_ALL
};

struct world {
	char folder[512];
	struct person root, ica, eca, ma, dcm; /* MA and DCM: of test clients */
	char name[WORLD_ALL][32]; /* of their homes */
	unsigned count; /* of components: WORLD_COMPONENTS or WORLD_ALL */
	bool without_service; /* of the vehicles that are enrolled now */
	struct bytes certificate[WORLD_ALL]; /* of CRL store and manager: none */
	struct cert cert[WORLD_ALL];
	char url[WORLD_COMPONENTS][64]; /* "https://NAME.localhost:PORT" */
	scms_time32 start;
	/* TLS identities of test clients, paths of PEM files */
	char roots[560], ma_certificate[560], ma_key[560], ra_certificate[560], ra_key[560], dcm_certificate[560], dcm_key[560];
	char manager_certificate[560], manager_key[560];
	char *ma_line; /* header by which the MA says who it is (service/peer.h) */
};

/* A new folder for a world, in memory where the machine has such: power is not lost in these tests. Removed by world_gone(). */
#define WORLD_FOLDER 32
void world_folder(char folder[WORLD_FOLDER]);
void world_gone(const char *folder);

/* What the RA's section of scmsd.conf says beside its peers; and whether all run in one process. */
void world_make(struct world *world, const char *folder, const char *ra_settings);

/* Homes of all other roles too. They are no part of scmsd.conf: for tests behind the socket. */
void world_complete(struct world *world);

/* Another takes the place of a component, with a home of this name; the old one's is left as it is. */
void world_replace(struct world *world, enum world_component which, const char *name);

/* A component's next identity, of other keys, in the home that it has; it is the one in use from now on. */
void world_renew(struct world *world, enum world_component which);

/*
 * A composite CRL that revokes these certificates, as of now: by a CRL generator under the root, and by the root itself what is of
 * its series. To be freed.
 */
struct bytes world_revoke(const struct world *world, const struct cert *const *certs, unsigned n);

/* The header line by which this party says that it has the TLS certificate of this PEM file (service/peer.h). To be freed. */
char *world_says(const struct party *party, const char *certificate);

void world_free(struct world *world);

/*
 * Enrols a device: an implicit certificate by the ECA. rse: of a roadside unit. A vehicle has WORLD_SERVICE beside its profile's unless
 * world->without_service is set.
 */
#define WORLD_SERVICE 0x4082
void world_enrol(const struct world *world, struct person *device, bool rse);

/* Ends the test, saying what failed. */
void world_must(bool ok, const char *what, const char *why);

/* Whoever signs a message in the tests. */
struct party world_party(const struct person *person);

#endif
