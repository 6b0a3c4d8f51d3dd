/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pg/chain_make.h"

#include "components/authority/role.h"
#include "components/pg/chain_encode.h"
#include "components/pile.h"
#include "dot2/validity.h"
#include "trust/members.h"
#include "trust/quorum.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A ballot of the input while the file is made. */
struct item {
	const struct chain_ballot *from;
	struct ballot_worth worth;
	bool carried;
};

struct build {
	const struct chain_input *input;
	struct chain_made *made;
	uint8_t m;
	struct item *items;
	struct scms_slice *former;
	struct pile roots, electors, certificates;
	struct scms_slice ma;
	scms_time64 ma_start;
	bool refused, failed, suspended;
};

#define ID8_TEXT 17

static const char *id8_text(const uint8_t id8[8], char text[ID8_TEXT])
{
	for (unsigned k = 0; k < 8; k++)
		snprintf(text + 2 * k, 3, "%02x", id8[k]);
	return text;
}

static struct chain_note *note(struct build *b, enum chain_note_kind kind, const char *rule, const uint8_t *subject)
{
	struct chain_made *made = b->made;
	struct chain_note *new;

	if (made->note_count == made->note_room) {
		size_t room = made->note_room ? 2 * made->note_room : 16;

		new = realloc(made->notes, room * sizeof(*new));
		if (new == NULL) {
			b->failed = true;
			return NULL;
		}
		made->notes = new;
		made->note_room = room;
	}
	new = &made->notes[made->note_count++];
	*new = (struct chain_note){.kind = kind, .rule = rule, .reason = SCMS_VALID};
	if (subject != NULL)
		memcpy(new->subject, subject, 32);
	if (kind == CHAIN_REFUSED)
		b->refused = true;
	return new;
}

__attribute__((format(printf, 2, 3))) static void note_text(struct chain_note *to, const char *format, ...)
{
	size_t n;
	va_list args;

	if (to == NULL)
		return;
	n = strlen(to->text);
	va_start(args, format);
	vsnprintf(to->text + n, sizeof(to->text) - n, format, args);
	va_end(args);
}

/* "addElector of 0123456789abcdef: " */
static struct chain_note *note_ballot(struct build *b, enum chain_note_kind kind, const char *rule, const struct item *item)
{
	struct chain_note *new = note(b, kind, rule, item->worth.subject);
	char text[ID8_TEXT];

	note_text(new, "%s of %s: ", item->from->motion == SCMS_ADD_ROOT ? "addRoot" : "addElector",
		  id8_text(item->worth.subject + 24, text));
	return new;
}

/* ---- ballots ---- */

/* Judges all ballots; what no store could use has no place in a file for all. */
static void judge_ballots(struct build *b)
{
	const struct chain_input *in = b->input;
	const struct worth_env env = {.store = in->store,
				      .crypto = in->crypto,
				      .now = in->now,
				      .former = b->former,
				      .former_count = in->ballot_count};

	for (size_t k = 0; k < in->ballot_count && !b->failed; k++) {
		struct item *item = &b->items[k];
		enum scms_reason reason;

		item->from = &in->ballots[k];
		if (item->from->form != in->form) {
			note_text(note(b, CHAIN_REFUSED, "C8", NULL), "ballot %zu is in the form of CAMP %s, the file in that of %s", k,
				  item->from->form == FORM_124 ? "1.2.4" : "1.2.1", in->form == FORM_124 ? "1.2.4" : "1.2.1");
			continue;
		}
		if (item->from->motion != SCMS_ADD_ROOT && item->from->motion != SCMS_ADD_ELECTOR) {
			note_text(note(b, CHAIN_REFUSED, "C2", NULL), "ballot %zu removes something: removals belong into the composite CRL", k);
			continue;
		}
		reason = ballot_worth(&env, item->from->form, item->from->motion, item->from->bytes, &item->worth);
		if (reason == SCMS_REASON_FAILED)
			b->failed = true;
		else if (reason != SCMS_APPLIED)
			note_text(note_ballot(b, CHAIN_REFUSED, scms_reason_rule(reason), item), "ballot %zu: %s: %s", k,
				  scms_reason_name(reason), scms_reason_text(reason));
	}
}

/* The drop conditions that need no look at other ballots (H1.1, H1.4). */
static bool subject_gone(struct build *b, struct item *item)
{
	if (item->worth.subject_removed) {
		note_text(note_ballot(b, CHAIN_DROPPED, "H1.4", item), "it was removed");
		return true;
	}
	if (b->input->now >= item->worth.subject_end) {
		note_text(note_ballot(b, CHAIN_DROPPED, "H1.1", item), "its certificate has expired");
		return true;
	}
	return false;
}

/* Why too few of its votes are valid. */
static const char *lost_rule(const struct build *b, const struct ballot_worth *worth)
{
	if (worth->valid + worth->expired + worth->removed < b->m)
		return "H1.3";
	return worth->removed > 0 ? "H1.4" : "H1.2";
}

static void lost_text(const struct build *b, const struct item *item, struct chain_note *to)
{
	const struct ballot_worth *worth = &item->worth;
	const char *before = ":";

	note_text(to, "%u of the %u votes that the quorum wants are valid", worth->valid, b->m);
	if (strcmp(lost_rule(b, worth), "H1.3") == 0) {
		note_text(to, "%s the quorum was raised above its votes", before);
		before = ",";
	}
	if (worth->removed > 0) {
		note_text(to, "%s %u of removed electors", before, worth->removed);
		before = ",";
	}
	if (worth->expired > 0)
		note_text(to, "%s %u of expired electors", before, worth->expired);
}

static void decide_elector(struct build *b, struct item *item)
{
	struct chain_note *dropped;

	if (subject_gone(b, item))
		return;
	if (item->worth.valid >= b->m) {
		item->carried = true;
		return;
	}
	dropped = note_ballot(b, CHAIN_DROPPED, lost_rule(b, &item->worth), item);
	lost_text(b, item, dropped);
}

/* Has this elector a valid vote in any ballot that is about the root? */
static bool votes_for(const struct build *b, const uint8_t root[32], const uint8_t elector[32])
{
	for (size_t k = 0; k < b->input->ballot_count; k++) {
		const struct item *item = &b->items[k];

		if (item->from->motion != SCMS_ADD_ROOT || memcmp(item->worth.subject, root, 32) != 0)
			continue;
		for (uint32_t j = 0; j < item->worth.valid; j++)
			if (memcmp(item->worth.voted[j], elector, 32) == 0)
				return true;
	}
	return false;
}

/* Names the electors whose votes for the root would mend it (H2). */
static void mend_text(const struct build *b, const struct item *item, struct chain_note *to)
{
	const struct scms_store *store = b->input->store;
	uint32_t wanted = b->m - item->worth.valid, at_hand = 0;
	char text[ID8_TEXT];

	note_text(to, "; %u more vote%s wanted, of ", wanted, wanted == 1 ? " is" : "s are");
	for (uint32_t k = 0; k < store->elector_count; k++) {
		struct scms_member member;

		if (!scms_store_elector(store, b->input->now, k, &member) || member.status != SCMS_MEMBER_TRUSTED ||
		    b->input->now < member.valid_from || votes_for(b, item->worth.subject, member.identity))
			continue;
		note_text(to, "%s%s", at_hand++ ? ", " : "", id8_text(member.identity + 24, text));
	}
	if (at_hand < wanted)
		note_text(to, "%sa new elector: %s", at_hand ? ", or " : "",
			  "too few electors are left that have not voted for this root; add one, and let it vote");
}

/* The best ballot of this root: the one with the most valid votes. */
static struct item *best_of(struct build *b, const uint8_t root[32])
{
	struct item *best = NULL;

	for (size_t k = 0; k < b->input->ballot_count; k++) {
		struct item *item = &b->items[k];

		if (item->from->motion == SCMS_ADD_ROOT && memcmp(item->worth.subject, root, 32) == 0 &&
		    (best == NULL || item->worth.valid > best->worth.valid))
			best = item;
	}
	return best;
}

/*
 * A root's ballot that counts no more. Its best one speaks for the root: where nothing but expiry took its votes, it stays
 * (retired roots stay until expiry); else H2.
 */
static void decide_weak_root(struct build *b, struct item *item)
{
	const char *rule = lost_rule(b, &item->worth);
	struct item *best = best_of(b, item->worth.subject);
	struct chain_note *to;

	if (best != item) {
		to = note_ballot(b, CHAIN_DROPPED, rule, item);
		lost_text(b, item, to);
		note_text(to, best->worth.valid >= b->m ? "; another ballot carries this root" : "; another ballot has more");
		return;
	}
	if (strcmp(rule, "H1.2") == 0) {
		item->carried = true;
		to = note_ballot(b, CHAIN_WARNING, rule, item);
		lost_text(b, item, to);
		note_text(to, "; who does not trust this root yet cannot be told of it");
		mend_text(b, item, to);
		return;
	}
	to = note_ballot(b, b->input->forced ? CHAIN_DROPPED : CHAIN_REFUSED, b->input->forced ? rule : "H2", item);
	lost_text(b, item, to);
	if (b->input->forced)
		note_text(to, "; forced: the root is without a ballot that counts");
	else
		mend_text(b, item, to);
}

static void decide_root(struct build *b, struct item *item)
{
	if (subject_gone(b, item))
		return;
	if (item->worth.valid >= b->m)
		item->carried = true;
	else
		decide_weak_root(b, item);
}

/* Two ballots of the same bytes are one. */
static bool is_repeated(const struct build *b, size_t k)
{
	for (size_t j = 0; j < k; j++)
		if (b->input->ballots[j].bytes.n == b->input->ballots[k].bytes.n &&
		    memcmp(b->input->ballots[j].bytes.p, b->input->ballots[k].bytes.p, b->input->ballots[k].bytes.n) == 0)
			return true;
	return false;
}

/* Puts a ballot into the file, without the votes of removed electors. */
static void carry(struct build *b, const struct item *item)
{
	struct pile *to = item->from->motion == SCMS_ADD_ROOT ? &b->roots : &b->electors;
	struct bytes stripped = {NULL, 0};
	bool keep[CHAIN_VOTES_MAX];
	char text[ID8_TEXT];
	bool ok;

	for (uint32_t k = 0; k < item->worth.votes; k++) {
		keep[k] = item->worth.worth[k] != VOTE_REMOVED;
		if (!keep[k])
			note_text(note_ballot(b, CHAIN_STRIPPED, "H2", item), "the vote of %s, which was removed, is left out",
				  id8_text(item->worth.elector[k], text));
	}
	if (item->worth.removed == 0) {
		ok = pile_add(to, item->from->bytes);
	} else {
		ok = ballot_keep(item->from->form, item->from->bytes, keep, &stripped, NULL) == KEY_OK &&
		     pile_add(to, bytes_view(&stripped));
		bytes_free(&stripped);
	}
	if (!ok)
		b->failed = true;
}

static void take_ballots(struct build *b)
{
	judge_ballots(b);
	if (b->refused || b->failed)
		return;
	for (size_t k = 0; k < b->input->ballot_count; k++) {
		if (is_repeated(b, k))
			continue;
		if (b->items[k].from->motion == SCMS_ADD_ROOT)
			decide_root(b, &b->items[k]);
		else
			decide_elector(b, &b->items[k]);
		if (b->items[k].carried)
			carry(b, &b->items[k]);
	}
}

/* Roots that are trusted although no ballot speaks for them: held by provisioning (rule F3). */
static void warn_of_bare_roots(struct build *b)
{
	const struct scms_store *store = b->input->store;
	char text[ID8_TEXT];

	for (uint32_t k = 0; k < store->root_count; k++) {
		struct scms_member member;

		if (!scms_store_root(store, b->input->now, k, &member) || member.status == SCMS_MEMBER_EXPIRED ||
		    best_of(b, member.identity) != NULL)
			continue;
		note_text(note(b, CHAIN_WARNING, "F3", member.identity), "root %s: trusted by provisioning alone, no ballot carries it",
			  id8_text(member.identity + 24, text));
	}
}

/* ---- certificates ---- */

static bool is_known(const struct build *b, size_t k)
{
	const struct scms_slice *c = b->input->certificates;

	for (size_t j = 0; j < k; j++)
		if (c[j].n == c[k].n && memcmp(c[j].p, c[k].p, c[k].n) == 0)
			return true;
	return false;
}

/* The MA's certificate has a place of its own: of several that are valid, the youngest. */
static void take_ma(struct build *b, struct scms_slice bytes, const struct cert *cert, bool valid)
{
	scms_time64 start = validity_start(&cert->c.toBeSigned.validityPeriod);
	struct scms_slice other = bytes;

	if (valid && (b->ma.p == NULL || start > b->ma_start)) {
		other = b->ma;
		b->ma = bytes;
		b->ma_start = start;
	}
	if (other.p != NULL && !pile_add(&b->certificates, other))
		b->failed = true;
}

static void take_certificate(struct build *b, size_t k)
{
	const struct chain_input *in = b->input;
	struct scms_slice bytes = in->certificates[k];
	struct chain_note *dropped;
	enum scms_reason reason;
	char text[ID8_TEXT];
	struct cert cert;
	enum role role;

	if (is_known(b, k))
		return;
	if (cert_read(&cert, bytes, in->crypto, NULL) != OER_OK || !role_of_certificate(&cert, &role) || role == ROLE_ELECTOR) {
		note_text(note(b, CHAIN_REFUSED, "H1", NULL), "certificate %zu is not one of a component", k);
		return;
	}
	reason = scms_cert_check(in->store, in->now, bytes, in->certificates, in->certificate_count, in->crypto, in->objects);
	if (reason == SCMS_REASON_FAILED) {
		b->failed = true;
		return;
	}
	/*
	 * What begins later is distributed ahead and lies inactive until its moment (scenario 2, days 3 and 4). What is below
	 * a suspended root stays: further votes bring the root back (rule F2).
	 */
	b->suspended = b->suspended || reason == SCMS_ROOT_SUSPENDED;
	if (reason != SCMS_VALID && reason != SCMS_CERT_NOT_YET_VALID && reason != SCMS_ROOT_SUSPENDED) {
		dropped = note(b, CHAIN_DROPPED, scms_reason_rule(reason), cert.hash256);
		if (dropped != NULL) {
			dropped->certificate = true;
			dropped->reason = reason;
		}
		note_text(dropped, "certificate of the %s %s: %s: %s", role_title(role), id8_text(cert_id8(&cert), text),
			  scms_reason_name(reason), scms_reason_text(reason));
		return;
	}
	if (role == ROLE_MA)
		take_ma(b, bytes, &cert, reason != SCMS_CERT_NOT_YET_VALID);
	else if (!pile_add(&b->certificates, bytes))
		b->failed = true;
}

static void take_certificates(struct build *b)
{
	for (size_t k = 0; k < b->input->certificate_count && !b->failed; k++)
		take_certificate(b, k);
	if (b->suspended)
		note_text(note(b, CHAIN_WARNING, "F2", NULL),
			  "some certificates are below a root that is suspended by the publisher's own store");
	if (b->ma.p == NULL && !b->failed)
		note_text(note(b, CHAIN_REFUSED, "H1", NULL),
			  "no certificate of a misbehaviour authority is valid now, and the file must have one");
}

/* ---- the file ---- */

static void check_limits(struct build *b)
{
	if (b->roots.count > CHAIN_BALLOTS_MAX || b->electors.count > CHAIN_BALLOTS_MAX)
		note_text(note(b, CHAIN_REFUSED, "A5.1", NULL), "expected at most %d ballots of a kind, found %u and %u", CHAIN_BALLOTS_MAX,
			  b->roots.count, b->electors.count);
	if (b->certificates.count > CHAIN_CERTIFICATES_MAX)
		note_text(note(b, CHAIN_REFUSED, "A5.1", NULL), "expected at most %d certificates, found %u", CHAIN_CERTIFICATES_MAX,
			  b->certificates.count);
	if (b->roots.bytes.n + b->electors.bytes.n + b->certificates.bytes.n + b->ma.n + 64 > CHAIN_BYTES_MAX)
		note_text(note(b, CHAIN_REFUSED, "A5.1", NULL), "the file would be larger than 8 MiB, which no store reads");
}

enum chain_status chain_make(const struct chain_input *input, struct chain_made *made)
{
	struct build b = {.input = input, .made = made, .m = quorum_in_force(input->store, input->now, NULL)};
	size_t n = input->ballot_count;
	struct chain_parts parts;

	*made = (struct chain_made){.note_count = 0};
	b.items = calloc(n + 1, sizeof(*b.items));
	b.former = calloc(n + 1, sizeof(*b.former));
	b.failed = b.items == NULL || b.former == NULL;
	if (!b.failed) {
		/* Electors that a ballot once added may vote in others. */
		for (size_t k = 0; k < n; k++)
			if (!ballot_certificate(input->ballots[k].form, input->ballots[k].bytes, &b.former[k]))
				b.former[k] = (struct scms_slice){NULL, 0};
		take_ballots(&b);
	}
	if (!b.failed) {
		warn_of_bare_roots(&b);
		take_certificates(&b);
		check_limits(&b);
	}
	if (!b.failed && !b.refused) {
		parts = (struct chain_parts){.form = input->form,
					     .version = input->version,
					     .root_ballots = pile_list(&b.roots, NULL),
					     .elector_ballots = pile_list(&b.electors, NULL),
					     .ma_certificate = b.ma,
					     .certificates = pile_list(&b.certificates, NULL)};
		b.failed = !chain_encode(&parts, &made->file);
		made->root_ballots = b.roots.count;
		made->elector_ballots = b.electors.count;
		made->certificates = b.certificates.count;
	}
	bytes_free(&b.roots.bytes);
	bytes_free(&b.electors.bytes);
	bytes_free(&b.certificates.bytes);
	free(b.items);
	free(b.former);
	return b.failed ? CHAIN_FAILED : b.refused ? CHAIN_NOT_MADE : CHAIN_OK;
}

void chain_made_free(struct chain_made *made)
{
	bytes_free(&made->file);
	free(made->notes);
	*made = (struct chain_made){.note_count = 0};
}

const char *chain_note_name(enum chain_note_kind kind)
{
	static const char *const names[] = {
	    [CHAIN_DROPPED] = "dropped", [CHAIN_STRIPPED] = "stripped", [CHAIN_WARNING] = "warning", [CHAIN_REFUSED] = "refused"};

	return names[kind];
}

json_t *chain_notes_json(const struct chain_made *made)
{
	json_t *list = json_array();

	for (size_t k = 0; list != NULL && k < made->note_count; k++) {
		const struct chain_note *from = &made->notes[k];
		char subject[65];
		json_t *one;

		for (unsigned j = 0; j < 32; j++)
			snprintf(subject + 2 * j, 3, "%02x", from->subject[j]);
		one = json_pack("{s:s,s:s,s:s,s:s}", "kind", chain_note_name(from->kind), "rule", from->rule, "subject", subject,
				"text", from->text);
		if (one != NULL && from->certificate)
			json_object_set_new(one, "reason", json_string(scms_reason_name(from->reason)));
		if (one == NULL || json_array_append_new(list, one) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
