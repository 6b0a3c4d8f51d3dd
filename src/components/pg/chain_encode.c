/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pg/chain_encode.h"

/* The two forms have the same members under different types. */
#define FILL_STORE(to, parts, Ballot)                                                                                  \
	do {                                                                                                           \
		(to)->rootCAEndorsements = (parts)->root_ballots;                                                      \
		(to)->rootCAEndorsements.element = &oer_##Ballot;                                                      \
		(to)->electorEndorsements = (parts)->elector_ballots;                                                  \
		(to)->electorEndorsements.element = &oer_##Ballot;                                                     \
		(to)->certs = (parts)->certificates;                                                                   \
		(to)->certs.element = &oer_Certificate;                                                                \
		if (oer_decode(&oer_Certificate, (parts)->ma_certificate, OER_DEPTH_DEFAULT, &(to)->maCertificate,     \
			       NULL) != OER_OK)                                                                        \
			return false;                                                                                  \
	} while (0)

#define FILL_FILES(files, parts, suffix)                                                                               \
	do {                                                                                                           \
		if ((parts)->local) {                                                                                  \
			struct LocalCertificateChainFile##suffix *lccf = &(files)->u.localCertificateChainFile;        \
                                                                                                                       \
			(files)->choice = CertificateChainFiles##suffix##_is_localCertificateChainFile;                \
			lccf->version = (struct CompositeVersion){.gccfVersion = (parts)->version,                     \
								  .lccfVersion = (parts)->lccf_version,                \
								  .raHostname = (parts)->ra_host};                     \
			lccf->optionalCertList = (parts)->optional;                                                    \
			lccf->optionalCertList.element = &oer_Certificate;                                             \
			FILL_STORE(&lccf->requiredCertStore, parts, ElectorBallot##suffix);                            \
		} else {                                                                                               \
			struct GlobalCertificateChainFile##suffix *gccf = &(files)->u.globalCertificateChainFile;      \
                                                                                                                       \
			(files)->choice = CertificateChainFiles##suffix##_is_globalCertificateChainFile;               \
			gccf->version = (parts)->version;                                                              \
			FILL_STORE(&gccf->certStore, parts, ElectorBallot##suffix);                                    \
		}                                                                                                      \
	} while (0)

static bool encode_124(const struct chain_parts *parts, struct bytes *out)
{
	struct ScmsFile file = {.version = 1, .content = {.choice = ScmsFile_content_is_cert_chain}};

	FILL_FILES(&file.content.u.cert_chain, parts, );
	return make_bytes(&oer_ScmsFile, &file, out, NULL) == KEY_OK;
}

static bool encode_121(const struct chain_parts *parts, struct bytes *out)
{
	struct ScmsFile121 file = {.version = 1, .content = {.choice = ScmsFile121_content_is_cert_chain}};

	FILL_FILES(&file.content.u.cert_chain, parts, 121);
	return make_bytes(&oer_ScmsFile121, &file, out, NULL) == KEY_OK;
}

bool chain_encode(const struct chain_parts *parts, struct bytes *out)
{
	struct chain_file check;

	*out = (struct bytes){NULL, 0};
	if (!(parts->form == FORM_124 ? encode_124(parts, out) : encode_121(parts, out)))
		return false;
	/* What others would not read does not leave the house. */
	if (chain_file_read(&check, bytes_view(out), NULL) == OER_OK)
		return true;
	bytes_free(out);
	return false;
}
