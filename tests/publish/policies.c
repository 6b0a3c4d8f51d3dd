/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: made, signed, taken by trust stores; the PG's check of an RA's copy, each refusal by name; differences in words. */
#include "components/pg/policy_custom.h"
#include "components/pg/policy_words.h"

#include "tests/check.h"
#include "tests/publish/world.h"

#include <stdlib.h>

static struct world world;

static const struct scms_slice host = {(const uint8_t *)"ra.example.org", 14};

/* All published parameters with their defaults, GCCF 7, quorum 2. */
static struct policy_content defaults(void)
{
	struct policy_content content = {.part = POLICY_PART_GLOBAL, .id = {(const uint8_t *)"test", 4}};

	for (unsigned k = 0; k < POLICY_GLOBAL_ITEMS; k++) {
		const char *text = policy_parameter((enum policy_item)k)->default_text;
		struct policy_series *series = &content.item[k];

		series->has = true;
		CHECK(policy_value_parse((enum policy_item)k, text != NULL ? text : "7", &series->initial), "%s",
		      policy_parameter((enum policy_item)k)->name);
	}
	content.has_removed = true;
	return content;
}

static void step(struct policy_content *content, enum policy_item item, scms_time64 at, const char *text)
{
	struct policy_series *series = &content->item[item];

	series->step[series->n].start = at;
	CHECK(policy_value_parse(item, text, &series->step[series->n].value), "%s", text);
	series->n++;
}

static struct bytes gpf(struct policy_content *content, scms_time64 now)
{
	struct key_error err = {.text = ""};
	struct bytes out;

	CHECK(gpf_make(&world.pg.party, content, now, &out, &err) == KEY_OK, "%s", err.text);
	return out;
}

static void test_store_takes_gpf(void)
{
	struct policy_content content = defaults(), back;
	struct memory_store store;
	struct policy_said said;
	struct scms_store_status status;
	struct bytes file;
	struct seen seen;

	step(&content, POLICY_QUORUM, WORLD_NOW + 10 * WORLD_DAY, "3");
	memset(content.removed.identity[0], 0x5a, 32);
	content.removed.n = 1;
	file = gpf(&content, WORLD_NOW);
	store_make(&store, &world, WORLD_NOW);
	store_session(&store, &(struct scms_session){.policy = bytes_view(&file)}, WORLD_NOW, &seen);
	CHECK(seen.policy == SCMS_ACCEPTED, "%s", scms_reason_name(seen.policy));
	CHECK(scms_store_status(store.store, WORLD_NOW, &judge, &store.objects, &status) && status.quorum == 2, "quorum");
	CHECK(scms_store_status(store.store, WORLD_NOW + 10 * WORLD_DAY, &judge, &store.objects, &status) && status.quorum == 3,
	      "quorum of the step");
	/* What was made is what is read. */
	CHECK(policy_said_read(&said, bytes_view(&file), &judge, NULL) == OER_OK && !said.has_local, "read");
	back = said.content;
	for (unsigned k = 0; k < POLICY_GLOBAL_ITEMS; k++)
		CHECK(back.item[k].has && policy_value_same((enum policy_item)k, &back.item[k].initial, &content.item[k].initial), "%s",
		      policy_parameter((enum policy_item)k)->name);
	CHECK(back.item[POLICY_QUORUM].n == 1 && back.item[POLICY_QUORUM].step[0].start == WORLD_NOW + 10 * WORLD_DAY, "step");
	CHECK(back.has_removed && back.removed.n == 1 && back.removed.identity[0][31] == 0x5a, "removed");
	bytes_free(&file);
	/* Its successor names another quorum at once; going back in time is refused. */
	content.item[POLICY_QUORUM].n = 0;
	content.item[POLICY_QUORUM].initial.n = 3;
	content.active = 0;
	file = gpf(&content, WORLD_NOW + WORLD_DAY);
	store_session(&store, &(struct scms_session){.policy = bytes_view(&file)}, WORLD_NOW + WORLD_DAY, &seen);
	CHECK(seen.policy == SCMS_ACCEPTED, "%s", scms_reason_name(seen.policy));
	CHECK(scms_store_status(store.store, WORLD_NOW + WORLD_DAY, &judge, &store.objects, &status) && status.quorum == 3, "quorum");
	bytes_free(&file);
	file = gpf(&content, WORLD_NOW + 1);
	store_session(&store, &(struct scms_session){.policy = bytes_view(&file)}, WORLD_NOW + WORLD_DAY, &seen);
	CHECK(seen.policy == SCMS_ROLLBACK, "%s", scms_reason_name(seen.policy));
	bytes_free(&file);
	store_free(&store);
}

/* A later activeTime: the old one stays in force until then. */
static void test_pending(void)
{
	struct policy_content content = defaults();
	struct scms_store_status status;
	struct memory_store store;
	struct bytes file;
	struct seen seen;

	content.item[POLICY_QUORUM].initial.n = 3;
	content.active = WORLD_NOW + 2 * WORLD_DAY;
	file = gpf(&content, WORLD_NOW);
	store_make(&store, &world, WORLD_NOW);
	store_session(&store, &(struct scms_session){.policy = bytes_view(&file)}, WORLD_NOW, &seen);
	CHECK(seen.policy == SCMS_ACCEPTED, "%s", scms_reason_name(seen.policy));
	CHECK(scms_store_status(store.store, WORLD_NOW, &judge, &store.objects, &status) && status.quorum == 2, "before");
	CHECK(scms_store_status(store.store, content.active, &judge, &store.objects, &status) && status.quorum == 3, "after");
	bytes_free(&file);
	store_free(&store);
}

/* Nobody but a PG signs a GPF, nobody but an RA an LPF; not with content that does not fit. */
static void test_make_refusals(void)
{
	struct policy_content content = defaults(), local = {.part = POLICY_PART_LOCAL};
	struct key_error err;
	struct bytes out;

	CHECK(gpf_make(&world.ra.party, &content, WORLD_NOW, &out, &err) == KEY_VALUE && strstr(err.text, "policy generator"), "%s", err.text);
	CHECK(gpf_make(&world.root.party, &content, WORLD_NOW, &out, &err) == KEY_VALUE && strstr(err.text, "root"), "%s", err.text);
	CHECK(lpf_make(&world.pg.party, (struct scms_slice){NULL, 0}, &local, WORLD_NOW, &out, &err) == KEY_VALUE, "%s", err.text);
	CHECK(lpf_make(&world.ra.party, (struct scms_slice){(const uint8_t *)"x", 1}, &local, WORLD_NOW, &out, &err) == KEY_VALUE, "%s", err.text);
	content.item[POLICY_QUORUM].initial.n = 0;
	CHECK(gpf_make(&world.pg.party, &content, WORLD_NOW, &out, &err) == KEY_VALUE && strstr(err.text, "quorum"), "%s", err.text);
	content.item[POLICY_QUORUM].initial.n = 256;
	CHECK(gpf_make(&world.pg.party, &content, WORLD_NOW, &out, &err) == KEY_VALUE && strstr(err.text, "quorum"), "%s", err.text);
	content = defaults();
	content.item[POLICY_I_PERIOD].initial.n = 0;
	CHECK(gpf_make(&world.pg.party, &content, WORLD_NOW, &out, &err) == KEY_VALUE && strstr(err.text, "iPeriod"), "%s", err.text);
	content = defaults();
	step(&content, POLICY_MIN_CERTS, WORLD_NOW, "30");
	step(&content, POLICY_MIN_CERTS, WORLD_NOW, "40");
	CHECK(gpf_make(&world.pg.party, &content, WORLD_NOW, &out, &err) == KEY_VALUE && strstr(err.text, "one after another"), "%s", err.text);
	content = defaults();
	content.item[POLICY_LOCAL_CERTS] = content.item[POLICY_MIN_CERTS];
	CHECK(gpf_make(&world.pg.party, &content, WORLD_NOW, &out, &err) == KEY_VALUE && strstr(err.text, "certsPerIPeriod"), "%s", err.text);
	content = defaults();
	content.foreign = (struct scms_slice){(const uint8_t *)"\x02\x07\x80\x01\x00", 5};
	CHECK(gpf_make(&world.pg.party, &content, WORLD_NOW, &out, &err) == KEY_VALUE && strstr(err.text, "another maker"), "%s", err.text);
}

/* An addition of somebody else's in the place of ours is kept. */
static void test_foreign_extension(void)
{
	static const uint8_t part[] = {0x02, 0x07, 0x80, 0x02, 0xca, 0xfe};
	struct policy_content content = defaults(), back;
	struct bytes once = {NULL, 0}, twice = {NULL, 0};

	content.has_removed = false;
	content.item[POLICY_QUORUM].has = false;
	content.foreign = (struct scms_slice){part, sizeof(part)};
	CHECK(policy_content_make(&content, &once, NULL) == KEY_OK, "make");
	CHECK(policy_content_read(&back, bytes_view(&once), NULL) == OER_OK, "read");
	CHECK(back.foreign.n == sizeof(part) && memcmp(back.foreign.p, part, sizeof(part)) == 0, "kept");
	CHECK(!back.item[POLICY_QUORUM].has, "no quorum");
	CHECK(policy_content_make(&back, &twice, NULL) == KEY_OK && twice.n == once.n && memcmp(once.p, twice.p, once.n) == 0, "same");
	bytes_free(&once);
	bytes_free(&twice);
}

/* RA asks, PG answers, RA makes the LPF, a store takes it. */
static void test_lpf(void)
{
	struct policy_content global = defaults(), custom, local = {.part = POLICY_PART_LOCAL};
	struct policy_fault faults[POLICY_FAULTS_MAX];
	struct bytes request, reply, part, file, gpf_bytes = gpf(&global, WORLD_NOW);
	struct memory_store store;
	struct key_error err = {.text = ""};
	struct policy_said said;
	unsigned n;
	struct scms_slice certificates[2] = {bytes_view(&world.ica.bytes), bytes_view(&world.ra.bytes)};
	struct seen seen;

	policy_custom_copy(&global, host, WORLD_NOW + WORLD_DAY, &custom);
	custom.item[POLICY_MAX_SUPPLY].has = false; /* of no use to its devices */
	CHECK(policy_value_parse(POLICY_MIN_CERTS, "40", &custom.item[POLICY_MIN_CERTS].initial), "value");
	CHECK(policy_request_make(&custom, &request, &err) == KEY_OK, "%s", err.text);
	CHECK(policy_request_answer(&world.pg.party, &global, host, bytes_view(&request), WORLD_NOW + WORLD_DAY, &reply, faults, &n,
				    &err) == KEY_OK &&
		  n == 0,
	      "%u %s", n, n > 0 ? faults[0].text : err.text);
	CHECK(policy_reply_open(bytes_view(&reply), bytes_view(&request), &part, &err) == KEY_OK, "%s", err.text);
	local.item[POLICY_LA1_HOST] =
	    (struct policy_series){.has = true, .initial = {.text = {(const uint8_t *)"la1.example.org", 15}}};
	CHECK(policy_value_parse(POLICY_LOCAL_CERTS, "40", &local.item[POLICY_LOCAL_CERTS].initial), "value");
	local.item[POLICY_LOCAL_CERTS].has = true;
	CHECK(policy_local_check(&custom, &local, faults) == 0, "%s", faults[0].text);
	CHECK(lpf_make(&world.ra.party, bytes_view(&part), &local, WORLD_NOW + WORLD_DAY, &file, &err) == KEY_OK, "%s", err.text);
	store_make(&store, &world, WORLD_NOW);
	store_session(&store,
		      &(struct scms_session){.policy = bytes_view(&file), .certificates = certificates, .certificate_count = 2},
		      WORLD_NOW + WORLD_DAY, &seen);
	CHECK(seen.policy == SCMS_ACCEPTED, "%s", scms_reason_name(seen.policy));
	CHECK(policy_said_read(&said, bytes_view(&file), &judge, NULL) == OER_OK && said.has_local, "read");
	CHECK(said.local.item[POLICY_LA1_HOST].initial.text.n == 15 && !said.content.item[POLICY_MAX_SUPPLY].has, "content");
	/* A copy of an RA whose PG is another's countersignature: the RA signs the custom part itself. */
	{
		struct bytes tbs, forged;

		CHECK(policy_content_make(&custom, &tbs, NULL) == KEY_OK, "make");
		CHECK(policy_part_sign(&world.ra.party, bytes_view(&tbs), WORLD_NOW + 2 * WORLD_DAY, &forged, &err) == KEY_OK, "%s", err.text);
		bytes_free(&file);
		CHECK(lpf_make(&world.ra.party, bytes_view(&forged), &local, WORLD_NOW + 2 * WORLD_DAY, &file, &err) == KEY_OK, "%s", err.text);
		store_free(&store);
		store_make(&store, &world, WORLD_NOW);
		store_session(&store,
			      &(struct scms_session){.policy = bytes_view(&file), .certificates = certificates, .certificate_count = 2},
			      WORLD_NOW + 2 * WORLD_DAY, &seen);
		CHECK(seen.policy == SCMS_POLICY_SIGNER, "%s", scms_reason_name(seen.policy));
		bytes_free(&tbs);
		bytes_free(&forged);
	}
	/* Answers that are no answer to this question. */
	custom.item[POLICY_MAX_SUPPLY].has = true;
	bytes_free(&request);
	bytes_free(&part);
	custom.item[POLICY_MAX_SUPPLY] = global.item[POLICY_MAX_SUPPLY];
	CHECK(policy_request_make(&custom, &request, &err) == KEY_OK, "%s", err.text);
	CHECK(policy_reply_open(bytes_view(&reply), bytes_view(&request), &part, &err) == KEY_MISMATCH, "%s", err.text);
	CHECK(policy_reply_open(bytes_view(&request), bytes_view(&request), &part, &err) == KEY_VALUE, "%s", err.text);
	bytes_free(&reply);
	CHECK(policy_request_answer(&world.pg.party, &global, host, bytes_view(&gpf_bytes), WORLD_NOW, &reply, faults, &n, &err) == KEY_OK &&
		  n == 1,
	      "malformed");
	CHECK(policy_reply_open(bytes_view(&reply), bytes_view(&request), &part, &err) == KEY_REFUSED &&
		  strstr(err.text, "raPgMalformedRequest"),
	      "%s", err.text);
	bytes_free(&reply);
	/* One who is not yet a PG in the eyes of its own key. */
	{
		struct party mixed = world.pg.party;

		mixed.sign = world.ra.key;
		CHECK(policy_request_answer(&mixed, &global, host, bytes_view(&request), WORLD_NOW + WORLD_DAY, &reply, faults, &n, &err) ==
			  KEY_OK &&
			  n == 1,
		      "answer");
		CHECK(policy_reply_open(bytes_view(&reply), bytes_view(&request), &part, &err) == KEY_REFUSED &&
			  strstr(err.text, "raPgSignatureFailed"),
		      "%s", err.text);
		bytes_free(&reply);
	}
	bytes_free(&request);
	bytes_free(&file);
	bytes_free(&gpf_bytes);
	store_free(&store);
}

/* Each thing that an RA may not do to its copy. */
static void change_nothing(struct policy_content *c)
{
	(void)c;
}
static void raise_quorum(struct policy_content *c)
{
	c->item[POLICY_QUORUM].initial.n = 3;
}
static void lower_quorum_later(struct policy_content *c)
{
	c->item[POLICY_QUORUM].n = 1;
	c->item[POLICY_QUORUM].step[0].start = WORLD_NOW + WORLD_DAY;
	c->item[POLICY_QUORUM].step[0].value.n = 1;
}
static void drop_quorum(struct policy_content *c)
{
	c->item[POLICY_QUORUM].has = false;
}
static void drop_removed(struct policy_content *c)
{
	c->removed.n = 0;
}
static void drop_chain_file(struct policy_content *c)
{
	c->item[POLICY_CHAIN_FILE].has = false;
}
static void other_chain_file(struct policy_content *c)
{
	c->item[POLICY_CHAIN_FILE].initial.n = 8;
}
static void longer_tolerance(struct policy_content *c)
{
	c->item[POLICY_OVERDUE_CRL_TOLERANCE].initial.n = 337;
}
static void shorter_period(struct policy_content *c)
{
	c->item[POLICY_I_PERIOD].initial.n = 60;
}
static void fewer_certificates(struct policy_content *c)
{
	c->item[POLICY_MIN_CERTS].initial.n = 19;
}
static void drop_min_certificates(struct policy_content *c)
{
	c->item[POLICY_MIN_CERTS].has = false;
}
static void lower_shuffle(struct policy_content *c)
{
	c->item[POLICY_SHUFFLE_THRESHOLD].initial.n = 999;
}
static void longer_supply(struct policy_content *c)
{
	c->item[POLICY_MAX_SUPPLY].initial.n = 4;
}
static void other_model(struct policy_content *c)
{
	c->item[POLICY_VALIDITY_MODEL].initial.n = 2;
}
static void shorter_hash(struct policy_content *c)
{
	c->item[POLICY_REQUEST_HASH_SIZE].initial.n = 8;
}
static void other_host(struct policy_content *c)
{
	c->host = (struct scms_slice){(const uint8_t *)"evil.example.org", 16};
}
static void later_active(struct policy_content *c)
{
	c->active += WORLD_DAY;
}
static void older_generation(struct policy_content *c)
{
	c->generation = WORLD_NOW - 1;
}
static void future_generation(struct policy_content *c)
{
	c->generation = WORLD_NOW + 3 * WORLD_DAY;
}
static void other_id(struct policy_content *c)
{
	c->id.n = 3;
}
static void to_global(struct policy_content *c)
{
	c->part = POLICY_PART_GLOBAL;
}
/* What it may do. */
static void more_certificates(struct policy_content *c)
{
	c->item[POLICY_MIN_CERTS].initial.n = 21;
}
static void same_in_other_unit(struct policy_content *c)
{
	c->item[POLICY_I_PERIOD].initial = (struct policy_value){.n = 168, .unit = Duration_is_hours};
}
static void drop_what_only_ras_need(struct policy_content *c)
{
	c->item[POLICY_MAX_REQUEST_AGE].has = c->item[POLICY_MAX_SUPPLY].has = c->item[POLICY_SHUFFLE_THRESHOLD].has = false;
}

static const struct {
	const char *name;
	void (*change)(struct policy_content *c);
	const char *parameter; /* at fault; NULL: none */
} copies[] = {
    {"unchanged", change_nothing, NULL},
    {"more certificates", more_certificates, NULL},
    {"the same period in another unit", same_in_other_unit, NULL},
    {"what only RAs need left out", drop_what_only_ras_need, NULL},
    {"quorum raised", raise_quorum, "quorum"},
    {"quorum lowered at a step", lower_quorum_later, "quorum"},
    {"quorum left out", drop_quorum, "quorum"},
    {"removed list emptied", drop_removed, "removed"},
    {"chain file left out", drop_chain_file, "globalCertChainFileID"},
    {"another chain file", other_chain_file, "globalCertChainFileID"},
    {"longer CRL tolerance", longer_tolerance, "overdueCrlTolerance"},
    {"another period", shorter_period, "iPeriod"},
    {"fewer certificates", fewer_certificates, "minCertsPerIPeriod"},
    {"certificates left out", drop_min_certificates, "minCertsPerIPeriod"},
    {"smaller shuffle", lower_shuffle, "shuffleThreshold"},
    {"longer supply", longer_supply, "maxAvailableCertSupply"},
    {"another validity model", other_model, "certValidityModel"},
    {"shorter hash", shorter_hash, "hashOfRequestSize"},
    {"for another RA", other_host, "requestingRaHostname"},
    {"later activation", later_active, "activeTime"},
    {"older than the GPF", older_generation, "generationTime"},
    {"made tomorrow", future_generation, "generationTime"},
    {"another policy", other_id, "policyID"},
    {"not a custom part", to_global, "policy"},
};

static void test_custom_check(void)
{
	struct policy_content global = defaults(), custom;
	struct policy_fault faults[POLICY_FAULTS_MAX];
	struct bytes file;

	memset(global.removed.identity[0], 1, 32);
	global.removed.n = 1;
	file = gpf(&global, WORLD_NOW);
	for (size_t k = 0; k < sizeof(copies) / sizeof(copies[0]); k++) {
		unsigned n;

		policy_custom_copy(&global, host, WORLD_NOW + WORLD_DAY, &custom);
		copies[k].change(&custom);
		n = policy_custom_check(&global, &custom, host, WORLD_NOW + WORLD_DAY, faults);
		CHECK(n == (copies[k].parameter != NULL), "%s: %u: %s", copies[k].name, n, n ? faults[0].text : "");
		CHECK(n == 0 || strcmp(faults[0].parameter, copies[k].parameter) == 0, "%s: %s", copies[k].name, faults[0].parameter);
	}
	/* The RA's own part: more is allowed, less is not, at any time. */
	{
		struct policy_content local = {.part = POLICY_PART_LOCAL};

		policy_custom_copy(&global, host, WORLD_NOW, &custom);
		local.item[POLICY_LOCAL_SHUFFLE_THRESHOLD] = (struct policy_series){.has = true, .initial = {.n = 2000}, .n = 1};
		local.item[POLICY_LOCAL_SHUFFLE_THRESHOLD].step[0].start = WORLD_NOW;
		local.item[POLICY_LOCAL_SHUFFLE_THRESHOLD].step[0].value.n = 999;
		CHECK(policy_local_check(&custom, &local, faults) == 1 && strcmp(faults[0].parameter, "shuffleThreshold") == 0, "shuffle");
		local.item[POLICY_LOCAL_SHUFFLE_THRESHOLD].step[0].value.n = 1000;
		CHECK(policy_local_check(&custom, &local, faults) == 0, "%s", faults[0].text);
		custom.part = POLICY_PART_LOCAL;
		CHECK(policy_local_check(&global, &global, faults) >= 1, "part");
	}
	bytes_free(&file);
}

static void test_words(void)
{
	static const struct {
		enum policy_item item;
		const char *in, *out; /* out NULL: refused */
	} values[] = {
	    {POLICY_OVERDUE_CRL_TOLERANCE, "2 weeks", "336 hours"},
	    {POLICY_OVERDUE_CRL_TOLERANCE, "1 day", "24 hours"},
	    {POLICY_I_PERIOD, "10080 minutes", "10080 minutes"},
	    {POLICY_MAX_SUPPLY, "1 year", "1 year"},
	    {POLICY_MAX_SUPPLY, "3 Years", "3 years"},
	    {POLICY_MAX_SUPPLY, "5 sixtyHours", "5 sixtyHours"},
	    {POLICY_MAX_SUPPLY, "0 years", NULL},
	    {POLICY_MAX_SUPPLY, "400 weeks", NULL}, /* 67,200 hours do not fit 16 bits */
	    {POLICY_MAX_SUPPLY, "70000 hours", NULL},
	    {POLICY_MAX_SUPPLY, "3 fortnights", NULL},
	    {POLICY_MAX_SUPPLY, "3", NULL},
	    {POLICY_MAX_SUPPLY, "-3 years", NULL},
	    {POLICY_QUORUM, "2", "2"},
	    {POLICY_QUORUM, "0", NULL},
	    {POLICY_QUORUM, "256", NULL},
	    {POLICY_QUORUM, "2x", NULL},
	    {POLICY_QUORUM, "", NULL},
	    {POLICY_QUORUM, "99999999999999999999", NULL},
	    {POLICY_VALIDITY_MODEL, "non-concurrent", "non-concurrent"},
	    {POLICY_VALIDITY_MODEL, "both", NULL},
	    {POLICY_LA1_HOST, "la1.example.org", "la1.example.org"},
	    {POLICY_LA1_HOST, "", NULL},
	};
	struct policy_change changes[POLICY_CHANGES_MAX];
	struct policy_content before = defaults(), after = defaults();
	struct leap_table leaps;
	char text[POLICY_VALUE_TEXT];

	leap_load(&leaps, LEAP_FILE);
	for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
		struct policy_value value;
		bool ok = policy_value_parse(values[k].item, values[k].in, &value);

		CHECK(ok == (values[k].out != NULL), "%s", values[k].in);
		if (ok && values[k].out != NULL)
			CHECK(strcmp(policy_value_text(values[k].item, &value, text), values[k].out) == 0, "%s", text);
	}
	CHECK(policy_diff(&before, &after, &leaps, changes) == 0, "%s", changes[0].text);
	after.item[POLICY_QUORUM].initial.n = 3;
	after.item[POLICY_MAX_SUPPLY].has = false;
	after.removed.n = 1;
	CHECK(policy_diff(&before, &after, &leaps, changes) == 3, "changes");
	CHECK(strcmp(changes[0].parameter, "maxAvailableCertSupply") == 0 && strcmp(changes[0].text, "was 3 years; is absent") == 0, "%s", changes[0].text);
	CHECK(strcmp(changes[1].parameter, "quorum") == 0 && strcmp(changes[1].text, "was 2; is 3") == 0, "%s", changes[1].text);
	CHECK(strcmp(changes[2].parameter, "removed") == 0 && strncmp(changes[2].text, "adds ", 5) == 0, "%s", changes[2].text);
	after.generation = 1;
	before.generation = 2;
	CHECK(policy_diff(&before, &after, &leaps, changes) == 4 && strstr(changes[0].text, "ROLLBACK"), "%s", changes[0].text);

	/* What is no parameter: every part of a policy is held against the other's. */
	before = after = defaults();
	before.id = (struct scms_slice){(const uint8_t *)"old\x1b", 4};
	after.id = (struct scms_slice){(const uint8_t *)"new", 3};
	after.part = POLICY_PART_CUSTOM;
	after.host = (struct scms_slice){(const uint8_t *)"ra1", 3};
	after.foreign = (struct scms_slice){(const uint8_t *)"xyz", 3};
	after.has_removed = !before.has_removed;
	CHECK(policy_diff(&before, &after, &leaps, changes) == 5, "changes");
	CHECK(strcmp(changes[0].text, "was a global policy; is an RA's custom policy") == 0, "%s", changes[0].text);
	CHECK(strcmp(changes[1].text, "was \"old?\"; is \"new\"") == 0, "%s", changes[1].text);
	CHECK(strcmp(changes[2].text, "was absent; is ra1") == 0, "%s", changes[2].text);
	CHECK(strcmp(changes[3].text, "of others: was 0 bytes; is 3") == 0, "%s", changes[3].text);
	CHECK(strcmp(changes[4].parameter, "removed") == 0 && strstr(changes[4].text, "empty list") != NULL, "%s", changes[4].text);
}

int main(void)
{
	world_make(&world);
	test_store_takes_gpf();
	test_pending();
	test_make_refusals();
	test_foreign_extension();
	test_lpf();
	test_custom_check();
	test_words();
	world_free(&world);
	return check_done();
}
