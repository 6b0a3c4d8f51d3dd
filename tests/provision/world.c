/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/provision/world.h"

#include "base/clock.h"
#include "components/authority/issue.h"
#include "components/message.h"
#include "components/period.h"
#include "dot2/crl_make.h"
#include "service/home.h"
#include "service/peer.h"
#include "service/store_dir.h"
#include "service/tls_make.h"
#include "tests/dot2/judge.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *name;
	enum role role;
	uint16_t la_id;
} components[WORLD_ALL] = {
    [WORLD_RA] = {"ra", ROLE_RA, 0},
    [WORLD_PCA] = {"pca", ROLE_PCA, 0},
    [WORLD_LA1] = {"la1", ROLE_LA, 0x8e09},
    [WORLD_LA2] = {"la2", ROLE_LA, 0x59ce},
    [WORLD_ECA] = {"eca", ROLE_ECA, 0},
    [WORLD_DCM] = {"dcm", ROLE_DCM, 0},
    [WORLD_MA] = {"ma", ROLE_MA, 0},
    [WORLD_PG] = {"pg", ROLE_PG, 0},
    [WORLD_CRLG] = {"crlg", ROLE_CRLG, 0},
    [WORLD_CRL_STORE] = {"crl-store", ROLE_CRL_STORE, 0},
    [WORLD_MANAGER] = {"manager", ROLE_MANAGER, 0},
};

void world_must(bool ok, const char *what, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "world: %s: %s\n", what, why);
	exit(1);
}

void world_folder(char folder[WORLD_FOLDER])
{
	snprintf(folder, WORLD_FOLDER, "%s/scms-world-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	world_must(mkdtemp(folder) != NULL, folder, "cannot be made");
}

void world_gone(const char *folder)
{
	char command[WORLD_FOLDER + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	world_must(system(command) == 0, folder, "is left");
}

struct party world_party(const struct person *person)
{
	return (struct party){&judge, &person->cert, person->key, person->decryption};
}

static struct component_issuer issuer_of(const struct person *person, const struct person *above, struct cert *list)
{
	if (above != NULL)
		list[0] = above->cert;
	return (struct component_issuer){.level = LEVEL_POC,
					 .crypto = &judge,
					 .key = person->key,
					 .cert = &person->cert,
					 .above = list,
					 .above_count = above != NULL ? 1 : 0};
}

static void read_person(struct person *person)
{
	world_must(cert_read(&person->cert, bytes_view(&person->bytes), &judge, NULL) == OER_OK, "certificate", "cannot be read");
}

/* A component in memory, by the profile table. issuer NULL: self-issued. */
static void component(struct person *person, enum profile profile, const char *name, scms_time32 start, const struct person *issuer,
		      const struct person *above)
{
	struct profile_subject subject = {.name = {(const uint8_t *)name, strlen(name)}, .start = start};
	struct component_issuer by;
	struct cert list[1];
	struct key_error err;
	struct lint lint;

	memset(person, 0, sizeof(*person));
	world_must(private_key_random(SCMS_NIST_P256, &person->key, &err) == KEY_OK, name, err.text);
	subject.verify = private_key_public(person->key);
	if (profile_row(profile)->encryption == PRESENT) {
		world_must(private_key_random(SCMS_NIST_P256, &person->decryption, &err) == KEY_OK, name, err.text);
		subject.encrypt = private_key_public(person->decryption);
	}
	if (issuer != NULL)
		by = issuer_of(issuer, above, list);
	else
		by = (struct component_issuer){.level = LEVEL_POC, .crypto = &judge, .key = person->key};
	world_must(component_issue(&by, profile, &subject, &person->bytes, &lint, &err) == KEY_OK, name, err.text);
	read_person(person);
}

static void path_in(char *out, size_t size, const struct world *world, const char *name)
{
	world_must((size_t)snprintf(out, size, "%s/%s", world->folder, name) < size, "path", "too long");
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	world_must(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, path, "cannot be written");
	world_must(chmod(path, 0600) == 0, path, "mode");
}

/* The identity of a component, in its home: keys there, certificate by the ICA, or by the root where the profile says so. */
static void identity(struct world *world, enum world_component which, struct home *home)
{
	const struct profile_row *row = profile_row((enum profile)components[which].role);
	bool by_root = (row->issuers & 1u << ROLE_ICA) == 0;
	struct home_keys keys = {.encrypt = row->encryption == PRESENT, .curve = SCMS_NIST_P256};
	const char *host = world->name[which];
	char name[64];
	struct profile_subject subject = {.start = world->start, .la_id = components[which].la_id};
	struct component_request request;
	struct component_issuer by;
	struct home_error home_err = {.text = ""};
	struct key_error err;
	struct lint lint;
	struct cert list[1];
	struct bytes asked = {NULL, 0}, issuers = {NULL, 0};
	struct scms_slice above[2];
	struct oer_list list_of = {.count = by_root ? 1 : 2, .element = &oer_Certificate};
	struct Certificate both[2];
	struct home_draft *draft = home_draft_begin(home, &keys, &home_err);
	char *left = NULL;
	bool changed;

	world_must(draft != NULL, host, home_err.text);
	snprintf(name, sizeof(name), "%s.localhost", host);
	subject.name = (struct scms_slice){(const uint8_t *)name, strlen(name)};
	subject.verify = private_key_public(home_draft_sign(draft));
	if (keys.encrypt)
		subject.encrypt = private_key_public(home_draft_encrypt(draft));
	world_must(component_request_make(components[which].role, LEVEL_POC, &subject, home_draft_sign(draft), &judge, clock_now(), &asked,
					  &err) == KEY_OK,
		   host, err.text);
	world_must(component_request_read(&request, bytes_view(&asked), &judge, &err) == KEY_OK, host, err.text);
	by = by_root ? issuer_of(&world->root, NULL, list) : issuer_of(&world->ica, &world->root, list);
	world_must(component_issue(&by, (enum profile)components[which].role, &request.subject, &world->certificate[which], &lint, &err) ==
		       KEY_OK,
		   host, err.text);
	above[0] = bytes_view(by_root ? &world->root.bytes : &world->ica.bytes);
	above[1] = bytes_view(&world->root.bytes);
	for (unsigned k = 0; k < list_of.count; k++)
		world_must(oer_decode(&oer_Certificate, above[k], OER_DEPTH_DEFAULT, &both[k], NULL) == OER_OK, host, "issuers");
	list_of.items = both;
	world_must(make_bytes(&oer_SequenceOfCertificate, &list_of, &issuers, &err) == KEY_OK, host, err.text);
	world_must(home_draft_commit(draft, bytes_view(&asked), bytes_view(&world->certificate[which]), bytes_view(&issuers), &home_err) ==
		       HOME_OK,
		   host, home_err.text);
	world_must(home_set_activation(home, clock_now(), &home_err) == HOME_OK, host, home_err.text);
	world_must(home_activate(home, clock_now() + 1000000, &changed, &left, &home_err) == HOME_OK && changed, host, home_err.text);
	free(left);
	bytes_free(&asked);
	bytes_free(&issuers);
	world_must(cert_read(&world->cert[which], bytes_view(&world->certificate[which]), &judge, NULL) == OER_OK, host, "certificate");
}

/* A trust store that knows the root, and all other certificates as issuers at hand. */
static void store(struct world *world, enum world_component which, const char *path)
{
	struct scms_slice root = bytes_view(&world->root.bytes), own = bytes_view(&world->certificate[which]);
	struct scms_slice others[3 + WORLD_ALL] = {bytes_view(&world->ica.bytes), bytes_view(&world->eca.bytes),
						   bytes_view(&world->ma.bytes)};
	struct scms_bootstrap bootstrap = {.now = clock_now(), .roots = &root, .root_count = 1, .own = &own,
					   .own_count = own.n > 0 ? 1 : 0,
					   .certificates = others, .certificate_count = 3, .quorum = 2};
	struct store_dir_error err;
	struct scms_bootstrap_error refused = {.list = "?"};
	struct store_dir *dir = store_dir_begin(path, &judge, &err);
	struct scms_limits limits = scms_limits_complete((struct scms_limits){.electors = 0});
	struct scms_store *made;
	void *memory;
	size_t size;

	world_must(dir != NULL, path, err.text);
	for (unsigned k = 0; k < (unsigned)which; k++)
		if (world->certificate[k].n > 0)
			others[bootstrap.certificate_count++] = bytes_view(&world->certificate[k]);
	memory = store_dir_memory(dir, &limits, &size);
	made = scms_store_init(memory, size, &bootstrap, &judge, store_dir_objects(dir), &refused);
	world_must(made != NULL, path, refused.list);
	store_dir_take(dir, made);
	world_must(store_dir_commit(dir, "{\"made\":\"by a test\"}", &err) == STORE_DIR_OK, path, err.text);
	store_dir_close(dir);
}

static void tls(struct world *world, const char *certificate, const char *key, const char *host, const char *role)
{
	const char *roles[2] = {role, NULL};
	const struct tls_subject subject = {host, roles, 3};
	struct tls_error err;
	char root[560], root_key[560];

	path_in(root, sizeof(root), world, "root.pem");
	path_in(root_key, sizeof(root_key), world, "root.key");
	world_must(tls_make_identity(root, root_key, certificate, key, &subject, &err), certificate, err.text);
}

char *world_says(const struct party *party, const char *certificate)
{
	FILE *file = fopen(certificate, "r");
	X509 *x509 = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
	struct key_error err = {.text = ""};
	char *line = NULL;
	uint8_t key[32];

	world_must(tls_key_hash(x509, key) && peer_line_make(party, key, &line, &err) == KEY_OK, certificate, err.text);
	X509_free(x509);
	fclose(file);
	return line;
}

static void copy_file(const char *from, const char *to)
{
	char command[1200];

	snprintf(command, sizeof(command), "cp '%s' '%s'", from, to);
	world_must(system(command) == 0, to, "cannot be copied");
}

static void home(struct world *world, enum world_component which)
{
	struct home_settings settings = {.role = components[which].role, .la_id = components[which].la_id};
	struct home_error err;
	struct home *made;
	char path[560], certificate[600], key[600];

	snprintf(settings.name, sizeof(settings.name), "%s", world->name[which]);
	snprintf(settings.host, sizeof(settings.host), "%s.localhost", world->name[which]);
	snprintf(settings.secret, sizeof(settings.secret), "file:%.200s/%s.secret", world->folder, world->name[which]);
	path_in(path, sizeof(path), world, world->name[which]);
	world_must(home_create(path, &settings, &err) == HOME_OK, path, err.text);
	/* Outside of the home: nothing else of that folder is a server's to read. */
	snprintf(key, sizeof(key), "%s.secret", path);
	write_text(key, "a pass phrase for tests\n");
	made = home_open(path, NULL, &judge, &err);
	world_must(made != NULL, path, err.text);
	if (role_has_certificate(components[which].role))
		identity(world, which, made);
	home_close(made);
	snprintf(certificate, sizeof(certificate), "%s/store", path);
	store(world, which, certificate);
	snprintf(certificate, sizeof(certificate), "%s/tls", path);
	mkdir(certificate, 0700);
	snprintf(certificate, sizeof(certificate), "%s/tls/certificate.pem", path);
	snprintf(key, sizeof(key), "%s/tls/key.pem", path);
	tls(world, certificate, key, settings.host, role_name(components[which].role));
	snprintf(certificate, sizeof(certificate), "%s/tls/roots.pem", path);
	copy_file(world->roots, certificate);
}

/* Ports that are free now. All are held until the last is known, so that none comes twice. */
static void ports(struct world *world)
{
	int fd[WORLD_COMPONENTS];

	for (unsigned k = 0; k < WORLD_COMPONENTS; k++) {
		struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		socklen_t n = sizeof(at);

		fd[k] = socket(AF_INET, SOCK_STREAM, 0);
		world_must(fd[k] >= 0 && bind(fd[k], (struct sockaddr *)&at, n) == 0 && getsockname(fd[k], (struct sockaddr *)&at, &n) == 0,
			   "port", "none is free");
		snprintf(world->url[k], sizeof(world->url[k]), "https://%s.localhost:%u", world->name[k], ntohs(at.sin_port));
	}
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++)
		close(fd[k]);
}

static void config(const struct world *world, const char *ra_settings)
{
	char path[560];
	FILE *file;

	path_in(path, sizeof(path), world, "scmsd.conf");
	file = fopen(path, "w");
	world_must(file != NULL, path, "cannot be written");
	fprintf(file, "user = \"root\";\ntest_mode = true;\nno_separation = true;\ncomponents = (\n");
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++) {
		fprintf(file, "  { home = \"%s\"; listen = \"127.0.0.1%s\"; peers = {", world->name[k], strrchr(world->url[k], ':'));
		for (unsigned p = 0; p < WORLD_COMPONENTS && k < WORLD_LA1; p++)
			if (p != k && (k == WORLD_RA || p >= WORLD_LA1))
				fprintf(file, " %s = \"%s\";", world->name[p], world->url[p]);
		fprintf(file, " }; %s }%s\n", k == WORLD_RA ? ra_settings : "", k + 1 < WORLD_COMPONENTS ? "," : "");
	}
	fprintf(file, ");\n");
	fclose(file);
}

void world_make(struct world *world, const char *folder, const char *ra_settings)
{
	struct tls_error err;
	struct party ma;
	char root_key[560];

	memset(world, 0, sizeof(*world));
	for (unsigned k = 0; k < WORLD_ALL; k++)
		snprintf(world->name[k], sizeof(world->name[k]), "%s", components[k].name);
	snprintf(world->folder, sizeof(world->folder), "%s", folder);
	world->start = period_start(period_of((scms_time32)(clock_now() / 1000000u)));
	path_in(world->roots, sizeof(world->roots), world, "root.pem");
	path_in(root_key, sizeof(root_key), world, "root.key");
	world_must(tls_make_root(world->roots, root_key, "root of the test", 3, &err), "tls", err.text);
	component(&world->root, PROFILE_ROOT, "root.localhost", world->start, NULL, NULL);
	component(&world->ica, PROFILE_ICA, "ica.localhost", world->start, &world->root, NULL);
	component(&world->eca, PROFILE_ECA, "eca.localhost", world->start, &world->ica, &world->root);
	component(&world->ma, PROFILE_MA, "ma.localhost", world->start, &world->root, NULL);
	component(&world->dcm, PROFILE_DCM, "dcm.localhost", world->start, &world->ica, &world->root);
	while (world->count < WORLD_COMPONENTS)
		home(world, (enum world_component)world->count++);
	path_in(world->ma_certificate, sizeof(world->ma_certificate), world, "ma.pem");
	path_in(world->ma_key, sizeof(world->ma_key), world, "ma.key");
	path_in(world->ra_certificate, sizeof(world->ra_certificate), world, "ra/tls/certificate.pem");
	path_in(world->ra_key, sizeof(world->ra_key), world, "ra/tls/key.pem");
	path_in(world->dcm_certificate, sizeof(world->dcm_certificate), world, "dcm.pem");
	path_in(world->dcm_key, sizeof(world->dcm_key), world, "dcm.key");
	tls(world, world->ma_certificate, world->ma_key, "ma.localhost", "ma");
	ma = world_party(&world->ma);
	world->ma_line = world_says(&ma, world->ma_certificate);
	tls(world, world->dcm_certificate, world->dcm_key, "dcm.localhost", "dcm");
	path_in(world->manager_certificate, sizeof(world->manager_certificate), world, "manager.pem");
	path_in(world->manager_key, sizeof(world->manager_key), world, "manager.key");
	tls(world, world->manager_certificate, world->manager_key, "manager.localhost", "manager");
	ports(world);
	config(world, ra_settings);
}

void world_complete(struct world *world)
{
	while (world->count < WORLD_ALL)
		home(world, (enum world_component)world->count++);
}

void world_replace(struct world *world, enum world_component which, const char *name)
{
	bytes_free(&world->certificate[which]);
	snprintf(world->name[which], sizeof(world->name[which]), "%s", name);
	home(world, which);
}

void world_renew(struct world *world, enum world_component which)
{
	struct home_error err;
	struct home *made;
	char path[560];

	bytes_free(&world->certificate[which]);
	path_in(path, sizeof(path), world, world->name[which]);
	made = home_open(path, NULL, &judge, &err);
	world_must(made != NULL, path, err.text);
	identity(world, which, made);
	home_close(made);
}

/* The CRL of a series with those of these certificates that are of it, appended. False: there are none. */
static bool add_crl(const struct world *world, const struct person *by, uint16_t series, const struct cert *const *certs, unsigned n,
		    struct bytes *to)
{
	const struct signer signer = person_signer(by, true);
	struct crl_head head = {.series = series,
				.issue_date = (scms_time32)(clock_now() / 1000000u),
				.next_crl = (scms_time32)(clock_now() / 1000000u) + 86400};
	struct crl_hash_entry entries[8];
	struct bytes crl = {NULL, 0};
	struct key_error err;
	unsigned count = 0;

	world_must(n <= 8, "CRL", "too many");
	for (unsigned k = 0; k < n; k++)
		if (certs[k]->c.toBeSigned.crlSeries == series) {
			memcpy(entries[count].id, cert_id10(certs[k]), 10);
			entries[count++].expiry = head.next_crl;
		}
	if (count == 0)
		return false;
	memcpy(head.craca_id, cert_id8(&world->root.cert), 8);
	world_must(crl_make_hash(&signer, &head, head.issue_date, entries, count, &crl, &err) == KEY_OK, "CRL", err.text);
	to->p = realloc(to->p, to->n + crl.n);
	world_must(to->p != NULL, "CRL", "memory");
	memcpy(to->p + to->n, crl.p, crl.n);
	to->n += crl.n;
	bytes_free(&crl);
	return true;
}

struct bytes world_revoke(const struct world *world, const struct cert *const *certs, unsigned n)
{
	struct CompositeCrl composite = {.securedCrlSeries = {.element = &oer_Ieee1609Dot2Data},
					 .revokedRootCAs = {.element = &oer_ElectorBallot},
					 .revokedElectors = {.element = &oer_ElectorBallot}};
	struct bytes crls = {NULL, 0}, whole = {NULL, 0};
	struct person crlg;
	struct key_error err;

	component(&crlg, PROFILE_CRLG, "crlg0.localhost", world->start, &world->root, NULL);
	composite.securedCrlSeries.count = add_crl(world, &crlg, profile_row(PROFILE_PCA)->series, certs, n, &crls);
	composite.securedCrlSeries.count += add_crl(world, &world->root, profile_row(PROFILE_MA)->series, certs, n, &crls);
	composite.securedCrlSeries.bytes = bytes_view(&crls);
	world_must(make_bytes(&oer_CompositeCrl, &composite, &whole, &err) == KEY_OK, "composite CRL", err.text);
	bytes_free(&crls);
	person_free(&crlg);
	return whole;
}

void world_free(struct world *world)
{
	person_free(&world->root);
	person_free(&world->ica);
	person_free(&world->eca);
	person_free(&world->ma);
	person_free(&world->dcm);
	for (unsigned k = 0; k < WORLD_ALL; k++)
		bytes_free(&world->certificate[k]);
	free(world->ma_line);
}

void world_enrol(const struct world *world, struct person *device, bool rse)
{
	const struct PsidGroupPermissions *profile = profile_row(PROFILE_OBE_ENROLMENT)->request.items;
	const struct oer_list *asks = &profile->subjectPermissions.u.explicit;
	struct profile_subject subject = {.start = world->start};
	struct PsidSspRange range[8] = {{.psid = 0}};
	struct PsidGroupPermissions group = *profile;
	const struct oer_list groups = {.items = &group, .count = 1, .element = &oer_PsidGroupPermissions};
	struct profile_room room;
	struct ToBeSignedCertificate tbs;
	struct key_error err;

	memcpy(range, asks->items, asks->count * sizeof(range[0]));
	range[asks->count].psid = WORLD_SERVICE;
	group.subjectPermissions.u.explicit = (struct oer_list){.items = range, .count = asks->count + 1, .element = &oer_PsidSspRange};
	if (!rse && !world->without_service)
		subject.request = &groups;
	memcpy(subject.craca_id, cert_id8(&world->root.cert) + 5, 3);
	world_must(profile_fill(rse ? PROFILE_RSE_ENROLMENT : PROFILE_OBE_ENROLMENT, LEVEL_POC, &subject, &room, &tbs, &err) == KEY_OK,
		   "enrolment", err.text);
	person_make_implicit(device, &tbs, &world->eca);
}
