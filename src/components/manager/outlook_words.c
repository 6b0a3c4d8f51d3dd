/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proposals, stores and findings in words and as JSON.
 */
#include "components/manager/outlook.h"

#include "components/manager/fingerprint.h"
#include "dot2/validity.h"

#include <string.h>

void text_words(FILE *to, struct scms_slice text)
{
	fputc('"', to);
	for (size_t k = 0; k < text.n; k++) {
		uint8_t byte = text.p[k];
		bool control = byte < ' ' || byte == 0x7f || byte == '"' || byte == '\\';
		/* C1 controls (U+0080 to U+009F), and what turns the direction of writing (U+200E..202E, U+2066..2069). */
		bool c1 = byte == 0xc2 && k + 1 < text.n && text.p[k + 1] < 0xa0;
		bool turns = byte == 0xe2 && k + 2 < text.n &&
			     ((text.p[k + 1] == 0x80 && text.p[k + 2] >= 0x8e) || (text.p[k + 1] == 0x81 && text.p[k + 2] >= 0xa6));

		if (control || c1 || turns)
			fprintf(to, "\\x%02x", byte);
		else
			fputc(byte, to);
	}
	fputc('"', to);
}

static void print_words(FILE *to, const uint8_t identity[32])
{
	char words[FINGERPRINT_WORDS_BYTES(8)];

	/* Even and odd words go by turns in each line, as eight bytes are an even number. */
	for (unsigned k = 0; k < 32; k += 8)
		fprintf(to, "    %s\n", fingerprint_words(identity + k, 8, words));
}

void proposal_words(FILE *to, const struct proposal *proposal, const struct leap_table *leaps)
{
	static const char *const asks[] = {
	    [SCMS_ADD_ROOT] = "ADD this ROOT CA: all certificates under it will be trusted",
	    [SCMS_ADD_ELECTOR] = "ADD this ELECTOR: it will vote on electors and root CAs",
	    [SCMS_REMOVE_ROOT] = "REMOVE this ROOT CA, for good: no certificate under it is valid any more",
	    [SCMS_REMOVE_ELECTOR] = "REMOVE this ELECTOR, for good: its votes count no more",
	};
	char id[PROPOSAL_ID_BYTES], hex[65], name[SUBJECT_NAME_BYTES], time[TIME_TEXT_BYTES], until[TIME_TEXT_BYTES];
	const struct ValidityPeriod *validity = &proposal->subject.c.toBeSigned.validityPeriod;

	fprintf(to, "Motion %s\n  %s\n", proposal_id(proposal, id), asks[proposal->motion]);
	fprintf(to, "Subject %s\n  valid %s to %s\n", subject_name(&proposal->subject, name)[0] != '\0' ? name : "(no name)",
		time_text(leaps, validity_start(validity), time), time_text(leaps, validity_end(validity), until));
	fprintf(to, "  fingerprint (SHA-256) %s\n  in words (PGP word list):\n", motion_hex(proposal->subject.hash256, 32, hex));
	print_words(to, proposal->subject.hash256);
	fputs("Proposed by ", to);
	text_words(to, proposal->proposer);
	fprintf(to, "\n  on %s\n  because ", time_text(leaps, proposal->created, time));
	text_words(to, proposal->reason);
	fprintf(to, "\nAll votes sign the time %s, in the form of CAMP %s\n",
		proposal->time != 0 ? time_text(leaps, proposal->time, time) : "(none)", ballot_form_name(proposal->form));
}

static json_t *slice_json(struct scms_slice text)
{
	return json_stringn((const char *)text.p, text.n);
}

json_t *proposal_json(const struct proposal *proposal)
{
	const struct ValidityPeriod *validity = &proposal->subject.c.toBeSigned.validityPeriod;
	char id[PROPOSAL_ID_BYTES], hex[65], name[SUBJECT_NAME_BYTES], words[FINGERPRINT_WORDS_BYTES(32)];

	subject_name(&proposal->subject, name);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "motion", proposal_id(proposal, id), "type",
			 motion_type_name(proposal->motion), "form", ballot_form_name(proposal->form), "subject",
			 motion_hex(proposal->subject.hash256, 32, hex), "words", fingerprint_words(proposal->subject.hash256, 32, words),
			 "name", name, "validFrom", (json_int_t)validity_start(validity), "validUntil",
			 (json_int_t)validity_end(validity), "time", (json_int_t)proposal->time, "created",
			 (json_int_t)proposal->created, "proposer", slice_json(proposal->proposer), "reason",
			 slice_json(proposal->reason));
}

static const char *const status_words[] = {"trusted", "SUSPENDED", "expired"};

static void print_member(FILE *to, const char *what, const struct scms_member *member, const struct scms_crypto *crypto)
{
	char name[SUBJECT_NAME_BYTES] = "", hex[17], words[FINGERPRINT_WORDS_BYTES(4)];
	struct cert cert;

	if (cert_read(&cert, member->certificate, crypto, NULL) == OER_OK)
		subject_name(&cert, name);
	fprintf(to, "  %s %s... (%s) %s: ", what, motion_hex(member->identity, 8, hex), fingerprint_words(member->identity, 4, words), name);
}

void outlook_words(FILE *to, const struct scms_store *store, scms_time64 now, const struct leap_table *leaps,
		   const struct scms_crypto *crypto)
{
	struct outlook outlook = outlook_of(store, now);
	char time[TIME_TEXT_BYTES];
	struct scms_member member;

	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++) {
		print_member(to, "elector", &member, crypto);
		fprintf(to, "%s, until %s\n",
			elector_may_vote(store, k, now) ? "may vote" : member.status == SCMS_MEMBER_EXPIRED ? "expired" : "not valid yet",
			time_text(leaps, member.valid_until, time));
	}
	for (uint32_t k = 0; scms_store_root(store, now, k, &member); k++) {
		print_member(to, "root CA", &member, crypto);
		fprintf(to, "%s, until %s, ", status_words[member.status], time_text(leaps, member.valid_until, time));
		if (member.needed == 0)
			fputs("held since provisioning\n", to);
		else
			fprintf(to, "held by %u votes, needs %u\n", member.endorsers, member.needed);
	}
	fprintf(to, "  %u electors may vote, %u votes are needed\n", outlook.able, outlook.quorum);
}

json_t *outlook_json(const struct scms_store *store, scms_time64 now)
{
	json_t *electors = json_array(), *roots = json_array();
	struct outlook outlook = outlook_of(store, now);
	struct scms_member member;
	char hex[65];

	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++)
		json_array_append_new(electors, json_pack("{s:s, s:b, s:I}", "elector", motion_hex(member.identity, 32, hex), "mayVote",
							  elector_may_vote(store, k, now), "validUntil", (json_int_t)member.valid_until));
	for (uint32_t k = 0; scms_store_root(store, now, k, &member); k++)
		json_array_append_new(roots,
				      json_pack("{s:s, s:s, s:I, s:i, s:i}", "root", motion_hex(member.identity, 32, hex), "status",
						member.status == SCMS_MEMBER_SUSPENDED ? "suspended" : status_words[member.status], "validUntil",
						(json_int_t)member.valid_until, "endorsers", (int)member.endorsers, "needed", (int)member.needed));
	return json_pack("{s:i, s:i, s:o, s:o}", "mayVote", (int)outlook.able, "quorum", (int)outlook.quorum, "electors", electors, "roots",
			 roots);
}

static const char *const gravity_names[] = {"note", "WARNING", "GRAVE", "REFUSED"};

void findings_words(FILE *to, const struct findings *findings)
{
	for (int gravity = FINDING_REFUSED; gravity >= FINDING_NOTE; gravity--)
		for (size_t k = 0; k < findings->n; k++)
			if (findings->list[k].gravity == (enum gravity)gravity)
				fprintf(to, "  %s %s: %s\n", gravity_names[gravity], findings->list[k].code, findings->list[k].text);
}

json_t *findings_json(const struct findings *findings)
{
	static const char *const names[] = {"note", "warning", "grave", "refused"};
	json_t *list = json_array();

	for (size_t k = 0; k < findings->n; k++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "gravity", names[findings->list[k].gravity], "code",
						      findings->list[k].code, "text", findings->list[k].text));
	return list;
}
