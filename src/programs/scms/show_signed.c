/* SPDX-License-Identifier: Apache-2.0 */
#include "show.h"
#include "words.h"

#include <inttypes.h>

static void put_time(const struct show *show, unsigned level, const char *name, uint64_t time)
{
	char text[TIME_TEXT_BYTES];

	show_line(level, name);
	printf("%s\n", time_text(&show->leap, time, text));
}

static void put_header(const struct show *show, const struct HeaderInfo *h, unsigned level)
{
	show_line(level, "PSID");
	words_psid(stdout, h->psid);
	putchar('\n');
	if (h->has_generationTime)
		put_time(show, level, "signed at", h->generationTime);
	if (h->has_expiryTime)
		put_time(show, level, "expires", h->expiryTime);
	if (h->has_generationLocation) {
		show_line(level, "signed in");
		words_angle(stdout, h->generationLocation.latitude, true);
		putchar(' ');
		words_angle(stdout, h->generationLocation.longitude, false);
		printf(", elevation %.1f m\n", h->generationLocation.elevation / 10.0 - 409.6);
	}
	if (h->has_p2pcdLearningRequest) {
		show_line(level, "asks for");
		words_hex(stdout, (struct scms_slice){h->p2pcdLearningRequest, 3});
		fputs(" (certificate)\n", stdout);
	}
	if (h->has_missingCrlIdentifier) {
		show_line(level, "asks for");
		fputs("CRL of ", stdout);
		words_hex(stdout, (struct scms_slice){h->missingCrlIdentifier.cracaId, 3});
		printf(", series %u\n", h->missingCrlIdentifier.crlSeries);
	}
	if (h->has_encryptionKey) {
		show_line(level, "answer");
		fputs("encrypted to a key in the header\n", stdout);
	}
	if (h->extensions.n > 0) {
		show_line(level, "extensions");
		words_hex(stdout, h->extensions);
		putchar('\n');
	}
}

static void put_known(const struct show *show, const uint8_t id8[8])
{
	const struct known_cert *known = known_id8(&show->known, id8, NULL);

	words_hex(stdout, (struct scms_slice){id8, 8});
	if (known) {
		fputs(", ", stdout);
		known_name(stdout, &known->cert.c);
	}
	putchar('\n');
}

/* The certificate that the signer sent along: *cert is it, or false. */
static bool own_certificate(const struct show *show, const struct SignerIdentifier *signer, struct cert *cert)
{
	struct oer_iter it = oer_iterate(&signer->u.certificate);
	struct scms_slice bytes;

	return signer->choice == SignerIdentifier_is_certificate && oer_next_raw(&it, &bytes) &&
	       cert_read(cert, bytes, show->known.crypto, NULL) == OER_OK;
}

void show_signed(const struct show *show, const struct SignedData *data, unsigned level)
{
	const struct SignerIdentifier *signer = &data->signer;
	const char *verdict = NULL;
	struct cert cert;

	put_header(show, &data->tbsData.headerInfo, level);
	show_line(level, "signer");
	if (signer->choice == SignerIdentifier_is_digest) {
		put_known(show, signer->u.digest);
		verdict = known_judge_data(&show->known, data, NULL, signer->u.digest);
	} else if (own_certificate(show, signer, &cert)) {
		printf("sends its certificate%s:\n", signer->u.certificate.count > 1 ? " and its issuers'" : "");
		show_certificate(show, &cert, level + 1);
		verdict = known_judge_data(&show->known, data, &cert, NULL);
	} else if (signer->choice == SignerIdentifier_is_certificate) {
		printf("%" PRIu32 " certificates, none that can be used\n", signer->u.certificate.count);
		verdict = "not checked";
	} else {
		fputs(signer->choice == SignerIdentifier_is_self ? "itself\n" : "named in an unknown way\n", stdout);
		verdict = "not checked";
	}
	show_line(level, "signature");
	printf("%s, %s\n", words_curve(data->signature.choice), verdict);
}
