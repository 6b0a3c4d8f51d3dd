/* SPDX-License-Identifier: Apache-2.0 */
/* What a device does with what it receives: every verdict by name, replays under floods, issuers learnt from peers good and bad. */
#include "dot2/sign.h"
#include "tests/check.h"
#include "tests/ee/town.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define SECOND 1000000ull
#define HERE_LATITUDE 424036000
#define HERE_LONGITUDE (-833190000)

static struct town town;
static struct town_device sender, unit, stranger, far_stranger;
static struct key_error err;
static const uint8_t payload[] = "here I am";
static const struct ee_message safety = {.psid = 0x20, .payload = {payload, sizeof(payload)}, .attach = true};

static struct ee_receipt judge_at(struct ee_receiver *receiver, struct town_device *by, scms_time64 now, struct scms_slice bytes)
{
	struct ee_receipt receipt = {.message = {.bytes = bytes}};

	ee_receive(receiver, &by->device, now, &receipt, 1);
	return receipt;
}

/* "accepted", "replay", "signer EXPIRED", "signature": what a verdict is called here. */
static const char *word(const struct ee_receipt *receipt)
{
	static const char *const words[] = {
	    [SCMS_MESSAGE_VALID] = "valid", [SCMS_MESSAGE_MALFORMED] = "malformed", [SCMS_MESSAGE_PERMISSION] = "permission",
	    [SCMS_MESSAGE_TIME] = "time",   [SCMS_MESSAGE_SIGNATURE] = "signature", [SCMS_MESSAGE_FAILED] = "failed"};

	if (receipt->verdict != EE_NOT_VALID)
		return ee_verdict_name(receipt->verdict);
	return receipt->message.verdict == SCMS_MESSAGE_SIGNER ? scms_reason_name(receipt->message.reason)
							       : words[receipt->message.verdict];
}

/* ---- one message, one verdict ---- */

struct wanted_message {
	const char *name;
	struct town_device *by;
	uint64_t psid;
	int64_t made;	 /* microseconds after TOWN_NOW */
	int64_t judged;	 /* likewise */
	int32_t north;	 /* of the receiver, 1/10 microdegrees; 0: no location */
	size_t bend;	 /* 0: not; else this byte from the end is changed */
	size_t cut;	 /* bytes cut off */
	bool digest, twice;
	const char *verdict;
};

static const struct wanted_message messages[] = {
    {"fresh", &sender, 0x20, 0, 0, 0, 0, 0, false, false, "accepted"},
    {"of a roadside unit", &unit, 0x83, 0, 0, 0, 0, 0, false, false, "accepted"},
    {"as old as may be", &sender, 0x20, 0, 5 * SECOND, 0, 0, 0, false, false, "accepted"},
    {"too old", &sender, 0x20, 0, 5 * SECOND + 1, 0, 0, 0, false, false, "old"},
    {"as far ahead as may be", &sender, 0x20, 2 * SECOND, 0, 0, 0, 0, false, false, "accepted"},
    {"too far ahead", &sender, 0x20, 2 * SECOND + 1, 0, 0, 0, 0, false, false, "future"},
    {"twice", &sender, 0x20, 0, 0, 0, 0, 0, false, true, "replay"},
    {"near", &sender, 0x20, 0, 0, 50000, 0, 0, false, false, "accepted"},
    {"too far away", &sender, 0x20, 0, 0, 500000, 0, 0, false, false, "far"},
    {"without location", &sender, 0x20, 0, 0, 0, 0, 0, false, false, "accepted"},
    {"a PSID that is not the vehicle's", &unit, 0x20, 0, 0, 0, 0, 0, false, false, "permission"},
    {"a digest of nobody known", &sender, 0x20, 0, 0, 0, 0, 0, true, false, "CHAIN_INCOMPLETE"},
    {"a signature's last bit", &sender, 0x20, 0, 0, 0, 1, 0, false, false, "signature"},
    {"cut", &sender, 0x20, 0, 0, 0, 0, 1, false, false, "malformed"},
    {"cut to nothing", &sender, 0x20, 0, 0, 0, 0, 100000, false, false, "malformed"},
    {"of an unknown PCA", &stranger, 0x20, 0, 0, 0, 0, 0, false, false, "CHAIN_INCOMPLETE"},
    {"when its certificate is over", &sender, 0x20, 0, 8 * 86400 * SECOND, 0, 0, 0, false, false, "CERT_EXPIRED"},
    {"before its certificate begins", &sender, 0x20, 0, -6 * 86400 * (int64_t)SECOND, 0, 0, 0, false, false, "CERT_NOT_YET_VALID"},
};

static struct ee_receiver *receiver_here(uint32_t room)
{
	const struct ee_receiver_options options = {
	    .messages = room, .distance_metres = 2000, .latitude = HERE_LATITUDE, .longitude = HERE_LONGITUDE};
	struct ee_receiver *receiver = ee_receiver_new(&options);

	town_must(receiver != NULL, "receiver", "memory");
	return receiver;
}

static void one(struct town_device *car, const struct wanted_message *row)
{
	struct ee_message message = safety;
	struct ee_receiver *receiver = receiver_here(0);
	scms_time64 now = TOWN_NOW + (scms_time64)row->judged;
	struct ee_receipt receipt;
	struct bytes bytes;

	message.psid = row->psid;
	message.attach = !row->digest;
	message.has_location = row->north != 0;
	message.latitude = HERE_LATITUDE + row->north;
	message.longitude = HERE_LONGITUDE;
	bytes = town_message(row->by, TOWN_NOW + (scms_time64)row->made, &message);
	if (row->bend != 0)
		bytes.p[bytes.n - row->bend] ^= 1;
	bytes.n -= row->cut < bytes.n ? row->cut : bytes.n;
	receipt = judge_at(receiver, car, now, bytes_view(&bytes));
	if (row->twice)
		receipt = judge_at(receiver, car, now, bytes_view(&bytes));
	CHECK(strcmp(word(&receipt), row->verdict) == 0, "%s: %s, expected %s", row->name, word(&receipt), row->verdict);
	ee_receiver_free(receiver);
	bytes_free(&bytes);
}

/* Every bit of a message matters: changed, it is not accepted. */
static void bits(struct town_device *car)
{
	struct bytes bytes = town_message(&sender, TOWN_NOW, &safety);
	struct ee_receiver *receiver = receiver_here(0);

	for (size_t k = 0; k < bytes.n; k++) {
		struct ee_receipt receipt;

		bytes.p[k] ^= 1;
		receipt = judge_at(receiver, car, TOWN_NOW, bytes_view(&bytes));
		CHECK(receipt.verdict != EE_ACCEPTED, "byte %zu of %zu", k, bytes.n);
		bytes.p[k] ^= 1;
	}
	ee_receiver_free(receiver);
	bytes_free(&bytes);
}

/* Signed as a vehicle does, but with another header, or by somebody with another certificate. */
static struct bytes signed_by(const struct private_key *key, const struct cert *cert, const struct HeaderInfo *header)
{
	const struct signer signer = {.key = (struct private_key *)(uintptr_t)key, .cert = cert, .crypto = &judge, .attach = true};
	struct bytes out = {NULL, 0};

	town_must(signed_unsecured_make(&signer, safety.payload, header, &out, &err) == KEY_OK, "message", err.text);
	return out;
}

static void odd(struct town_device *car)
{
	static const struct IdentifiedRegion mexico[] = {{.choice = IdentifiedRegion_is_countryOnly, .u.countryOnly = 484}};
	const struct ee_credential *credential = ee_sender_current(&sender.sender, EE_PSEUDONYM);
	struct HeaderInfo header = {.psid = 0x20};
	struct ToBeSignedCertificate abroad = credential->cert.c.toBeSigned;
	struct person foreigner;
	struct ee_receipt receipt;
	struct bytes bytes = signed_by(credential->key, &credential->cert, &header);

	receipt = judge_at(car->receiver, car, TOWN_NOW, bytes_view(&bytes));
	CHECK(receipt.verdict == EE_NO_TIME, "without generationTime: %s", word(&receipt));
	bytes_free(&bytes);
	header.has_generationTime = true;
	header.generationTime = TOWN_NOW;
	header.has_expiryTime = true;
	header.expiryTime = TOWN_NOW - 1;
	bytes = signed_by(credential->key, &credential->cert, &header);
	receipt = judge_at(car->receiver, car, TOWN_NOW, bytes_view(&bytes));
	CHECK(strcmp(word(&receipt), "time") == 0, "expired by its own word: %s", word(&receipt));
	bytes_free(&bytes);
	header.has_expiryTime = false;
	abroad.region.u.identifiedRegion = (struct oer_list){.items = mexico, .count = 1, .element = &oer_IdentifiedRegion};
	person_make_implicit(&foreigner, &abroad, &town.pca);
	bytes = signed_by(foreigner.key, &foreigner.cert, &header);
	receipt = judge_at(car->receiver, car, TOWN_NOW, bytes_view(&bytes));
	CHECK(strcmp(word(&receipt), "CERT_REGION") == 0, "a region outside its PCA's: %s", word(&receipt));
	bytes_free(&bytes);
	/* Another's certificate with one's own key. */
	bytes = signed_by(foreigner.key, &credential->cert, &header);
	receipt = judge_at(car->receiver, car, TOWN_NOW, bytes_view(&bytes));
	CHECK(strcmp(word(&receipt), "signature") == 0, "another's certificate: %s", word(&receipt));
	bytes_free(&bytes);
	person_free(&foreigner);
}

/* ---- replay ---- */

/* However many messages come and however little room there is: none is accepted twice. */
static void replays(struct town_device *car, uint32_t room, unsigned n)
{
	struct ee_receiver *receiver = receiver_here(room);
	struct bytes *sent = calloc(n, sizeof(*sent));
	unsigned accepted = 0, again = 0;

	for (unsigned k = 0; k < n; k++) {
		scms_time64 made = TOWN_NOW + k * 1000 + (k % 7 == 0 ? 2 * SECOND : 0);
		struct ee_receipt receipt;

		sent[k] = town_message(&sender, made, &safety);
		receipt = judge_at(receiver, car, TOWN_NOW + k * 1000, bytes_view(&sent[k]));
		accepted += receipt.verdict == EE_ACCEPTED;
	}
	for (unsigned k = 0; k < n; k++)
		again += judge_at(receiver, car, TOWN_NOW + n * 1000, bytes_view(&sent[k])).verdict == EE_ACCEPTED;
	CHECK(again == 0, "%u of %u messages were accepted twice with room for %u", again, n, room);
	CHECK(room > n ? accepted == n : accepted > 0, "%u of %u were accepted with room for %u", accepted, n, room);
	for (unsigned k = 0; k < n; k++)
		bytes_free(&sent[k]);
	free(sent);
	ee_receiver_free(receiver);
}

/* ---- revocation and staleness ---- */

static void revocation(void)
{
	struct town_device car;
	struct crl_hash_entry entry = {.expiry = TOWN_NOW32 + 365 * 86400};
	struct bytes bytes = town_message(&sender, TOWN_NOW, &safety), by_unit;
	struct ee_message sign = safety;
	struct ee_receipt receipt;

	sign.psid = 0x83;
	by_unit = town_message(&unit, TOWN_NOW, &sign);
	town_device(&town, &car, "revocation", DEVICE_OBE);
	CHECK(judge_at(car.receiver, &car, TOWN_NOW, bytes_view(&bytes)).verdict == EE_ACCEPTED, "before");
	town_linkage_crl(&town, &car, &sender, TOWN_NOW);
	bytes_free(&bytes);
	for (unsigned k = 0; k < TOWN_BATCH; k++) {
		bytes = town_message(&sender, TOWN_NOW + 1 + k, &safety);
		receipt = judge_at(car.receiver, &car, TOWN_NOW + 1 + k, bytes_view(&bytes));
		CHECK(strcmp(word(&receipt), "CERT_REVOKED") == 0, "by linkage, certificate %u: %s", k, word(&receipt));
		bytes_free(&bytes);
		ee_sender_change(&sender.sender);
	}
	CHECK(judge_at(car.receiver, &car, TOWN_NOW, bytes_view(&by_unit)).verdict == EE_ACCEPTED, "a roadside unit before");
	memcpy(entry.id, cert_id10(&ee_sender_current(&unit.sender, EE_APPLICATION)->cert), sizeof(entry.id));
	town_hash_crl(&town, &car, 3, &entry, 1, TOWN_NOW + 2, TOWN_NOW32 + 86400);
	receipt = judge_at(car.receiver, &car, TOWN_NOW + 2, bytes_view(&by_unit));
	CHECK(strcmp(word(&receipt), "CERT_REVOKED") == 0, "by hash: %s", word(&receipt));
	bytes_free(&by_unit);
	town_device_close(&car);
}

/* A PCA revoked takes all of its certificates with it; an overdue CRL everything, until the next one comes (G5.5). */
static void staleness(void)
{
	const uint64_t tolerance = 15 * 86400; /* beyond the two weeks that are borne */
	struct town_device car, late;
	struct crl_hash_entry entry = {.expiry = TOWN_NOW32 + 365 * 86400};
	scms_time64 then = TOWN_NOW + (86400 + tolerance) * SECOND;
	struct ee_receipt receipt;
	struct bytes bytes = {NULL, 0};

	town_device(&town, &car, "stale", DEVICE_OBE);
	town_device(&town, &late, "stale-unit", DEVICE_OBE);
	town_issue(&town, &late, town_ask(&late, EE_PSEUDONYM), ee_batch_period(EE_PSEUDONYM, then), NULL);
	town_hash_crl(&town, &car, 3, NULL, 0, TOWN_NOW, TOWN_NOW32 + 86400);
	bytes = town_message(&late, then, &safety);
	receipt = judge_at(car.receiver, &car, then, bytes_view(&bytes));
	CHECK(receipt.verdict == EE_STALE, "overdue: %s", word(&receipt));
	town_hash_crl(&town, &car, 3, NULL, 0, then, (scms_time32)(then / SECOND) + 86400);
	receipt = judge_at(car.receiver, &car, then, bytes_view(&bytes));
	CHECK(receipt.verdict == EE_ACCEPTED, "up to date again: %s", word(&receipt));
	bytes_free(&bytes);
	memcpy(entry.id, cert_id10(&town.pca.cert), sizeof(entry.id));
	town_hash_crl(&town, &car, 2, &entry, 1, then + 1, (scms_time32)(then / SECOND) + 86400);
	bytes = town_message(&late, then + 1, &safety);
	receipt = judge_at(car.receiver, &car, then + 1, bytes_view(&bytes));
	CHECK(strcmp(word(&receipt), "CERT_REVOKED") == 0, "its PCA is revoked: %s", word(&receipt));
	bytes_free(&bytes);
	town_device_close(&car);
	town_device_close(&late);
}

/* ---- issuers learnt from peers ---- */

static const char *hear(struct town_device *car, struct town_device *by, scms_time64 now, struct scms_slice asked)
{
	struct ee_message message = safety;
	struct ee_receipt receipt;
	struct bytes bytes;

	message.asked = asked;
	bytes = town_message(by, now, &message);
	receipt = judge_at(car->receiver, car, now, bytes_view(&bytes));
	bytes_free(&bytes);
	return word(&receipt);
}

static bool wants(const struct town_device *car, const struct person *who)
{
	uint8_t id3[EE_WANTED_MAX][3];
	unsigned n = ee_receiver_wanted(car->receiver, id3);

	for (unsigned k = 0; k < n; k++)
		if (memcmp(id3[k], cert_id8(&who->cert) + 5, 3) == 0)
			return true;
	return false;
}

/* A message of whoever this HashedId8 may be. */
static void made_up(struct town_device *car, const uint8_t id8[8], scms_time64 now)
{
	struct ee_message message = safety;
	struct bytes bytes;
	uint8_t real[8];

	message.attach = false;
	bytes = town_message(&sender, now, &message);
	memcpy(real, cert_id8(&ee_sender_current(&sender.sender, EE_PSEUDONYM)->cert), 8);
	for (size_t k = 0; k + 8 <= bytes.n; k++)
		if (memcmp(bytes.p + k, real, 8) == 0)
			memcpy(bytes.p + k, id8, 8);
	(void)judge_at(car->receiver, car, now, bytes_view(&bytes));
	bytes_free(&bytes);
}

static void learning(void)
{
	const struct scms_slice none = {NULL, 0};
	struct town_device car;
	uint8_t id3[EE_WANTED_MAX][3];

	town_device(&town, &car, "learning", DEVICE_OBE);
	CHECK(strcmp(hear(&car, &sender, TOWN_NOW, bytes_view(&town.pca2.bytes)), "accepted") == 0, "a neighbour");
	CHECK(strcmp(hear(&car, &stranger, TOWN_NOW, none), "CHAIN_INCOMPLETE") == 0, "what nobody asked for is not taken");
	CHECK(wants(&car, &town.pca2), "it wants the PCA");
	CHECK(strcmp(hear(&car, &sender, TOWN_NOW + 1, bytes_view(&town.pca3.bytes)), "accepted") == 0, "another's answer");
	CHECK(wants(&car, &town.pca2), "it still wants the PCA");
	CHECK(strcmp(hear(&car, &sender, TOWN_NOW + 2, bytes_view(&town.pca2.bytes)), "accepted") == 0, "the answer");
	CHECK(!wants(&car, &town.pca2), "it has the PCA");
	CHECK(strcmp(hear(&car, &stranger, TOWN_NOW + 3, none), "accepted") == 0, "now it is accepted");
	/* Two steps: the PCA, then the ICA above it. */
	CHECK(strcmp(hear(&car, &far_stranger, TOWN_NOW + 4, none), "CHAIN_INCOMPLETE") == 0 && wants(&car, &town.pca3), "it wants the PCA");
	(void)hear(&car, &sender, TOWN_NOW + 5, bytes_view(&town.pca3.bytes));
	CHECK(strcmp(hear(&car, &far_stranger, TOWN_NOW + 6, none), "CHAIN_INCOMPLETE") == 0 && wants(&car, &town.ica2), "then the ICA");
	(void)hear(&car, &sender, TOWN_NOW + 7, bytes_view(&town.ica2.bytes));
	CHECK(strcmp(hear(&car, &far_stranger, TOWN_NOW + 8, none), "accepted") == 0, "with both it is accepted");
	CHECK(ee_receiver_wanted(car.receiver, id3) == 0, "nothing is wanted any more");
	town_device_close(&car);
}

static void bad_peers(void)
{
	const struct scms_slice none = {NULL, 0};
	struct town_device car;
	struct person evil_root, evil[20];
	scms_time64 now = TOWN_NOW;
	uint8_t id8[8];

	town_device(&town, &car, "bad-peers", DEVICE_OBE);
	/* An issuer whose last three bytes are another's is not answered by that other. */
	memcpy(id8, cert_id8(&town.pca2.cert), 8);
	id8[0] ^= 1;
	made_up(&car, id8, now);
	(void)hear(&car, &sender, now + 1, bytes_view(&town.pca2.bytes));
	CHECK(wants(&car, &town.pca2), "the namesake is wanted still");
	now += 2 * SECOND;
	/* Made-up issuers take the places, but not for good. */
	for (unsigned k = 0; k < EE_WANTED_MAX; k++) {
		town_must(RAND_bytes(id8, sizeof(id8)) == 1, "random", "none");
		made_up(&car, id8, now);
	}
	(void)hear(&car, &stranger, now, none);
	CHECK(!wants(&car, &town.pca2), "four are wanted already");
	now += 2 * SECOND;
	(void)hear(&car, &stranger, now, none);
	CHECK(wants(&car, &town.pca2), "who asks a second later has a place");
	(void)hear(&car, &sender, now + 1, bytes_view(&town.pca2.bytes));
	CHECK(strcmp(hear(&car, &stranger, now + 2, none), "accepted") == 0, "the real one is known");
	/* Certificates that are good for nothing do not push out what is good. */
	town_component(&evil_root, PROFILE_ICA, "evil.example", NULL, &town);
	for (unsigned k = 0; k < 20; k++) {
		town_component(&evil[k], PROFILE_PCA, "evil-pca.example", &evil_root, &town);
		now += 2 * SECOND;
		made_up(&car, cert_id8(&evil[k].cert), now);
		(void)hear(&car, &sender, now + 1, bytes_view(&evil[k].bytes));
		CHECK(!wants(&car, &evil[k]), "certificate %u was taken", k);
		person_free(&evil[k]);
	}
	/* A CRL has what was judged before forgotten. */
	town_hash_crl(&town, &car, 3, NULL, 0, now + 2, (scms_time32)(now / SECOND) + 86400);
	CHECK(strcmp(hear(&car, &stranger, now + 2, none), "accepted") == 0, "the real one is still known");
	town_must(ee_sender_current(&stranger.sender, EE_PSEUDONYM) != NULL, "stranger", "no certificate");
	ee_sender_change(&stranger.sender);
	CHECK(strcmp(hear(&car, &stranger, now + 3, none), "accepted") == 0, "also for a certificate that was never seen");
	person_free(&evil_root);
	town_device_close(&car);
}

/* What by asks for with a message that car hears; who is NULL: what nobody has. */
static struct scms_slice answer(struct town_device *car, struct town_device *by, scms_time64 now, const struct person *who, bool bent)
{
	struct ee_message message = safety;
	struct ee_receipt receipt;
	uint8_t id3[2][3] = {{0}};
	struct bytes bytes;

	if (who != NULL)
		memcpy(id3[0], cert_id8(&who->cert) + 5, 3);
	memcpy(id3[1], cert_id8(&town.pca.cert) + 5, 3); /* the first that is asked for is answered */
	message.wanted = (const uint8_t(*)[3])id3;
	message.wanted_n = 2;
	bytes = town_message(by, now, &message);
	bytes.p[bytes.n - 1] ^= bent;
	receipt = judge_at(car->receiver, car, now, bytes_view(&bytes));
	CHECK((receipt.verdict == EE_ACCEPTED) != bent, "a peer that asks");
	bytes_free(&bytes);
	return ee_receiver_asked(car->receiver, &car->device);
}

static bool is_of(struct scms_slice bytes, const struct person *who)
{
	return bytes.n == who->bytes.n && memcmp(bytes.p, who->bytes.p, bytes.n) == 0;
}

/* Issuers that a device has by its chain file, for peers that ask. */
static void answering(void)
{
	const struct person *const people[] = {&town.ica, &town.pca, &town.pca2, &town.ica2, &town.pca3};
	const struct scms_slice none = {NULL, 0};
	struct town_device car;
	struct scms_slice given;
	scms_time64 now = TOWN_NOW;

	town_device(&town, &car, "answering", DEVICE_OBE);
	town_issue(&town, &car, town_ask(&car, EE_PSEUDONYM), ee_batch_period(EE_PSEUDONYM, TOWN_NOW), NULL);
	CHECK(ee_receiver_asked(car.receiver, &car.device).n == 0, "nobody has asked");
	CHECK(answer(&car, &sender, ++now, &town.pca2, false).n == 0, "without a chain file there is no answer");
	town_chain(&town, &car, 1, people, 5, 2);
	CHECK(is_of(answer(&car, &sender, ++now, &town.pca2, false), &town.pca2), "a PCA of the chain file");
	CHECK(ee_receiver_asked(car.receiver, &car.device).n == 0, "it is given once");
	CHECK(is_of(answer(&car, &sender, ++now, &town.pca3, false), &town.pca3), "a PCA that is there for this alone");
	CHECK(is_of(answer(&car, &sender, ++now, &town.ica2, false), &town.ica2), "and what is above it");
	CHECK(answer(&car, &sender, ++now, NULL, false).n == 0, "what it does not have");
	CHECK(answer(&car, &sender, ++now, &town.root, false).n == 0, "roots are none of it");
	CHECK(answer(&car, &sender, ++now, &town.pca2, true).n == 0, "who is not believed is not answered");
	/* There and back: one who does not know the PCA asks, and learns. */
	CHECK(strcmp(hear(&sender, &stranger, ++now, none), "CHAIN_INCOMPLETE") == 0 && wants(&sender, &town.pca2), "it wants the PCA");
	given = answer(&car, &sender, ++now, &town.pca2, false);
	CHECK(strcmp(hear(&sender, &car, ++now, given), "accepted") == 0 && !wants(&sender, &town.pca2), "it is answered");
	CHECK(strcmp(hear(&sender, &stranger, ++now, none), "accepted") == 0, "it has learnt");
	/* Another chain file, and what went with the last is not given any more. */
	town_chain(&town, &car, 2, people, 2, 0);
	CHECK(answer(&car, &sender, ++now, &town.pca2, false).n == 0, "a PCA that the chain file has no more");
	town_device_close(&car);
}

/* Its own store knows its PCA, and the others' do not. */
static void stranger_make(struct town_device *device, const char *name, const struct person *pca)
{
	town.strangers = true;
	town_device(&town, device, name, DEVICE_OBE);
	town.strangers = false;
	town_issue(&town, device, town_ask(device, EE_PSEUDONYM), ee_batch_period(EE_PSEUDONYM, TOWN_NOW), pca);
}

int main(void)
{
	struct town_device car;

	town_open(&town, &judge);
	town_device(&town, &sender, "sender", DEVICE_OBE);
	town_issue(&town, &sender, town_ask(&sender, EE_PSEUDONYM), ee_batch_period(EE_PSEUDONYM, TOWN_NOW), NULL);
	town_device(&town, &unit, "unit", DEVICE_RSE);
	town_issue(&town, &unit, town_ask(&unit, EE_APPLICATION), 0, NULL);
	stranger_make(&stranger, "stranger", &town.pca2);
	stranger_make(&far_stranger, "far-stranger", &town.pca3);
	town_device(&town, &car, "car", DEVICE_OBE);
	for (size_t k = 0; k < sizeof(messages) / sizeof(messages[0]); k++)
		one(&car, &messages[k]);
	bits(&car);
	odd(&car);
	replays(&car, 512, 80);
	replays(&car, 32, 100);
	replays(&car, 8, 40);
	revocation();
	staleness();
	learning();
	bad_peers();
	answering();
	town_device_close(&car);
	town_device_close(&sender);
	town_device_close(&unit);
	town_device_close(&stranger);
	town_device_close(&far_stranger);
	town_close(&town);
	return check_done();
}
