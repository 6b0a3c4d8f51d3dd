/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/trust/world.h"

#include "dot2/signed_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "world: cannot make %s\n", what);
	exit(1);
}

static bool object_get(void *ctx, const uint8_t digest[32], struct scms_slice *bytes)
{
	struct world *world = ctx;

	world->gets++;
	for (unsigned k = 0; k < world->object_count && !world->lost; k++)
		if (memcmp(world->object[k].digest, digest, 32) == 0) {
			*bytes = bytes_view(&world->object[k].bytes);
			return true;
		}
	return false;
}

static bool object_put(void *ctx, const uint8_t digest[32], const struct scms_slice *parts, size_t n)
{
	struct world *world = ctx;
	struct world_object *object = &world->object[world->object_count];
	struct scms_slice known;
	size_t at = 0;

	if (object_get(ctx, digest, &known))
		return true;
	must(world->object_count < sizeof(world->object) / sizeof(world->object[0]), "room for an object");
	memcpy(object->digest, digest, 32);
	for (size_t k = 0; k < n; k++)
		object->bytes.n += parts[k].n;
	object->bytes.p = malloc(object->bytes.n + 1);
	for (size_t k = 0; k < n; at += parts[k++].n)
		if (parts[k].n > 0)
			memcpy(object->bytes.p + at, parts[k].p, parts[k].n);
	world->object_count++;
	return true;
}

/* The root's CrlSsp: it is the CRACA, and signs series 1, 2 and 256. */
void world_root(struct person *root, const char *name)
{
	static const uint8_t scms[] = {0x81, 0x00, 0x01};
	static const uint8_t crl[] = {0x00, 0x01, 0x00, 0x01, 0x03, 0x00, 0x01, 0x00, 0x02, 0x01, 0x00};
	static const struct PsidSsp permissions[] = {
	    {.psid = 0x23, .has_ssp = true, .ssp = {.choice = 0, .u.opaque = {scms, sizeof(scms)}}},
	    {.psid = 0x100, .has_ssp = true, .ssp = {.choice = 0, .u.opaque = {crl, sizeof(crl)}}},
	};
	struct ToBeSignedCertificate tbs;

	tbs_root(&tbs, name);
	tbs.appPermissions = (struct oer_list){.items = permissions, .count = 2, .element = &oer_PsidSsp};
	person_make(root, &tbs, SCMS_NIST_P256, NULL, false);
}

void world_elector(struct person *elector, const char *name)
{
	static const uint8_t ssp[] = {0x80, 0x00, 0x01};
	static const struct PsidSsp permissions[] = {
	    {.psid = 0x23, .has_ssp = true, .ssp = {.choice = 0, .u.opaque = {ssp, sizeof(ssp)}}}};
	struct ToBeSignedCertificate tbs;

	tbs_root(&tbs, name);
	tbs.appPermissions = (struct oer_list){.items = permissions, .count = 1, .element = &oer_PsidSsp};
	tbs.has_certIssuePermissions = false;
	person_make(elector, &tbs, SCMS_NIST_P256, NULL, false);
}

static void vote_make(const struct person *elector, struct scms_slice pdu, scms_time32 time, struct bytes *out)
{
	const struct signer by = person_signer(elector, false);
	const struct HeaderInfo header = {.psid = PSID_SECURITY_MANAGEMENT,
					  .has_generationTime = true,
					  .generationTime = (scms_time64)time * 1000000};
	struct key_error err;

	must(signed_unsecured_make(&by, pdu, &header, out, &err) == KEY_OK, "a vote");
}

void world_ballot(const struct world *world, enum scms_motion motion, const struct person *subject, unsigned first,
		  unsigned n, scms_time32 time, struct bytes *out)
{
	struct ScmsPDU pdu = {.version = 1, .content.choice = ScmsPDU_content_is_ccm};
	struct Ieee1609Dot2Data decoded[WORLD_ELECTORS];
	struct bytes vote[WORLD_ELECTORS], tbs;
	struct ElectorBallot ballot = {.certificate = subject->cert.c};
	struct key_error err;

	pdu.content.u.ccm.choice = ScmsComponentCertificateManagementPDU_is_tbsElectorEndorsement;
	pdu.content.u.ccm.u.tbsElectorEndorsement = (struct TbsElectorEndorsement){
	    .type = (int32_t)motion, .certificateHash = subject->cert.hash256, .generationTime = time};
	must(make_bytes(&oer_ScmsPDU, &pdu, &tbs, &err) == KEY_OK, "an endorsement");
	for (unsigned k = 0; k < n; k++) {
		vote_make(&world->elector[first + k], bytes_view(&tbs), time, &vote[k]);
		must(oer_decode(&oer_Ieee1609Dot2Data, bytes_view(&vote[k]), OER_DEPTH_DEFAULT, &decoded[k], NULL) ==
			 OER_OK,
		     "a vote");
	}
	ballot.endorsements = (struct oer_list){.items = decoded, .count = n, .element = &oer_Ieee1609Dot2Data};
	must(make_bytes(&oer_ElectorBallot, &ballot, out, &err) == KEY_OK, "a ballot");
	for (unsigned k = 0; k < n; k++)
		bytes_free(&vote[k]);
	bytes_free(&tbs);
}

/* A list of values that are decoded from bytes one after another. Freed by the caller: items. */
static struct oer_list list_of(const struct oer_type *type, size_t size, const struct bytes *bytes, uint32_t n)
{
	uint8_t *items = calloc(n + 1, size);

	for (uint32_t k = 0; k < n; k++)
		must(oer_decode(type, bytes_view(&bytes[k]), OER_DEPTH_DEFAULT, items + k * size, NULL) == OER_OK,
		     "a list");
	return (struct oer_list){.items = items, .count = n, .element = type};
}

static void list_free(const struct oer_list *list)
{
	union {
		const void *p;
		void *q;
	} items = {list->items};

	free(items.q);
}

void world_gccf(const struct world *world, const struct bytes *elector_ballots, uint32_t electors,
		const struct bytes *root_ballots, uint32_t roots, const struct scms_slice *certificates, uint32_t n,
		struct bytes *out)
{
	struct ScmsFile file = {.version = 1, .content.choice = ScmsFile_content_is_cert_chain};
	struct GlobalCertificateChainFile *gccf = &file.content.u.cert_chain.u.globalCertificateChainFile;
	struct bytes *list = calloc(n + 1, sizeof(*list));
	struct key_error err;

	for (uint32_t k = 0; k < n; k++) {
		list[k].p = malloc(certificates[k].n);
		list[k].n = certificates[k].n;
		memcpy(list[k].p, certificates[k].p, certificates[k].n);
	}
	gccf->version = 1;
	gccf->certStore = (struct CertificateStore){
	    .rootCAEndorsements = list_of(&oer_ElectorBallot, sizeof(struct ElectorBallot), root_ballots, roots),
	    .electorEndorsements = list_of(&oer_ElectorBallot, sizeof(struct ElectorBallot), elector_ballots, electors),
	    .maCertificate = world->ica.cert.c,
	    .certs = list_of(&oer_Certificate, sizeof(struct Certificate), list, n),
	};
	must(make_bytes(&oer_ScmsFile, &file, out, &err) == KEY_OK, "a chain file");
	list_free(&gccf->certStore.rootCAEndorsements);
	list_free(&gccf->certStore.electorEndorsements);
	list_free(&gccf->certStore.certs);
	for (uint32_t k = 0; k < n; k++)
		free(list[k].p);
	free(list);
}

void world_start(struct world *world, bool portable, unsigned electors, uint8_t quorum)
{
	static const char *const name[WORLD_ELECTORS] = {"A", "B", "C", "D", "E", "F", "G", "H",
							 "I", "J", "K", "L", "M", "N", "O", "P"};
	struct scms_slice elector[WORLD_ELECTORS];
	const struct scms_verifier_options options = {.portable = portable};
	size_t size = scms_verifier_size(&options);
	struct scms_bootstrap bootstrap = {
	    .now = PEOPLE_NOW,
	    .quorum = quorum,
	    .quorum_ceiling = quorum,
	    .root_count = 1,
	    .limits = {.electors = 32, .roots = 16},
	};
	struct scms_bootstrap_error err = {.list = ""};
	struct ToBeSignedCertificate tbs;
	struct scms_slice root;

	*world = (struct world){.crl_date = PEOPLE_START};
	world->objects = (struct scms_objects){.ctx = world, .get = object_get, .put = object_put};
	world->engine = scms_verifier_init(malloc(size), size, &options);
	must(world->engine != NULL, "an engine");
	world->crypto = scms_verifier_crypto(world->engine);
	world_root(&world->root, "root");
	world->electors = electors;
	for (unsigned k = 0; k < electors; k++) {
		world_elector(&world->elector[k], name[k]);
		elector[k] = bytes_view(&world->elector[k].bytes);
	}
	bootstrap.electors = elector;
	bootstrap.elector_count = electors;
	tbs_ica(&tbs, "ica");
	tbs.cracaId = cert_id8(&world->root.cert) + 5;
	person_make(&world->ica, &tbs, SCMS_NIST_P256, &world->root, false);
	tbs_pca(&tbs, "pca");
	tbs.cracaId = cert_id8(&world->root.cert) + 5;
	person_make(&world->pca, &tbs, SCMS_NIST_P256, &world->ica, false);
	world->issuers[0] = bytes_view(&world->ica.bytes);
	world->issuers[1] = bytes_view(&world->pca.bytes);
	root = bytes_view(&world->root.bytes);
	bootstrap.roots = &root;
	world->store_size = scms_store_size(&bootstrap.limits);
	world->store = scms_store_init(malloc(world->store_size), world->store_size, &bootstrap, world->crypto,
				       &world->objects, &err);
	must(world->store != NULL, "a store");
}

void world_end(struct world *world)
{
	for (unsigned k = 0; k < world->object_count; k++)
		free(world->object[k].bytes.p);
	person_free(&world->root);
	person_free(&world->ica);
	person_free(&world->pca);
	for (unsigned k = 0; k < world->electors; k++)
		person_free(&world->elector[k]);
	free(world->store);
	scms_verifier_end(world->engine);
	free(world->engine);
}

void world_tbs(const struct world *world, struct ToBeSignedCertificate *tbs, const char *name)
{
	tbs_device(tbs, name);
	tbs->crlSeries = WORLD_SERIES;
	tbs->cracaId = cert_id8(&world->root.cert) + 5;
}

static void seeds_at(const struct world_seeds *seeds, uint16_t i, struct world_seeds *at)
{
	*at = *seeds;
	must(linkage_seed_advance(WORLD_LA1, i, at->one) && linkage_seed_advance(WORLD_LA2, i, at->two), "seeds");
}

void world_linkage_value(const struct world_seeds *seeds, uint16_t i, uint32_t j, uint8_t value[LINKAGE_VALUE])
{
	uint8_t one[1][LINKAGE_VALUE], two[1][LINKAGE_VALUE];
	struct world_seeds at;

	seeds_at(seeds, i, &at);
	must(linkage_pre_values(WORLD_LA1, at.one, j, 1, one) && linkage_pre_values(WORLD_LA2, at.two, j, 1, two),
	     "linkage values");
	linkage_value(one[0], two[0], value);
}

void world_linkage_device(const struct world *world, struct person *device, uint16_t i,
			  const uint8_t value[LINKAGE_VALUE], const uint8_t *group_j, const uint8_t *group_value)
{
	struct ToBeSignedCertificate tbs;
	struct LinkageData linkage = {.iCert = i, .linkage_value = value};

	if (group_j != NULL) {
		linkage.has_group_linkage_value = true;
		linkage.group_linkage_value.jValue = group_j;
		linkage.group_linkage_value.value = group_value;
	}
	world_tbs(world, &tbs, "");
	tbs.id.choice = CertificateId_is_linkageData;
	tbs.id.u.linkageData = linkage;
	person_make_implicit(device, &tbs, &world->pca);
}

struct crl_linkage_entry world_entry(const struct world_seeds *seeds, uint16_t i_rev, uint8_t j_max, uint16_t i_max)
{
	struct crl_linkage_entry entry = {.j_max = j_max, .la1 = WORLD_LA1, .la2 = WORLD_LA2, .i_max = i_max};
	struct world_seeds at;

	seeds_at(seeds, i_rev, &at);
	memcpy(entry.seed1, at.one, LINKAGE_SEED);
	memcpy(entry.seed2, at.two, LINKAGE_SEED);
	return entry;
}

static struct crl_head next_head(struct world *world, uint16_t series, bool delta)
{
	struct crl_head head = {.series = series, .delta = delta};

	world->crl_date += 10;
	head.issue_date = world->crl_date;
	head.next_crl = world->crl_date + 86400 * 30;
	memcpy(head.craca_id, cert_id8(&world->root.cert), 8);
	return head;
}

void world_hash_crl(struct world *world, uint16_t series, bool delta, const struct crl_hash_entry *entries, uint32_t n,
		    struct bytes *out)
{
	const struct signer by = person_signer(&world->root, false);
	const struct crl_head head = next_head(world, series, delta);
	struct key_error err;

	must(crl_make_hash(&by, &head, ++world->crl_serial, entries, n, out, &err) == KEY_OK, "a hash CRL");
}

void world_linkage_crl(struct world *world, uint16_t series, bool delta, const struct crl_linkage *linkage,
		       struct bytes *out)
{
	const struct signer by = person_signer(&world->root, false);
	const struct crl_head head = next_head(world, series, delta);
	struct key_error err;

	must(crl_make_linkage(&by, &head, linkage, out, &err) == KEY_OK, "a linkage CRL");
}

void world_composite(const struct bytes *crls, uint32_t n, const struct bytes *root_ballots, uint32_t roots,
		     struct bytes *out)
{
	const struct CompositeCrl composite = {
	    .securedCrlSeries = list_of(&oer_Ieee1609Dot2Data, sizeof(struct Ieee1609Dot2Data), crls, n),
	    .revokedRootCAs = list_of(&oer_ElectorBallot, sizeof(struct ElectorBallot), root_ballots, roots),
	    .revokedElectors = {.element = &oer_ElectorBallot},
	};
	struct key_error err;

	must(make_bytes(&oer_CompositeCrl, &composite, out, &err) == KEY_OK, "a composite CRL");
	list_free(&composite.securedCrlSeries);
	list_free(&composite.revokedRootCAs);
}

struct scms_session_result world_session(struct world *world, scms_time64 now, const struct scms_session *session,
					 const struct scms_report *report)
{
	size_t size = scms_session_work_size(world->store, session);
	struct scms_session_result result;
	void *work = malloc(size);

	result = scms_store_apply(world->store, session, now, world->crypto, &world->objects, work, size, report);
	must(result.status == SCMS_SESSION_DONE, "a session");
	free(work);
	return result;
}

static void count_accepted(void *ctx, const uint8_t craca[8], uint16_t series, enum scms_reason outcome)
{
	unsigned *accepted = ctx;

	(void)craca;
	if (outcome == SCMS_ACCEPTED)
		(*accepted)++;
	else
		fprintf(stderr, "world: CRL of series %u: %s\n", series, scms_reason_name(outcome));
}

void world_apply(struct world *world, scms_time64 now, struct bytes *crls, uint32_t n)
{
	unsigned accepted = 0;
	const struct scms_report report = {.ctx = &accepted, .crl = count_accepted};
	struct scms_session session = {{0}};
	struct bytes composite;

	world_composite(crls, n, NULL, 0, &composite);
	session.crl = bytes_view(&composite);
	world_session(world, now, &session, &report);
	must(accepted == n, "a store with these CRLs");
	bytes_free(&composite);
	for (uint32_t k = 0; k < n; k++)
		bytes_free(&crls[k]);
}

enum scms_reason world_check(struct world *world, const struct person *person, scms_time64 now)
{
	return scms_cert_check(world->store, now, bytes_view(&person->bytes), world->issuers, 2, world->crypto,
			       &world->objects);
}
