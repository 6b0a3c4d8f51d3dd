/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment from request to use, by the end entity's code and the CA's: what is granted, and everything that is refused.
 */
#include "components/authority/profile.h"
#include "components/eca/enrol.h"
#include "components/ee/enrol.h"
#include "components/ee/state.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/dot2/people.h"

#include <stdlib.h>

static struct person root, ica, eca_person, pca_person;
static struct key_error err;
static enum scms_reason verdict_of_judge = SCMS_VALID;

static bool find(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes)
{
	const struct person *all[] = {&root, &ica, &eca_person, &pca_person};

	(void)ctx;
	for (unsigned n = 0; n < 4; n++)
		if (memcmp(cert_id8(&all[n]->cert), id8, 8) == 0 && k-- == 0) {
			*bytes = bytes_view(&all[n]->bytes);
			return true;
		}
	return false;
}

static enum scms_reason judge_chain(void *ctx, struct chain *chain, struct scms_slice carried, scms_time64 now)
{
	(void)ctx, (void)carried, (void)now;
	chain->n = 1;
	return verdict_of_judge;
}

static const struct message_judge judges = {NULL, find, judge_chain};

static struct eca eca_of(const struct person *person)
{
	struct eca eca = {.party = {&judge, &person->cert, person->key, person->decryption},
			  .judge = &judges,
			  .tolerance_seconds = 300,
			  .validity_hours_max = 6 * 8766};

	memcpy(eca.craca_id, cert_id8(&root.cert) + 5, 3);
	return eca;
}

static void person_of_profile(struct person *person, enum profile profile, const char *name, const struct person *issuer)
{
	struct profile_subject subject = {.name = {(const uint8_t *)name, strlen(name)}, .start = PEOPLE_START};
	struct ToBeSignedCertificate tbs;
	struct profile_room room;
	struct private_key *key, *encryption;

	CHECK(private_key_random(SCMS_NIST_P256, &key, &err) == KEY_OK, "%s", err.text);
	CHECK(private_key_random(SCMS_NIST_P256, &encryption, &err) == KEY_OK, "%s", err.text);
	subject.verify = private_key_public(key);
	if (profile_row(profile)->encryption == PRESENT)
		subject.encrypt = private_key_public(encryption);
	if (issuer != NULL)
		memcpy(subject.craca_id, cert_id8(&root.cert) + 5, 3);
	CHECK(profile_fill(profile, LEVEL_POC, &subject, &room, &tbs, &err) == KEY_OK, "%s", err.text);
	person_make(person, &tbs, SCMS_NIST_P256, issuer, profile_row(profile)->encryption == PRESENT);
	private_key_free(key);
	private_key_free(encryption);
}

static struct ToBeSignedCertificate wish_of(enum profile profile)
{
	static struct profile_subject subject; /* the certificate points into it */
	static struct profile_room room;
	struct ToBeSignedCertificate tbs;

	subject.start = PEOPLE_START + 86400;
	memcpy(subject.craca_id, cert_id8(&root.cert) + 5, 3);
	CHECK(profile_fill(profile, LEVEL_POC, &subject, &room, &tbs, &err) == KEY_OK, "%s", err.text);
	return tbs;
}

/* A request of one device, and what it must keep. */
struct device {
	struct private_key *key;
	struct bytes request;
	uint8_t hash[8];
};

static void device_ask(struct device *device, const struct ToBeSignedCertificate *wish, scms_time32 now)
{
	device->request = (struct bytes){NULL, 0};
	CHECK(private_key_random(SCMS_NIST_P256, &device->key, &err) == KEY_OK, "%s", err.text);
	CHECK(ee_enrolment_request(wish, device->key, &judge, now, &device->request, device->hash, &err) == KEY_OK, "%s", err.text);
}

static void device_free(struct device *device)
{
	private_key_free(device->key);
	bytes_free(&device->request);
}

#define NOW32 (PEOPLE_START + 86400u)

static void granted(enum profile profile)
{
	struct ToBeSignedCertificate wish = wish_of(profile);
	struct eca eca = eca_of(&eca_person);
	struct eca_refusal refusal = {0};
	struct eca_enrolled enrolled;
	struct ee_enrolment got;
	struct device device;
	struct cert cert;

	device_ask(&device, &wish, NOW32);
	CHECK(eca_enrol(&eca, bytes_view(&device.request), PEOPLE_NOW, &enrolled, &refusal, &err) == KEY_OK, "%s %s", err.text,
	      refusal.text);
	CHECK(ee_enrolment_take(bytes_view(&enrolled.answer), device.hash, device.key, &judge, PEOPLE_NOW, &judges, &got, &err) == KEY_OK,
	      "%s", err.text);
	CHECK(cert_read(&cert, bytes_view(&got.certificate), &judge, NULL) == OER_OK, "certificate");
	CHECK(cert.c.toBeSigned.crlSeries == 4 && cert_is_implicit(&cert), "an enrolment certificate");
	CHECK(memcmp(cert_id10(&cert), enrolled.certificate_id10, 10) == 0, "HashedId10 for revocation");
	CHECK(got.eca.n == eca_person.bytes.n && memcmp(got.eca.p, eca_person.bytes.p, got.eca.n) == 0, "the CA's certificate");
	ee_enrolment_free(&got);
	bytes_free(&enrolled.answer);
	device_free(&device);
}

static void refused(const char *name, const struct ToBeSignedCertificate *wish, scms_time32 said, int32_t error)
{
	struct eca eca = eca_of(&eca_person);
	struct eca_refusal refusal = {.error = -1};
	struct eca_enrolled enrolled;
	struct device device;

	device_ask(&device, wish, said);
	CHECK(eca_enrol(&eca, bytes_view(&device.request), PEOPLE_NOW, &enrolled, &refusal, &err) == KEY_REFUSED, "%s", name);
	CHECK(refusal.error == error, "%s: error %d, expected %d: %s", name, refusal.error, error, refusal.text);
	CHECK(enrolled.answer.n == 0, "%s: an answer", name);
	device_free(&device);
}

static void eca_refuses(void)
{
	static const uint8_t other_root[3] = {1, 2, 3}, level[1] = {0};
	static const struct PsidSspRange foreign[] = {{.psid = 0x99}};
	static const struct PsidGroupPermissions foreign_group[] = {
	    {.subjectPermissions = {.choice = SubjectPermissions_is_explicit,
				    .u.explicit = {.items = foreign, .count = 1, .element = &oer_PsidSspRange}},
	     .minChainLength = 0,
	     .eeType = 0x80}};
	static const struct IdentifiedRegion mexico[] = {{.choice = IdentifiedRegion_is_countryOnly, .u.countryOnly = 484}};
	struct ToBeSignedCertificate good = wish_of(PROFILE_OBE_ENROLMENT), wish = good;

	refused("currentTime long ago", &wish, NOW32 - 301, EcaEndEntityError_ecaInvalidCurrentTime);
	refused("currentTime ahead", &wish, NOW32 + 301, EcaEndEntityError_ecaInvalidCurrentTime);
	wish.validityPeriod.start = NOW32 - 3601;
	refused("a validity that began before", &wish, NOW32, EcaEndEntityError_ecaInvalidRequestedStartTime);
	wish.validityPeriod.start = NOW32 + 2 * 31556952u;
	refused("a validity that begins in two years", &wish, NOW32, EcaEndEntityError_ecaInvalidRequestedStartTime);
	wish = good;
	wish.validityPeriod.duration = (struct Duration){.choice = Duration_is_years, .u.years = 7};
	refused("a validity of seven years", &wish, NOW32, EcaEndEntityError_ecaInvalidValidityPeriod);
	wish = good;
	wish.crlSeries = 1;
	refused("another CRL series", &wish, NOW32, EcaEndEntityError_ecaMalformedRequest);
	wish = good;
	wish.cracaId = other_root;
	refused("another root's cracaId", &wish, NOW32, EcaEndEntityError_ecaMalformedRequest);
	wish = good;
	wish.has_certIssuePermissions = true;
	wish.certIssuePermissions = good.certRequestPermissions;
	refused("permission to issue", &wish, NOW32, EcaEndEntityError_ecaInvalidPsid);
	wish = good;
	wish.has_certRequestPermissions = false;
	refused("no permission to request", &wish, NOW32, EcaEndEntityError_ecaInvalidPsid);
	wish = good;
	wish.certRequestPermissions = (struct oer_list){.items = foreign_group, .count = 1, .element = &oer_PsidGroupPermissions};
	refused("a PSID that the CA does not grant", &wish, NOW32, EcaEndEntityError_ecaInvalidPsid);
	wish = good;
	wish.has_region = false;
	refused("no region", &wish, NOW32, EcaEndEntityError_ecaInvalidRegion);
	wish = good;
	wish.region.u.identifiedRegion = (struct oer_list){.items = mexico, .count = 1, .element = &oer_IdentifiedRegion};
	refused("a region outside the CA's", &wish, NOW32, EcaEndEntityError_ecaInvalidRegion);
	wish = good;
	wish.has_assuranceLevel = true;
	wish.assuranceLevel = level;
	refused("an assurance level", &wish, NOW32, EcaEndEntityError_ecaInvalidAssuranceLevel);
	wish = good;
	wish.has_encryptionKey = true;
	wish.encryptionKey = pca_person.cert.c.toBeSigned.encryptionKey;
	refused("an encryption key", &wish, NOW32, EcaEndEntityError_ecaInvalidEncryptionKey);
}

/* A request that somebody changed, or signed with another key than it brings, and what is no request. */
static void eca_refuses_forgeries(void)
{
	struct ToBeSignedCertificate wish = wish_of(PROFILE_OBE_ENROLMENT);
	struct eca eca = eca_of(&eca_person);
	struct eca_refusal refusal = {.error = -1};
	struct eca_enrolled enrolled;
	struct device device;

	device_ask(&device, &wish, NOW32);
	device.request.p[device.request.n - 1] ^= 1;
	CHECK(eca_enrol(&eca, bytes_view(&device.request), PEOPLE_NOW, &enrolled, &refusal, &err) == KEY_REFUSED &&
		  refusal.error == EcaEndEntityError_ecaInvalidVerifyKey,
	      "another signature: %d", refusal.error);
	CHECK(eca_enrol(&eca, bytes_view(&eca_person.bytes), PEOPLE_NOW, &enrolled, &refusal, &err) == KEY_REFUSED &&
		  refusal.error == EcaEndEntityError_ecaMalformedRequest && strstr(refusal.text, "expected") != NULL,
	      "a certificate: %s", refusal.text);
	for (size_t n = 0; n < device.request.n; n++)
		CHECK(eca_enrol(&eca, (struct scms_slice){device.request.p, n}, PEOPLE_NOW, &enrolled, &refusal, &err) == KEY_REFUSED,
		      "cut to %zu bytes", n);
	device_free(&device);
}

static enum key_status take(struct scms_slice answer, const uint8_t hash[8], struct private_key *key)
{
	struct ee_enrolment got;
	enum key_status status = ee_enrolment_take(answer, hash, key, &judge, PEOPLE_NOW, &judges, &got, &err);

	CHECK((status == KEY_OK) == (got.certificate.n > 0), "a certificate only where it succeeds");
	ee_enrolment_free(&got);
	return status;
}

static void device_refuses(void)
{
	struct ToBeSignedCertificate wish = wish_of(PROFILE_OBE_ENROLMENT);
	struct eca eca = eca_of(&eca_person), wrong = eca_of(&pca_person);
	struct eca_refusal refusal;
	struct eca_enrolled enrolled;
	struct device device, other;

	device_ask(&device, &wish, NOW32);
	device_ask(&other, &wish, NOW32);
	CHECK(eca_enrol(&eca, bytes_view(&device.request), PEOPLE_NOW, &enrolled, &refusal, &err) == KEY_OK, "%s", err.text);
	CHECK(take(bytes_view(&enrolled.answer), device.hash, device.key) == KEY_OK, "%s", err.text);
	CHECK(take(bytes_view(&enrolled.answer), other.hash, device.key) == KEY_MISMATCH, "the answer to another request");
	CHECK(take(bytes_view(&enrolled.answer), device.hash, other.key) == KEY_MISMATCH, "another device's key");
	verdict_of_judge = SCMS_ROOT_REVOKED;
	CHECK(take(bytes_view(&enrolled.answer), device.hash, device.key) == KEY_REFUSED && strstr(err.text, "removed") != NULL,
	      "a CA under a revoked root: %s", err.text);
	verdict_of_judge = SCMS_VALID;
	for (size_t k = 0; k < enrolled.answer.n; k += 7) {
		enrolled.answer.p[k] ^= 0x10;
		CHECK(take(bytes_view(&enrolled.answer), device.hash, device.key) != KEY_OK, "byte %zu changed", k);
		enrolled.answer.p[k] ^= 0x10;
	}
	bytes_free(&enrolled.answer);
	/* A PCA that plays the CA: its permissions do not let it, and the device would not take it either. */
	CHECK(eca_enrol(&wrong, bytes_view(&device.request), PEOPLE_NOW, &enrolled, &refusal, &err) == KEY_REFUSED, "a PCA enrols");
	device_free(&device);
	device_free(&other);
}

/* What a device keeps comes back as it was, and only with the device's own key. */
static void state_is_kept(void)
{
	static const uint8_t key[AES_128_KEY] = {7}, other_key[AES_128_KEY] = {8};
	struct ToBeSignedCertificate wish = wish_of(PROFILE_RSE_ENROLMENT);
	struct eca eca = eca_of(&eca_person);
	struct ee_state state = {.enrolments = 0}, back, changed;
	struct bytes sealed = {NULL, 0};

	for (unsigned k = 0; k < EE_ENROLMENTS_MAX + 1; k++) {
		struct eca_refusal refusal;
		struct eca_enrolled enrolled;
		struct ee_enrolment got;
		struct device device;

		device_ask(&device, &wish, NOW32);
		CHECK(eca_enrol(&eca, bytes_view(&device.request), PEOPLE_NOW, &enrolled, &refusal, &err) == KEY_OK, "%s", err.text);
		CHECK(ee_enrolment_take(bytes_view(&enrolled.answer), device.hash, device.key, &judge, PEOPLE_NOW, &judges, &got,
					&err) == KEY_OK, "%s", err.text);
		ee_state_enrolled(&state, &got);
		bytes_free(&enrolled.answer);
		device_free(&device);
	}
	for (unsigned k = 0; k < EE_REQUESTS_MAX + 3; k++) {
		struct ee_request request = {.kind = k % 2 ? EE_PSEUDONYM : EE_APPLICATION, .hash = {(uint8_t)k},
					     .enrolment = {7, (uint8_t)k}, .acknowledged = k % 3 == 0, .time = 1000 + k};

		CHECK(ee_caterpillars_random(&request.keys, &err) == KEY_OK, "%s", err.text);
		ee_state_requested(&state, &request);
	}
	CHECK(state.enrolments == EE_ENROLMENTS_MAX && state.requests == EE_REQUESTS_MAX, "the oldest are forgotten");
	CHECK(ee_state_next(&state, EE_PSEUDONYM, NULL)->hash[0] == EE_REQUESTS_MAX + 1, "the newest of a kind");
	CHECK(ee_state_next(&state, EE_PSEUDONYM, ee_state_next(&state, EE_PSEUDONYM, NULL))->hash[0] == EE_REQUESTS_MAX - 1,
	      "and the one before");
	CHECK(ee_state_next(&state, EE_IDENTIFICATION, NULL) == NULL, "none of a kind");
	ee_state_drop(&state, &state.request[1]);
	CHECK(state.requests == EE_REQUESTS_MAX - 1 && state.request[0].hash[0] == EE_REQUESTS_MAX + 2 &&
		  state.request[1].hash[0] == EE_REQUESTS_MAX,
	      "one was dropped, the others stay in their order");
	CHECK(ee_state_seal(&state, key, &judge, &sealed, &err) == KEY_OK, "%s", err.text);
	CHECK(sealed.n < EE_STATE_MAX, "%zu bytes", sealed.n);
	CHECK(ee_state_open(bytes_view(&sealed), other_key, &judge, &back, &err) == KEY_NOT_FOR_US, "another device's key");
	CHECK(ee_state_open(bytes_view(&eca_person.bytes), key, &judge, &back, &err) == KEY_MALFORMED, "something else");
	CHECK(ee_state_open(bytes_view(&sealed), key, &judge, &back, &err) == KEY_OK, "%s", err.text);
	CHECK(back.enrolments == state.enrolments && back.requests == state.requests, "all of it");
	CHECK(memcmp(back.enrolment[0].key, state.enrolment[0].key, SCALAR_BYTES) == 0 &&
		  memcmp(&back.request[3].keys, &state.request[3].keys, sizeof(back.request[3].keys)) == 0 &&
		  memcmp(back.request[3].enrolment, state.request[3].enrolment, 8) == 0 && back.request[3].time == state.request[3].time &&
		  back.request[3].acknowledged == state.request[3].acknowledged && back.request[2].acknowledged == state.request[2].acknowledged,
	      "as it was");
	sealed.p[sealed.n / 2] ^= 1;
	CHECK(ee_state_open(bytes_view(&sealed), key, &judge, &changed, &err) != KEY_OK, "a byte changed");
	bytes_free(&sealed);
	ee_state_free(&state);
	ee_state_free(&back);
}

int main(void)
{
	person_of_profile(&root, PROFILE_ROOT, "rca.example", NULL);
	person_of_profile(&ica, PROFILE_ICA, "ica.example", &root);
	person_of_profile(&eca_person, PROFILE_ECA, "eca.example", &ica);
	person_of_profile(&pca_person, PROFILE_PCA, "pca.example", &ica);
	granted(PROFILE_OBE_ENROLMENT);
	granted(PROFILE_RSE_ENROLMENT);
	eca_refuses();
	eca_refuses_forgeries();
	device_refuses();
	state_is_kept();
	person_free(&pca_person);
	person_free(&eca_person);
	person_free(&ica);
	person_free(&root);
	return check_done();
}
