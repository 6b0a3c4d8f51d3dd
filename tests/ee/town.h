/* SPDX-License-Identifier: Apache-2.0 */
/*
 * town.h: a small SCMS in memory and devices in a folder, for tests of end entities: no sockets, no clock.
 *
 * Whatever cannot be made ends the program: it is the subject of other tests.
 */
#ifndef TESTS_EE_TOWN_H
#define TESTS_EE_TOWN_H

#include "components/archive.h"
#include "components/authority/profile.h"
#include "components/ee/batch.h"
#include "components/ee/device.h"
#include "components/ee/receiver.h"
#include "components/ee/sender.h"
#include "crypto/linkage.h"
#include "dot2/crl_make.h"
#include "tests/dot2/judge.h"
#include "tests/dot2/people.h"

#define TOWN_NOW PEOPLE_NOW
#define TOWN_NOW32 ((scms_time32)(TOWN_NOW / 1000000u))
#define TOWN_LA1 0x8e09
#define TOWN_LA2 0x59ce
#define TOWN_BATCH 3 /* certificates of an i-period */

struct town {
	const struct scms_crypto *crypto; /* of the devices */
	char folder[256];
	struct person root, ica, eca, pca, ra, crlg;
	struct person ica2, pca2, pca3; /* pca2 is of the ICA, pca3 of ica2 */
	bool strangers;			/* the next bundles have these three, too */
};

/* A device, and what its linkage values of the present period are made of. */
struct town_device {
	struct device device;
	struct ee_sender sender;
	struct ee_receiver *receiver;
	uint8_t seed1[LINKAGE_SEED], seed2[LINKAGE_SEED];
};

void town_open(struct town *town, const struct scms_crypto *crypto);
void town_close(struct town *town);

/* A component by its profile, issuer NULL: self-issued. name must outlive it. To be freed with person_free. */
void town_component(struct person *person, enum profile profile, const char *name, const struct person *issuer,
		    const struct town *town);

/* Ends the test, saying what failed. */
void town_must(bool good, const char *what, const char *why);

/* The factory's bundle, its members in an array of at least 16; how many. To be freed with town_bundle_free. */
size_t town_bundle(const struct town *town, struct archive_member *member);
void town_bundle_free(struct archive_member *member, size_t n);

/* Makes, opens and enrols a device. */
void town_device(const struct town *town, struct town_device *device, const char *name, enum device_kind kind);
void town_device_close(struct town_device *device);
void town_enrol(const struct town *town, struct town_device *device);

/* The same as RA and PCA do it: a request that is acknowledged, and certificates for it. by NULL: the town's PCA. */
const struct ee_request *town_ask(struct town_device *device, enum ee_request_kind kind);
void town_issue(const struct town *town, struct town_device *device, const struct ee_request *request, uint16_t period,
		const struct person *by);

/* A message of the device, now; to be freed. */
struct bytes town_message(struct town_device *device, scms_time64 now, const struct ee_message *message);

/* Gives the device a chain file of this version with these certificates, the last `optional` of them in the optional list. */
void town_chain(const struct town *town, struct town_device *device, uint16_t version, const struct person *const *people, unsigned n,
		unsigned optional);

/* Gives the device a CRL, by the CRLG: hashes (series 2, 3 or 4) or, with n 0 and a revoked device, linkage seeds. */
void town_hash_crl(const struct town *town, struct town_device *device, uint16_t series, const struct crl_hash_entry *entries,
		   uint32_t n, scms_time64 now, scms_time32 next);
void town_linkage_crl(const struct town *town, struct town_device *device, const struct town_device *revoked, scms_time64 now);

#endif
