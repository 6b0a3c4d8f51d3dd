/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agreement.h: the key that pre-linkage values travel under, agreed between PCA and LA (CAMP la-pca).
 *
 *   PCA -> LA   R_pca, 32 random bytes, encrypted to the LA; from when until when the key is to be used
 *   LA -> PCA   R_la, encrypted to the PCA, and MAC_la
 *   PCA -> LA   MAC_pca
 *
 *   enc_key (16 bytes) || mac_key (32 bytes) = KDF2(R_pca || R_la, "scms-la-pca")
 *   MAC_x = HMAC-SHA-256(mac_key, R_pca || R_la || "scms-la" or "scms-pca")
 *
 * CAMP names no KDF; KDF2 with SHA-256 is the one that IEEE 1609.2 has. R_pca is encrypted to the LA's verification key,
 * for its certificate has no other (message_recipient).
 */
#ifndef COMPONENTS_LA_AGREEMENT_H
#define COMPONENTS_LA_AGREEMENT_H

#include "components/message.h"
#include "components/sealed.h"

#define AGREEMENT_SHARE 32
#define AGREEMENT_MAC 32

/* What two have agreed on; secret. */
struct agreement {
	uint8_t r_pca[AGREEMENT_SHARE], r_la[AGREEMENT_SHARE];
	uint8_t key[AES_128_KEY]; /* what values are sealed under */
	uint8_t mac_key[32];
};

/* Computes both keys of both shares. KEY_FAILED only. */
SCMS_CHECKED enum key_status agreement_derive(struct agreement *agreement, struct key_error *err);

enum agreement_side { AGREEMENT_LA, AGREEMENT_PCA };

/* The proof that this side knows the keys. */
SCMS_CHECKED enum key_status agreement_mac(const struct agreement *agreement, enum agreement_side side,
					   uint8_t mac[AGREEMENT_MAC], struct key_error *err);

/* Who speaks: keys, certificate and host name. */
struct agreement_party {
	const struct party *party;
	struct scms_slice host;
};

/* The PCA's request for a key that holds from start until end. pdu is the ScmsPDU; agreement gets R_pca. */
SCMS_CHECKED enum key_status agreement_request(const struct agreement_party *pca, const struct cert *la, scms_time32 start,
					       scms_time32 end, struct agreement *agreement, struct bytes *pdu,
					       struct key_error *err);

/*
 * The LA's answer to a request by the holder of certificate pca, whose hash (message.hash) is given. KEY_NOT_FOR_US where
 * the share cannot be read, KEY_VALUE where it is none.
 */
SCMS_CHECKED enum key_status agreement_answer(const struct agreement_party *la,
					      const struct PcaLaKeyAgreementRequestMsg *request, const uint8_t hash[32],
					      const struct cert *pca, struct agreement *agreement, struct bytes *pdu,
					      struct key_error *err);

/* The PCA takes the answer: KEY_MISMATCH where MAC_la is not right, KEY_VALUE where the LA refused. hash: of the answer. */
SCMS_CHECKED enum key_status agreement_take(const struct agreement_party *pca,
					    const struct LaPcaKeyAgreementResponseMsg *answer, const uint8_t hash[32],
					    struct agreement *agreement, struct bytes *pdu, struct key_error *err);

/* The LA's refusal of a request: code is of LaPcaErrorCode. */
SCMS_CHECKED enum key_status agreement_refuse(const struct agreement_party *la, const uint8_t hash[32], int32_t code,
					      struct bytes *pdu, struct key_error *err);

/* Is the PCA's acknowledgement right? KEY_MISMATCH if not. */
SCMS_CHECKED enum key_status agreement_confirm(const struct agreement *agreement, const struct PcaLaKeyAgreementAckMsg *ack,
					       struct key_error *err);

#endif
