/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device parses from the network and from its own disk. The first byte says what the rest is: as it came, or inside of
 * what a neighbour or the PCA signed and encrypted, for a hostile one of those is tried too.
 */
#include "fuzz.h"

#include "components/sealed.h"
#include "dot2/signed_data.h"
#include "tests/ee/town.h"

#include <string.h>
#include <unistd.h>

enum what {
	MESSAGE,     /* as it came */
	PAYLOAD,     /* signed by a neighbour */
	ASKED,	     /* a certificate that a neighbour answers with */
	WANTED,	     /* HashedId3 that a neighbour asks for */
	BATCH,	     /* what the RA gives for pseudonym certificates */
	FILE_OF_PCA, /* an application certificate's file */
	RESPONSE,    /* what the PCA signed */
	PLAIN,	     /* what it encrypted to the device, and signed */
	ENROLMENT,   /* the DCM's answer */
	UPDATE,	     /* what is pushed */
	STATE,	     /* sealed */
	UNSEALED,    /* the same, sealed by the device itself */
	WHATS
};

static struct town town;
static struct town_device car, neighbour;
static struct ee_request application;
static uint16_t week;

static void gone(void)
{
	town_device_close(&car);
	town_device_close(&neighbour);
	town_close(&town);
}

static void open_once(void)
{
	static bool is_open;

	if (is_open)
		return;
	is_open = true;
	town_open(&town, &judge);
	week = ee_batch_period(EE_PSEUDONYM, TOWN_NOW);
	town_device(&town, &car, "car", DEVICE_OBE);
	town_device(&town, &neighbour, "neighbour", DEVICE_OBE);
	town_issue(&town, &neighbour, town_ask(&neighbour, EE_PSEUDONYM), week, NULL);
	(void)town_ask(&car, EE_PSEUDONYM);
	application = (struct ee_request){.kind = EE_APPLICATION};
	memset(&application.keys, 3, sizeof(application.keys));
	atexit(gone);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	open_once();
	return 0;
}

static enum ee_verdict hear(struct scms_slice bytes)
{
	struct ee_receipt receipt = {.message = {.bytes = bytes}};
	uint8_t id3[EE_WANTED_MAX][3];

	ee_receive(car.receiver, &car.device, TOWN_NOW, &receipt, 1);
	ALWAYS(ee_receiver_wanted(car.receiver, id3) <= EE_WANTED_MAX, "more is wanted than there is room for");
	(void)ee_receiver_asked(car.receiver, &car.device);
	return receipt.verdict;
}

/* A neighbour's message that has data in one of its parts. */
static void signed_by_neighbour(enum what what, struct scms_slice data)
{
	const struct ee_credential *credential;
	struct HeaderInfo header = {.psid = 0x20, .has_generationTime = true, .generationTime = TOWN_NOW};
	struct signer signer = {.crypto = &judge, .attach = true};
	static const uint8_t text[] = "x";
	struct bytes out = {NULL, 0};
	struct key_error err;

	if (ee_sender_load(&neighbour.sender, &neighbour.device, EE_PSEUDONYM, TOWN_NOW, &err) != KEY_OK)
		return;
	credential = ee_sender_current(&neighbour.sender, EE_PSEUDONYM);
	signer.key = credential->key;
	signer.cert = &credential->cert;
	header.has_requestedCertificate = what == ASKED;
	header.requestedCertificate = data;
	header.has_inlineP2pcdRequest = what == WANTED;
	header.inlineP2pcdRequest = data;
	/* What cannot be encoded cannot be sent. */
	if (signed_unsecured_make(&signer, what == PAYLOAD ? data : (struct scms_slice){text, 1}, &header, &out, &err) == KEY_OK)
		(void)hear(bytes_view(&out));
	bytes_free(&out);
}

/* A file whose signed part, or whose plain text, is data. */
static void signed_by_pca(enum what what, struct scms_slice data)
{
	const struct signer signer = person_signer(&town.pca, false);
	const struct HeaderInfo header = {.psid = PSID_SECURITY_MANAGEMENT};
	struct ToBeSignedEncryptedCertificateResponse response = {.lifetime = {.choice = Duration_is_hours, .u.hours = 1}};
	struct bytes plain = {NULL, 0}, encrypted = {NULL, 0}, content = {NULL, 0};
	struct archive_member member = {.name = ""};
	struct ee_certified certified;
	struct curve_point point;
	struct recipient to;
	struct key_error err;

	if (what == PLAIN) {
		ALWAYS(curve_mul_base(SCMS_NIST_P256, application.keys.respond, &point) &&
			   recipient_of_response_key(&point, &judge, &to, &err) == KEY_OK && unsecured_make(data, &plain, &err) == KEY_OK &&
			   encrypted_data_make(&to, 1, bytes_view(&plain), &encrypted, &err) == KEY_OK &&
			   oer_decode(&oer_Ieee1609Dot2Data, bytes_view(&encrypted), 8, &response.encrypted_cert, NULL) == OER_OK &&
			   make_bytes(&oer_ToBeSignedEncryptedCertificateResponse, &response, &content, &err) == KEY_OK,
		       "%s", err.text);
		data = bytes_view(&content);
	}
	if (signed_unsecured_make(&signer, data, &header, &member.content, &err) == KEY_OK) {
		ALWAYS(ee_batch_take(&car.device, &application, 0, &member, TOWN_NOW, &certified, &err) != KEY_OK,
		       "a certificate that no PCA issued is taken");
		ee_certified_free(&certified);
	}
	bytes_free(&plain);
	bytes_free(&encrypted);
	bytes_free(&content);
	bytes_free(&member.content);
}

static void batch(const struct ee_request *request, struct scms_slice data)
{
	struct archive archive;
	struct key_error err;

	if (ee_batch_read(request, data, &archive, &err) != KEY_OK)
		return;
	for (size_t k = 0; k < archive.n; k++) {
		struct ee_certified certified;

		ALWAYS(ee_batch_take(&car.device, request, request->kind == EE_PSEUDONYM ? week : 0, &archive.member[k], TOWN_NOW, &certified,
				     &err) != KEY_OK,
		       "a certificate that no PCA signed is taken");
		ee_certified_free(&certified);
	}
	archive_free(&archive);
}

static void enrolment(struct scms_slice data)
{
	static const uint8_t hash[8] = {1};
	struct private_key *key = NULL;
	struct ee_enrolment got;
	struct key_error err;

	ALWAYS(private_key_from_scalar(SCMS_NIST_P256, application.keys.sign, &key, &err) == KEY_OK, "%s", err.text);
	ALWAYS(ee_enrolment_take(data, hash, key, &judge, TOWN_NOW, trustee_judge(car.device.trustee), &got, &err) != KEY_OK,
	       "an enrolment that no ECA signed is taken");
	private_key_free(key);
}

static void state(enum what what, struct scms_slice data)
{
	struct bytes sealed = {NULL, 0}, again = {NULL, 0};
	struct ee_state state;
	struct key_error err;

	if (what == UNSEALED && sealed_make(car.device.key, &judge, data, &sealed, &err) != KEY_OK)
		return;
	if (ee_state_open(what == UNSEALED ? bytes_view(&sealed) : data, car.device.key, &judge, &state, &err) == KEY_OK) {
		ALWAYS(what == UNSEALED, "a state that the device did not seal is opened");
		ALWAYS(ee_state_seal(&state, car.device.key, &judge, &again, &err) == KEY_OK, "what was read cannot be kept: %s", err.text);
		ee_state_free(&state);
	}
	bytes_free(&sealed);
	bytes_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scms_slice rest = {data + 1, size - 1};
	struct device_error why;
	enum what what;

	if (size == 0 || size > 65536)
		return 0;
	open_once();
	what = (enum what)(data[0] % WHATS);
	switch (what) {
	case MESSAGE:
		ALWAYS(hear(rest) != EE_ACCEPTED, "a message that nobody signed is accepted");
		break;
	case PAYLOAD:
	case ASKED:
	case WANTED:
		signed_by_neighbour(what, rest);
		break;
	case BATCH:
		batch(ee_state_next(&car.device.state, EE_PSEUDONYM, NULL), rest);
		break;
	case FILE_OF_PCA:
		batch(&application, rest);
		break;
	case RESPONSE:
	case PLAIN:
		signed_by_pca(what, rest);
		break;
	case ENROLMENT:
		enrolment(rest);
		break;
	case UPDATE:
		why.text[0] = '\0';
		if (!device_update(&car.device, rest, (struct scms_slice){NULL, 0}, TOWN_NOW, &why))
			ALWAYS(why.text[0] != '\0', "a refusal without a reason");
		break;
	default:
		state(what, rest);
	}
	return 0;
}
