/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every HTTP entry point of ECA, DCM, MA, PG, CRLG, CRL store and manager, and those that all components have, behind the
 * socket; those of RA, LAs and PCA are in provisioning.c. The first byte says which; the second, how hostile the sender is:
 *
 *   0   the rest is the body as it is
 *   1   the rest is what a peer who is trusted wraps, signs and encrypts
 *   2   such a peer says what is right, but for some bytes that are changed before it is signed: the rest is three bytes for each, where
 *       and how
 */
#include "fuzz.h"

#include "components/authority/profile.h"
#include "components/period.h"
#include "components/pg/policy_custom.h"
#include "components/pg/policy_file.h"
#include "components/pg/policy_json.h"
#include "components/role_service.h"
#include "components/update.h"
#include "tests/dot2/judge.h"
#include "tests/provision/behind.h"

#include <openssl/crypto.h>
#include <string.h>

enum from { FROM_NOBODY, FROM_RA, FROM_OBE };

static const struct {
	enum world_component which;
	const char *path; /* GET where it begins with '<' */
	const char *row;  /* of the message; NULL: it has no wrapping */
	enum from from;
} places[] = {
    {WORLD_ECA, "/provision-enrollment-certificate", "SignedEeEnrollmentCertRequest", FROM_OBE},
    {WORLD_DCM, "/devices", NULL, FROM_NOBODY},
    {WORLD_DCM, "/enrol", "SignedEeEnrollmentCertRequest", FROM_OBE},
    {WORLD_DCM, "</devices", NULL, FROM_NOBODY},
    {WORLD_DCM, "</bundle", NULL, FROM_NOBODY},
    {WORLD_DCM, "</update", NULL, FROM_NOBODY},
    {WORLD_MA, "/process-misbehavior-report", "SecuredMisbehaviorReport", FROM_OBE},
    {WORLD_MA, "</reports", NULL, FROM_NOBODY},
    {WORLD_PG, "/sign-policy", "ScopedRaPgPolicySignatureRequest", FROM_RA}, /* not wrapped */
    {WORLD_PG, "/publish", NULL, FROM_NOBODY},
    {WORLD_PG, "</download/policy/global", NULL, FROM_NOBODY},
    {WORLD_PG, "</download/global-certificate-chain", NULL, FROM_NOBODY},
    {WORLD_PG, "</download/ballot-history", NULL, FROM_NOBODY},
    {WORLD_CRLG, "/crlg/revocations", NULL, FROM_NOBODY},
    {WORLD_CRLG, "/crlg/ballots", NULL, FROM_NOBODY},
    {WORLD_CRLG, "/crlg/root-crl", NULL, FROM_NOBODY},
    {WORLD_CRLG, "/crlg/composite", NULL, FROM_NOBODY},
    {WORLD_CRLG, "</crlg/composite", NULL, FROM_NOBODY},
    {WORLD_CRL_STORE, "/crl", NULL, FROM_NOBODY},
    {WORLD_CRL_STORE, "/root-crl", NULL, FROM_NOBODY},
    {WORLD_CRL_STORE, "</download-crl/", NULL, FROM_NOBODY},
    {WORLD_MANAGER, "/push", NULL, FROM_NOBODY},
    {WORLD_MANAGER, "</push/", NULL, FROM_NOBODY}, /* the rest of the input follows */
    {WORLD_MANAGER, "</state", NULL, FROM_NOBODY},
    {WORLD_CRL_STORE, "/trust", NULL, FROM_NOBODY},
    {WORLD_CRL_STORE, "</trust", NULL, FROM_NOBODY},
    {WORLD_ECA, "/activate", NULL, FROM_NOBODY},
    {WORLD_ECA, "</health", NULL, FROM_NOBODY},
    {WORLD_ECA, "</metrics", NULL, FROM_NOBODY},
    {WORLD_RA, "/process-misbehavior-report", "SecuredMisbehaviorReport", FROM_OBE},
    {WORLD_RA, "</retrieve-ra-certificate", NULL, FROM_NOBODY},
};
#define PLACES (sizeof(places) / sizeof(places[0]))
#define DEVICE "device-1"

static struct world world;
static struct person obe, witness; /* a vehicle's enrolment, and a pseudonym certificate */
static char folder[WORLD_FOLDER];

static void gone(void)
{
	world_gone(folder);
}

/* A route that is added comes here, too. */
static void places_complete(enum world_component which, unsigned table)
{
	for (const struct service_route *route = behind_routes(which, table); route->path != NULL; route++) {
		bool posted = (route->methods & HTTP_POST) != 0, found = false;

		if (strcmp(route->path, "/certificate") == 0)
			continue; /* takes nothing; in provisioning.c */
		for (unsigned k = 0; k < PLACES; k++)
			found |= (places[k].which == which || table == 1) &&
				 (posted ? strcmp(places[k].path, route->path) == 0
					 : places[k].path[0] == '<' && strcmp(places[k].path + 1, route->path) == 0);
		ALWAYS(found, "%s is no place", route->path);
	}
}

/* A pseudonym certificate of the PCA, of which its database knows nothing. */
static void witness_make(void)
{
	static const uint8_t value[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	const struct party *pca = behind_service(WORLD_PCA)->party;
	struct person issuer = {.key = pca->sign, .cert = *pca->cert};
	uint16_t i = period_of(role_now());
	struct profile_subject subject = {.linkage = {.iCert = i, .linkage_value = value}, .start = period_start(i)};
	struct ToBeSignedCertificate tbs;
	struct profile_room room;
	struct key_error err;

	memcpy(subject.craca_id, cert_id8(&world.root.cert) + 5, 3);
	ALWAYS(profile_fill(PROFILE_OBE_PSEUDONYM, LEVEL_POC, &subject, &room, &tbs, &err) == KEY_OK, "%s", err.text);
	person_make_implicit(&witness, &tbs, &issuer);
}

/* A global policy is out. */
static void publish(void)
{
	struct policy_content *content = calloc(1, sizeof(*content));
	struct scms_slice body;
	struct scms_session session = {.policy = {NULL, 0}};
	struct bytes gpf = {NULL, 0};
	struct key_error err;

	ALWAYS(content != NULL, "memory");
	policy_draft_defaults(content, 2);
	ALWAYS(gpf_make(behind_service(WORLD_PG)->party, content, clock_now(), &gpf, &err) == KEY_OK, "%s", err.text);
	session.policy = bytes_view(&gpf);
	ALWAYS(update_make(&session, &body), "no update");
	ALWAYS(behind_request(WORLD_PG, "/publish", body, NULL, NULL) == 200, "the PG takes no policy");
	free((void *)(uintptr_t)body.p);
	free(content);
	bytes_free(&gpf);
}

static void open_once(void)
{
	static const char devices[] = "[{\"device\": \"" DEVICE "\", \"kind\": \"obe\"}]";
	static bool is_open;

	if (is_open)
		return;
	is_open = true;
	world_folder(folder);
	atexit(gone);
	world_make(&world, folder, "");
	world_complete(&world);
	behind_open(&world, &judge, "tolerance_seconds=4294967295 reports=1 request_tolerance=4294967295");
	world_enrol(&world, &obe, false);
	witness_make();
	publish();
	for (unsigned k = WORLD_COMPONENTS; k < WORLD_ALL; k++)
		places_complete((enum world_component)k, 0);
	places_complete(WORLD_ECA, 1);
	ALWAYS(behind_request(WORLD_DCM, "/devices", (struct scms_slice){(const uint8_t *)devices, sizeof(devices) - 1}, NULL, NULL) == 200,
	       "the DCM takes no list");
}

/* What the DCM gets: the device's request, and for whom. */
static void order(struct bytes *request)
{
	const struct EnrolmentOrder value = {
	    .version = 1, .device = {(const uint8_t *)DEVICE, strlen(DEVICE)}, .request = bytes_view(request)};
	struct bytes made = {NULL, 0};
	struct key_error err;

	ALWAYS(request->n > 4096 || make_bytes(&oer_EnrolmentOrder, &value, &made, &err) == KEY_OK, "no order");
	bytes_free(request);
	*request = made;
}

/* A report, signed as a vehicle signs it, for the MA alone. */
static struct bytes report(struct scms_slice content)
{
	const struct signer signer = person_signer(&witness, true);
	const struct HeaderInfo header = {.psid = 0x26,
					  .has_generationTime = true,
					  .generationTime = clock_now(),
					  .has_generationLocation = true,
					  .generationLocation = {.latitude = 900000001, .longitude = 1800000001}};
	struct bytes made = {NULL, 0}, out = {NULL, 0};
	struct recipient to;
	struct key_error err;

	ALWAYS(signed_unsecured_make(&signer, content, &header, &made, &err) == KEY_OK &&
		   message_recipient(&world.cert[WORLD_MA], &judge, &to, &err) == KEY_OK &&
		   encrypted_data_make(&to, 1, bytes_view(&made), &out, &err) == KEY_OK,
	       "%s", err.text);
	bytes_free(&made);
	return out;
}

static bool is_report(unsigned k)
{
	return strcmp(places[k].row, "SecuredMisbehaviorReport") == 0;
}

/* The body as a peer makes it who is trusted; body.p NULL: it cannot be made. */
static struct bytes wrapped(unsigned k, struct scms_slice content)
{
	const struct party from = world_party(&obe);
	struct bytes made = {NULL, 0};
	struct key_error err;

	if (is_report(k))
		return report(content);
	if (places[k].from == FROM_RA)
		return (struct bytes){OPENSSL_memdup(content.p, content.n), content.n};
	if (message_make(&from, envelope_find(places[k].row), content, clock_now(), &world.cert[places[k].which], &made, &err) != KEY_OK)
		return (struct bytes){NULL, 0};
	if (strcmp(places[k].path, "/enrol") == 0)
		order(&made);
	return made;
}

/* A vehicle has heard the witness, and the witness tells. */
static struct bytes right_report(void)
{
	const struct signer signer = person_signer(&witness, true);
	const struct HeaderInfo header = {.psid = 0x20, .has_generationTime = true, .generationTime = clock_now()};
	struct ScmsPDU pdu = {.version = 1, .content = {.choice = ScmsPDU_content_is_ee_ma}};
	struct bytes seen = {NULL, 0}, made = {NULL, 0};
	struct key_error err;

	ALWAYS(signed_unsecured_make(&signer, (struct scms_slice){(const uint8_t *)"here I am", 9}, &header, &seen, &err) == KEY_OK, "%s",
	       err.text);
	pdu.content.u.ee_ma.choice = EndEntityMaInterfacePDU_is_misbehaviorReport;
	pdu.content.u.ee_ma.u.misbehaviorReport = (struct MisbehaviorReportContents){.version = 1,
										     .misbehavingDeviceInfo = bytes_view(&seen),
										     .has_misbehavingDeviceBSMs = true,
										     .misbehavingDeviceBSMs = bytes_view(&seen)};
	ALWAYS(make_bytes(&oer_ScmsPDU, &pdu, &made, &err) == KEY_OK, "%s", err.text);
	bytes_free(&seen);
	return made;
}

/* The wish of the vehicle that is enrolled, for the same key. */
static struct bytes right_enrolment(void)
{
	struct ScmsPDU pdu = {.version = 1, .content = {.choice = ScmsPDU_content_is_eca_ee}};
	struct EeEcaCertRequest *request = &pdu.content.u.eca_ee.u.eeEcaCertRequest;
	struct profile_subject subject = {.name = {(const uint8_t *)DEVICE, strlen(DEVICE)},
					  .start = role_now()};
	struct profile_room room;
	struct bytes made = {NULL, 0};
	struct key_error err;

	memcpy(subject.craca_id, cert_id8(&world.root.cert) + 5, 3);
	*request = (struct EeEcaCertRequest){.version = 1, .currentTime = subject.start};
	pdu.content.u.eca_ee.choice = EcaEndEntityInterfacePDU_is_eeEcaCertRequest;
	ALWAYS(profile_fill(PROFILE_OBE_ENROLMENT, LEVEL_POC, &subject, &room, &request->tbsData, &err) == KEY_OK, "%s", err.text);
	request->tbsData.verifyKeyIndicator.choice = VerificationKeyIndicator_is_verificationKey;
	point_to_verification_key(private_key_public(obe.key), &request->tbsData.verifyKeyIndicator.u.verificationKey);
	ALWAYS(make_bytes(&oer_ScmsPDU, &pdu, &made, &err) == KEY_OK, "%s", err.text);
	return made;
}

static struct bytes right_policy(void)
{
	struct policy_content *global = calloc(2, sizeof(*global)), *custom = global + 1;
	struct bytes made = {NULL, 0};
	struct key_error err;

	ALWAYS(global != NULL, "memory");
	policy_draft_defaults(global, 2);
	policy_custom_copy(global, (struct scms_slice){(const uint8_t *)"ra.localhost", 12}, clock_now(), custom);
	ALWAYS(policy_request_make(custom, &made, &err) == KEY_OK, "%s", err.text);
	free(global);
	return made;
}

/* What is right for this place, changed. */
static struct bytes changed(unsigned k, struct scms_slice changes)
{
	struct bytes pdu = is_report(k) ? right_report() : places[k].from == FROM_RA ? right_policy() : right_enrolment(), made;

	for (size_t at = 0; at + 3 <= changes.n; at += 3)
		pdu.p[((size_t)changes.p[at] << 8 | changes.p[at + 1]) % pdu.n] ^= changes.p[at + 2];
	made = wrapped(k, bytes_view(&pdu));
	bytes_free(&pdu);
	return made;
}

static void ask(unsigned k, struct scms_slice body)
{
	char path[256];
	int status;

	if (places[k].path[0] != '<') {
		status = behind_request(places[k].which, places[k].path, body, NULL, NULL);
	} else {
		size_t n = body.n > 0 && places[k].path[strlen(places[k].path) - 1] == '/' ? body.n % 64 : 0;

		snprintf(path, sizeof(path), "%s%.*s", places[k].path + 1, (int)n, (const char *)body.p);
		status = behind_request(places[k].which, path, (struct scms_slice){NULL, 0}, NULL, NULL);
	}
	/* Answered, whatever it was; 502 and 503 say that somebody else refused or that there is nothing yet. */
	ALWAYS((status >= 200 && status <= 500) || status == 502 || status == 503, "%s: %d", places[k].path, status);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	open_once();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes made = {NULL, 0};
	unsigned k;

	if (size < 2 || size > 60000)
		return 0;
	open_once();
	k = data[0] % PLACES;
	if (strcmp(places[k].path, "/crlg/revocations") == 0 && data[1] != 0 && size >= 12) {
		/* An order for the root that the CRLG works for. */
		made = (struct bytes){malloc(size - 2), size - 2};
		ALWAYS(made.p != NULL, "memory");
		memcpy(made.p, data + 2, size - 2);
		memcpy(made.p + 2, cert_id8(&world.root.cert), 8);
	} else if (data[1] != 0 && places[k].row != NULL) {
		made = (data[1] == 2 ? changed : wrapped)(k, (struct scms_slice){data + 2, size - 2});
	} else {
		ask(k, (struct scms_slice){data + 2, size - 2});
		return 0;
	}
	if (made.p != NULL)
		ask(k, bytes_view(&made));
	bytes_free(&made);
	return 0;
}
