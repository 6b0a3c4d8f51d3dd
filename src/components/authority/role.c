/* SPDX-License-Identifier: Apache-2.0 */
#include "components/authority/role.h"

#include "dot2/profile.h"
#include "dot2/signed_data.h"

#include <string.h>

static const struct {
	const char *name, *title;
} roles[ROLE_COUNT] = {
    [ROLE_ELECTOR] = {"elector", "elector"},
    [ROLE_ROOT] = {"root", "root CA"},
    [ROLE_ICA] = {"ica", "intermediate CA"},
    [ROLE_ECA] = {"eca", "enrolment CA"},
    [ROLE_PCA] = {"pca", "pseudonym CA"},
    [ROLE_RA] = {"ra", "registration authority"},
    [ROLE_LA] = {"la", "linkage authority"},
    [ROLE_MA] = {"ma", "misbehaviour authority"},
    [ROLE_CRLG] = {"crlg", "CRL generator"},
    [ROLE_PG] = {"pg", "policy generator"},
    [ROLE_DCM] = {"dcm", "device configuration manager"},
    [ROLE_CRL_STORE] = {"crl-store", "CRL store"},
    [ROLE_MANAGER] = {"manager", "SCMS Manager"},
    [ROLE_FACTORY] = {"factory", "factory or authorised operator"},
};

const char *role_name(enum role role)
{
	return roles[role].name;
}

const char *role_title(enum role role)
{
	return roles[role].title;
}

bool role_parse(const char *name, enum role *role)
{
	for (unsigned k = 0; k < ROLE_COUNT; k++)
		if (strcmp(roles[k].name, name) == 0) {
			*role = (enum role)k;
			return true;
		}
	return false;
}

bool role_has_certificate(enum role role)
{
	return role != ROLE_CRL_STORE && role != ROLE_MANAGER && role != ROLE_FACTORY;
}

bool role_is_offline(enum role role)
{
	return role == ROLE_ELECTOR || role == ROLE_ROOT || role == ROLE_ICA;
}

/* CAMP's MA: PSID 0x23 and nothing said about it. */
static bool permission_without_ssp(const struct cert *cert)
{
	struct oer_iter it = oer_iterate(&cert->c.toBeSigned.appPermissions);
	struct PsidSsp permission;

	return cert->c.toBeSigned.has_appPermissions && cert->c.toBeSigned.appPermissions.count == 1 &&
	       oer_next(&it, &permission) && permission.psid == PSID_SECURITY_MANAGEMENT && !permission.has_ssp;
}

bool role_of_certificate(const struct cert *cert, enum role *role)
{
	static const struct {
		int ssp;
		enum role role;
	} known[] = {
	    {ScmsSsp_is_elector, ROLE_ELECTOR}, {ScmsSsp_is_root, ROLE_ROOT}, {ScmsSsp_is_ica, ROLE_ICA},
	    {ScmsSsp_is_eca, ROLE_ECA},		{ScmsSsp_is_pca, ROLE_PCA},   {ScmsSsp_is_ra, ROLE_RA},
	    {ScmsSsp_is_la, ROLE_LA},		{ScmsSsp_is_ma, ROLE_MA},     {ScmsSsp_is_crl, ROLE_CRLG},
	    {ScmsSsp_is_pg, ROLE_PG},		{ScmsSsp_is_dcm, ROLE_DCM},
	};
	int ssp = cert_scms_role(cert);

	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
		if (known[k].ssp == ssp) {
			*role = known[k].role;
			return true;
		}
	*role = ROLE_MA;
	return permission_without_ssp(cert);
}
