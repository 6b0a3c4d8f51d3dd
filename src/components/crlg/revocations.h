/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revocations.h: what a CRL generator revokes, as plain data: read from the composite CRL that is out, changed, signed
 * (crl_sign.h) and put together to the next one.
 *
 * A published composite CRL says everything that its maker must know, so it is the state: there is no other to keep or to lose.
 * For each CRACA and series there is one list: of hashes, or of linkage seeds; its last full CRL, and a delta that adds
 * all that was revoked since. Beside them stand the ballots that remove electors and roots: they go into every
 * composite CRL until the removed certificate's expiry, whoever signs the rest (trust rule H4).
 */
#ifndef COMPONENTS_CRLG_REVOCATIONS_H
#define COMPONENTS_CRLG_REVOCATIONS_H

#include "dot2/crl_make.h"
#include "trust/crl_file.h"

/* Published series. */
enum crl_series {
	CRL_SERIES_PSEUDONYM = 1, /* by linkage */
	CRL_SERIES_COMPONENT = 2,
	CRL_SERIES_END_ENTITY = 3, /* application and identification certificates */
	CRL_SERIES_ENROLMENT = 4,
	CRL_SERIES_SPECIAL = 256, /* CRLG, PG, MA: signed by the root */
};

/* Ballots of a kind that trust stores take in one file (rule A5.1). */
#define CRL_BALLOTS_MAX 64
/* Entries of one list: what fits 64 MiB. */
#define CRL_ENTRIES_MAX 1800000u

/* A device, and the period that its seeds are of. */
struct crl_device {
	struct crl_linkage_entry entry;
	uint16_t i;
};

struct crl_group {
	struct crl_group_entry entry;
	uint16_t i;
};

struct crl_list {
	uint16_t series;
	uint8_t craca[8];
	bool linkage;
	bool edition_2022; /* of a list of hashes */
	/* As published: the full CRL and the delta, each of its own; p NULL: there is none. */
	struct bytes full, delta;
	scms_time32 issue_date, next_crl; /* of the newer of the two; 0: never signed */
	uint32_t serial;
	uint16_t i_rev; /* of the newer one */
	uint8_t index_within_i;
	struct crl_hash_entry *hashes; /* the first `settled` of each are in the full CRL */
	struct crl_device *devices;
	struct crl_group *groups;
	uint32_t hash_count, device_count, group_count;
	uint32_t hash_settled, device_settled, group_settled;
	uint32_t hash_room, device_room, group_room;
	bool changed; /* since it was signed */
};

/* A ballot that removes an elector or a root. */
struct crl_ballot {
	enum scms_motion motion;
	uint8_t subject[32];
	scms_time64 expiry; /* of the removed certificate */
	struct bytes bytes;
};

struct revocations {
	enum ballot_form form;
	struct crl_list *lists;
	size_t list_count;
	struct crl_ballot *ballots;
	size_t ballot_count;
};

/*
 * Reads a composite CRL; *state is then the caller's to free with revocations_free(). An empty slice gives an empty state, its
 * ballots in the 1.2.4 form. KEY_VALUE: it cannot be read, or one list is there twice; err says where.
 */
SCMS_CHECKED enum key_status revocations_read(struct revocations *state, struct scms_slice composite,
					    const struct scms_crypto *crypto, struct key_error *err);

void revocations_free(struct revocations *state);

/* The list of this CRACA and series; NULL: there is none. */
struct crl_list *crl_list_find(const struct revocations *state, const uint8_t craca[8], uint16_t series);

/*
 * The list, made where there is none; it may move at the next such call. KEY_MISMATCH: there is one of the other kind.
 */
SCMS_CHECKED enum key_status crl_list_open(struct revocations *state, const uint8_t craca[8], uint16_t series, bool linkage,
					   struct crl_list **list, struct key_error *err);

/* Takes a full CRL that another signed (the root) in place of what its list was. KEY_VALUE: it is none, or older. */
SCMS_CHECKED enum key_status revocations_take_crl(struct revocations *state, struct scms_slice crl, struct key_error *err);

/* Adds a certificate. One that is listed keeps the later expiry. */
SCMS_CHECKED enum key_status crl_list_add_hash(struct crl_list *list, const struct crl_hash_entry *entry, struct key_error *err);

/* Adds a device by its seeds of period i. The same seeds again change nothing. */
SCMS_CHECKED enum key_status crl_list_add_device(struct crl_list *list, const struct crl_linkage_entry *entry, uint16_t i,
						 struct key_error *err);

/* Adds a group by its seeds of period i. */
SCMS_CHECKED enum key_status crl_list_add_group(struct crl_list *list, const struct crl_group_entry *entry, uint16_t i,
						struct key_error *err);

/*
 * Adds all that another list of the same kind has, which was made apart from this one: by hand, say, while the CRLG went on. Its next
 * number and date follow those of both, and it counts as changed unless it is as it was, and newer. KEY_MISMATCH: another kind.
 */
SCMS_CHECKED enum key_status crl_list_merge(struct crl_list *into, const struct crl_list *from, struct key_error *err);

/*
 * Adds a removal ballot (rule H4). KEY_VALUE: it removes nothing, is in another form than those that are there, or could
 * never be carried out; KEY_EXISTS: the very ballot is there.
 */
SCMS_CHECKED enum key_status revocations_add_ballot(struct revocations *state, enum ballot_form form, enum scms_motion motion,
						  struct scms_slice bytes, const struct scms_crypto *crypto,
						  struct key_error *err);

/* What fell out. */
struct crl_expired {
	uint32_t hashes, devices, groups, ballots;
};

/*
 * Takes out what has had its time: hashes past their expiry, devices and groups past their last period, ballots of
 * certificates that have expired. Lists that lose something count as changed.
 */
struct crl_expired revocations_expire(struct revocations *state, scms_time64 now);

/*
 * After a root's revocation (rule H5): its lists of hashes go, and with `keep_linkage` (the linkage chains continue under the
 * new root) those of seeds go over to the new CRACA, to be signed by its CRLG, together with what it has listed already. Ballots stay.
 */
SCMS_CHECKED enum key_status revocations_reset(struct revocations *state, const uint8_t old_craca[8], const uint8_t new_craca[8],
					     bool keep_linkage, struct crl_expired *gone, struct key_error *err);

/*
 * The composite CRL of all lists as they were signed last, series 256 first, and of all ballots. KEY_VALUE where a list was
 * never signed, or was changed since and not signed.
 */
SCMS_CHECKED enum key_status revocations_compose(const struct revocations *state, struct bytes *out, struct key_error *err);

#endif
