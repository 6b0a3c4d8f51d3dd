/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon_check.h"

#include "crypto/secret.h"
#include "daemon_inside.h"
#include "service/home.h"
#include "service/service_tls.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct checking {
	const struct daemon_config *config;
	const struct component_config *component;
	FILE *to;
	bool good;
};

static void complain(struct checking *checking, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void complain(struct checking *checking, unsigned line, const char *format, ...)
{
	va_list args;

	fprintf(checking->to, "%s:%u: ", checking->config->file, line);
	va_start(args, format);
	vfprintf(checking->to, format, args);
	va_end(args);
	fputc('\n', checking->to);
	checking->good = false;
}

static unsigned line_of(const struct component_config *component, const char *setting)
{
	const struct role_setting *row = component->role->settings;

	for (size_t k = 0; row != NULL && row[k].name != NULL; k++)
		if (strcmp(row[k].name, setting) == 0 && component->values[k].line != 0)
			return component->values[k].line;
	return component->line;
}

static void check_settings(struct checking *checking, const struct runner *runner)
{
	const struct role_service *role = checking->component->role;
	struct service_error err;
	const char *setting = role->check != NULL ? role->check(&runner->service, &err) : NULL;

	if (setting != NULL)
		complain(checking, line_of(checking->component, setting), "component %s: %s: %s", checking->component->name, setting, err.text);
}

/* Has this machine the address? Whether the port is free is seen at the start: it is taken by the component itself, if it runs. */
static void check_address(struct checking *checking)
{
	const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	int fd;

	if (getaddrinfo(checking->component->address, NULL, &hints, &found) != 0)
		return;
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0)
		complain(checking, checking->component->line, "component %s: listen: %s: %s; expected an address of this machine",
			 checking->component->name, checking->component->address, strerror(errno));
	if (fd >= 0)
		close(fd);
	freeaddrinfo(found);
}

static void check_store(struct checking *checking, struct runner *runner)
{
	struct service_error err;

	if (!runner_store_open(runner, &err) || !runner_clock_is_right(runner, &err))
		complain(checking, checking->component->line, "component %s", err.text);
	trustee_close(runner->service.trustee);
}

static void check_identity(struct checking *checking, const struct scms_crypto *crypto)
{
	const struct component_config *component = checking->component;
	struct secret_source secret;
	struct home_error why;
	struct party party;
	struct home *home = home_open(component->home, NULL, crypto, &why);

	if (home == NULL) {
		complain(checking, component->line, "component %s: %s", component->name, why.text);
		return;
	}
	if (role_has_certificate(home_settings(home)->role) &&
	    (!secret_source_parse(home_settings(home)->secret, &secret) || secret.kind == SECRET_FILE) && home_party(home, &party, &why) != HOME_OK)
		complain(checking, component->line, "component %s", why.text);
	home_close(home);
}

bool daemon_check(const struct daemon_config *config, const struct scms_crypto *crypto, FILE *to)
{
	struct checking checking = {.config = config, .to = to, .good = true};

	for (size_t k = 0; k < config->component_count; k++) {
		const struct component_config *component = &config->components[k];
		struct runner runner = {.config = component,
					.crypto = crypto,
					.service = {.role = component->role, .name = component->name, .host = component->host, .path = component->home}};
		struct tls_error why;

		checking.component = component;
		check_settings(&checking, &runner);
		check_address(&checking);
		if (!service_tls_check(&runner.service, &why))
			complain(&checking, component->line, "component %s: %s", component->name, why.text);
		check_store(&checking, &runner);
		check_identity(&checking, crypto);
	}
	return checking.good;
}
