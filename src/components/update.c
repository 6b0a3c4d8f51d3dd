/* SPDX-License-Identifier: Apache-2.0 */
#include "update.h"

#include "asn1/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t magic[4] = {'S', 'C', 'U', 'P'};

static enum oer_status refuse(struct oer_error *err, const char *path, const char *expected, const char *found)
{
	if (err != NULL) {
		*err = (struct oer_error){.status = OER_RANGE};
		snprintf(err->path, sizeof(err->path), "%s", path);
		snprintf(err->expected, sizeof(err->expected), "%s", expected);
		snprintf(err->found, sizeof(err->found), "%s", found);
	}
	return OER_RANGE;
}

/* An empty file is a file, which the session then refuses by name. */
static struct scms_slice present(bool has, struct scms_slice bytes)
{
	static const uint8_t none[1];

	if (!has)
		return (struct scms_slice){NULL, 0};
	return bytes.p != NULL ? bytes : (struct scms_slice){none, 0};
}

enum oer_status update_read(struct update *update, struct scms_slice bytes, struct oer_error *err)
{
	struct TrustUpdate value;
	enum oer_status status = oer_decode(&oer_TrustUpdate, bytes, OER_DEPTH_DEFAULT, &value, err);
	struct oer_iter it;
	char found[32];

	if (status != OER_OK)
		return status;
	if (memcmp(value.magic, magic, sizeof(magic)) != 0)
		return refuse(err, "TrustUpdate.magic", "53435550 (SCUP)", "another value");
	if (value.certificates.count > UPDATE_CERTIFICATES_MAX) {
		snprintf(found, sizeof(found), "%u", value.certificates.count);
		return refuse(err, "TrustUpdate.certificates", "at most 64 certificates", found);
	}
	*update = (struct update){
	    .session = {.policy = present(value.has_policy, value.policy),
			.crl = present(value.has_crl, value.crl),
			.chain = present(value.has_chain, value.chain),
			.history = present(value.has_history, value.history)},
	};
	it = oer_iterate(&value.certificates);
	while (oer_next(&it, &update->certificates[update->session.certificate_count]))
		update->session.certificate_count++;
	update->session.certificates = update->certificates;
	return OER_OK;
}

bool update_make(const struct scms_session *session, struct scms_slice *bytes)
{
	const struct TrustUpdate value = {
	    .magic = magic,
	    .version = 1,
	    .has_policy = session->policy.p != NULL,
	    .policy = session->policy,
	    .has_crl = session->crl.p != NULL,
	    .crl = session->crl,
	    .has_chain = session->chain.p != NULL,
	    .chain = session->chain,
	    .has_history = session->history.p != NULL,
	    .history = session->history,
	    .certificates = {.count = (uint32_t)session->certificate_count, .items = session->certificates},
	};
	uint8_t *out;
	size_t n = 0;

	*bytes = (struct scms_slice){NULL, 0};
	if (session->certificate_count > UPDATE_CERTIFICATES_MAX ||
	    oer_encode(&oer_TrustUpdate, &value, NULL, 0, &n) != OER_SPACE)
		return false;
	out = malloc(n);
	if (out == NULL || oer_encode(&oer_TrustUpdate, &value, out, n, &n) != OER_OK) {
		free(out);
		return false;
	}
	*bytes = (struct scms_slice){out, n};
	return true;
}
