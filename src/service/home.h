/* SPDX-License-Identifier: Apache-2.0 */
/*
 * home.h: a component's folder: who it is, what it will be next, what it was.
 *
 *   component.conf    libconfig, no secrets: role, name, host, la_id, secret (where pass phrases come from)
 *   active/           the identity in use
 *   staged/           the next one; without certificate.coer it waits for its issuer
 *   retired/N/        earlier ones, without their private keys
 *   store/            trust store (service/store_dir.h)
 *   tls/              certificate.pem key.pem roots.pem (service/tls.h)
 *   tls-next/         the next one while it is made, or key.pem request.csr until the answer comes (scms component tls)
 *   lock              held while a process reads or changes identities
 *
 * An identity is a folder of
 *
 *   identity.conf     where its keys are (files beside it, or pkcs11: URIs), and when it is to become the active one
 *   request.coer      SignedCertificateRequest, signed by the key that is to be certified
 *   certificate.coer  the certificate
 *   issuers.coer      SequenceOfCertificate: those above it, its issuer first, the root last; none for self-issued ones
 *   sign.pem, encrypt.pem   encrypted private keys, where they are files
 *
 * Every change is made beside and renamed into place. A process that stops between two renames leaves what the next
 * home_open() finishes.
 */
#ifndef SERVICE_HOME_H
#define SERVICE_HOME_H

#include "components/authority/role.h"
#include "components/message.h"
#include "crypto/key.h"
#include "dot2/chain.h"

struct home;

enum home_status {
	HOME_OK = 0,
	HOME_MISSING,   /* no such folder, or it is no component's home */
	HOME_EXISTS,    /* there is something in the way */
	HOME_MALFORMED, /* a file in it is not what it should be */
	HOME_ROLE,      /* a certificate of another role, or for other keys */
	HOME_KEY,       /* a key cannot be opened or made, or is not the certificate's */
	HOME_NOTHING,   /* nothing is staged, or what is staged has no certificate yet */
	HOME_BUSY,      /* another process is changing it */
	HOME_IO,        /* the system refused */
};

struct home_error {
	enum home_status status;
	char text[512]; /* for people: names the file, what is wrong, and what mends it */
};

/* component.conf. Text is of at most HOME_TEXT_BYTES - 1 bytes. */
#define HOME_TEXT_BYTES 256
struct home_settings {
	enum role role;
	uint16_t la_id;               /* of a linkage authority */
	char name[HOME_TEXT_BYTES];   /* "ra1": letters, digits, '-', '_', '.'; not first '.' */
	char host[HOME_TEXT_BYTES];   /* host name, also in its certificate */
	char secret[HOME_TEXT_BYTES]; /* as secret_source_parse() takes it: "prompt", "file:PATH", "fd:N" */
};

/* May a component have this name? It is a folder's name too. */
bool home_name_ok(const char *name);

enum home_slot { HOME_ACTIVE, HOME_STAGED };

/* An identity as it was read; keys are opened when they are wanted. */
struct home_identity {
	char *sign;    /* for private_key_load(): a path, or a URI */
	char *encrypt; /* NULL: it has no encryption key */
	bool has_activation;
	scms_time64 activation; /* HOME_STAGED: when it becomes the active one */
	struct scms_slice request;
	struct scms_slice certificate; /* n == 0: it has none yet */
	struct cert cert;
	struct scms_slice issuers; /* encoding of SequenceOfCertificate; n == 0: none */
	struct cert issuer[CHAIN_MAX];
	size_t issuer_count;
};

/*
 * Opens a home: reads its settings and identities, checks that certificates are of its role, and finishes what was
 * interrupted. secrets NULL: as component.conf says. crypto must outlive it. NULL on failure.
 */
struct home *home_open(const char *path, const struct secret_source *secrets, const struct scms_crypto *crypto,
		       struct home_error *err);
void home_close(struct home *home);

const struct home_settings *home_settings(const struct home *home);
const char *home_path(const struct home *home);

/* NULL: there is none in that slot. Until the next call that changes the home. */
const struct home_identity *home_identity(const struct home *home, enum home_slot slot);

/* How many identities were retired. */
unsigned home_retired_count(const struct home *home);

/*
 * The active identity's keys, opened at the first call, and held against the certificate. Borrowed by party until
 * home_activate() changes the identity or home_close(). HOME_NOTHING where none is active.
 */
SCMS_CHECKED enum home_status home_party(struct home *home, struct party *party, struct home_error *err);

/* Opens a key of an identity for the caller, who frees it. */
SCMS_CHECKED enum home_status home_key(const struct home *home, enum home_slot slot, enum key_use use,
				       struct private_key **key, struct home_error *err);

/*
 * Makes the staged identity the active one if its moment is not after now, and deletes the private keys of the one
 * before (files; a key in a token is named in `left`, to be destroyed with the token's own tools; NULL where there is
 * none; to be freed). *changed says whether it did. HOME_OK too where nothing is staged or its moment has not come.
 */
SCMS_CHECKED enum home_status home_activate(struct home *home, scms_time64 now, bool *changed, char **left,
					    struct home_error *err);

/*
 * Is there anything for home_activate() to do? Looks at the folder, which other processes change as well; where an identity
 * was staged or its moment set, it is read anew.
 */
bool home_may_change(struct home *home, scms_time64 now);

/* Says when the staged identity becomes the active one. HOME_NOTHING where none waits with a certificate. */
SCMS_CHECKED enum home_status home_set_activation(struct home *home, scms_time64 at, struct home_error *err);

/* ---- making ---- */

/* Makes a new home with its settings and nothing else. HOME_EXISTS where there is something of that name. */
SCMS_CHECKED enum home_status home_create(const char *path, const struct home_settings *settings,
					  struct home_error *err);

/* Where a new identity's keys are made. */
struct home_keys {
	const char *token; /* "pkcs11:token=..." without object; NULL: encrypted files in the identity's folder */
	bool encrypt;      /* an encryption key too */
	enum scms_curve curve;
};

/* A new identity in the making, in a folder of its own beside the others. */
struct home_draft;

/* Makes its keys. HOME_EXISTS where an identity is staged already. NULL on failure; nothing is left, but see
 * home_draft_drop(). */
struct home_draft *home_draft_begin(struct home *home, const struct home_keys *keys, struct home_error *err);
struct private_key *home_draft_sign(const struct home_draft *draft);
struct private_key *home_draft_encrypt(const struct home_draft *draft); /* NULL: none */

/*
 * Makes it the staged identity: request is kept; certificate and issuers too, where they are given (n > 0). Ends the
 * draft, on failure as home_draft_drop().
 */
SCMS_CHECKED enum home_status home_draft_commit(struct home_draft *draft, struct scms_slice request,
						struct scms_slice certificate, struct scms_slice issuers,
						struct home_error *err);

/* Gives it up: its files are deleted. Keys made in a token stay there, under names that no other identity gets. */
void home_draft_drop(struct home_draft *draft);

/*
 * Gives the staged identity its certificate. HOME_NOTHING where none waits; HOME_ROLE where the certificate
 * is another's; HOME_EXISTS where it has one.
 */
SCMS_CHECKED enum home_status home_install(struct home *home, struct scms_slice certificate, struct scms_slice issuers,
					   struct home_error *err);

/* Throws the staged identity away, its private keys too. HOME_OK where there is none. */
SCMS_CHECKED enum home_status home_unstage(struct home *home, struct home_error *err);


#endif
