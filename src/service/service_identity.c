/* SPDX-License-Identifier: Apache-2.0 */
#include "service_identity.h"

#include "components/session_report.h"
#include "daemon_inside.h"
#include "dot2/validity.h"
#include "service/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The trustee judges with the issuers that the identity came with: its own store may know them only later. */
static bool take(struct service *service, struct service_error *err)
{
	struct runner *runner = runner_of(service);
	const struct home_identity *active;
	struct home_error why;

	free(runner->peer_line);
	runner->peer_line = NULL;
	if (home_party(service->home, &runner->party, &why) != HOME_OK) {
		snprintf(err->text, sizeof(err->text), "%s", why.text);
		return false;
	}
	runner->party.crypto = runner->crypto;
	active = home_identity(service->home, HOME_ACTIVE);
	if (!trustee_identify(service->trustee, active->certificate, active->issuers))
		return runner_refuse(runner->config, err, "out of memory");
	return true;
}

bool identity_open(struct service *service, struct service_error *err)
{
	struct runner *runner = runner_of(service);
	struct home_error why;

	service->home = home_open(runner->config->home, NULL, runner->crypto, &why);
	if (service->home == NULL)
		return runner_refuse(runner->config, err, "%s", why.text);
	runner->party = (struct party){.crypto = runner->crypto};
	service->party = &runner->party;
	if (!role_has_certificate(home_settings(service->home)->role))
		return true;
	return take(service, err);
}

void identity_close(struct service *service)
{
	home_close(service->home);
	service->home = NULL;
}

bool identity_schedule(struct service *service, scms_time64 at, struct service_error *err)
{
	struct home_error why;

	if (home_set_activation(service->home, at, &why) != HOME_OK) {
		snprintf(err->text, sizeof(err->text), "%s", why.text);
		return false;
	}
	log_event(service->name, LOG_LEVEL_INFO, "activation set", "s:I", "time", (json_int_t)at);
	return true;
}

static void id_of(const struct home_identity *identity, char text[17])
{
	for (unsigned k = 0; k < 8; k++)
		snprintf(text + 2 * k, 3, "%02x", cert_id8(&identity->cert)[k]);
}

void identity_tick(struct service *service, scms_time64 now)
{
	struct service_error err;
	struct home_error why;
	char *left = NULL, id[17];
	bool changed;

	/* An identity is staged, given its moment, or switched to by others too (scms component): the folder knows. */
	if (!home_may_change(service->home, now))
		return;
	/* What is on its way was made with the old keys: it is finished first. */
	if (service->commit != NULL)
		commit_flush(service->commit);
	if (home_activate(service->home, now, &changed, &left, &why) != HOME_OK) {
		log_event(service->name, LOG_LEVEL_ERROR, "activation", "s:s", "text", why.text);
		return;
	}
	if (!changed)
		return;
	if (!take(service, &err)) {
		/* The home has the new identity, and its keys cannot be had: nothing may be issued in the old one's name. */
		runner_of(service)->party = (struct party){.crypto = runner_of(service)->crypto};
		log_event(service->name, LOG_LEVEL_ERROR, "activation", "s:s", "text", err.text);
		event_base_loopexit(service->base, NULL);
		return;
	}
	id_of(home_identity(service->home, HOME_ACTIVE), id);
	log_event(service->name, LOG_LEVEL_INFO, "activated", "s:s", "id", id);
	if (left != NULL)
		log_event(service->name, LOG_LEVEL_WARNING, "key left in token", "s:s", "key", left);
	free(left);
	runner_look(runner_of(service), true);
}

static json_t *one_json(const struct home_identity *identity)
{
	const struct ValidityPeriod *period;
	char id[17];
	json_t *json;

	if (identity == NULL)
		return json_null();
	if (identity->certificate.n == 0)
		return json_pack("{s:n}", "id");
	id_of(identity, id);
	period = &identity->cert.c.toBeSigned.validityPeriod;
	json = json_pack("{s:s, s:I, s:I}", "id", id, "from", (json_int_t)validity_start(period), "until",
			 (json_int_t)validity_end(period));
	if (identity->has_activation)
		json_object_set_new(json, "activate", json_integer((json_int_t)identity->activation));
	return json;
}

json_t *identity_json(const struct service *service)
{
	return json_pack("{s:o, s:o}", "active", one_json(home_identity(service->home, HOME_ACTIVE)), "staged",
			 one_json(home_identity(service->home, HOME_STAGED)));
}

void identity_metrics(const struct service *service, struct metrics *to)
{
	const struct home_identity *active = home_identity(service->home, HOME_ACTIVE);
	scms_time64 now = clock_now(), end;

	if (active == NULL || active->certificate.n == 0)
		return;
	end = validity_end(&active->cert.c.toBeSigned.validityPeriod);
	metrics_gauge(to, "scms_identity_seconds_left", "Until the certificate in use expires.", NULL,
		      end > now ? (double)(end - now) / TIME64_SECOND : 0);
}
