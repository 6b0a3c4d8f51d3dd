/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/state.h"

#include "components/sealed.h"

#include <openssl/crypto.h>
#include <string.h>

const char *ee_kind_name(enum ee_request_kind kind)
{
	static const char *const names[] = {
	    [EE_PSEUDONYM] = "pseudonym", [EE_IDENTIFICATION] = "identification", [EE_APPLICATION] = "application"};

	return names[kind];
}

void ee_state_pend(struct ee_state *state, struct bytes *request, const uint8_t key[SCALAR_BYTES])
{
	bytes_free(&state->pending_request);
	state->is_pending = true;
	state->pending_request = *request;
	*request = (struct bytes){NULL, 0};
	memcpy(state->pending_key, key, SCALAR_BYTES);
}

void ee_state_unpend(struct ee_state *state)
{
	bytes_free(&state->pending_request);
	state->is_pending = false;
	OPENSSL_cleanse(state->pending_key, sizeof(state->pending_key));
}

void ee_state_enrolled(struct ee_state *state, const struct ee_enrolment *enrolment)
{
	if (state->enrolments == EE_ENROLMENTS_MAX)
		ee_enrolment_free(&state->enrolment[--state->enrolments]);
	memmove(state->enrolment + 1, state->enrolment, state->enrolments * sizeof(state->enrolment[0]));
	state->enrolment[0] = *enrolment;
	state->enrolments++;
	ee_state_unpend(state);
}

struct ee_request *ee_state_requested(struct ee_state *state, const struct ee_request *request)
{
	if (state->requests == EE_REQUESTS_MAX)
		state->requests--;
	memmove(state->request + 1, state->request, state->requests * sizeof(state->request[0]));
	state->request[0] = *request;
	state->requests++;
	return &state->request[0];
}

void ee_state_drop(struct ee_state *state, struct ee_request *request)
{
	size_t behind = (size_t)(state->request + state->requests - (request + 1));

	memmove(request, request + 1, behind * sizeof(*request));
	state->requests--;
	OPENSSL_cleanse(&state->request[state->requests], sizeof(*request));
}

const struct ee_request *ee_state_next(const struct ee_state *state, enum ee_request_kind kind, const struct ee_request *after)
{
	for (const struct ee_request *k = after == NULL ? state->request : after + 1; k < state->request + state->requests; k++)
		if (k->kind == kind)
			return k;
	return NULL;
}

static struct EndEntityRequest request_to(const struct ee_request *from)
{
	return (struct EndEntityRequest){
	    .kind = (int32_t)from->kind,
	    .hash = from->hash,
	    .enrolment = from->enrolment,
	    .acknowledged = from->acknowledged,
	    .time = from->time,
	    .signKey = from->keys.sign,
	    .signExpansion = from->keys.sign_expansion,
	    .respondKey = from->keys.respond,
	    .respondExpansion = from->keys.respond_expansion,
	};
}

static struct ee_request request_from(const struct EndEntityRequest *from)
{
	struct ee_request to = {
	    .kind = (enum ee_request_kind)from->kind, .acknowledged = from->acknowledged, .time = from->time};

	memcpy(to.hash, from->hash, sizeof(to.hash));
	memcpy(to.enrolment, from->enrolment, sizeof(to.enrolment));
	memcpy(to.keys.sign, from->signKey, SCALAR_BYTES);
	memcpy(to.keys.sign_expansion, from->signExpansion, AES_128_KEY);
	memcpy(to.keys.respond, from->respondKey, SCALAR_BYTES);
	memcpy(to.keys.respond_expansion, from->respondExpansion, AES_128_KEY);
	return to;
}

static bool enrolment_to(const struct ee_enrolment *from, struct EndEntityEnrolment *to)
{
	to->key = from->key;
	return oer_decode(&oer_Certificate, bytes_view(&from->certificate), OER_DEPTH_DEFAULT, &to->certificate, NULL) == OER_OK &&
	       oer_decode(&oer_Certificate, bytes_view(&from->eca), OER_DEPTH_DEFAULT, &to->eca, NULL) == OER_OK;
}

static enum key_status enrolment_from(const struct EndEntityEnrolment *from, struct ee_enrolment *to, struct key_error *err)
{
	enum key_status status = make_bytes(&oer_Certificate, &from->certificate, &to->certificate, err);

	memcpy(to->key, from->key, SCALAR_BYTES);
	return status == KEY_OK ? make_bytes(&oer_Certificate, &from->eca, &to->eca, err) : status;
}

enum key_status ee_state_seal(const struct ee_state *state, const uint8_t key[AES_128_KEY], const struct scms_crypto *crypto,
			      struct bytes *out, struct key_error *err)
{
	struct EndEntityEnrolment enrolments[EE_ENROLMENTS_MAX];
	struct EndEntityRequest requests[EE_REQUESTS_MAX];
	struct EndEntityState whole = {
	    .version = 1,
	    .enrolments = {.items = enrolments, .count = state->enrolments, .element = &oer_EndEntityEnrolment},
	    .has_pending = state->is_pending,
	    .pending = {.request = bytes_view(&state->pending_request), .key = state->pending_key},
	    .requests = {.items = requests, .count = state->requests, .element = &oer_EndEntityRequest},
	};
	struct bytes plain = {NULL, 0};
	enum key_status status;

	for (unsigned k = 0; k < state->enrolments; k++)
		if (!enrolment_to(&state->enrolment[k], &enrolments[k]))
			return key_fail(err, KEY_VALUE, "enrolment %u holds no certificate", k);
	for (unsigned k = 0; k < state->requests; k++)
		requests[k] = request_to(&state->request[k]);
	status = make_bytes(&oer_EndEntityState, &whole, &plain, err);
	if (status == KEY_OK)
		status = sealed_make(key, crypto, bytes_view(&plain), out, err);
	bytes_free(&plain);
	return status;
}

static enum key_status state_from(const struct EndEntityState *whole, struct ee_state *state, struct key_error *err)
{
	struct oer_iter it = oer_iterate(&whole->enrolments);
	struct EndEntityEnrolment enrolment;
	struct EndEntityRequest request;
	enum key_status status = KEY_OK;

	if (whole->enrolments.count > EE_ENROLMENTS_MAX || whole->requests.count > EE_REQUESTS_MAX)
		return key_fail(err, KEY_MALFORMED, "holds %u enrolments and %u requests; at most %d and %d", whole->enrolments.count,
				whole->requests.count, EE_ENROLMENTS_MAX, EE_REQUESTS_MAX);
	while (status == KEY_OK && oer_next(&it, &enrolment))
		status = enrolment_from(&enrolment, &state->enrolment[state->enrolments++], err);
	it = oer_iterate(&whole->requests);
	while (oer_next(&it, &request))
		if (request.kind < 0 || request.kind >= EE_KINDS)
			return key_fail(err, KEY_MALFORMED, "a request of a later version's kind");
		else
			state->request[state->requests++] = request_from(&request);
	if (whole->has_pending) {
		struct bytes pended = {OPENSSL_memdup(whole->pending.request.p, whole->pending.request.n), whole->pending.request.n};

		if (pended.p == NULL)
			return key_fail(err, KEY_FAILED, "out of memory");
		ee_state_pend(state, &pended, whole->pending.key);
	}
	return status;
}

enum key_status ee_state_open(struct scms_slice bytes, const uint8_t key[AES_128_KEY], const struct scms_crypto *crypto,
			      struct ee_state *state, struct key_error *err)
{
	struct EncryptedData sealed;
	struct EndEntityState whole;
	struct bytes plain = {NULL, 0};
	enum key_status status;

	memset(state, 0, sizeof(*state));
	if (oer_decode(&oer_EncryptedData, bytes, OER_DEPTH_DEFAULT, &sealed, NULL) != OER_OK)
		return key_fail(err, KEY_MALFORMED, "is no sealed state of an end entity");
	status = sealed_open(key, crypto, &sealed, &plain, err);
	if (status == KEY_OK && oer_decode(&oer_EndEntityState, bytes_view(&plain), OER_DEPTH_DEFAULT, &whole, NULL) != OER_OK)
		status = key_fail(err, KEY_MALFORMED, "holds no state of an end entity");
	if (status == KEY_OK)
		status = state_from(&whole, state, err);
	if (status != KEY_OK)
		ee_state_free(state);
	bytes_free(&plain);
	return status;
}

void ee_state_free(struct ee_state *state)
{
	for (unsigned k = 0; k < state->enrolments; k++)
		ee_enrolment_free(&state->enrolment[k]);
	bytes_free(&state->pending_request);
	OPENSSL_cleanse(state, sizeof(*state));
}
