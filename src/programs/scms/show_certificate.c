/* SPDX-License-Identifier: Apache-2.0 */
#include "show.h"
#include "words.h"

#include <string.h>

#define NAME_WIDTH 12

void show_line(unsigned level, const char *name)
{
	printf("%*s%-*s ", (int)(4 * level), "", NAME_WIDTH, name);
}

static void put_bytes(const uint8_t *p, size_t n)
{
	words_hex(stdout, (struct scms_slice){p, n});
}

static void put_issuer(const struct show *show, const struct cert *cert)
{
	const uint8_t *id8 = cert_issuer_id8(cert);
	const struct known_cert *issuer;

	if (cert_is_self_issued(cert)) {
		fputs("itself", stdout);
		return;
	}
	if (!id8) {
		fputs("named in an unknown way", stdout);
		return;
	}
	put_bytes(id8, 8);
	issuer = known_id8(&show->known, id8, NULL);
	if (issuer) {
		fputs(", ", stdout);
		known_name(stdout, &issuer->cert.c);
	}
}

static void put_app_permissions(const struct oer_list *list, unsigned level)
{
	struct oer_iter it = oer_iterate(list);
	struct PsidSsp permission;

	while (oer_next(&it, &permission)) {
		show_line(level, "may use");
		words_permission(stdout, &permission);
		putchar('\n');
	}
}

static void put_groups(const struct oer_list *list, const char *name, unsigned level)
{
	struct oer_iter it = oer_iterate(list);
	struct PsidGroupPermissions group;

	while (oer_next(&it, &group)) {
		show_line(level, name);
		words_group(stdout, &group);
		putchar('\n');
	}
}

static void put_revocation(const struct ToBeSignedCertificate *tbs, unsigned level)
{
	static const uint8_t nobody[3];

	show_line(level, "revoked by");
	if (memcmp(tbs->cracaId, nobody, 3) == 0 && tbs->crlSeries == 0) {
		fputs("no CRL\n", stdout);
		return;
	}
	fputs("CRLs of ", stdout);
	put_bytes(tbs->cracaId, 3);
	fputs(", series ", stdout);
	words_series(stdout, tbs->crlSeries);
	putchar('\n');
}

static void put_permissions(const struct ToBeSignedCertificate *tbs, unsigned level)
{
	if (tbs->has_appPermissions)
		put_app_permissions(&tbs->appPermissions, level);
	if (tbs->has_certIssuePermissions)
		put_groups(&tbs->certIssuePermissions, "may issue", level);
	if (tbs->has_certRequestPermissions)
		put_groups(&tbs->certRequestPermissions, "may request", level);
	if (tbs->has_canRequestRollover) {
		show_line(level, "may renew");
		fputs("itself\n", stdout);
	}
}

static void put_keys(const struct ToBeSignedCertificate *tbs, unsigned level)
{
	if (tbs->verifyKeyIndicator.choice == VerificationKeyIndicator_is_verificationKey) {
		show_line(level, "key");
		if (!words_key(stdout, &tbs->verifyKeyIndicator.u.verificationKey))
			fputs("of an unknown algorithm", stdout);
		putchar('\n');
	} else if (tbs->verifyKeyIndicator.choice == VerificationKeyIndicator_is_reconstructionValue) {
		show_line(level, "key from");
		words_point(stdout, &tbs->verifyKeyIndicator.u.reconstructionValue);
		fputs(" (reconstruction value)\n", stdout);
	}
	if (tbs->has_encryptionKey) {
		const struct BasePublicEncryptionKey *key = &tbs->encryptionKey.publicKey;

		show_line(level, "encryption");
		fputs(words_curve(key->choice == BasePublicEncryptionKey_is_ecencSm2 ? Signature_is_sm2Signature
										     : key->choice),
		      stdout);
		putchar(' ');
		if (key->choice != OER_UNKNOWN)
			words_point(stdout, &key->u.eciesNistP256);
		putchar('\n');
	}
}

static void put_hashes(const struct cert *cert, unsigned level)
{
	show_line(level, "SHA-256");
	put_bytes(cert->hash256, 32);
	putchar('\n');
	if (cert->sig384) {
		show_line(level, "SHA-384");
		put_bytes(cert->hash384, 48);
		putchar('\n');
	}
	show_line(level, "HashedId8");
	put_bytes(cert_id8(cert), 8);
	putchar('\n');
}

void show_certificate(const struct show *show, const struct cert *cert, unsigned level)
{
	const struct ToBeSignedCertificate *tbs = &cert->c.toBeSigned;

	show_line(level, "holder");
	known_name(stdout, &cert->c);
	putchar('\n');
	put_hashes(cert, level);
	show_line(level, "issued by");
	put_issuer(show, cert);
	putchar('\n');
	show_line(level, "valid");
	words_validity(stdout, &show->leap, &tbs->validityPeriod);
	putchar('\n');
	put_revocation(tbs, level);
	if (tbs->has_region) {
		show_line(level, "region");
		words_region(stdout, &tbs->region);
		putchar('\n');
	}
	if (tbs->has_assuranceLevel) {
		show_line(level, "assurance");
		printf("level %u, confidence %u\n", tbs->assuranceLevel[0] >> 5, tbs->assuranceLevel[0] & 3);
	}
	put_permissions(tbs, level);
	put_keys(tbs, level);
	if (tbs->extensions.n > 0) {
		show_line(level, "extensions");
		words_hex(stdout, tbs->extensions);
		putchar('\n');
	}
	show_line(level, "signature");
	if (cert->c.has_signature)
		printf("%s, ", words_curve(cert->c.signature.choice));
	printf("%s\n", known_judge_cert(&show->known, cert));
}
