/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/crl.h"

#include <string.h>

#define SEED_BYTES 16
#define LINKAGE_BYTES 9

/* Contents of the 2022 edition as those of 2017, save that the entries remain what they are. */
static void contents_of_2022(const struct CrlContents2022 *from, struct CrlContents *to)
{
	const struct ToBeSignedHashIdCrl2022 *hashes =
	    &from->typeSpecific.u.fullHashCrl; /* of the same type in both kinds */

	*to = (struct CrlContents){
	    .version = from->version,
	    .crlSeries = from->crlSeries,
	    .cracaId = from->cracaId,
	    .issueDate = from->issueDate,
	    .nextCrl = from->nextCrl,
	    .priorityInfo = from->priorityInfo,
	};
	to->typeSpecific.choice = from->typeSpecific.choice;
	to->typeSpecific.u.fullHashCrl = (struct ToBeSignedHashIdCrl){
	    .crlSerial = hashes->crlSerial, .entries = hashes->entries, .extensions = hashes->extensions};
}

static enum oer_status contents_read(struct CrlContents *contents, struct scms_slice bytes, struct oer_error *err)
{
	struct CrlContents2022 newer;
	struct oer_error other;
	enum oer_status status = oer_decode(&oer_CrlContents, bytes, OER_DEPTH_DEFAULT, contents, err);

	if (status == OER_OK)
		return OER_OK;
	if (oer_decode(&oer_CrlContents2022, bytes, OER_DEPTH_DEFAULT, &newer, &other) == OER_OK) {
		/* All but hash CRLs is the same in both, and was refused above. */
		contents_of_2022(&newer, contents);
		return OER_OK;
	}
	if (err == NULL)
		return status;
	/* Neither edition: what came further is what the CRL meant to be. */
	if (other.offset > err->offset)
		*err = other;
	return err->status;
}

enum oer_status crl_read(struct crl *crl, struct scms_slice bytes, struct oer_error *err)
{
	enum oer_status status = signed_data_read(&crl->data, bytes, OER_DEPTH_DEFAULT, err);
	struct scms_slice opaque;

	if (status != OER_OK)
		return status;
	crl->bytes = bytes;
	if (!signed_data_unsecured(&crl->data, &opaque)) {
		if (err != NULL)
			*err = (struct oer_error){
			    .status = OER_RANGE,
			    .path = "SecuredCrl.content.signedData.tbsData.payload",
			    .expected = "unsecuredData holding CrlContents",
			    .found = "another payload",
			};
		return OER_RANGE;
	}
	status = contents_read(&crl->contents, opaque, err);
	if (status != OER_OK && err != NULL)
		err->offset += (size_t)(opaque.p - bytes.p);
	return status;
}

bool crl_is_hash(const struct crl *crl)
{
	uint8_t kind = crl->contents.typeSpecific.choice;

	return kind == CrlContents_typeSpecific_is_fullHashCrl || kind == CrlContents_typeSpecific_is_deltaHashCrl;
}

bool crl_is_delta(const struct crl *crl)
{
	uint8_t kind = crl->contents.typeSpecific.choice;

	return kind == CrlContents_typeSpecific_is_deltaHashCrl || kind == CrlContents_typeSpecific_is_deltaLinkedCrl;
}

void crl_subject_of(const struct cert *cert, struct crl_subject *subject)
{
	const struct ToBeSignedCertificate *tbs = &cert->c.toBeSigned;

	*subject = (struct crl_subject){.cert = cert, .series = tbs->crlSeries, .craca = tbs->cracaId};
	memcpy(subject->id10, cert_id10(cert), sizeof(subject->id10));
	if (tbs->id.choice == CertificateId_is_linkageData) {
		const struct LinkageData *linkage = &tbs->id.u.linkageData;

		subject->has_linkage = true;
		subject->i = linkage->iCert;
		subject->linkage_value = linkage->linkage_value;
		if (linkage->has_group_linkage_value) {
			subject->group_j = linkage->group_linkage_value.jValue;
			subject->group_value = linkage->group_linkage_value.value;
		}
	}
}

bool crl_hash_next(struct oer_iter *it, struct HashBasedRevocationInfo *entry)
{
	struct HashBasedRevocationInfo2022 newer;

	if (it->element == &oer_HashBasedRevocationInfo)
		return oer_next(it, entry);
	if (!oer_next(it, &newer))
		return false;
	*entry = (struct HashBasedRevocationInfo){.id = newer.id, .expiry = newer.expiry};
	return true;
}

const uint8_t *crl_subject_twin(struct crl_subject *subject, const struct scms_crypto *crypto)
{
	if (subject->twin_state == TWIN_NOT_ASKED)
		subject->twin_state = cert_twin_id10(subject->cert, crypto, subject->twin) ? TWIN_KNOWN : TWIN_NONE;
	return subject->twin_state == TWIN_KNOWN ? subject->twin : NULL;
}

bool crl_has_id10(const struct crl *crl, const uint8_t id10[10])
{
	struct HashBasedRevocationInfo entry;
	struct oer_iter it;

	if (!crl_is_hash(crl))
		return false;
	/* Full and delta have the same type and the same place in the union. */
	it = oer_iterate(&crl->contents.typeSpecific.u.fullHashCrl.entries);
	while (crl_hash_next(&it, &entry))
		if (memcmp(entry.id, id10, 10) == 0)
			return true;
	return false;
}

void crl_seed_advance(const struct scms_crypto *crypto, const uint8_t la_id[2], uint8_t seed[SEED_BYTES])
{
	static const uint8_t zero[14];
	const struct scms_slice parts[3] = {{la_id, 2}, {seed, SEED_BYTES}, {zero, sizeof(zero)}};
	uint8_t hash[32];

	crypto->sha256(crypto->ctx, parts, 3, hash);
	memcpy(seed, hash, SEED_BYTES);
}

static void seed_advance(const struct scms_crypto *crypto, const uint8_t la_id[2], uint8_t seed[SEED_BYTES], unsigned steps)
{
	while (steps-- > 0)
		crl_seed_advance(crypto, la_id, seed);
}

/* XORs plv(i, j), the first 9 bytes of AES_ls(la_id || j || 0^10) XOR (la_id || j || 0^10), into value. */
static bool prelinkage_xor(const struct scms_crypto *crypto, const uint8_t la_id[2], const uint8_t seed[SEED_BYTES],
			   const uint8_t j[4], uint8_t value[LINKAGE_BYTES])
{
	uint8_t block[16] = {la_id[0], la_id[1], j[0], j[1], j[2], j[3]}, out[16];

	if (!crypto->aes128(crypto->ctx, seed, block, 1, out))
		return false;
	for (unsigned k = 0; k < LINKAGE_BYTES; k++)
		value[k] ^= out[k] ^ block[k];
	return true;
}

struct seeds {
	const uint8_t *la1, *la2;
	const uint8_t *seed1, *seed2;
	unsigned steps; /* from iRev to the certificate's i */
};

static enum scms_verdict pair_lists(const struct seeds *seeds, unsigned jmax, const struct crl_subject *subject,
				    const struct scms_crypto *crypto)
{
	uint8_t seed1[SEED_BYTES], seed2[SEED_BYTES];

	memcpy(seed1, seeds->seed1, SEED_BYTES);
	memcpy(seed2, seeds->seed2, SEED_BYTES);
	seed_advance(crypto, seeds->la1, seed1, seeds->steps);
	seed_advance(crypto, seeds->la2, seed2, seeds->steps);
	for (unsigned j = 0; j < jmax; j++) {
		const uint8_t j_bytes[4] = {0, 0, 0, (uint8_t)j};
		uint8_t value[LINKAGE_BYTES] = {0};

		if (!prelinkage_xor(crypto, seeds->la1, seed1, j_bytes, value) ||
		    !prelinkage_xor(crypto, seeds->la2, seed2, j_bytes, value))
			return SCMS_FAILED;
		if (memcmp(value, subject->linkage_value, LINKAGE_BYTES) == 0)
			return SCMS_GOOD;
	}
	return SCMS_BAD;
}

enum scms_verdict crl_group_matches(const struct scms_crypto *crypto, const uint8_t la1[2], const uint8_t seed1[SEED_BYTES],
				    const uint8_t la2[2], const uint8_t seed2[SEED_BYTES],
				    const struct crl_subject *subject)
{
	uint8_t value[LINKAGE_BYTES] = {0};

	if (!prelinkage_xor(crypto, la1, seed1, subject->group_j, value) ||
	    !prelinkage_xor(crypto, la2, seed2, subject->group_j, value))
		return SCMS_FAILED;
	return memcmp(value, subject->group_value, LINKAGE_BYTES) == 0 ? SCMS_GOOD : SCMS_BAD;
}

static enum scms_verdict group_lists(const struct seeds *seeds, const struct crl_subject *subject,
				     const struct scms_crypto *crypto)
{
	uint8_t seed1[SEED_BYTES], seed2[SEED_BYTES];

	memcpy(seed1, seeds->seed1, SEED_BYTES);
	memcpy(seed2, seeds->seed2, SEED_BYTES);
	seed_advance(crypto, seeds->la1, seed1, seeds->steps);
	seed_advance(crypto, seeds->la2, seed2, seeds->steps);
	return crl_group_matches(crypto, seeds->la1, seed1, seeds->la2, seed2, subject);
}

static enum scms_verdict la_group_lists(const struct LAGroup *la, unsigned jmax, unsigned i_rev,
					const struct crl_subject *subject, const struct scms_crypto *crypto)
{
	struct oer_iter groups = oer_iterate(&la->contents);
	struct IMaxGroup group;

	while (oer_next(&groups, &group)) {
		struct IndividualRevocation entry;
		struct oer_iter it;

		if (subject->i > group.iMax)
			continue;
		it = oer_iterate(&group.contents);
		while (oer_next(&it, &entry)) {
			struct seeds seeds = {la->la1Id, la->la2Id, entry.linkage_seed1, entry.linkage_seed2,
					      subject->i - i_rev};
			enum scms_verdict verdict = pair_lists(&seeds, jmax, subject, crypto);

			if (verdict != SCMS_BAD)
				return verdict;
		}
	}
	return SCMS_BAD;
}

static enum scms_verdict individual_lists(const struct ToBeSignedLinkageValueCrl *crl,
					  const struct crl_subject *subject, const struct scms_crypto *crypto)
{
	struct oer_iter jmax_groups = oer_iterate(&crl->individual);
	struct JMaxGroup jmax_group;

	while (oer_next(&jmax_groups, &jmax_group)) {
		struct oer_iter la_groups = oer_iterate(&jmax_group.contents);
		struct LAGroup la;

		while (oer_next(&la_groups, &la)) {
			enum scms_verdict verdict = la_group_lists(&la, jmax_group.jmax, crl->iRev, subject, crypto);

			if (verdict != SCMS_BAD)
				return verdict;
		}
	}
	return SCMS_BAD;
}

static enum scms_verdict linked_crl_lists(const struct ToBeSignedLinkageValueCrl *crl,
					  const struct crl_subject *subject, const struct scms_crypto *crypto)
{
	enum scms_verdict verdict;
	struct GroupCrlEntry entry;
	struct oer_iter it;

	/* What was before the revocation stays unlinkable: there are no seeds for it. */
	if (!subject->has_linkage || subject->i < crl->iRev)
		return SCMS_BAD;
	if (crl->has_individual) {
		verdict = individual_lists(crl, subject, crypto);
		if (verdict != SCMS_BAD)
			return verdict;
	}
	if (!crl->has_groups || subject->group_j == NULL)
		return SCMS_BAD;
	it = oer_iterate(&crl->groups);
	while (oer_next(&it, &entry)) {
		struct seeds seeds = {entry.la1Id, entry.la2Id, entry.linkageSeed1, entry.linkageSeed2,
				      (unsigned)(subject->i - crl->iRev)};

		if (subject->i > entry.iMax)
			continue;
		verdict = group_lists(&seeds, subject, crypto);
		if (verdict != SCMS_BAD)
			return verdict;
	}
	return SCMS_BAD;
}

enum scms_verdict crl_lists(const struct crl *crl, struct crl_subject *subject, const struct scms_crypto *crypto)
{
	uint8_t kind = crl->contents.typeSpecific.choice;

	if (crl_is_hash(crl)) {
		const uint8_t *twin = crl_subject_twin(subject, crypto);
		bool listed = crl_has_id10(crl, subject->id10) || (twin != NULL && crl_has_id10(crl, twin));

		return listed ? SCMS_GOOD : SCMS_BAD;
	}
	if (kind == CrlContents_typeSpecific_is_fullLinkedCrl || kind == CrlContents_typeSpecific_is_deltaLinkedCrl)
		return linked_crl_lists(&crl->contents.typeSpecific.u.fullLinkedCrl, subject, crypto);
	return SCMS_BAD;
}
