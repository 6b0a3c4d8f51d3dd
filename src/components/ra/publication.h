/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publication.h: the local policy file (LPF) and the local certificate chain file (LCCF): made of the global ones of the PG
 * whenever those change (trust rule H3).
 *
 * The RA looks for new global files at the policy's interval, an hour at most, and at once when its trust store has
 * changed, which is what a push does. It applies them to its own store first: only what the store took is passed on.
 */
#ifndef COMPONENTS_RA_PUBLICATION_H
#define COMPONENTS_RA_PUBLICATION_H

#include "components/pg/policy_content.h"
#include "components/ra/ra.h"

#define RA_LPF "lpf"
#define RA_LCCF "lccf"

struct ra_publication *ra_publication_new(struct service *service);
void ra_publication_free(struct ra_publication *publication);

/* Once a second. */
void ra_publication_tick(struct ra_publication *publication);

/* When the RA last saw that it has what the PG has; 0: never since it was started. */
scms_time32 ra_publication_looked(const struct ra_publication *publication);

/* The store has changed: look for new files now. */
void ra_publication_look(struct ra_publication *publication);

/* Answers with the file. If-None-Match may be the file's name, as published, or its entity tag. False: there is none yet. */
bool ra_publication_send(struct ra_publication *publication, const char *which, struct http_exchange *exchange);

/* The global policy in force; NULL: there is none yet. */
const struct policy_content *ra_publication_policy(const struct ra_publication *publication);

#endif
