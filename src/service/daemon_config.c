/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon_config.h"

#include "crypto/secret.h"

#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <limits.h>
#include <netdb.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reading goes on after a complaint: one run tells all that is wrong. */
struct reading {
	struct daemon_config *config;
	const struct role_service *const *roles;
	const char *const *wanted;
	FILE *to;
	unsigned complaints;
};

/* What strings of the configuration point into. */
struct parsed {
	config_t file;
	config_t homes[COMPONENTS_MAX];
	size_t home_count;
};

static void complain(struct reading *reading, const config_setting_t *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void complain(struct reading *reading, const config_setting_t *at, const char *format, ...)
{
	const char *file = config_setting_source_file(at);
	va_list args;

	fprintf(reading->to, "%s:%u: ", file != NULL ? file : reading->config->file, config_setting_source_line(at));
	if (config_setting_name(at) != NULL)
		fprintf(reading->to, "%s: ", config_setting_name(at));
	va_start(args, format);
	vfprintf(reading->to, format, args);
	va_end(args);
	fputc('\n', reading->to);
	reading->complaints++;
}

/* ---- values ---- */

static const char *text_of(struct reading *reading, const config_setting_t *at)
{
	const char *text = config_setting_get_string(at);

	if (text == NULL)
		complain(reading, at, "expected text in quotation marks");
	return text;
}

static bool flag_of(struct reading *reading, const config_setting_t *at)
{
	if (config_setting_type(at) != CONFIG_TYPE_BOOL)
		complain(reading, at, "expected true or false");
	return config_setting_type(at) == CONFIG_TYPE_BOOL && config_setting_get_bool(at) != 0;
}

static int64_t number_of(struct reading *reading, const config_setting_t *at, int64_t least, int64_t most)
{
	int64_t value;

	if (config_setting_type(at) != CONFIG_TYPE_INT && config_setting_type(at) != CONFIG_TYPE_INT64) {
		complain(reading, at, "expected a whole number");
		return least;
	}
	value = config_setting_get_int64(at);
	if (value < least || value > most)
		complain(reading, at, "expected %" PRId64 " to %" PRId64 ", found %" PRId64, least, most, value);
	return value;
}

/* A path relative to the folder of the configuration file. To be freed. */
static char *path_of(struct reading *reading, const config_setting_t *at)
{
	const char *text = text_of(reading, at), *slash = strrchr(reading->config->file, '/');
	char *path = NULL;

	if (text == NULL)
		return NULL;
	if (text[0] == '\0') {
		complain(reading, at, "expected a path, found nothing");
		return NULL;
	}
	if (text[0] == '/' || slash == NULL)
		return strdup(text);
	if (asprintf(&path, "%.*s%s", (int)(slash - reading->config->file + 1), reading->config->file, text) < 0)
		return NULL;
	return path;
}

static bool port_of(const char *text, uint16_t *port)
{
	unsigned long value;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	value = strtoul(text, &end, 10);
	*port = (uint16_t)value;
	return *end == '\0' && value <= UINT16_MAX;
}

static bool address_is_numeric(const char *address)
{
	const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;

	if (address == NULL || address[0] == '\0' || getaddrinfo(address, NULL, &hints, &found) != 0)
		return false;
	freeaddrinfo(found);
	return true;
}

/* "127.0.0.1:8892", "[::1]:8892" */
static void listen_of(struct reading *reading, const config_setting_t *at, struct component_config *component)
{
	const char *text = text_of(reading, at), *colon = text != NULL ? strrchr(text, ':') : NULL;
	size_t n;

	if (text == NULL)
		return;
	if (colon == NULL || colon == text || !port_of(colon + 1, &component->port)) {
		complain(reading, at, "expected ADDRESS:PORT as in \"127.0.0.1:8892\" or \"[::]:8892\", found \"%s\"", text);
		return;
	}
	n = (size_t)(colon - text);
	if (text[0] == '[' && text[n - 1] == ']')
		component->address = strndup(text + 1, n - 2);
	else
		component->address = strndup(text, n);
	if (!address_is_numeric(component->address))
		complain(reading, at, "expected an address in digits, as \"127.0.0.1:8892\", or \"0.0.0.0:8892\" and \"[::]:8892\" for all of this machine's, found \"%s\"", text);
}

static bool is_any(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

/* Two cannot listen on the same port. */
static void listen_apart(struct reading *reading, const config_setting_t *group, const struct component_config *component)
{
	const struct component_config *other = reading->config->components;

	if (component->address == NULL || component->port == 0)
		return;
	for (size_t k = 0; k < reading->config->component_count; k++, other++)
		if (other->address != NULL && other->port == component->port &&
		    (strcmp(other->address, component->address) == 0 || is_any(other->address) || is_any(component->address)))
			complain(reading, group, "component %s: listen: port %u is that of component %s, at line %u: give it another", component->name,
				 component->port, other->name, other->line);
}

/* ---- a component ---- */

static void peer_read(struct reading *reading, const config_setting_t *at, struct component_config *component)
{
	struct config_peer *peer = &component->peers[component->peer_count];
	const char *rest, *colon;
	uint16_t port;

	if (component->peer_count == PEERS_MAX) {
		complain(reading, at, "expected at most %d peers", PEERS_MAX);
		return;
	}
	peer->name = config_setting_name(at);
	peer->url = text_of(reading, at);
	component->peer_count++;
	if (peer->url == NULL)
		return;
	rest = strncmp(peer->url, "https://", 8) == 0 ? peer->url + 8 : "";
	colon = strrchr(rest, ':');
	if (colon == NULL || colon == rest || !port_of(colon + 1, &port) || port == 0 || strpbrk(rest, "/?#@ ") != NULL)
		complain(reading, at, "expected \"https://HOST:PORT\" with nothing behind it, found \"%s\"", peer->url);
}

static bool peer_is_there(const struct component_config *component, const char *name)
{
	for (size_t k = 0; k < component->peer_count; k++)
		if (strcmp(component->peers[k].name, name) == 0)
			return true;
	return false;
}

/* "la" of "la1" */
static size_t stem(const char *name)
{
	size_t n = strlen(name);

	while (n > 0 && name[n - 1] >= '0' && name[n - 1] <= '9')
		n--;
	return n;
}

/* Does the role call anybody by this name? One that is misspelt is called by nobody. */
static bool peer_is_known(const struct role_service *role, const char *name)
{
	for (const struct role_peer *peer = role->peers; peer != NULL && peer->name != NULL; peer++)
		if (peer->kind == PEER_ANY || strcmp(peer->name, name) == 0 ||
		    (peer->kind == PEER_SEVERAL && stem(peer->name) == stem(name) && strncmp(peer->name, name, stem(name)) == 0))
			return true;
	return false;
}

static void peers_read(struct reading *reading, const config_setting_t *group, struct component_config *component)
{
	for (int k = 0; k < config_setting_length(group); k++) {
		const config_setting_t *at = config_setting_get_elem(group, (unsigned)k);

		if (peer_is_known(component->role, config_setting_name(at)))
			peer_read(reading, at, component);
		else
			complain(reading, at, "role %s calls no peer of this name; see scmsd(8), or take it out", component->role->name);
	}
}

static void peers_complete(struct reading *reading, const config_setting_t *group, const struct component_config *component)
{
	const struct role_peer *peer = component->role->peers;

	for (; peer != NULL && peer->name != NULL; peer++)
		if ((peer->kind == PEER_NEEDED || peer->kind == PEER_SEVERAL) && !peer_is_there(component, peer->name))
			complain(reading, group, "component %s (%s): peer \"%s\" is missing: add %s = \"https://HOST:PORT\"; to peers",
				 component->name, component->role->name, peer->name, peer->name);
}

static void limits_read(struct reading *reading, const config_setting_t *group, struct http_limits *limits)
{
	for (int k = 0; k < config_setting_length(group); k++) {
		const config_setting_t *at = config_setting_get_elem(group, (unsigned)k);
		const char *name = config_setting_name(at);

		if (strcmp(name, "connections") == 0)
			limits->connections = (unsigned)number_of(reading, at, 1, 100000);
		else if (strcmp(name, "request_seconds") == 0)
			limits->request_seconds = (unsigned)number_of(reading, at, 1, 600);
		else if (strcmp(name, "idle_seconds") == 0)
			limits->idle_seconds = (unsigned)number_of(reading, at, 1, 3600);
		else
			complain(reading, at, "no such limit; there are connections, request_seconds, idle_seconds");
	}
}

static void settings_default(struct component_config *component)
{
	const struct role_setting *row = component->role->settings;

	for (size_t k = 0; row != NULL && row[k].name != NULL && k < SETTINGS_MAX; k++)
		component->values[k] = (struct config_value){row[k].number, row[k].text, 0};
}

static void setting_read(struct reading *reading, const config_setting_t *at, struct component_config *component)
{
	const struct role_setting *row = component->role->settings;
	struct config_value *value = component->values;

	for (; row != NULL && row->name != NULL; row++, value++) {
		if (strcmp(row->name, config_setting_name(at)) != 0)
			continue;
		value->line = config_setting_source_line(at);
		if (row->kind == SETTING_TEXT)
			value->text = text_of(reading, at);
		else if (row->kind == SETTING_FLAG)
			value->number = flag_of(reading, at);
		else
			value->number = number_of(reading, at, row->least, row->most);
		return;
	}
	complain(reading, at, "role %s has no such setting; see scmsd(8), or take the line out", component->role->name);
}

static bool is_wanted(const struct reading *reading, const struct component_config *component)
{
	const char *const *wanted = reading->wanted;

	if (wanted[0] == NULL)
		return true;
	for (; *wanted != NULL; wanted++)
		if (strcmp(*wanted, component->role->name) == 0 || strcmp(*wanted, component->name) == 0)
			return true;
	return false;
}

static const char *home_text(struct reading *reading, const config_t *conf, const char *file, const char *name)
{
	const config_setting_t *at = config_lookup(conf, name);

	if (at == NULL) {
		fprintf(reading->to, "%s: %s is missing: add %s = \"...\";\n", file, name, name);
		reading->complaints++;
		return NULL;
	}
	return text_of(reading, at);
}

/* The file that the pass phrase of the home's keys is in; NULL: it comes another way. */
static const char *secret_read_from(struct reading *reading, const config_t *conf, const char *file)
{
	const config_setting_t *at = config_lookup(conf, "secret");
	struct secret_source source;
	const char *text;

	if (at == NULL)
		return NULL;
	text = config_setting_get_string(at);
	if (text == NULL || !secret_source_parse(text, &source)) {
		fprintf(reading->to, "%s:%u: secret: expected \"prompt\", \"file:PATH\" or \"fd:N\"\n", file,
			config_setting_source_line(at));
		reading->complaints++;
		return NULL;
	}
	return source.kind == SECRET_FILE ? source.path : NULL;
}

/* What the home says of itself. */
static void home_read(struct reading *reading, const config_setting_t *at, struct component_config *component)
{
	struct parsed *parsed = reading->config->parsed;
	config_t *conf = &parsed->homes[parsed->home_count++];
	const char *role;
	char *file;

	config_init(conf);
	if (asprintf(&file, "%s/component.conf", component->home) < 0)
		return;
	if (config_read_file(conf, file) != CONFIG_TRUE) {
		if (config_error_type(conf) == CONFIG_ERR_FILE_IO)
			complain(reading, at, "%s: cannot be read: expected the home of a component; make one with 'scms component create'",
				 file);
		else {
			fprintf(reading->to, "%s:%d: %s\n", file, config_error_line(conf), config_error_text(conf));
			reading->complaints++;
		}
		goto out;
	}
	role = home_text(reading, conf, file, "role");
	component->name = home_text(reading, conf, file, "name");
	component->host = home_text(reading, conf, file, "host");
	component->secret_file = secret_read_from(reading, conf, file);
	for (const struct role_service *const *row = reading->roles; role != NULL && *row != NULL; row++)
		if (strcmp((*row)->name, role) == 0)
			component->role = *row;
	if (role != NULL && component->role == NULL)
		complain(reading, at, "%s: role \"%s\" does not run as a server", file, role);
out:
	free(file);
}

static void component_read(struct reading *reading, const config_setting_t *group)
{
	struct daemon_config *config = reading->config;
	struct component_config *component = &config->components[config->component_count];
	const config_setting_t *at = config_setting_is_group(group) ? config_setting_get_member(group, "home") : NULL;

	if (at == NULL) {
		complain(reading, group, "expected a component as in { home = \"components/ra1\"; listen = \"127.0.0.1:8892\"; }");
		return;
	}
	if (config->component_count == COMPONENTS_MAX || ((struct parsed *)config->parsed)->home_count == COMPONENTS_MAX) {
		complain(reading, group, "expected at most %d components", COMPONENTS_MAX);
		return;
	}
	*component = (struct component_config){.line = config_setting_source_line(group)};
	component->home = path_of(reading, at);
	if (component->home == NULL)
		return;
	home_read(reading, at, component);
	if (component->role == NULL || component->name == NULL || component->host == NULL)
		goto drop;
	settings_default(component);
	for (int k = 0; k < config_setting_length(group); k++) {
		const char *name;

		at = config_setting_get_elem(group, (unsigned)k);
		name = config_setting_name(at);
		if (strcmp(name, "home") == 0)
			continue;
		if (strcmp(name, "listen") == 0)
			listen_of(reading, at, component);
		else if ((strcmp(name, "peers") == 0 || strcmp(name, "limits") == 0) && !config_setting_is_group(at))
			complain(reading, at, "expected a group: %s = { ... };", name);
		else if (strcmp(name, "peers") == 0)
			peers_read(reading, at, component);
		else if (strcmp(name, "limits") == 0)
			limits_read(reading, at, &component->limits);
		else
			setting_read(reading, at, component);
	}
	peers_complete(reading, group, component);
	if (config_setting_get_member(group, "listen") == NULL)
		complain(reading, group, "component %s: listen is missing: add listen = \"ADDRESS:PORT\";", component->name);
	for (size_t k = 0; k < config->component_count; k++)
		if (strcmp(config->components[k].name, component->name) == 0)
			complain(reading, group, "component %s is there already, at line %u", component->name,
				 config->components[k].line);
	if (is_wanted(reading, component)) {
		listen_apart(reading, group, component);
		config->component_count++;
		return;
	}
drop:
	free(component->home);
	free(component->address);
}

/* ---- the file ---- */

/* A file or folder that must be there. */
static char *present_of(struct reading *reading, const config_setting_t *at)
{
	char *path = path_of(reading, at);

	if (path != NULL && access(path, F_OK) != 0)
		complain(reading, at, "%s: %s; make it, or take it out", path, strerror(errno));
	return path;
}

static const char *user_of(struct reading *reading, const config_setting_t *at)
{
	const char *user = text_of(reading, at);

	if (user != NULL && getpwnam(user) == NULL)
		complain(reading, at, "user %s does not exist: make it with 'adduser --system', or name another", user);
	return user;
}

static void paths_read(struct reading *reading, const config_setting_t *list)
{
	struct daemon_config *config = reading->config;

	for (int k = 0; k < config_setting_length(list); k++) {
		if (config->path_count == sizeof(config->paths) / sizeof(config->paths[0])) {
			complain(reading, list, "expected at most 16 paths");
			return;
		}
		config->paths[config->path_count] = present_of(reading, config_setting_get_elem(list, (unsigned)k));
		if (config->paths[config->path_count] != NULL)
			config->path_count++;
	}
}

static void member_read(struct reading *reading, const config_setting_t *at)
{
	struct daemon_config *config = reading->config;
	const char *name = config_setting_name(at);

	if (strcmp(name, "user") == 0)
		config->user = user_of(reading, at);
	else if (strcmp(name, "test_mode") == 0)
		config->test_mode = flag_of(reading, at);
	else if (strcmp(name, "no_separation") == 0)
		config->no_separation = flag_of(reading, at);
	else if (strcmp(name, "clock_file") == 0)
		config->clock_file = present_of(reading, at);
	else if (strcmp(name, "paths") == 0 && config_setting_is_aggregate(at))
		paths_read(reading, at);
	else if (strcmp(name, "components") == 0 && config_setting_is_list(at))
		for (int k = 0; k < config_setting_length(at); k++)
			component_read(reading, config_setting_get_elem(at, (unsigned)k));
	else if (strcmp(name, "components") == 0 || strcmp(name, "paths") == 0)
		complain(reading, at, "expected a list: %s = ( ... );", name);
	else
		complain(reading, at, "no such setting; see scmsd(8), or take the line out");
}

static void all_found(struct reading *reading)
{
	const struct daemon_config *config = reading->config;

	for (const char *const *wanted = reading->wanted; *wanted != NULL; wanted++) {
		bool found = false;

		for (size_t k = 0; k < config->component_count; k++)
			found |= strcmp(*wanted, config->components[k].role->name) == 0 ||
				 strcmp(*wanted, config->components[k].name) == 0;
		if (!found) {
			fprintf(reading->to, "%s: no component has the role or name '%s'\n", config->file, *wanted);
			reading->complaints++;
		}
	}
	if (config->component_count == 0 && reading->complaints == 0) {
		fprintf(reading->to, "%s: no components: add components = ( { home = \"...\"; listen = \"...\"; } );\n",
			config->file);
		reading->complaints++;
	}
}

struct daemon_config *daemon_config_read(const char *file, const struct role_service *const *roles,
					 const char *const *wanted, FILE *to)
{
	struct daemon_config *config = calloc(1, sizeof(*config));
	struct parsed *parsed = calloc(1, sizeof(*parsed));
	struct reading reading = {config, roles, wanted, to, 0};
	const config_setting_t *root;

	if (config == NULL || parsed == NULL) {
		fprintf(to, "out of memory\n");
		free(config);
		free(parsed);
		return NULL;
	}
	config->file = file;
	config->parsed = parsed;
	config_init(&parsed->file);
	if (config_read_file(&parsed->file, file) != CONFIG_TRUE) {
		if (config_error_type(&parsed->file) == CONFIG_ERR_FILE_IO)
			fprintf(to, "%s: cannot be read\n", file);
		else
			fprintf(to, "%s:%d: %s\n", file, config_error_line(&parsed->file), config_error_text(&parsed->file));
		daemon_config_free(config);
		return NULL;
	}
	root = config_root_setting(&parsed->file);
	for (int k = 0; k < config_setting_length(root); k++)
		member_read(&reading, config_setting_get_elem(root, (unsigned)k));
	all_found(&reading);
	if (reading.complaints == 0)
		return config;
	daemon_config_free(config);
	return NULL;
}

void daemon_config_free(struct daemon_config *config)
{
	struct parsed *parsed;

	if (config == NULL)
		return;
	parsed = config->parsed;
	for (size_t k = 0; k < config->component_count; k++) {
		free(config->components[k].home);
		free(config->components[k].address);
	}
	for (size_t k = 0; k < config->path_count; k++)
		free(config->paths[k]);
	for (size_t k = 0; k < parsed->home_count; k++)
		config_destroy(&parsed->homes[k]);
	config_destroy(&parsed->file);
	free(parsed);
	free(config->clock_file);
	free(config);
}

bool daemon_config_separate(const struct daemon_config *config, FILE *to)
{
	static const char *const apart[] = {"ra", "pca", "la", "ma"};
	const struct component_config *first = NULL;

	if (config->no_separation)
		return true;
	for (size_t k = 0; k < config->component_count; k++) {
		const struct component_config *component = &config->components[k];
		bool kept_apart = false;

		for (size_t r = 0; r < sizeof(apart) / sizeof(apart[0]); r++)
			kept_apart |= strcmp(component->role->name, apart[r]) == 0;
		if (!kept_apart)
			continue;
		if (first != NULL) {
			fprintf(to,
				"%s:%u: %s (%s) and %s (%s) in one process would know together what neither may know alone: "
				"run each in a process of its own ('scmsd %s'), or give --no-separation in a test\n",
				config->file, component->line, component->name, component->role->name, first->name,
				first->role->name, component->name);
			return false;
		}
		first = component;
	}
	return true;
}
