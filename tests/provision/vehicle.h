/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vehicle.h: end entities of a test, by the end entity's own code: they ask, fetch, open and check.
 */
#ifndef TESTS_PROVISION_VEHICLE_H
#define TESTS_PROVISION_VEHICLE_H

#include "components/ee/pseudonym.h"
#include "crypto/linkage.h"
#include "tests/provision/world.h"

struct vehicle_certificate {
	uint16_t i;
	uint8_t j;
	uint8_t lv[LINKAGE_VALUE];
	uint8_t hash[32];    /* of the certificate */
	struct bytes bytes;  /* the certificate */
	uint8_t hpcr[32];    /* of the RA's request for it; once walk.h was there */
};

struct vehicle {
	struct person enrolment;
	struct ee_caterpillars keys;
	struct bytes sent; /* the request as it went out */
	uint8_t hash[8];   /* of its request */
	char name[17];	   /* the same in hex */
	struct vehicle_certificate *certificates;
	unsigned n, max;
	char address[16];    /* its IP address: each has another */
	long port;	     /* from which it sent its request */
	scms_time64 sent_at; /* when it was sent */
	uint8_t lci[2][160]; /* its linkage chains as the RA has them, and the seeds of the present period; once walk.h was there */
	size_t lci_n[2];
	uint8_t seed[2][LINKAGE_SEED], la[2][2];
};

/* An answer of a server. */
struct fetched {
	int status;   /* 0: none */
	int code;     /* of the header SCMS-POC-Error */
	char text[256];
	bool kept; /* the answer came on a connection that was open before */
	struct bytes body;
};

/* One request: POST where body.p is not NULL. certificate and key: PEM of the client, or NULL. header: "Name: value" or NULL. */
struct fetched fetch(const struct world *world, const char *base, const char *path, struct scms_slice body, const char *header,
		     const char *certificate, const char *key);

/* The signed and encrypted request for pseudonym certificates, at this time. */
void vehicle_ask(const struct world *world, struct vehicle *vehicle, scms_time32 now, struct bytes *out);

/* A download request for a file, as a header line; to be freed. */
char *vehicle_download(const struct world *world, const struct person *enrolment, const char *filename, scms_time32 time);

/* Enrols, and makes its request. */
void vehicle_begin(const struct world *world, struct vehicle *vehicle);

/* Sends the request. Is it acknowledged: by 200, or by 5057, since it came before? */
bool vehicle_send(const struct world *world, struct vehicle *vehicle);

/*
 * Fetches the archive of a period and takes all that is in it. Returns how many certificates there were; 0: the archive is
 * not there yet. Anything wrong fails the test.
 */
unsigned vehicle_collect(const struct world *world, struct vehicle *vehicle, uint16_t i);

void vehicle_free(struct vehicle *vehicle);

#endif
