/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ma/walk.h"

#include "components/period.h"
#include "components/role_service.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (1u << 20)
#define CERTIFICATE_MAX 4096

struct walk;

/* One question to one peer: its certificate first, to encrypt for it, then the question itself. */
struct question {
	const char *peer, *path;
	const char *ask, *answer; /* rows of the envelope table */
	enum role role;
	bool (*make)(struct walk *walk, struct ScmsPDU *pdu);
	bool (*take)(struct walk *walk, const struct ScmsPDU *pdu);
};

struct walk {
	struct service *service;
	void (*done)(void *ctx, const struct walk_result *result, const char *text);
	void *ctx;
	const struct question *first, *question; /* end with one whose peer is NULL */
	const char *peer;	/* who is asked now */
	unsigned next;		/* of the configured peers, the next that the first question may go to */
	char ra[256], at[2][256]; /* host names of the RA and of the LAs that the others named; "": none */
	char text[320];		/* why nobody has answered yet */
	struct walk_result result;
	uint8_t id[9];
	const uint8_t *id_p; /* what lists of one element point to */
	uint8_t hpcr[32];
	const uint8_t *hpcr_p;
	struct bytes lci[2];
	unsigned la; /* whose chain is asked about */
	struct EncryptedData lci_value;
	struct cert peer_cert;
	struct bytes peer_bytes;
	struct scms_slice host;
};

static void walk_free(struct walk *walk)
{
	bytes_free(&walk->lci[0]);
	bytes_free(&walk->lci[1]);
	bytes_free(&walk->peer_bytes);
	free(walk->result.hash);
	OPENSSL_cleanse(walk, sizeof(*walk));
	free(walk);
}

/* ---- whom to ask ---- */

/* Is it one of several: "pca" or "pca2" for "pca", "la3" for "la1"? */
static bool is_like(const char *name, const char *peer)
{
	size_t n = strcspn(peer, "0123456789");

	return strncmp(name, peer, n) == 0 && strspn(name + n, "0123456789") == strlen(name + n);
}

static bool is_at(const char *url, const char *host)
{
	const char *at = url != NULL ? strstr(url, "://") : NULL;
	size_t n = at != NULL ? strcspn(at + 3, ":/") : 0;

	return n > 0 && n == strlen(host) && strncmp(at + 3, host, n) == 0;
}

/* The next peer that may know the answer to the first question. False: all have been asked. */
static bool peer_next(struct walk *walk)
{
	const char *name;

	while ((name = service_peer_name(walk->service, walk->next)) != NULL) {
		walk->next++;
		if (is_like(name, walk->first->peer)) {
			walk->peer = name;
			return true;
		}
	}
	return false;
}

/* Who is asked after the first: whose host name was told, or who has answered before, or the peer of that name. */
static const char *peer_of(const struct walk *walk)
{
	const struct question *question = walk->question;
	const char *host = question->role == ROLE_RA ? walk->ra : walk->at[walk->la], *name;

	for (unsigned k = 0; host[0] != '\0' && (name = service_peer_name(walk->service, k)) != NULL; k++)
		if (is_like(name, question->peer) && is_at(service_peer(walk->service, name), host))
			return name;
	return is_like(walk->peer, question->peer) && question->role == ROLE_RA ? walk->peer : question->peer;
}

static void host_keep(char to[256], struct scms_slice host)
{
	memset(to, 0, 256);
	if (host.n < 256 && memchr(host.p, '\0', host.n) == NULL)
		memcpy(to, host.p, host.n);
}

static void walk_step(struct walk *walk);

static void walk_fail(struct walk *walk, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void walk_fail(struct walk *walk, const char *format, ...)
{
	char text[256];
	size_t n = strlen(walk->text);
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(walk->text + n, sizeof(walk->text) - n, "%s%s: %s", n > 0 ? "; " : "", walk->peer, text);
	/* Where there are several PCAs, or RAs, only one of them knows whom this is about. */
	if (walk->question == walk->first && peer_next(walk)) {
		walk_step(walk);
		return;
	}
	walk->done(walk->ctx, NULL, walk->text);
	walk_free(walk);
}

/* ---- what is asked, and what the answers say ---- */

static const struct oer_list no_signatures = {.element = &oer_Countersignature};

static struct ScmsPDU message_of(uint8_t interface)
{
	struct ScmsPDU pdu = {.version = 1, .content = {.choice = interface}};

	return pdu;
}

static bool ask_hpcr(struct walk *walk, struct ScmsPDU *pdu)
{
	*pdu = message_of(ScmsPDU_content_is_ma_pca);
	pdu->content.u.ma_pca.choice = MaPcaInterfacePDU_is_maPcaHPCRRequest;
	pdu->content.u.ma_pca.u.maPcaHPCRRequest = (struct MaPcaHPCRRequestMsg){
	    .version = 1,
	    .tbs = {.maId = walk->host, .linkage_values = {.items = &walk->id_p, .count = 1, .element = &oer_LinkageValue}},
	    .signatures = no_signatures};
	return true;
}

static bool take_hpcr(struct walk *walk, const struct ScmsPDU *pdu)
{
	struct oer_iter it = oer_iterate(&pdu->content.u.ma_pca.u.pcaMaHPCRResponse.hpcrinfo);
	struct Lv2HPCR row;

	if (!oer_next(&it, &row) || memcmp(row.lv, walk->id, 9) != 0 || row.reply.choice != Lv2HPCR_reply_is_success)
		return false;
	memcpy(walk->hpcr, row.reply.u.success.hpcr, sizeof(walk->hpcr));
	host_keep(walk->ra, row.reply.u.success.hostname);
	return true;
}

static bool ask_blacklist(struct walk *walk, struct ScmsPDU *pdu)
{
	*pdu = message_of(ScmsPDU_content_is_ma_ra);
	pdu->content.u.ma_ra.choice = MaRaInterfacePDU_is_maRaBlacklistRequest;
	pdu->content.u.ma_ra.u.maRaBlacklistRequest = (struct MaRaBlacklistRequestMsg){
	    .version = 1,
	    .tbs = {.maId = walk->host, .hpcr = {.items = &walk->hpcr_p, .count = 1, .element = &oer_HPCR}},
	    .signatures = no_signatures};
	return true;
}

/* On the blacklist already is as good as put there. */
static bool blacklisted(uint8_t choice, uint8_t success, const struct ScmsError *failure)
{
	return choice == success ||
	       (failure->choice == ScmsError_is_ma_ra && failure->u.ma_ra.choice == MaRaError_is_ma_ra_blacklist_error &&
		failure->u.ma_ra.u.ma_ra_blacklist_error == MaRaBlacklistErrorCode_alreadyBlacklisted);
}

static bool take_blacklist(struct walk *walk, const struct ScmsPDU *pdu)
{
	struct oer_iter it = oer_iterate(&pdu->content.u.ma_ra.u.raMaBlacklistResponse.status);
	struct BlacklistingStatus row;

	return oer_next(&it, &row) && memcmp(row.hpcr, walk->hpcr, 32) == 0 &&
	       blacklisted(row.reply.choice, BlacklistingStatus_reply_is_success, &row.reply.u.failure);
}

static bool ask_chains(struct walk *walk, struct ScmsPDU *pdu)
{
	*pdu = message_of(ScmsPDU_content_is_ma_ra);
	pdu->content.u.ma_ra.choice = MaRaInterfacePDU_is_maRaLCIRequest;
	pdu->content.u.ma_ra.u.maRaLCIRequest = (struct MaRaLCIRequestMsg){
	    .version = 1,
	    .tbs = {.maId = walk->host, .hpcr = {.items = &walk->hpcr_p, .count = 1, .element = &oer_HPCR}},
	    .signatures = no_signatures};
	return true;
}

static bool take_chains(struct walk *walk, const struct ScmsPDU *pdu)
{
	struct oer_iter it = oer_iterate(&pdu->content.u.ma_ra.u.raMaLCIResponse.lciInfo);
	const struct LCIAndHostInfo *info;
	struct HPCR2LCI row;
	uint32_t i_max;

	if (!oer_next(&it, &row) || memcmp(row.hpcr, walk->hpcr, 32) != 0 || row.reply.choice != HPCR2LCI_reply_is_success)
		return false;
	info = &row.reply.u.success.info;
	i_max = (uint32_t)info->iMax[0] << 24 | (uint32_t)info->iMax[1] << 16 | (uint32_t)info->iMax[2] << 8 | info->iMax[3];
	walk->result.i_max = i_max > UINT16_MAX ? UINT16_MAX : (uint16_t)i_max;
	host_keep(walk->at[0], info->la1_id);
	host_keep(walk->at[1], info->la2_id);
	return make_bytes(&oer_EncryptedData, &info->la1_lci, &walk->lci[0], NULL) == KEY_OK &&
	       make_bytes(&oer_EncryptedData, &info->la2_lci, &walk->lci[1], NULL) == KEY_OK;
}

static bool ask_seed(struct walk *walk, struct ScmsPDU *pdu)
{
	if (oer_decode(&oer_EncryptedData, bytes_view(&walk->lci[walk->la]), OER_DEPTH_DEFAULT, &walk->lci_value, NULL) != OER_OK)
		return false;
	*pdu = message_of(ScmsPDU_content_is_la_ma);
	pdu->content.u.la_ma.choice = LaMaInterfacePDU_is_maLaLinkageSeedRequest;
	pdu->content.u.la_ma.u.maLaLinkageSeedRequest = (struct MaLaLinkageSeedRequestMsg){
	    .version = 1,
	    .tbs = {.maId = walk->host, .lci = {.items = &walk->lci_value, .count = 1, .element = &oer_EncryptedData}},
	    .signatures = no_signatures};
	return true;
}

static bool take_seed(struct walk *walk, const struct ScmsPDU *pdu)
{
	struct oer_iter it = oer_iterate(&pdu->content.u.la_ma.u.laMaLinkageSeedResponse.lsInfo);
	struct LCI2LS row;
	unsigned la = walk->la;

	if (!oer_next(&it, &row) || row.reply.choice != LCI2LS_reply_is_success)
		return false;
	memcpy(walk->result.seed[la], row.reply.u.success.linkageSeed, LINKAGE_SEED);
	walk->result.la[la] = (uint16_t)(row.reply.u.success.laId[0] << 8 | row.reply.u.success.laId[1]);
	walk->la++;
	return true;
}

static bool ask_rif(struct walk *walk, struct ScmsPDU *pdu)
{
	*pdu = message_of(ScmsPDU_content_is_ma_ra);
	pdu->content.u.ma_ra.choice = MaRaInterfacePDU_is_maRaRseObeIdBlacklistRequest;
	pdu->content.u.ma_ra.u.maRaRseObeIdBlacklistRequest = (struct MaRaRseObeIdBlacklistRequestMsg){
	    .version = 1,
	    .tbs = {.maId = walk->host, .rif = {.items = &walk->id_p, .count = 1, .element = &oer_RIF}},
	    .signatures = no_signatures};
	return true;
}

static bool take_rif(struct walk *walk, const struct ScmsPDU *pdu)
{
	struct oer_iter it = oer_iterate(&pdu->content.u.ma_ra.u.raMaRseObeIdBlacklistResponse.status);
	struct RseObeIdBlacklistingStatus row;

	return oer_next(&it, &row) && memcmp(row.rif, walk->id, 8) == 0 &&
	       blacklisted(row.reply.choice, RseObeIdBlacklistingStatus_reply_is_success, &row.reply.u.failure);
}

static bool ask_certificates(struct walk *walk, struct ScmsPDU *pdu)
{
	*pdu = message_of(ScmsPDU_content_is_ma_ra);
	pdu->content.u.ma_ra.choice = MaRaInterfacePDU_is_maRaCDVRequest;
	pdu->content.u.ma_ra.u.maRaCDVRequest = (struct MaRaCDVRequestMsg){
	    .version = 1,
	    .tbs = {.maId = walk->host, .rifValues = {.items = &walk->id_p, .count = 1, .element = &oer_RIF}},
	    .signatures = no_signatures};
	return true;
}

static bool take_certificates(struct walk *walk, const struct ScmsPDU *pdu)
{
	struct oer_iter it = oer_iterate(&pdu->content.u.ma_ra.u.raMaCDVResponse.cdvInfo), ids;
	struct CdvInfo row;
	const uint8_t *id;

	if (!oer_next(&it, &row) || memcmp(row.rif, walk->id, 8) != 0 || row.reply.choice != CdvInfo_reply_is_success ||
	    row.reply.u.success.count > WALK_HASHES_MAX)
		return false;
	walk->result.hash = calloc(row.reply.u.success.count, sizeof(*walk->result.hash));
	ids = oer_iterate(&row.reply.u.success);
	while (walk->result.hash != NULL && oer_next(&ids, &id))
		memcpy(walk->result.hash[walk->result.hash_count++], id, 10);
	return walk->result.hash != NULL;
}

static const struct question of_pseudonym[] = {
    {"pca", "/pca/request-hashes", "SecuredMaPcaHPCRRequest", "SecuredPcaMaHPCRResponse", ROLE_PCA, ask_hpcr, take_hpcr},
    {"ra", "/ra/blacklist", "SecuredBlacklistRequest", "SecuredBlacklistResponse", ROLE_RA, ask_blacklist, take_blacklist},
    {"ra", "/ra/linkage-chains", "SecuredLCIRequest", "SecuredLCIResponse", ROLE_RA, ask_chains, take_chains},
    {"la1", "/la/linkage-seed", "SecuredLSRequest", "SecuredLSReply", ROLE_LA, ask_seed, take_seed},
    {"la2", "/la/linkage-seed", "SecuredLSRequest", "SecuredLSReply", ROLE_LA, ask_seed, take_seed},
    {NULL},
};

static const struct question of_rif[] = {
    {"ra", "/ra/rif-blacklist", "SecuredRseObeIdBlacklistRequest", "SecuredRseObeIdBlacklistAnswer", ROLE_RA, ask_rif, take_rif},
    {"ra", "/ra/certificates", "SecuredCDVRequest", "SecuredCDVResponse", ROLE_RA, ask_certificates, take_certificates},
    {NULL},
};

/* ---- step by step ---- */

static void answered(void *ctx, const struct http_result *result)
{
	struct walk *walk = ctx;
	const struct question *question = walk->question;
	struct service *service = walk->service;
	enum message_status status;
	struct message message;
	struct ScmsPDU pdu;
	enum role role;
	bool good;

	if (result->status != 200) {
		walk_fail(walk, "%s", result->status == 0 ? result->error : "refused");
		return;
	}
	status = message_open(service->party, envelope_find(question->answer), result->body, clock_now(),
			      trustee_judge(service->trustee), &message);
	if (status != MESSAGE_OK) {
		walk_fail(walk, "%s: %s", message_status_text(status),
			  status == MESSAGE_SIGNER ? scms_reason_text(message.reason) : question->answer);
		message_free(&message);
		return;
	}
	good = role_of_certificate(&message.signer.cert[0], &role) && role == question->role &&
	       oer_decode(&oer_ScmsPDU, message.content, OER_DEPTH_DEFAULT, &pdu, NULL) == OER_OK && question->take(walk, &pdu);
	message_free(&message);
	if (!good) {
		walk_fail(walk, "the answer does not say what was asked: %s", question->answer);
		return;
	}
	walk->question++;
	walk->text[0] = '\0';
	if (walk->question->peer != NULL)
		walk->peer = peer_of(walk);
	walk_step(walk);
}

static void certificate_came(void *ctx, const struct http_result *result)
{
	struct walk *walk = ctx;
	const struct question *question = walk->question;
	struct service *service = walk->service;
	struct bytes pdu_bytes = {NULL, 0}, request = {NULL, 0};
	struct key_error err = {.text = "cannot be asked"};
	enum scms_reason reason;
	struct ScmsPDU pdu;
	enum role role;
	bool sent = false;

	if (result->status != 200) {
		walk_fail(walk, "%s", result->status == 0 ? result->error : "gives no certificate");
		return;
	}
	if (cert_read(&walk->peer_cert, result->body, service->party->crypto, NULL) != OER_OK ||
	    !role_of_certificate(&walk->peer_cert, &role) || role != question->role) {
		walk_fail(walk, "its certificate is not that of a %s", role_name(question->role));
		return;
	}
	reason = trustee_check(service->trustee, result->body, clock_now());
	if (reason != SCMS_VALID) {
		walk_fail(walk, "its certificate: %s", scms_reason_text(reason));
		return;
	}
	if (question->make(walk, &pdu) && make_bytes(&oer_ScmsPDU, &pdu, &pdu_bytes, &err) == KEY_OK &&
	    message_make(service->party, envelope_find(question->ask), bytes_view(&pdu_bytes), clock_now(), &walk->peer_cert, &request,
			 &err) == KEY_OK)
		sent = service_call(service, walk->peer, question->path, bytes_view(&request), ANSWER_MAX, answered, walk);
	bytes_free(&pdu_bytes);
	bytes_free(&request);
	if (!sent)
		walk_fail(walk, "%s", err.text);
}

static void walk_step(struct walk *walk)
{
	if (walk->question->peer == NULL) {
		/* An LA answers for its present period and does not say which that is: it must have been one for both. */
		bool same = walk->result.i == period_of(role_now());

		walk->done(walk->ctx, same ? &walk->result : NULL, "an i-period ended on the way");
		walk_free(walk);
	} else if (!service_call(walk->service, walk->peer, "/certificate", (struct scms_slice){NULL, 0}, CERTIFICATE_MAX,
				 certificate_came, walk)) {
		walk_fail(walk, "out of memory");
	}
}

void walk_begin(struct service *service, enum evidence_kind kind, const uint8_t id[9],
		void (*done)(void *ctx, const struct walk_result *result, const char *text), void *ctx)
{
	struct walk *walk = calloc(1, sizeof(*walk));

	if (walk == NULL) {
		done(ctx, NULL, "out of memory");
		return;
	}
	walk->service = service;
	walk->done = done;
	walk->ctx = ctx;
	walk->first = walk->question = kind == EVIDENCE_PSEUDONYM ? of_pseudonym : of_rif;
	if (!peer_next(walk))
		walk->peer = walk->first->peer;
	walk->result.kind = kind;
	walk->result.i = period_of(role_now());
	walk->host = role_host(service);
	memcpy(walk->id, id, sizeof(walk->id));
	walk->id_p = walk->id;
	walk->hpcr_p = walk->hpcr;
	walk_step(walk);
}
