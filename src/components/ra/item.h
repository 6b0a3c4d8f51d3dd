/* SPDX-License-Identifier: Apache-2.0 */
/*
 * item.h: one certificate's request to the PCA, made of what the device asked for and what its enrolment permits.
 */
#ifndef COMPONENTS_RA_ITEM_H
#define COMPONENTS_RA_ITEM_H

#include "components/ra/expand.h"
#include "dot2/cert.h"

#define ITEM_PERMISSIONS_MAX 32

/* What a device asked for, as it stands in the database. */
enum ra_kind { RA_PSEUDONYM = 1, RA_IDENTIFICATION = 2, RA_APPLICATION = 3 };

/* What certificates of a device say, whichever they are. Points into the enrolment certificate. */
struct item_subject {
	struct PsidSsp permission[ITEM_PERMISSIONS_MAX];
	uint32_t permissions;
	bool has_region;
	struct GeographicRegion region;
	uint8_t rif[8];
	uint8_t craca[3];
};

/*
 * Permissions are those that the enrolment certificate may request: each PSID without SSP, or with the first of the SSPs
 * that it names; in a pseudonym certificate what its profile has (safety messages, reports of misbehaviour), in an identification
 * certificate the rest: who is named has no use for what is to be sent without a name. Application certificates have all. KEY_VALUE
 * where there is none, or more than ITEM_PERMISSIONS_MAX.
 */
SCMS_CHECKED enum key_status item_subject_of(const struct cert *enrolment, enum ra_kind kind, struct item_subject *out,
					     struct key_error *err);

/* Who takes part, by host name. */
struct item_hosts {
	struct scms_slice ra, pca, la1, la2;
};

/* A request for a pseudonym certificate: pdu is the ScmsPDU. */
SCMS_CHECKED enum key_status item_pseudonym(const struct item_subject *subject, const struct item_hosts *hosts, uint16_t i,
					    const struct cocoons *keys, const struct EncryptedIndividualPLV *plv1,
					    const struct EncryptedIndividualPLV *plv2, struct bytes *pdu, struct key_error *err);

/* A request for an identification or application certificate. keys->sign is what is certified. */
SCMS_CHECKED enum key_status item_authorization(const struct item_subject *subject, const struct item_hosts *hosts,
						scms_time32 start, uint32_t hours, const struct GeographicRegion *region,
						const struct cocoons *keys, const struct PublicEncryptionKey *encryption,
						struct bytes *pdu, struct key_error *err);

#endif
