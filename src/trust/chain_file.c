/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/chain_file.h"

#include "trust/quorum.h"

#include <string.h>

/* The two forms have the same members under different types; this copies them into the model. */
#define TAKE_STORE(to, from)                                                                                           \
	do {                                                                                                           \
		(to)->root_ballots = (from)->rootCAEndorsements;                                                       \
		(to)->elector_ballots = (from)->electorEndorsements;                                                   \
		(to)->ma_certificate = (from)->maCertificate.raw;                                                      \
		(to)->certs = (from)->certs;                                                                           \
	} while (0)

static enum oer_status not_a_chain_file(struct oer_error *err)
{
	if (err != NULL)
		*err = (struct oer_error){
		    .status = OER_TAG,
		    .offset = 1,
		    .path = "ScmsFile.content",
		    .expected = "cert-chain",
		    .found = "another content",
		};
	return OER_TAG;
}

static enum oer_status read_124(struct chain_file *file, struct scms_slice bytes, struct oer_error *err)
{
	struct ScmsFile decoded;
	enum oer_status status = oer_decode(&oer_ScmsFile, bytes, OER_DEPTH_DEFAULT, &decoded, err);
	const struct CertificateChainFiles *files = &decoded.content.u.cert_chain;

	if (status != OER_OK)
		return status;
	if (decoded.content.choice != ScmsFile_content_is_cert_chain)
		return not_a_chain_file(err);
	*file = (struct chain_file){.form = FORM_124};
	if (files->choice == CertificateChainFiles_is_globalCertificateChainFile) {
		file->version = files->u.globalCertificateChainFile.version;
		TAKE_STORE(file, &files->u.globalCertificateChainFile.certStore);
	} else if (files->choice == CertificateChainFiles_is_localCertificateChainFile) {
		file->version = files->u.localCertificateChainFile.version.gccfVersion;
		TAKE_STORE(file, &files->u.localCertificateChainFile.requiredCertStore);
		file->optional = files->u.localCertificateChainFile.optionalCertList;
	} else {
		return not_a_chain_file(err);
	}
	return OER_OK;
}

static enum oer_status read_121(struct chain_file *file, struct scms_slice bytes, struct oer_error *err)
{
	struct ScmsFile121 decoded;
	enum oer_status status = oer_decode(&oer_ScmsFile121, bytes, OER_DEPTH_DEFAULT, &decoded, err);
	const struct CertificateChainFiles121 *files = &decoded.content.u.cert_chain;

	if (status != OER_OK)
		return status;
	if (decoded.content.choice != ScmsFile121_content_is_cert_chain)
		return not_a_chain_file(err);
	*file = (struct chain_file){.form = FORM_121};
	if (files->choice == CertificateChainFiles121_is_globalCertificateChainFile) {
		file->version = files->u.globalCertificateChainFile.version;
		TAKE_STORE(file, &files->u.globalCertificateChainFile.certStore);
	} else if (files->choice == CertificateChainFiles121_is_localCertificateChainFile) {
		file->version = files->u.localCertificateChainFile.version.gccfVersion;
		TAKE_STORE(file, &files->u.localCertificateChainFile.requiredCertStore);
		file->optional = files->u.localCertificateChainFile.optionalCertList;
	} else {
		return not_a_chain_file(err);
	}
	return OER_OK;
}

enum oer_status chain_file_read(struct chain_file *file, struct scms_slice bytes, struct oer_error *err)
{
	struct oer_error other;
	enum oer_status status = read_124(file, bytes, err);

	if (status == OER_OK)
		return OER_OK;
	status = read_121(file, bytes, &other);
	/* Neither form: what came further is what the file meant to be. */
	if (status != OER_OK && err != NULL) {
		if (other.offset > err->offset)
			*err = other;
		return err->status;
	}
	return status;
}

enum scms_reason chain_file_apply(struct scms_store *store, const struct chain_file *file, struct scms_slice bytes,
				  scms_time64 now, struct trust_env env)
{
	const struct series *names = policy_in_force(store, now).chain_id;
	uint16_t named = names != NULL ? (uint16_t)series_value(names, now) : 0;
	uint8_t digest[32];

	if (store->has_gccf_version && file->version != store->gccf_version &&
	    !version_newer(file->version, store->gccf_version))
		return SCMS_ROLLBACK;
	env.crypto->sha256(env.crypto->ctx, &bytes, 1, digest);
	/* No fast-forward by an unsigned file: only what policy has reached is remembered (rule G4.3). */
	if (names != NULL && !version_newer(file->version, named) &&
	    (!store->has_gccf_version || store->gccf_version != file->version)) {
		store->has_gccf_version = true;
		store->gccf_version = file->version;
		store_touch(store);
	}
	if (memcmp(store->chain, digest, 32) == 0)
		return SCMS_UNCHANGED;
	if (!env.objects->put(env.objects->ctx, digest, &bytes, 1))
		return SCMS_REASON_FAILED;
	memcpy(store->chain, digest, 32);
	store_touch(store);
	return names != NULL && file->version != named ? SCMS_VERSION_MISMATCH : SCMS_ACCEPTED;
}
