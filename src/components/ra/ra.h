/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ra.h: what the files of the registration authority share.
 *
 * A device asks once (request). For each i-period the RA asks both LAs for pre-linkage values, expands the device's keys
 * and puts one item for each certificate into the aggregator. Items of many vehicles are released together and go to the
 * PCA one by one, in an order that chance chose (aggregator.c). Answers wait until a period is complete and become one
 * archive for the device.
 */
#ifndef COMPONENTS_RA_RA_H
#define COMPONENTS_RA_RA_H

#include "components/period.h"
#include "components/ra/codes.h"
#include "components/ra/item.h"
#include "components/role_service.h"

/* Where an item is. */
enum ra_item_state {
	RA_WAITING = 0,	 /* in the aggregator */
	RA_RELEASED = 1, /* to be sent to the PCA */
	RA_ANSWERED = 2,
	RA_REFUSED = 3, /* by the PCA */
	RA_FILED = 4,	/* its answer is in an archive */
};

/* The parameters in force: the component's settings where they are set, else the global policy's, else the defaults. */
struct ra_policy {
	uint32_t shuffle_threshold; /* items */
	uint32_t max_age;	    /* seconds that an item waits at most */
	uint32_t supply;	    /* seconds for which certificates are made ahead */
	uint32_t per_period;	    /* certificates in an i-period */
	uint32_t retrieval;	    /* seconds between looks for a new GPF and GCCF */
	uint32_t application;	    /* seconds that an application certificate holds */
};

struct ra_supply;
struct ra_sender;
struct ra_publication;
struct ra_certificate;

struct ra_state {
	struct service *service;
	struct ra_policy policy;
	struct ra_supply *supply;
	struct ra_sender *sender;
	struct ra_publication *publication;
	struct ra_certificate *certificate;
	struct bytes pca; /* the PCA's certificate; empty: not known yet */
	uint8_t pca_id[8];
	char pca_host[256];
	int64_t pca_number;    /* of its certificate, in the database */
	scms_time32 pca_start; /* of its certificate's validity */
	bool pca_settled;      /* nothing is left that an earlier one is to issue, or issued before it was revoked */
	bool pca_asked;
	bool pca_doubted; /* it has answered with another certificate, or refused: to be looked at again */
	const char *pca_said; /* of it, in the log */
	scms_time32 pca_not_before, pca_seen;
	uint64_t requests, refused, downloads, expanded, sent, filed, releases;
};

static inline struct ra_state *ra_state_of(const struct service *service)
{
	return service->state;
}

/* ---- who issues (pca.c) ---- */

/* Looks for the PCA's certificate and after what an earlier PCA left; once a second. True: certificates may be asked for. */
bool ra_pca_ready(struct ra_state *state);

/* The same, without looking. */
static inline bool ra_pca_usable(const struct ra_state *state)
{
	return state->pca.n > 0 && state->pca_settled;
}

/*
 * The PCA has answered this item by its certificate `signer`, which may be another than the RA knows: whose the batch is, is
 * kept, within the turn's transaction. False: the database failed.
 */
SCMS_CHECKED bool ra_pca_answered(struct ra_state *state, const uint8_t hpcr[32], const struct cert *signer);

/* The PCA has refused an item. False: it may have another certificate by now, which is to be looked at first; the item is asked for again. */
SCMS_CHECKED bool ra_pca_refused(struct ra_state *state);

/* The trust store has changed: the PCA may have another certificate, or none that is valid. */
void ra_pca_forget(struct ra_state *state);

/* ---- the database (db.c) ---- */

extern const struct db_schema ra_schema;

struct ra_enrolment {
	int64_t id, chain; /* 0: it is not known */
	bool blacklisted;
};

/* Looks an enrolment up by the HashedId8 of its certificate. */
struct ra_enrolment ra_enrolment_find(struct db *db, const uint8_t rif[8]);

/*
 * The same, and enters it if it is new, within the turn's transaction; its linkage chain is that of the enrolment that it
 * succeeds, or a new one. False: the database failed.
 */
SCMS_CHECKED bool ra_enrolment_enter(struct db *db, const struct cert *cert, struct ra_enrolment *out);

/* A request of an enrolment by its hash; its row's id, 0: there is none. */
int64_t ra_request_find(struct db *db, int64_t enrolment, const uint8_t hash[8]);

/* Text of a file's name: 16 hex digits of the request's hash. */
void ra_hex8(const uint8_t id[8], char text[17]);

/* The file for the certificates of a request and period: HASH_I.zip, or HASH for the application certificate. */
void ra_file_name(const char *hash, enum ra_kind kind, uint32_t i, char name[64]);

/* ---- requests of end entities (request.c) ---- */

/* What a device sent, opened. To be freed with message_free(&.message) whatever came of it. */
struct ra_asked {
	struct message message;
	struct ScmsPDU content;
	const struct EndEntityRaInterfacePDU *pdu;
	uint8_t rif[8]; /* of the enrolment certificate */
	bool roadside;	/* it is an RSE's */
};

/*
 * Opens a message of this row, of which choice is the alternative of EndEntityRaInterfacePDU. Checks, in this order:
 * blacklist, certificate, time, signature. tolerance: seconds. False: refused, and the exchange is answered.
 */
SCMS_CHECKED bool ra_open(struct service *service, struct http_exchange *exchange, const char *row, uint8_t choice,
			  struct scms_slice bytes, uint32_t tolerance, struct ra_asked *asked);

/* ---- the RA's own certificate, with the CRL (certificate.c) ---- */

/* NULL without memory. */
struct ra_certificate *ra_certificate_new(struct service *service);
void ra_certificate_free(struct ra_certificate *certificate);

/* What was made is made anew: the RA may have another certificate, or others are revoked. */
void ra_certificate_forget(struct ra_certificate *certificate);

/* ---- handlers ---- */

void ra_handle_certificate(struct service *service, struct http_exchange *exchange);

void ra_handle_pseudonym(struct service *service, struct http_exchange *exchange);
void ra_handle_identification(struct service *service, struct http_exchange *exchange);
void ra_handle_application(struct service *service, struct http_exchange *exchange);
void ra_handle_succession(struct service *service, struct http_exchange *exchange);
void ra_handle_batch(struct service *service, struct http_exchange *exchange);
void ra_handle_info(struct service *service, struct http_exchange *exchange);
void ra_handle_policy(struct service *service, struct http_exchange *exchange);
void ra_handle_chain(struct service *service, struct http_exchange *exchange);
void ra_handle_report(struct service *service, struct http_exchange *exchange);
void ra_handle_blacklist(struct service *service, struct http_exchange *exchange);
void ra_handle_lci(struct service *service, struct http_exchange *exchange);
void ra_handle_rif_blacklist(struct service *service, struct http_exchange *exchange);
void ra_handle_cdv(struct service *service, struct http_exchange *exchange);

#endif
