/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that others made: decoded, encoded to the same bytes, cut off at every
 * length, changed in every bit.
 *
 * usage: samples DIRECTORY (tests/data)
 */
#include "../check.h"
#include "asn1/types.h"
#include "hex.h"
#include "roundtrip.h"
#include <dirent.h>
#include <fnmatch.h>

static const struct {
	const char *folder, *pattern; /* the first that fits a file counts */
	const struct oer_type *type;  /* NULL: not one of our types */
	enum oer_status status;
} kinds[] = {
    {"electors", "cert-*.coer", &oer_Certificate, OER_OK},
    {"electors", "crl-*.coer", &oer_SecuredCrl, OER_OK},
    {"electors", "v121-*ballot*.coer", &oer_ElectorBallot121, OER_OK},
    {"electors", "v121-composite-crl.coer", &oer_CompositeCrl121, OER_OK},
    {"electors", "v121-?ccf.coer", &oer_ScmsFile121, OER_OK},
    {"electors", "v121-scoped-*.coer", &oer_ScmsPDU121, OER_OK},
    {"electors", "v121-signed-*.coer", &oer_SignedElectorEndorsement, OER_OK},
    {"electors", "v124-*ballot*.coer", &oer_ElectorBallot, OER_OK},
    {"electors", "v124-composite-crl.coer", &oer_CompositeCrl, OER_OK},
    {"electors", "v124-?ccf.coer", &oer_ScmsFile, OER_OK},
    {"electors", "v124-scoped-*.coer", &oer_ScmsPDU, OER_OK},
    {"electors", "v124-signed-*.coer", &oer_SignedElectorEndorsement, OER_OK},
    {"electors", "manifest.json", NULL, OER_OK},
    {"third-party/asn1c-mouse", "sample-Certificate-*.coer", &oer_Certificate, OER_OK},
    {"third-party/asn1c-mouse", "sample-Ieee1609Dot2Data-*.coer", &oer_Ieee1609Dot2Data, OER_OK},
    {"third-party/asn1c-mouse", "*.xer", NULL, OER_OK},
    {"third-party/asn1_codec", "*.coer", &oer_Ieee1609Dot2Data, OER_OK},
    {"third-party/asn1_codec", "*.hex", NULL, OER_OK},
    {"third-party/rasn", "E7A4B2B045E7ACF9.oer", &oer_Certificate, OER_OK},
    {"third-party/rasn", "CE4CF6C19BFED720.oer", &oer_Ieee1609Dot2Data, OER_OK},
    {"third-party/rasn", "*depth150.oer", &oer_Ieee1609Dot2Data, OER_DEPTH},
    {"third-party/wycheproof", "*_test.json", NULL, OER_OK},
    {"third-party/wycheproof", "NOTICE", NULL, OER_OK},
};

/* In memory of exactly that size, so that a sanitizer sees a read beyond. */
static struct scms_slice copy(const uint8_t *p, size_t n)
{
	uint8_t *to = malloc(n ? n : 1);

	if (!to)
		abort();
	memcpy(to, p, n);
	return (struct scms_slice){to, n};
}

static struct scms_slice file_read(const char *path)
{
	static uint8_t buf[1 << 16];
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(buf, 1, sizeof(buf), f) : 0;

	CHECK(f && n > 0 && n < sizeof(buf), "%s: cannot read", path);
	if (f)
		fclose(f);
	return copy(buf, n);
}

/* Whether what is said about a refusal makes sense. */
static bool is_told(const struct oer_error *err, size_t n)
{
	return err->status != OER_OK && err->offset <= n && err->path[0] && err->expected[0] && err->found[0] &&
	       memchr(err->path, 0, sizeof(err->path)) && memchr(err->expected, 0, sizeof(err->expected)) &&
	       memchr(err->found, 0, sizeof(err->found));
}

static void cut_off(const char *path, const struct oer_type *type, struct scms_slice in)
{
	unsigned wrong = 0;

	for (size_t n = 0; n < in.n; n++) {
		struct scms_slice part = copy(in.p, n);
		static union any_value out;
		struct oer_error err = {.status = OER_OK};

		if (oer_decode(type, part, OER_DEPTH_DEFAULT, &out, &err) != OER_TRUNCATED || !is_told(&err, n))
			wrong++;
		free((void *)(uintptr_t)part.p);
	}
	CHECK(wrong == 0, "%s: cut off at %u lengths, not called truncated", path, wrong);
}

/* One byte changed: either refused, or all that must hold of what is accepted. */
static const char *mutant(const struct oer_type *type, struct scms_slice in)
{
	struct oer_error err = {.status = OER_OK};

	if (oer_decode(type, in, OER_DEPTH_DEFAULT, NULL, &err) == OER_OK)
		return roundtrip(type, in, OER_DEPTH_DEFAULT);
	return is_told(&err, in.n) ? NULL : "a refusal without a reason";
}

static void mutate(const char *path, const struct oer_type *type, struct scms_slice in)
{
	uint8_t *p = (uint8_t *)(uintptr_t)in.p;
	unsigned accepted = 0;

	for (size_t i = 0; i < in.n; i++) {
		uint8_t was = p[i];

		for (unsigned k = 0; k < 10; k++) {
			const char *wrong;

			p[i] = (uint8_t)(k < 8 ? was ^ 1u << k : k == 8 ? 0 : 0xff);
			wrong = mutant(type, in);
			accepted += !wrong;
			if (wrong)
				CHECK(!wrong, "%s: byte %zu as %02x: %s", path, i, p[i], wrong);
		}
		p[i] = was;
	}
	CHECK(accepted > 0, "%s: no mutant judged", path);
}

static void check_file(const char *path, const struct oer_type *type, enum oer_status want)
{
	struct scms_slice in = file_read(path);
	struct oer_error err = {.path = ""};
	enum oer_status status = oer_decode(type, in, OER_DEPTH_DEFAULT, NULL, &err);

	CHECK(status == want, "%s: %s at %zu in %s", path, oer_status_text(status), err.offset, err.path);
	if (status == OER_OK) {
		const char *wrong = roundtrip(type, in, OER_DEPTH_DEFAULT);

		CHECK(!wrong, "%s: %s", path, wrong);
		cut_off(path, type, in);
		mutate(path, type, in);
	} else if (status == OER_DEPTH) {
		/* Nothing else is wrong with it. */
		CHECK(oer_decode(type, in, 150, NULL, &err) == OER_OK, "%s: %s", path, err.path);
		CHECK(!strncmp(err.path, "...", 3), "%s: the path should be cut: %s", path, err.path);
	}
	free((void *)(uintptr_t)in.p);
}

static void check_folder(const char *root, const char *folder)
{
	const size_t count = sizeof(kinds) / sizeof(kinds[0]);
	bool licensed = false;
	char path[1024];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", root, folder);
	d = opendir(path);
	CHECK(d, "%s: cannot open", path);
	while (d && (e = readdir(d))) {
		size_t i = 0;

		if (e->d_name[0] == '.')
			continue;
		if (!strcmp(e->d_name, "LICENSE")) {
			licensed = true;
			continue;
		}
		while (i < count && (strcmp(kinds[i].folder, folder) || fnmatch(kinds[i].pattern, e->d_name, 0)))
			i++;
		CHECK(i < count, "%s/%s: nothing is known of this file", folder, e->d_name);
		snprintf(path, sizeof(path), "%s/%s/%s", root, folder, e->d_name);
		if (i < count && kinds[i].type)
			check_file(path, kinds[i].type, kinds[i].status);
	}
	if (d)
		closedir(d);
	CHECK(licensed || !strcmp(folder, "electors"), "%s: no licence lies beside what others made", folder);
}

/* The same refusal said of our types. */
static void check_path(void)
{
	struct scms_slice in =
	    hex_bytes("00 0100 0101 00 80 04 00 8000 1082014100000000001d00000086000c010180012380038000"
		      "0180808200000000000000000000000000000000000000000000000000000000000000");
	struct oer_error err;

	CHECK(oer_decode(&oer_CompositeCrl, in, OER_DEPTH_DEFAULT, NULL, &err) == OER_RANGE, "version 4");
	CHECK(err.offset == 7 && !strcmp(err.path, "CompositeCrl.revokedRootCAs[0].certificate.version"), "%zu %s",
	      err.offset, err.path);
	CHECK(!strcmp(err.expected, "INTEGER (3)") && !strcmp(err.found, "4"), "%s, %s", err.expected, err.found);
	free((void *)(uintptr_t)in.p);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	check_path();
	check_folder(argv[1], "electors");
	check_folder(argv[1], "third-party/asn1c-mouse");
	check_folder(argv[1], "third-party/asn1_codec");
	check_folder(argv[1], "third-party/rasn");
	check_folder(argv[1], "third-party/wycheproof");
	return check_done();
}
