/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/provision/walk.h"

#include "base/clock.h"
#include "components/message.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"

#include <stdlib.h>
#include <string.h>

static const struct scms_slice ma_host = {(const uint8_t *)"ma.localhost", 12};
static const struct oer_list no_signatures = {.element = &oer_Countersignature};

static void reply_read(const struct world *world, const char *reply, struct walk_reply *out)
{
	struct Ieee1609Dot2Data data;
	struct recipient me;
	struct key_error err = {.text = ""};
	struct scms_slice inner;

	world_must(oer_decode(&oer_Ieee1609Dot2Data, bytes_view(&out->kept.body), 8, &data, NULL) == OER_OK &&
		       message_recipient(&world->ma.cert, &judge, &me, &err) == KEY_OK &&
		       encrypted_open(&data.content.u.encryptedData, &me, world->ma.decryption, &out->plain, &err) == KEY_OK,
		   reply, err.text);
	world_must(envelope_check(envelope_find(envelope_find(reply)->holds), bytes_view(&out->plain), 8, &inner, NULL) == OER_OK &&
		       oer_decode(&oer_ScmsPDU, inner, 8, &out->content, NULL) == OER_OK,
		   reply, "not what it should be");
}

void walk_ask(const struct world *world, enum world_component which, const char *path, const char *request, const char *reply,
	      const struct ScmsPDU *pdu, struct walk_reply *out)
{
	struct party ma = world_party(&world->ma);
	struct bytes encoded = {NULL, 0}, made = {NULL, 0};
	struct key_error err = {.text = ""};

	memset(out, 0, sizeof(*out));
	world_must(make_bytes(&oer_ScmsPDU, pdu, &encoded, &err) == KEY_OK &&
		       message_make(&ma, envelope_find(request), bytes_view(&encoded), clock_now(), &world->cert[which], &made, &err) == KEY_OK,
		   request, err.text);
	out->kept = fetch(world, world->url[which], path, bytes_view(&made), world->ma_line, world->ma_certificate, world->ma_key);
	world_must(out->kept.status == 200, path, out->kept.text);
	reply_read(world, reply, out);
	bytes_free(&encoded);
	bytes_free(&made);
}

void walk_reply_free(struct walk_reply *reply)
{
	bytes_free(&reply->plain);
	bytes_free(&reply->kept.body);
}

/* Linkage values -> hashes of the RA's requests. */
static void ask_hashes(const struct world *world, struct vehicle *vehicle)
{
	const uint8_t **values = calloc(vehicle->n, sizeof(*values));
	struct ScmsPDU ask = {.version = 1, .content = {.choice = ScmsPDU_content_is_ma_pca}};
	struct walk_reply reply;
	struct oer_iter it;
	struct Lv2HPCR row;

	world_must(values != NULL, "memory", "none");
	for (unsigned c = 0; c < vehicle->n; c++)
		values[c] = vehicle->certificates[c].lv;
	ask.content.u.ma_pca.choice = MaPcaInterfacePDU_is_maPcaHPCRRequest;
	ask.content.u.ma_pca.u.maPcaHPCRRequest = (struct MaPcaHPCRRequestMsg){
	    .version = 1,
	    .tbs = {.maId = ma_host, .linkage_values = {.items = values, .count = vehicle->n, .element = &oer_LinkageValue}},
	    .signatures = no_signatures};
	walk_ask(world, WORLD_PCA, "/pca/request-hashes", "SecuredMaPcaHPCRRequest", "SecuredPcaMaHPCRResponse", &ask, &reply);
	it = oer_iterate(&reply.content.content.u.ma_pca.u.pcaMaHPCRResponse.hpcrinfo);
	for (unsigned c = 0; c < vehicle->n; c++) {
		world_must(oer_next(&it, &row) && row.reply.choice == Lv2HPCR_reply_is_success &&
			       memcmp(row.lv, values[c], LINKAGE_VALUE) == 0,
			   "HPCR", "unknown");
		memcpy(vehicle->certificates[c].hpcr, row.reply.u.success.hpcr, 32);
		CHECK(row.reply.u.success.hostname.n == strlen("ra.localhost"), "the RA's host name");
	}
	walk_reply_free(&reply);
	free(values);
}

/* Hash of a request -> linkage chains. */
static void ask_chains(const struct world *world, struct vehicle *vehicle)
{
	const uint8_t *hashes[1] = {vehicle->certificates[0].hpcr};
	struct ScmsPDU ask = {.version = 1, .content = {.choice = ScmsPDU_content_is_ma_ra}};
	struct walk_reply reply;
	struct HPCR2LCI chains;
	struct oer_iter it;

	ask.content.u.ma_ra.choice = MaRaInterfacePDU_is_maRaLCIRequest;
	ask.content.u.ma_ra.u.maRaLCIRequest = (struct MaRaLCIRequestMsg){
	    .version = 1,
	    .tbs = {.maId = ma_host, .hpcr = {.items = hashes, .count = 1, .element = &oer_HPCR}},
	    .signatures = no_signatures};
	walk_ask(world, WORLD_RA, "/ra/linkage-chains", "SecuredLCIRequest", "SecuredLCIResponse", &ask, &reply);
	it = oer_iterate(&reply.content.content.u.ma_ra.u.raMaLCIResponse.lciInfo);
	world_must(oer_next(&it, &chains) && chains.reply.choice == HPCR2LCI_reply_is_success, "LCI", "unknown");
	for (unsigned k = 0; k < 2; k++) {
		const struct EncryptedData *lci = k == 0 ? &chains.reply.u.success.info.la1_lci : &chains.reply.u.success.info.la2_lci;
		struct bytes bytes = {NULL, 0};
		struct key_error err = {.text = "too long"};

		world_must(make_bytes(&oer_EncryptedData, lci, &bytes, &err) == KEY_OK && bytes.n <= sizeof(vehicle->lci[k]), "LCI", err.text);
		memcpy(vehicle->lci[k], bytes.p, bytes.n);
		vehicle->lci_n[k] = bytes.n;
		bytes_free(&bytes);
	}
	walk_reply_free(&reply);
}

/* Chain -> seed, from each LA. */
static void ask_seed(const struct world *world, struct vehicle *vehicle, unsigned la)
{
	const struct scms_slice bytes = {vehicle->lci[la], vehicle->lci_n[la]};
	struct ScmsPDU ask = {.version = 1, .content = {.choice = ScmsPDU_content_is_la_ma}};
	struct walk_reply reply;
	struct EncryptedData lci;
	struct LCI2LS seed;
	struct oer_iter it;

	world_must(oer_decode(&oer_EncryptedData, bytes, OER_DEPTH_DEFAULT, &lci, NULL) == OER_OK, "LCI", "cannot be read again");
	ask.content.u.la_ma.choice = LaMaInterfacePDU_is_maLaLinkageSeedRequest;
	ask.content.u.la_ma.u.maLaLinkageSeedRequest = (struct MaLaLinkageSeedRequestMsg){
	    .version = 1,
	    .tbs = {.maId = ma_host, .lci = {.items = &lci, .count = 1, .element = &oer_EncryptedData}},
	    .signatures = no_signatures};
	walk_ask(world, la == 0 ? WORLD_LA1 : WORLD_LA2, "/la/linkage-seed", "SecuredLSRequest", "SecuredLSReply", &ask, &reply);
	it = oer_iterate(&reply.content.content.u.la_ma.u.laMaLinkageSeedResponse.lsInfo);
	world_must(oer_next(&it, &seed) && seed.reply.choice == LCI2LS_reply_is_success, "seed", "refused");
	memcpy(vehicle->seed[la], seed.reply.u.success.linkageSeed, LINKAGE_SEED);
	memcpy(vehicle->la[la], seed.reply.u.success.laId, 2);
	walk_reply_free(&reply);
}

void walk_vehicle(const struct world *world, struct vehicle *vehicle)
{
	ask_hashes(world, vehicle);
	ask_chains(world, vehicle);
	ask_seed(world, vehicle, 0);
	ask_seed(world, vehicle, 1);
}

void walk_values(const struct vehicle *vehicle, uint16_t first, const struct vehicle_certificate *certificate,
		 uint8_t plv[2][LINKAGE_VALUE])
{
	for (unsigned k = 0; k < 2; k++) {
		uint16_t id = (uint16_t)(vehicle->la[k][0] << 8 | vehicle->la[k][1]);
		uint8_t seed[LINKAGE_SEED], one[1][LINKAGE_VALUE];

		memcpy(seed, vehicle->seed[k], sizeof(seed));
		world_must(linkage_seed_advance(id, (uint32_t)(certificate->i - first), seed) &&
			       linkage_pre_values(id, seed, certificate->j, 1, one),
			   "pre-linkage values", "cannot be computed");
		memcpy(plv[k], one[0], LINKAGE_VALUE);
	}
}
