/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pg/chain_local.h"

#include "components/authority/role.h"
#include "components/pg/chain_encode.h"
#include "components/pg/chain_votes.h"
#include "components/pile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum key_status read_chain(struct scms_slice bytes, bool local, const char *what, struct chain_file *file,
				  struct key_error *err)
{
	struct oer_error oer;

	if (chain_file_read(file, bytes, &oer) != OER_OK)
		return key_fail(err, KEY_VALUE, "%s: offset %zu: %s: expected %s, found %s", what, oer.offset, oer.path, oer.expected,
				oer.found);
	/* ScmsFile: version, content, then which of the two chain files (wire-formats 6.6). */
	if (bytes.n < 3 || bytes.p[2] != (local ? 0x81 : 0x80))
		return key_fail(err, KEY_VALUE, "%s: expected a %s certificate chain file, found a %s one", what,
				local ? "local" : "global", local ? "global" : "local");
	return KEY_OK;
}

/* ---- deriving ---- */

/* A certificate of the GCCF and whether devices of this RA need it. */
struct entry {
	struct scms_slice bytes;
	struct cert cert;
	bool readable, needed;
};

static bool named(const struct cert *cert, struct scms_slice host)
{
	const struct CertificateId *id = &cert->c.toBeSigned.id;

	return id->choice == CertificateId_is_name && id->u.name.n == host.n && memcmp(id->u.name.p, host.p, host.n) == 0;
}

static bool listed(const struct lccf_input *input, const struct cert *cert)
{
	for (size_t k = 0; k < input->pca_count; k++)
		if (memcmp(input->pcas[k], cert->hash256, 32) == 0)
			return true;
	return false;
}

/* What devices need by itself, then all that issued it. */
static void mark_needed(const struct lccf_input *input, struct entry *entries, uint32_t n, bool *has_ra, size_t *pcas)
{
	bool more = true;
	enum role role;

	for (uint32_t k = 0; k < n; k++) {
		struct entry *e = &entries[k];

		if (!e->readable || !role_of_certificate(&e->cert, &role))
			continue;
		if (role == ROLE_RA && named(&e->cert, input->ra_host))
			*has_ra = e->needed = true;
		else if (role == ROLE_CRLG || role == ROLE_PG || role == ROLE_MA || role == ROLE_ROOT)
			e->needed = true;
		else if (role == ROLE_PCA && listed(input, &e->cert)) {
			e->needed = true;
			++*pcas;
		}
	}
	while (more) {
		more = false;
		for (uint32_t k = 0; k < n; k++) {
			const uint8_t *issuer = entries[k].needed ? cert_issuer_id8(&entries[k].cert) : NULL;

			for (uint32_t j = 0; issuer != NULL && j < n; j++)
				if (entries[j].readable && !entries[j].needed && memcmp(cert_id8(&entries[j].cert), issuer, 8) == 0)
					more = entries[j].needed = true;
		}
	}
}

static enum key_status sort_certificates(const struct lccf_input *input, const struct chain_file *file, struct pile *required,
					 struct pile *optional, struct key_error *err)
{
	struct oer_iter it = oer_iterate(&file->certs);
	struct entry *entries = calloc((size_t)file->certs.count + 1, sizeof(*entries));
	enum key_status status = KEY_OK;
	bool has_ra = false;
	size_t pcas = 0;

	if (entries == NULL)
		return key_fail(err, KEY_FAILED, "no memory for %u certificates", file->certs.count);
	for (uint32_t k = 0; oer_next_raw(&it, &entries[k].bytes); k++)
		entries[k].readable = cert_read(&entries[k].cert, entries[k].bytes, input->crypto, NULL) == OER_OK;
	mark_needed(input, entries, file->certs.count, &has_ra, &pcas);
	if (!has_ra)
		status = key_fail(err, KEY_NOT_FOUND, "the GCCF has no registration authority named %.*s", (int)input->ra_host.n,
				  (const char *)input->ra_host.p);
	else if (pcas < input->pca_count)
		status = key_fail(err, KEY_NOT_FOUND, "the GCCF has %zu of the %zu pseudonym CAs that were named", pcas,
				  input->pca_count);
	for (uint32_t k = 0; status == KEY_OK && k < file->certs.count; k++)
		if (!pile_add(input->pca_count == 0 || entries[k].needed ? required : optional, entries[k].bytes))
			status = key_fail(err, KEY_FAILED, "no memory for a chain file");
	free(entries);
	return status;
}

enum key_status lccf_make(const struct lccf_input *input, struct bytes *out, struct key_error *err)
{
	struct pile required = {.count = 0}, optional = {.count = 0};
	struct chain_parts parts = {.local = true};
	struct chain_file file;
	enum key_status status = read_chain(input->gccf, false, "GCCF", &file, err);

	*out = (struct bytes){NULL, 0};
	if (status == KEY_OK)
		status = sort_certificates(input, &file, &required, &optional, err);
	if (status == KEY_OK) {
		parts.form = file.form;
		parts.version = file.version;
		parts.root_ballots = file.root_ballots;
		parts.elector_ballots = file.elector_ballots;
		parts.ma_certificate = file.ma_certificate;
		parts.certificates = pile_list(&required, NULL);
		parts.lccf_version = input->version;
		parts.ra_host = input->ra_host;
		parts.optional = pile_list(&optional, NULL);
		if (!chain_encode(&parts, out))
			status = key_fail(err, KEY_FAILED, "LCCF: cannot be encoded");
	}
	bytes_free(&required.bytes);
	bytes_free(&optional.bytes);
	return status;
}

bool chain_file_name(struct scms_slice bytes, char name[CHAIN_FILE_NAME])
{
	struct chain_file file;
	unsigned lccf;

	if (chain_file_read(&file, bytes, NULL) != OER_OK)
		return false;
	if (bytes.p[2] == 0x80) {
		snprintf(name, CHAIN_FILE_NAME, "global_certificate_chains_%02u.oer", file.version);
		return true;
	}
	/* Behind the preamble of the LCCF: two versions of 16 bits. */
	lccf = (unsigned)bytes.p[6] << 8 | bytes.p[7];
	snprintf(name, CHAIN_FILE_NAME, "local_certificate_chains_%02u_%02u.oer", file.version, lccf);
	return true;
}

/* ---- comparing ---- */

__attribute__((format(printf, 4, 5))) static bool differ(struct chain_comparison *c, bool missing, const uint8_t *subject,
							  const char *format, ...)
{
	struct chain_difference *new;
	va_list args;

	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 16;

		new = realloc(c->list, room * sizeof(*new));
		if (new == NULL)
			return false;
		c->list = new;
		c->room = room;
	}
	new = &c->list[c->n++];
	*new = (struct chain_difference){.missing = missing};
	if (subject != NULL)
		memcpy(new->subject, subject, 32);
	va_start(args, format);
	vsnprintf(new->text, sizeof(new->text), format, args);
	va_end(args);
	c->missing += missing;
	return true;
}

/* What a person looks for: HashedId8 of a certificate, or of a ballot's subject where it can be read. */
static void name_certificate(struct scms_slice bytes, const struct scms_crypto *crypto, uint8_t identity[32], char text[17])
{
	struct cert cert;

	if (bytes.p != NULL && cert_read(&cert, bytes, crypto, NULL) == OER_OK)
		memcpy(identity, cert.hash256, 32);
	else
		memset(identity, 0, 32);
	for (unsigned k = 0; k < 8; k++)
		snprintf(text + 2 * k, 3, "%02x", identity[24 + k]);
}

static bool has_bytes(const struct oer_list *list, struct scms_slice wanted)
{
	struct oer_iter it = oer_iterate(list);
	struct scms_slice bytes;

	while (oer_next_raw(&it, &bytes))
		if (bytes.n == wanted.n && memcmp(bytes.p, wanted.p, wanted.n) == 0)
			return true;
	return false;
}

static struct scms_slice subject_of(enum ballot_form form, struct scms_slice ballot)
{
	struct scms_slice certificate;

	if (!ballot_certificate(form, ballot, &certificate))
		certificate = (struct scms_slice){NULL, 0};
	return certificate;
}

/* Is there a ballot on this subject at all, so that this one was changed, not left out? */
static bool has_subject(enum ballot_form form, const struct oer_list *list, struct scms_slice subject)
{
	struct oer_iter it = oer_iterate(list);
	struct scms_slice bytes;

	while (oer_next_raw(&it, &bytes)) {
		struct scms_slice other = subject_of(form, bytes);

		if (subject.p != NULL && other.p != NULL && other.n == subject.n && memcmp(other.p, subject.p, subject.n) == 0)
			return true;
	}
	return false;
}

static bool compare_ballots(struct chain_comparison *c, const char *motion, enum ballot_form form, const struct oer_list *global,
			    const struct oer_list *local, const struct scms_crypto *crypto)
{
	struct oer_iter it = oer_iterate(global);
	struct scms_slice bytes;
	uint8_t identity[32];
	char text[17];
	bool ok = true;

	while (ok && oer_next_raw(&it, &bytes)) {
		struct scms_slice subject = subject_of(form, bytes);

		if (has_bytes(local, bytes))
			continue;
		name_certificate(subject, crypto, identity, text);
		ok = differ(c, true, identity, "%s of %s is %s", motion, text,
			    has_subject(form, local, subject) ? "there with other votes" : "missing");
	}
	it = oer_iterate(local);
	while (ok && oer_next_raw(&it, &bytes)) {
		if (has_bytes(global, bytes))
			continue;
		name_certificate(subject_of(form, bytes), crypto, identity, text);
		ok = differ(c, false, identity, "%s of %s is not from the GCCF", motion, text);
	}
	return ok;
}

static bool compare_certificates(struct chain_comparison *c, const struct chain_file *global, const struct chain_file *local,
				 const struct scms_crypto *crypto)
{
	struct oer_iter it = oer_iterate(&global->certs);
	const struct oer_list *parts[2] = {&local->certs, &local->optional};
	struct scms_slice bytes;
	uint8_t identity[32];
	char text[17];
	bool ok = true;

	while (ok && oer_next_raw(&it, &bytes)) {
		if (has_bytes(&local->certs, bytes) || has_bytes(&local->optional, bytes))
			continue;
		name_certificate(bytes, crypto, identity, text);
		ok = differ(c, false, identity, "certificate %s is left out", text);
	}
	for (unsigned k = 0; k < 2; k++) {
		it = oer_iterate(parts[k]);
		while (ok && oer_next_raw(&it, &bytes)) {
			if (has_bytes(&global->certs, bytes))
				continue;
			name_certificate(bytes, crypto, identity, text);
			ok = differ(c, false, identity, "certificate %s is not from the GCCF", text);
		}
	}
	return ok;
}

enum key_status chain_compare(struct scms_slice gccf, struct scms_slice lccf, const struct scms_crypto *crypto,
			      struct chain_comparison *c, struct key_error *err)
{
	struct chain_file global, local;
	enum key_status status = read_chain(gccf, false, "GCCF", &global, err);
	bool ok = true;

	*c = (struct chain_comparison){.n = 0};
	if (status == KEY_OK)
		status = read_chain(lccf, true, "LCCF", &local, err);
	if (status != KEY_OK)
		return status;
	if (global.version != local.version)
		ok = differ(c, true, NULL, "made from version %u of the GCCF, not %u", local.version, global.version);
	if (ok && global.form != local.form && global.root_ballots.count + global.elector_ballots.count > 0)
		ok = differ(c, true, NULL, "its ballots are in another form than the GCCF's");
	if (ok && (global.ma_certificate.n != local.ma_certificate.n ||
		   memcmp(global.ma_certificate.p, local.ma_certificate.p, local.ma_certificate.n) != 0))
		ok = differ(c, true, NULL, "the misbehaviour authority's certificate is another");
	ok = ok && compare_ballots(c, "addElector", global.form, &global.elector_ballots, &local.elector_ballots, crypto) &&
	     compare_ballots(c, "addRoot", global.form, &global.root_ballots, &local.root_ballots, crypto) &&
	     compare_certificates(c, &global, &local, crypto);
	if (ok)
		return KEY_OK;
	chain_comparison_free(c);
	return key_fail(err, KEY_FAILED, "no memory for a comparison");
}

void chain_comparison_free(struct chain_comparison *c)
{
	free(c->list);
	*c = (struct chain_comparison){.n = 0};
}
