/* SPDX-License-Identifier: Apache-2.0 */
/*
 * links.h: the PCA keeps a key with each of its LAs: agrees on a new one before the old one ends.
 */
#ifndef COMPONENTS_PCA_LINKS_H
#define COMPONENTS_PCA_LINKS_H

#include "components/role_service.h"

struct pca_links;

/* Reads the keys of the database, and watches over the peers la1 and la2. keys is filled, and grows later. NULL: err says why. */
struct pca_links *pca_links_new(struct service *service, struct plv_keys *keys, uint32_t days, struct service_error *err);
void pca_links_free(struct pca_links *links);

/* Once a second: begins what is due. */
void pca_links_tick(struct pca_links *links);

/* How many LAs there is a key with that is in force. */
unsigned pca_links_ready(const struct pca_links *links);

#endif
