/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl_make.h: makes the four kinds of CRL (IEEE 1609.2 section 7), as signed data under PSID 0x100 with no other header
 * field.
 */
#ifndef DOT2_CRL_MAKE_H
#define DOT2_CRL_MAKE_H

#include "crypto/linkage.h"
#include "dot2/sign.h"

/* What every CRL says of itself. */
struct crl_head {
	uint16_t series;
	uint8_t craca_id[8]; /* HashedId8 of the CRACA's certificate */
	scms_time32 issue_date;
	scms_time32 next_crl;
	bool delta;    /* else full: the list of all that is revoked */
	bool crl_2022; /* hashes: for receivers of the 2022 edition, else of that of 2017, as CAMP has it */
	bool has_priority;
	uint8_t priority;
};

/* One certificate, by hash. */
struct crl_hash_entry {
	uint8_t id[10];     /* HashedId10 of the certificate */
	scms_time32 expiry; /* when the entry may be forgotten */
};

/* All certificates of one device from period i_rev on. */
struct crl_linkage_entry {
	uint8_t j_max; /* certificates per period */
	uint16_t la1, la2;
	uint16_t i_max;                                   /* last period */
	uint8_t seed1[LINKAGE_SEED], seed2[LINKAGE_SEED]; /* of period i_rev */
};

/* All members of one group. */
struct crl_group_entry {
	uint16_t i_max;
	uint16_t la1, la2;
	uint8_t seed1[LINKAGE_SEED], seed2[LINKAGE_SEED];
};

/* Linkage-based revocations of one CRL. */
struct crl_linkage {
	uint16_t i_rev;         /* the period of the seeds */
	uint8_t index_within_i; /* counts the CRLs of that period */
	const struct crl_linkage_entry *individual;
	uint32_t individual_count;
	const struct crl_group_entry *groups;
	uint32_t group_count;
};

/*
 * Makes a CRL of hashes. Entries are written in the order of their ids, so that the same set gives the same list; the
 * same id twice is KEY_VALUE. out is the SecuredCrl. Statuses as signed_data_make().
 */
SCMS_CHECKED enum key_status crl_make_hash(const struct signer *signer, const struct crl_head *head, uint32_t serial,
					   const struct crl_hash_entry *entries, uint32_t n, struct bytes *out,
					   struct key_error *err);

/* Makes a CRL of linkage seeds, its entries put into the groups of j_max, linkage authorities and i_max that it has. */
SCMS_CHECKED enum key_status crl_make_linkage(const struct signer *signer, const struct crl_head *head,
					      const struct crl_linkage *linkage, struct bytes *out,
					      struct key_error *err);

#endif
