/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/ee/town.h"

#include "components/authority/profile.h"
#include "components/ee/issuers.h"
#include "components/pca/response.h"
#include "components/period.h"
#include "components/pg/chain_encode.h"
#include "components/update.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct key_error err;

void town_must(bool good, const char *what, const char *why)
{
	if (good)
		return;
	fprintf(stderr, "town: %s: %s\n", what, why);
	exit(2);
}

void town_component(struct person *person, enum profile profile, const char *name, const struct person *issuer, const struct town *town)
{
	struct profile_subject subject = {.start = PEOPLE_START};
	struct ToBeSignedCertificate tbs;
	struct profile_room room;

	if (issuer != NULL)
		memcpy(subject.craca_id, cert_id8(&town->root.cert) + 5, 3);
	profile_terms(profile, LEVEL_POC, &subject, &room, &tbs);
	tbs.id.choice = CertificateId_is_name;
	tbs.id.u.name = (struct scms_slice){(const uint8_t *)name, strlen(name)};
	person_make(person, &tbs, SCMS_NIST_P256, issuer, profile_row(profile)->encryption == PRESENT);
}

void town_open(struct town *town, const struct scms_crypto *crypto)
{
	memset(town, 0, sizeof(*town));
	town->crypto = crypto;
	/* In memory where that can be had: devices sync much. */
	snprintf(town->folder, sizeof(town->folder), "%s/scms-town-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	town_must(mkdtemp(town->folder) != NULL, "folder", "cannot be made");
	town_component(&town->root, PROFILE_ROOT, "root.example", NULL, town);
	town_component(&town->ica, PROFILE_ICA, "ica.example", &town->root, town);
	town_component(&town->ica2, PROFILE_ICA, "ica2.example", &town->root, town);
	town_component(&town->eca, PROFILE_ECA, "eca.example", &town->ica, town);
	town_component(&town->pca, PROFILE_PCA, "pca.example", &town->ica, town);
	town_component(&town->pca2, PROFILE_PCA, "pca2.example", &town->ica, town);
	town_component(&town->pca3, PROFILE_PCA, "pca3.example", &town->ica2, town);
	town_component(&town->ra, PROFILE_RA, "ra.example", &town->ica, town);
	town_component(&town->crlg, PROFILE_CRLG, "crlg.example", &town->root, town);
}

void town_close(struct town *town)
{
	struct person *all[] = {&town->root, &town->ica,  &town->ica2, &town->eca, &town->pca,
				&town->pca2, &town->pca3, &town->ra,   &town->crlg};
	char command[300];

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
		person_free(all[k]);
	snprintf(command, sizeof(command), "rm -rf '%s'", town->folder);
	town_must(system(command) == 0, town->folder, "cannot be deleted");
}

/* ---- the factory ---- */

static void member_set(struct archive_member *member, const char *name, struct scms_slice bytes)
{
	snprintf(member->name, sizeof(member->name), "%s", name);
	member->content = (struct bytes){OPENSSL_memdup(bytes.p, bytes.n), bytes.n};
}

static struct scms_slice text_of(const char *text)
{
	return (struct scms_slice){(const uint8_t *)text, strlen(text)};
}

size_t town_bundle(const struct town *town, struct archive_member *member)
{
	size_t n = 0;

	member_set(&member[n++], "bootstrap.json",
		   text_of(town->strangers
			       ? "{\"electors\": [], \"roots\": [\"root.coer\"], \"certificates\": [\"ica.coer\", \"eca.coer\", "
				 "\"pca.coer\", \"crlg.coer\", \"ica2.coer\", \"pca2.coer\", \"pca3.coer\"], \"now\": 0, \"quorum\": 2}"
			       : "{\"electors\": [], \"roots\": [\"root.coer\"], \"certificates\": [\"ica.coer\", \"eca.coer\", "
				 "\"pca.coer\", \"crlg.coer\"], \"now\": 0, \"quorum\": 2}"));
	member_set(&member[n++], "ica2.coer", bytes_view(&town->ica2.bytes));
	member_set(&member[n++], "pca2.coer", bytes_view(&town->pca2.bytes));
	member_set(&member[n++], "pca3.coer", bytes_view(&town->pca3.bytes));
	member_set(&member[n++], "root.coer", bytes_view(&town->root.bytes));
	member_set(&member[n++], "ica.coer", bytes_view(&town->ica.bytes));
	member_set(&member[n++], "eca.coer", bytes_view(&town->eca.bytes));
	member_set(&member[n++], "pca.coer", bytes_view(&town->pca.bytes));
	member_set(&member[n++], "crlg.coer", bytes_view(&town->crlg.bytes));
	member_set(&member[n++], "ra.coer", bytes_view(&town->ra.bytes));
	member_set(&member[n++], "tls-roots.pem", text_of("-----BEGIN CERTIFICATE-----\n"));
	member_set(&member[n++], "device.json",
		   text_of("{\"ra\": \"https://ra.example:8892\", \"crl\": \"https://crl.example:8894/download-crl/\"}"));
	return n;
}

void town_bundle_free(struct archive_member *member, size_t n)
{
	for (size_t k = 0; k < n; k++)
		bytes_free(&member[k].content);
}

void town_enrol(const struct town *town, struct town_device *device)
{
	struct profile_subject subject = {.start = TOWN_NOW32 - 600};
	struct ee_enrolment enrolment = {.certificate = {NULL, 0}};
	struct ToBeSignedCertificate tbs;
	struct profile_room room;
	struct device_error why;
	struct person holder;

	memcpy(subject.craca_id, cert_id8(&town->root.cert) + 5, 3);
	town_must(profile_fill(device->device.kind == DEVICE_OBE ? PROFILE_OBE_ENROLMENT : PROFILE_RSE_ENROLMENT, LEVEL_POC, &subject, &room,
			       &tbs, &err) == KEY_OK,
		  "enrolment", err.text);
	person_make_implicit(&holder, &tbs, &town->eca);
	town_must(private_key_scalar(holder.key, enrolment.key, &err) == KEY_OK, "enrolment", err.text);
	enrolment.certificate = (struct bytes){OPENSSL_memdup(holder.bytes.p, holder.bytes.n), holder.bytes.n};
	enrolment.eca = (struct bytes){OPENSSL_memdup(town->eca.bytes.p, town->eca.bytes.n), town->eca.bytes.n};
	town_must(device_enrolled(&device->device, &enrolment, TOWN_NOW, &why), "enrolment", why.text);
	person_free(&holder);
}

void town_device(const struct town *town, struct town_device *device, const char *name, enum device_kind kind)
{
	const struct device_identity identity = {.serial = name, .kind = kind};
	struct archive_member member[16];
	struct bytes bundle = {NULL, 0};
	struct device_error why = {.text = ""};
	char path[400];
	size_t n = town_bundle(town, member);

	memset(device, 0, sizeof(*device));
	snprintf(path, sizeof(path), "%s/%s", town->folder, name);
	town_must(archive_make(member, n, &bundle, &err) == KEY_OK, "bundle", err.text);
	town_must(device_create(path, bytes_view(&bundle), &identity, TOWN_NOW, town->crypto, &why), path, why.text);
	town_must(device_open(&device->device, path, DEVICE_CHANGE, town->crypto, &why), path, why.text);
	device->receiver = ee_receiver_new(NULL);
	town_must(device->receiver != NULL && linkage_seed_random(device->seed1) && linkage_seed_random(device->seed2), path, "memory");
	town_enrol(town, device);
	bytes_free(&bundle);
	town_bundle_free(member, n);
}

void town_device_close(struct town_device *device)
{
	ee_sender_unload(&device->sender);
	ee_receiver_free(device->receiver);
	device_close(&device->device);
}

/* ---- RA and PCA ---- */

const struct ee_request *town_ask(struct town_device *device, enum ee_request_kind kind)
{
	struct ee_request request = {.kind = kind, .acknowledged = true, .time = TOWN_NOW32};
	struct device_error why;

	town_must(ee_caterpillars_random(&request.keys, &err) == KEY_OK, "keys", err.text);
	memcpy(request.hash, request.keys.sign_expansion, sizeof(request.hash));
	town_must(device_enrolment_id(&device->device, &device->device.state.enrolment[0], request.enrolment), "enrolment", "cannot be read");
	(void)ee_state_requested(&device->device.state, &request);
	town_must(device_save(&device->device, &why), "state", why.text);
	return ee_state_next(&device->device.state, kind, NULL);
}

static void linkage_of(const struct town_device *device, uint8_t j, uint8_t value[LINKAGE_VALUE])
{
	uint8_t plv[2][1][LINKAGE_VALUE];

	town_must(linkage_pre_values(TOWN_LA1, device->seed1, j, 1, plv[0]) && linkage_pre_values(TOWN_LA2, device->seed2, j, 1, plv[1]),
		  "linkage", "values");
	linkage_value(plv[0][0], plv[1][0], value);
}

/* The public key that the RA sends to the PCA. */
static void public_of(const struct ee_request *request, enum butterfly_kind kind, uint16_t period, uint8_t j, struct curve_point *out)
{
	const struct butterfly_index index = {kind, period, j};
	const uint8_t *key = kind == BUTTERFLY_SIGNING ? request->keys.sign : request->keys.respond;
	const uint8_t *expansion = kind == BUTTERFLY_SIGNING ? request->keys.sign_expansion : request->keys.respond_expansion;
	uint8_t d[SCALAR_BYTES];

	if (request->kind == EE_APPLICATION)
		memcpy(d, key, sizeof(d));
	else
		town_must(butterfly_private(SCMS_NIST_P256, key, expansion, &index, d), "butterfly", "key");
	town_must(curve_mul_base(SCMS_NIST_P256, d, out), "butterfly", "point");
}

static void certificate(const struct town *town, const struct town_device *device, const struct ee_request *request, uint16_t period,
			uint8_t j, const struct person *by, struct bytes *out)
{
	static const enum profile profiles[EE_KINDS] = {
	    [EE_PSEUDONYM] = PROFILE_OBE_PSEUDONYM, [EE_IDENTIFICATION] = PROFILE_OBE_IDENTIFICATION, [EE_APPLICATION] = PROFILE_RSE_APPLICATION};
	const struct pca pca = {.party = {.crypto = &judge, .cert = &by->cert, .sign = by->key}};
	struct profile_subject subject = {.name = {request->enrolment, 8},
					  .start = request->kind == EE_PSEUDONYM	? period_start(period)
						   : request->kind == EE_IDENTIFICATION ? id_period_start(period)
											: TOWN_NOW32 - 60};
	struct ToBeSignedCertificate tbs;
	struct profile_room room;
	struct pca_keys keys;
	uint8_t value[LINKAGE_VALUE];

	/* As the RA does: not before the PCA. */
	if (subject.start < PEOPLE_START)
		subject.start = PEOPLE_START;
	memcpy(subject.craca_id, cert_id8(&town->root.cert) + 5, 3);
	linkage_of(device, j, value);
	subject.linkage = (struct LinkageData){.iCert = period, .linkage_value = value};
	town_must(profile_fill(profiles[request->kind], LEVEL_POC, &subject, &room, &tbs, &err) == KEY_OK, "certificate", err.text);
	public_of(request, BUTTERFLY_SIGNING, period, j, &keys.sign);
	public_of(request, BUTTERFLY_ENCRYPTION, period, j, &keys.respond);
	town_must(pca_certify(&pca, &tbs, &keys,
			      request->kind == EE_PSEUDONYM ? PlaintextCertificateResponse_is_implicit_butterfly
							    : PlaintextCertificateResponse_is_implicit,
			      NULL, out, &err) == KEY_OK,
		  "certificate", err.text);
}

void town_issue(const struct town *town, struct town_device *device, const struct ee_request *request, uint16_t period,
		const struct person *by)
{
	struct archive_member member[TOWN_BATCH] = {{.name = ""}};
	unsigned n = request->kind == EE_PSEUDONYM ? TOWN_BATCH : 1;
	struct bytes archive = {NULL, 0};
	struct device_error why;

	for (unsigned j = 0; j < n; j++) {
		snprintf(member[j].name, sizeof(member[j].name), "%x_%x", period, j);
		certificate(town, device, request, period, (uint8_t)j, by != NULL ? by : &town->pca, &member[j].content);
	}
	if (request->kind != EE_APPLICATION)
		town_must(archive_make(member, n, &archive, &err) == KEY_OK, "archive", err.text);
	town_must(ee_issuers_keep(&device->device, request,
				  request->kind == EE_APPLICATION ? bytes_view(&member[0].content) : bytes_view(&archive), TOWN_NOW, &why),
		  "issuers", why.text);
	town_must(ee_batch_put(&device->device, request, period,
			       request->kind == EE_APPLICATION ? bytes_view(&member[0].content) : bytes_view(&archive), &why),
		  "batch", why.text);
	bytes_free(&archive);
	town_bundle_free(member, n);
}

struct bytes town_message(struct town_device *device, scms_time64 now, const struct ee_message *message)
{
	struct bytes out = {NULL, 0};

	town_must(ee_sender_sign(&device->sender, &device->device, now, message, &out, &err) == KEY_OK, "message", err.text);
	return out;
}

/* ---- files ---- */

static void apply(struct town_device *device, const struct scms_session *session, scms_time64 now)
{
	struct scms_slice update = {NULL, 0};
	struct device_error why;

	town_must(update_make(session, &update), "update", "memory");
	town_must(device_update(&device->device, update, (struct scms_slice){NULL, 0}, now, &why), "update", why.text);
	free((void *)(uintptr_t)update.p);
}

/* Their certificates, one after another. */
static struct bytes joined(const struct person *const *people, unsigned n)
{
	struct bytes all = {NULL, 0};

	for (unsigned k = 0; k < n; k++) {
		all.p = realloc(all.p, all.n + people[k]->bytes.n);
		town_must(all.p != NULL, "certificates", "memory");
		memcpy(all.p + all.n, people[k]->bytes.p, people[k]->bytes.n);
		all.n += people[k]->bytes.n;
	}
	return all;
}

void town_chain(const struct town *town, struct town_device *device, uint16_t version, const struct person *const *people, unsigned n,
		unsigned optional)
{
	struct bytes certificates = joined(people, n - optional), further = joined(people + n - optional, optional), file = {NULL, 0};
	const struct chain_parts parts = {.form = FORM_124,
					  .version = version,
					  .ma_certificate = bytes_view(&town->crlg.bytes), /* this town has no MA */
					  .certificates = {.bytes = bytes_view(&certificates), .count = n - optional},
					  .local = true,
					  .ra_host = {(const uint8_t *)"ra.example", 10},
					  .optional = {.bytes = bytes_view(&further), .count = optional}};

	town_must(chain_encode(&parts, &file), "chain file", "cannot be made");
	apply(device, &(struct scms_session){.chain = bytes_view(&file)}, TOWN_NOW);
	bytes_free(&file);
	bytes_free(&certificates);
	bytes_free(&further);
}

/* ---- CRLs ---- */

static void apply_crl(struct town_device *device, struct bytes *crl, scms_time64 now)
{
	const struct CompositeCrl composite = {
	    .securedCrlSeries = {.bytes = bytes_view(crl), .count = 1, .element = &oer_Ieee1609Dot2Data},
	    .revokedRootCAs = {.element = &oer_ElectorBallot},
	    .revokedElectors = {.element = &oer_ElectorBallot}};
	struct bytes whole = {NULL, 0};

	town_must(make_bytes(&oer_CompositeCrl, &composite, &whole, &err) == KEY_OK, "composite CRL", err.text);
	apply(device, &(struct scms_session){.crl = bytes_view(&whole)}, now);
	bytes_free(&whole);
	bytes_free(crl);
}

static struct crl_head head_of(const struct town *town, uint16_t series, scms_time64 now, scms_time32 next)
{
	struct crl_head head = {.series = series, .issue_date = (scms_time32)(now / 1000000u), .next_crl = next};

	memcpy(head.craca_id, cert_id8(&town->root.cert), 8);
	return head;
}

void town_hash_crl(const struct town *town, struct town_device *device, uint16_t series, const struct crl_hash_entry *entries,
		   uint32_t n, scms_time64 now, scms_time32 next)
{
	const struct signer by = person_signer(&town->crlg, true);
	const struct crl_head head = head_of(town, series, now, next);
	static uint32_t serial;
	struct bytes crl = {NULL, 0};

	town_must(crl_make_hash(&by, &head, ++serial, entries, n, &crl, &err) == KEY_OK, "CRL", err.text);
	apply_crl(device, &crl, now);
}

void town_linkage_crl(const struct town *town, struct town_device *device, const struct town_device *revoked, scms_time64 now)
{
	const struct signer by = person_signer(&town->crlg, true);
	const struct crl_head head = head_of(town, 1, now, (scms_time32)(now / 1000000u) + 86400);
	struct crl_linkage_entry entry = {.j_max = TOWN_BATCH, .la1 = TOWN_LA1, .la2 = TOWN_LA2, .i_max = 2000};
	const struct crl_linkage linkage = {
	    .i_rev = ee_batch_period(EE_PSEUDONYM, now), .index_within_i = 1, .individual = &entry, .individual_count = 1};
	struct bytes crl = {NULL, 0};

	memcpy(entry.seed1, revoked->seed1, sizeof(entry.seed1));
	memcpy(entry.seed2, revoked->seed2, sizeof(entry.seed2));
	town_must(crl_make_linkage(&by, &head, &linkage, &crl, &err) == KEY_OK, "CRL", err.text);
	apply_crl(device, &crl, now);
}
