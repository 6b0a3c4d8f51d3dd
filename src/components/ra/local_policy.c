/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ra/local_policy.h"

#include <string.h>

#define YEAR 31556952u
#define PUBLISHED_HOUR 3600u
#define DAY 86400u

/* Settings, and the parameters that they change. */
struct bound {
	const char *setting;
	enum policy_item item;
	uint32_t otherwise; /* the published default; durations in seconds */
};
static const struct bound shuffle_threshold = {"shuffle_threshold", POLICY_SHUFFLE_THRESHOLD, 1000};
static const struct bound max_request_age = {"max_request_age", POLICY_MAX_REQUEST_AGE, 2 * DAY};
static const struct bound supply = {"supply", POLICY_MAX_SUPPLY, 3 * YEAR};
static const struct bound certificates = {"certificates_per_period", POLICY_MIN_CERTS, 20};
static const struct bound *const bounds[] = {&shuffle_threshold, &max_request_age, &supply, &certificates};

static uint32_t in_seconds(enum policy_item item, const struct policy_value *value)
{
	uint64_t size = policy_value_size(item, value);

	if (policy_parameter(item)->kind == POLICY_DURATION)
		size /= 1000000u;
	return size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
}

static uint32_t value_of(const struct policy_content *global, enum policy_item item, scms_time64 now, uint32_t otherwise)
{
	if (global == NULL || !global->item[item].has)
		return otherwise;
	return in_seconds(item, policy_series_at(&global->item[item], now));
}

/* A duration counts in 16 bits: in the smallest unit that holds it, not above what was asked for. */
static struct policy_value value_from(enum policy_item item, uint32_t n)
{
	if (policy_parameter(item)->kind != POLICY_DURATION)
		return (struct policy_value){.n = n};
	if (n <= UINT16_MAX)
		return (struct policy_value){.n = n, .unit = Duration_is_seconds};
	if (n / 60 <= UINT16_MAX)
		return (struct policy_value){.n = n / 60, .unit = Duration_is_minutes};
	return (struct policy_value){.n = n / 3600, .unit = Duration_is_hours};
}

static uint32_t chosen(const struct service *service, const struct bound *bound, const struct policy_content *global, scms_time64 now)
{
	uint32_t own = (uint32_t)service_number(service, bound->setting);
	uint32_t value = value_of(global, bound->item, now, bound->otherwise);
	struct policy_value mine = value_from(bound->item, own);

	if (own == 0)
		return value;
	if (global == NULL || !global->item[bound->item].has || service->test_mode ||
	    policy_permits(bound->item, policy_series_at(&global->item[bound->item], now), &mine))
		return own;
	return value;
}

void ra_policy_read(const struct service *service, const struct policy_content *global, struct ra_policy *policy)
{
	scms_time64 now = clock_now();

	*policy = (struct ra_policy){
	    .shuffle_threshold = chosen(service, &shuffle_threshold, global, now),
	    .max_age = chosen(service, &max_request_age, global, now),
	    .supply = chosen(service, &supply, global, now),
	    .per_period = chosen(service, &certificates, global, now),
	    .retrieval = value_of(global, POLICY_MAX_RETRIEVAL_INTERVAL, now, PUBLISHED_HOUR),
	    .application = value_of(global, POLICY_RSE_VALIDITY, now, 169 * 3600),
	};
	if (policy->retrieval > PUBLISHED_HOUR || policy->retrieval == 0)
		policy->retrieval = PUBLISHED_HOUR;
	if (policy->per_period > 255)
		policy->per_period = 255;
	if (policy->per_period == 0)
		policy->per_period = 1;
	if (policy->application < 3600 || policy->application > 721 * 3600)
		policy->application = 169 * 3600;
}

/* ---- the custom part ---- */

/* The RA's value, wherever the global one leaves room for it. */
static void change(const struct service *service, const struct bound *bound, struct policy_content *custom)
{
	struct policy_series *series = &custom->item[bound->item];
	uint32_t own = (uint32_t)service_number(service, bound->setting);
	struct policy_value mine = value_from(bound->item, own);
	bool all = true;

	if (own == 0 || !series->has)
		return;
	for (uint32_t k = 0; k <= series->n; k++) {
		struct policy_value *value = k == 0 ? &series->initial : &series->step[k - 1].value;

		if (policy_permits(bound->item, value, &mine))
			*value = mine;
		else
			all = false;
	}
	if (!all)
		log_event(service->name, LOG_LEVEL_WARNING, "setting outside of the global policy's range", "s:s, s:I, s:s", "setting",
			  bound->setting, "value", (json_int_t)own, "parameter", policy_parameter(bound->item)->name);
}

/* Each name of `drop` in turn; false: it is no parameter's. */
static bool next_dropped(const char **names, enum policy_item *item, char name[64])
{
	size_t n;

	*names += strspn(*names, " ");
	n = strcspn(*names, " ");
	snprintf(name, 64, "%.*s", (int)n, *names);
	*names += n;
	return n == 0 || policy_item_find(name, POLICY_PART_GLOBAL, item);
}

void ra_policy_custom(const struct service *service, const struct policy_content *global, struct policy_content *custom)
{
	const char *names = service_text(service, "drop");
	enum policy_item item = POLICY_SCMS_VERSION;
	char name[64];

	policy_custom_copy(global, role_host(service), clock_now(), custom);
	for (unsigned k = 0; k < sizeof(bounds) / sizeof(*bounds); k++)
		change(service, bounds[k], custom);
	while (names != NULL && next_dropped(&names, &item, name) && name[0] != '\0')
		custom->item[item].has = false;
}

const char *ra_settings_check(const struct service *service, struct service_error *err)
{
	const char *names = service_text(service, "drop"), *ecas = service_text(service, "ecas");
	enum policy_item item;
	char name[64] = "";
	bool good = true;

	while (names != NULL && (good = next_dropped(&names, &item, name)) && name[0] != '\0')
		;
	if (!good) {
		snprintf(err->text, sizeof(err->text), "the global policy has no parameter '%s'; see scms policy show", name);
		return "drop";
	}
	if (ecas == NULL || ecas[strspn(ecas, " ")] != '\0')
		return NULL;
	snprintf(err->text, sizeof(err->text), "expected host names of ECAs, found none: all devices would be refused; to serve those of all ECAs, take "
					       "the line out");
	return "ecas";
}

/* ---- the local part ---- */

static struct policy_series number_of(uint32_t n)
{
	return (struct policy_series){.has = true, .initial = {.n = n}};
}

/* The host of a peer's "https://HOST:PORT". */
static struct policy_series host_of(const char *url)
{
	const char *host = url != NULL && strncmp(url, "https://", 8) == 0 ? url + 8 : NULL, *end;

	if (host == NULL)
		return (struct policy_series){.has = false};
	end = strrchr(host, ':');
	return (struct policy_series){
	    .has = true, .initial = {.text = {(const uint8_t *)host, end != NULL ? (size_t)(end - host) : strlen(host)}}};
}

void ra_policy_local(const struct service *service, const struct policy_content *custom, struct policy_content *local)
{
	const struct ra_state *state = ra_state_of(service);
	struct policy_fault faults[POLICY_FAULTS_MAX];
	unsigned n;

	*local = (struct policy_content){.part = POLICY_PART_LOCAL, .generation = clock_now()};
	local->active = local->generation;
	local->item[POLICY_LOCAL_CERTS] = number_of(state->policy.per_period);
	local->item[POLICY_LOCAL_SHUFFLE_THRESHOLD] = number_of(state->policy.shuffle_threshold);
	local->item[POLICY_LA1_HOST] = host_of(service_peer(service, "la1"));
	local->item[POLICY_LA2_HOST] = host_of(service_peer(service, "la2"));
	if (state->pca.n > 0)
		local->item[POLICY_PCA_HOST] = (struct policy_series){
		    .has = true, .initial = {.text = {(const uint8_t *)state->pca_host, strlen(state->pca_host)}}};
	/* Only in test mode: what is in force keeps within the range. */
	n = policy_local_check(custom, local, faults);
	for (unsigned k = 0; k < n; k++)
		log_event(service->name, LOG_LEVEL_WARNING, "local policy out of range", "s:s, s:s", "parameter", faults[k].parameter, "text",
			  faults[k].text);
}
