/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.h: an end entity's folder.
 *
 *   device.json     serial number, kind ("obe" or "rse"), services, and the addresses of RA and CRL store
 *   device.key      16 bytes that seal the state: what a product keeps in its secure element
 *   state           enrolments and the keys of what was asked for, sealed (state.h)
 *   store/          trust store (service/store_dir.h)
 *   ra.coer         certificate of the RA
 *   tls-roots.pem   who is believed to be the RA and the CRL store
 *   issuers.oer     who issued the certificates below (issuers.h)
 *   HASH_I.zip      certificates of period I (hex), as downloaded for the request HASH
 *   HASH            an application certificate, likewise
 *
 * Every file is replaced at a stroke, and each says by itself whether it is of use, so that a loss of power at any instant
 * leaves a device that goes on: at worst it downloads again what it had.
 */
#ifndef COMPONENTS_EE_DEVICE_H
#define COMPONENTS_EE_DEVICE_H

#include "components/ee/state.h"
#include "components/trustee.h"

enum device_kind { DEVICE_OBE, DEVICE_RSE };

/* Services of which a vehicle may have identification certificates, at most. */
#define DEVICE_SERVICES_MAX 16

/* What a device is. */
struct device_identity {
	const char *serial; /* as on the DCM's list */
	enum device_kind kind;
	uint64_t service[DEVICE_SERVICES_MAX]; /* an OBE's: PSIDs that it signs with identification certificates */
	unsigned services;
	uint32_t electors, roots, tombstones; /* for so many its trust store has room; 0: as the bundle says */
};

struct device {
	char *path;
	int lock; /* of who changes it; -1: none */
	char *serial, *ra_url, *crl_url, *tls_roots;
	enum device_kind kind;
	uint64_t service[DEVICE_SERVICES_MAX];
	unsigned services;
	const struct scms_crypto *crypto;
	uint8_t key[AES_128_KEY];
	struct ee_state state;
	struct trustee *trustee;
	struct scms_slice ra_bytes;
	struct cert ra;
};

struct device_error {
	char text[512]; /* for people: names the file */
};

/*
 * Makes a device from what the factory's secure environment gives it: the archive of components/dcm/bundle.h. Its trust
 * store is provisioned as of now. False, and nothing is left, where path exists or something in the bundle is refused.
 */
SCMS_CHECKED bool device_create(const char *path, struct scms_slice bundle, const struct device_identity *identity,
				scms_time64 now, const struct scms_crypto *crypto, struct device_error *err);

enum device_use { DEVICE_READ, DEVICE_CHANGE };

/*
 * Opens a device; to be closed with device_close(), on failure too. Who changes it is alone, and waits a moment for others. Who only
 * reads, to sign and to judge, is in nobody's way and in as many processes as one likes: he has what there was when he opened it.
 */
SCMS_CHECKED bool device_open(struct device *device, const char *path, enum device_use use, const struct scms_crypto *crypto,
			      struct device_error *err);
void device_close(struct device *device);

/* Keeps the state. */
SCMS_CHECKED bool device_save(const struct device *device, struct device_error *err);

/*
 * The enrolment in use: the newest that is valid now. NULL: there is none, and *reason says why the newest is not
 * (SCMS_CHAIN_INCOMPLETE where there never was one). A device without one neither sends nor requests (rule D6.1).
 */
const struct ee_enrolment *device_enrolment(const struct device *device, scms_time64 now, enum scms_reason *reason);

/* The HashedId8 of an enrolment certificate. False: it cannot be read. */
SCMS_CHECKED bool device_enrolment_id(const struct device *device, const struct ee_enrolment *enrolment, uint8_t id8[8]);

/* Is the enrolment that signed this request one that the device has, and valid now? */
bool device_asked_validly(const struct device *device, const struct ee_request *request, scms_time64 now);

/*
 * Takes an enrolment: it is kept, and applied as a session (rule H9), so that the store knows whose it is. Takes over the
 * enrolment's bytes. False: it could not be kept, or the store does not take it.
 */
SCMS_CHECKED bool device_enrolled(struct device *device, struct ee_enrolment *enrolment, scms_time64 now,
				  struct device_error *err);

/*
 * Applies a TrustUpdate (components/update.h) as one session, with this composite CRL where it is given (n > 0). False: it is none, or
 * the store failed.
 */
SCMS_CHECKED bool device_update(struct device *device, struct scms_slice update, struct scms_slice crl, scms_time64 now,
				struct device_error *err);

/*
 * The certificate of the device's RA that is valid now: the one that it was given or, after the RA has got another, the one of
 * the same name in the chain file. Likewise the MA's. False: none is at hand. Until the next change of the store.
 */
SCMS_CHECKED bool device_ra(const struct device *device, scms_time64 now, struct cert *ra);
SCMS_CHECKED bool device_ma(const struct device *device, scms_time64 now, struct cert *ma);

/* The certificate, of the chain file or of the device's own issuers, whose HashedId3 this is, for a peer that asks. */
bool device_issuer(const struct device *device, const uint8_t id3[3], struct scms_slice *out);

#endif
