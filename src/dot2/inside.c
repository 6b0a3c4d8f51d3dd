/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside.c: what an OCTET STRING holds, by where it stands.
 */
#include "dot2/envelope.h"

static bool stands_in(const struct oer_node *node, const struct oer_type *type, uint64_t tag)
{
	return node->parent && node->parent->type == type && node->parent->tag == tag;
}

/* The bytes from the first of a node around it to the last of this one. */
static struct scms_slice from_start_of(const struct oer_node *around, const struct oer_node *node)
{
	return (struct scms_slice){around->bytes.p, (size_t)(node->bytes.p + node->bytes.n - around->bytes.p)};
}

/* SSPs of the PSIDs that the SCMS itself uses. */
static const struct oer_type *ssp_type(const struct oer_node *node, unsigned depth)
{
	const struct oer_node *permission = node->parent->parent;
	struct scms_slice bytes;
	struct PsidSsp psid_ssp;

	if (!permission || permission->type != &oer_PsidSsp)
		return NULL;
	bytes = from_start_of(permission, node);
	if (oer_decode_prefix(&oer_PsidSsp, &bytes, depth, &psid_ssp, NULL) != OER_OK)
		return NULL;
	return psid_ssp.psid == PSID_SECURITY_MANAGEMENT ? &oer_ScmsSsp
	       : psid_ssp.psid == PSID_CRL               ? &oer_CrlSsp
							 : NULL;
}

/* Parts of a trust list, whose type comes first. */
static const struct oer_type *ctl_type(const struct oer_node *node)
{
	if (node->parent->bytes.p[0] != 1)
		return NULL;
	return node->field == &oer_MultiSignedCtl.u.fields[1]   ? &oer_FullIeeeTbsCtl
	       : node->field == &oer_MultiSignedCtl.u.fields[2] ? &oer_SequenceOfCertificate
								: NULL;
}

const struct oer_type *envelope_inside_node(const struct oer_node *node, unsigned depth)
{
	const struct oer_type *type = NULL;

	if (node->type->kind != OER_KIND_OCTETS || !node->parent)
		return NULL;
	if (stands_in(node, &oer_Ieee1609Dot2Content, Ieee1609Dot2Content_is_unsecuredData))
		return envelope_inside(node->value.bytes, depth);
	if (stands_in(node, &oer_Ieee1609Dot2Content, Ieee1609Dot2Content_is_signedCertificateRequest))
		type = &oer_SignedCertificateRequest;
	else if (stands_in(node, &oer_ServiceSpecificPermissions, ServiceSpecificPermissions_is_opaque))
		type = ssp_type(node, depth);
	else if (node->parent->type == &oer_MultiSignedCtl)
		type = ctl_type(node);
	return type && oer_decode(type, node->value.bytes, depth, NULL, NULL) == OER_OK ? type : NULL;
}
