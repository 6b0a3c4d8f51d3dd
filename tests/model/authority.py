# SPDX-License-Identifier: Apache-2.0
"""Who may speak below the roots: chains of certificates, policy files, chain files, CRLs (rules B8, D6, G)."""

from records import REMOVE_ROOT, InForce, Series

# conformance.md: where several hold, the first in this line is reported.
CERTIFICATE_REASONS = ('CERT_NOT_YET_VALID', 'CERT_EXPIRED', 'CERT_REVOKED', 'CHAIN_INCOMPLETE', 'CHAIN_TOO_LONG',
                       'ROOT_UNKNOWN', 'ROOT_REVOKED', 'ROOT_SUSPENDED', 'ROOT_EXPIRED', 'CERT_PERMISSIONS',
                       'CERT_REGION', 'CERT_SIGNATURE', 'VALID')
LONGEST_CHAIN = 8
SPECIAL = 256  # the CRL series of CRLG, PG and MA, by the root itself


class Authority:

    # -- chains ----------------------------------------------------------------------------------

    def candidates(self, store, session=None):  # B8
        known = store.certs | store.chain_certs | store.own | store.own_issuers | {root.cert for root in store.roots}
        return known | session.candidates if session else known

    def check(self, store, now, cert, candidates):
        """Is the certificate valid now under this store? -> (reason, its chain)"""
        answers = []
        for chain in self.chains((cert,), candidates):
            faults = self.chain_faults(store, now, chain)
            answers.append((next((reason for reason in CERTIFICATE_REASONS if reason in faults), 'VALID'), chain))
        # B8: every match is tried; what comes nearest to valid is the answer.
        return max(answers, key=lambda answer: CERTIFICATE_REASONS.index(answer[0]))

    def chains(self, chain, candidates):
        """All ways up from a certificate: leaf first, as far as candidates lead."""
        top = chain[-1]
        issuers = [] if top.issuer is None else [c for c in candidates if c.h8 == top.issuer and c not in chain]
        if not issuers or len(chain) > LONGEST_CHAIN:
            yield chain
        for issuer in issuers if len(chain) <= LONGEST_CHAIN else ():
            yield from self.chains(chain + (issuer,), candidates)

    def chain_faults(self, store, now, chain):
        """All that is wrong with one chain."""
        faults = set()
        top = chain[-1]
        for cert in chain[:-1] or chain:
            if now < cert.start:
                faults.add('CERT_NOT_YET_VALID')
            if now >= cert.end:
                faults.add('CERT_EXPIRED')
        if any(self.is_listed(store, cert) for cert in chain):  # G5
            faults.add('CERT_REVOKED')
        if len(chain) > LONGEST_CHAIN:
            faults.add('CHAIN_TOO_LONG')
        else:
            faults |= self.root_faults(store, now, top)
        for below, subject in enumerate(chain[:-1]):
            for distance, issuer in enumerate(chain[below + 1:], 1):  # G9
                if not self.permits(issuer, subject, distance):
                    faults.add('CERT_PERMISSIONS')
            if not (chain[below + 1].start <= subject.start and subject.end <= chain[below + 1].end):
                faults.add('CERT_PERMISSIONS')
            above = next((cert.region for cert in chain[below + 1:] if cert.region), None)  # without one: the issuer's
            if subject.region and above and not above.covers(subject.region):
                faults.add('CERT_REGION')
            if not subject.is_signed_by(chain[below + 1]):
                faults.add('CERT_SIGNATURE')
        return faults

    def root_faults(self, store, now, top):
        """D6: what the end of a chain says about it."""
        root = store.root(top.identity)
        if root:
            faults = {'expired': {'ROOT_EXPIRED'}, 'suspended': {'ROOT_SUSPENDED'}}.get(
                self.root_status(store, now, root), set())
            return faults | ({'CERT_NOT_YET_VALID'} if now < top.start else set())
        gone = {tomb.h8 for tomb in store.tombstones if tomb.motion == REMOVE_ROOT}
        if (top.issuer or top.h8) in gone:
            return {'ROOT_REVOKED'}
        return {'ROOT_UNKNOWN'} if top.issuer is None else {'CHAIN_INCOMPLETE'}

    def is_listed(self, store, cert):  # G5, G5.6
        for series in store.crls:
            if series.series == cert.series and series.craca.endswith(cert.craca):
                for entry in series.listed | series.kept:
                    if entry in cert.id10 if isinstance(entry, str) else entry.lists(cert):
                        return True
        return False

    def permits(self, issuer, subject, distance):
        """G9: the issuer's groups cover the subject's permissions at this distance."""
        enrols = not subject.app and bool(subject.request)
        wanted = [(psid, None) for psid in subject.request] if enrols else subject.app

        def covers(group, psid, ssp):
            if not (group.enrol if enrols else group.app):
                return False
            if distance < group.least or (group.span >= 0 and distance > group.least + group.span):
                return False
            if group.explicit is None:
                return True
            return any(psid == given and (enrols or span.covers(ssp)) for given, span in group.explicit)

        return all(any(covers(group, psid, ssp) for group in issuer.groups) for psid, ssp in wanted)

    def signers(self, store, signed, candidates):
        """The certificates that a signature may be by (B8): the one carried, or all of that HashedId8."""
        if signed.certificate:
            return [signed.certificate]
        return sorted((c for c in candidates if c.h8 == signed.signer), key=lambda c: c.identity)

    def valid_signers(self, store, now, signed, candidates, fits):
        """Chains of possible signers that are valid now and fit."""
        for cert in self.signers(store, signed, candidates):
            reason, chain = self.check(store, now, cert, candidates | {cert})
            if reason == 'VALID' and fits(chain):
                yield chain

    # -- policy ----------------------------------------------------------------------------------

    def take_policy(self, store, now, session):  # G1
        policy, candidates = session.policy, self.candidates(store, session)
        if any(kept and kept.digest == policy.digest for kept in (store.policy, store.policy_next)):
            return store, 'UNCHANGED'
        if policy.generation <= max(store.policy_time or 0, store.policy_after):  # G1.4, G6
            return store, 'ROLLBACK'
        if policy.generation > now + store.config.skew:  # G1.4
            return store, 'TIME_FUTURE'

        def is_pg(chain):
            return chain[0].role == 'pg' and chain[0].series == SPECIAL

        def is_ra(chain):
            return chain[0].role == 'ra'

        def outer_fits(chain):
            return is_pg(chain) or (policy.is_local and is_ra(chain))

        def verified(signed, fits):
            return [chain for chain in self.valid_signers(store, now, signed, candidates, fits)
                    if signed.header_ok and signed.is_signed_by(chain[0])]

        if not verified(policy.outer, outer_fits):  # G1.2
            return store, 'POLICY_SIGNER'
        if not any(True for signed in policy.counters
                   for _ in self.valid_signers(store, now, signed, candidates, is_pg)):  # G1.1
            return store, 'POLICY_SIGNER'
        by_pg = [chain for signed in policy.counters for chain in verified(signed, is_pg)]
        if not by_pg:
            return store, 'POLICY_SIGNATURE'
        if policy.is_local and not any(verified(signed, is_ra) for signed in policy.local_counters):  # G1.3
            return store, 'POLICY_SIGNATURE'
        return self.enforce_policy(store, now, policy, by_pg[0]), 'ACCEPTED'

    def enforce_policy(self, store, now, policy, chain):
        before = self.in_force(store, now)
        new = InForce(policy.digest, policy.active,
                      policy.quorum or (before.quorum if before else ()),  # G2: absent leaves it
                      policy.removed if policy.removed is not None else before.removed if before else frozenset(),
                      policy.versions, policy.tolerance)
        is_next = policy.active > now  # G1.5
        return store._replace(policy=before if is_next else new, policy_next=new if is_next else None,
                              policy_time=policy.generation, policy_signer=chain)

    def in_force(self, store, now):  # G1.5
        if store.policy_next and now >= store.policy_next.active:
            return store.policy_next
        return store.policy

    def value_at(self, series, now):
        """A value of a time series: the one with the greatest start that is not after now (G2)."""
        return max((start, value) for start, value in series if start <= now)[1]

    def tolerance(self, store, now):
        policy = self.in_force(store, now)
        if policy and policy.tolerance and store.policy_signer:  # G7
            return self.value_at(policy.tolerance, now)
        return store.config.tolerance

    def named_version(self, store, now):
        """The chain file version that the policy names; it outlives the PG, as the quorum does (G7)."""
        policy = self.in_force(store, now)
        return self.value_at(policy.versions, now) if policy and policy.versions else None

    def withheld(self, store, now):  # G8
        policy = self.in_force(store, now)
        removed = policy.removed if policy else ()
        return sorted(identity for identity in removed if not store.tombstone(identity))

    # -- chain file and own certificates ---------------------------------------------------------

    def is_older(self, version, than):  # G4: RFC 1982, and 2^15 counts as older
        return version != than and (version - than) % 65536 >= 32768

    def take_chain(self, store, now, session):  # G4
        chain = session.chain
        if store.version is not None and self.is_older(chain.version, store.version):  # G4.1
            return store, 'ROLLBACK'
        named = self.named_version(store, now)
        version = store.version
        if named is not None and not self.is_beyond(chain.version, named):  # G4.3
            version = chain.version
        new = store._replace(version=version, chain_digest=chain.digest, chain_certs=chain.certificates)
        if chain.digest == store.chain_digest:
            return new, 'UNCHANGED'
        return new, 'ACCEPTED' if named in (None, chain.version) else 'VERSION_MISMATCH'  # G4.2

    def is_beyond(self, version, named):
        return version != named and not self.is_older(version, named)

    def take_own(self, store, now, session):  # D6.1, H9
        """The valid ones replace the holder's; their issuers are kept with them."""
        candidates = self.candidates(store, session) | frozenset(session.own)
        judged = [self.check(store, now, cert, candidates) for cert in session.own]
        valid = [chain for reason, chain in judged if reason == 'VALID']
        if not valid:
            return store, tuple(reason for reason, _ in judged)
        own = frozenset(chain[0] for chain in valid)
        accepted = 'UNCHANGED' if own == store.own else 'ACCEPTED'
        new = store._replace(own=own, own_issuers=frozenset(cert for chain in valid for cert in chain[1:-1]))
        return new, tuple(accepted if reason == 'VALID' else reason for reason, _ in judged)

    def own_faults(self, store, now):
        """Why the holder must cease operation; empty if it need not (D6.1)."""
        candidates = self.candidates(store)
        reasons = {self.check(store, now, cert, candidates)[0] for cert in store.own}
        return [reason for reason in CERTIFICATE_REASONS if reason in reasons and reason != 'VALID']

    # -- CRLs ------------------------------------------------------------------------------------

    def take_crls(self, store, now, session):  # E1.3
        outcomes = {}
        for crl in sorted(session.crls, key=lambda c: (c.series != SPECIAL, c.series, c.issued, c.digest)):
            store, outcomes[crl.digest] = self.take_crl(store, now, session, crl)
        return store, tuple(outcomes[crl.digest] for crl in session.crls)

    def take_crl(self, store, now, session, crl):  # G5
        blank = Series(crl.craca, crl.series, (), None, None, None, None, None, frozenset(), frozenset(), 0)
        held = next((s for s in store.crls if (s.craca, s.series) == (crl.craca, crl.series)), blank)
        refusal = self.refuse_crl_order(store, now, crl, held)
        if refusal:
            return store, refusal
        candidates = self.candidates(store, session)
        chains = list(self.valid_signers(store, now, crl.signature, candidates, lambda chain: chain[0].crl_ssp))
        if not chains:
            return store, 'CRL_SIGNER'
        chains = [chain for chain in chains if self.may_sign(chain, crl)]
        if not chains:
            return store, 'CRL_SERIES'
        if crl.is_delta and not self.is_base(held, crl):  # G5.3
            return store, 'CRL_BASE_MISSING'
        chains = [chain for chain in chains if crl.signature.header_ok and crl.signature.is_signed_by(chain[0])]
        if not chains:
            return store, 'CRL_SIGNATURE'
        listed = crl.entries | held.listed if crl.is_delta else crl.entries
        new = held._replace(signer=chains[0], issued=crl.issued, next=crl.next, serial=crl.serial, place=crl.place,
                            digest=crl.digest, listed=listed)
        store = store._replace(crls=store.crls - {held} | {new})
        return self.drop_authorities(store, now, crl.issued), 'ACCEPTED'

    def refuse_crl_order(self, store, now, crl, held):  # G5.2, G6
        if crl.digest == held.digest:
            return 'UNCHANGED'
        if crl.issued <= held.after or (held.issued is not None and crl.issued < held.issued):
            return 'ROLLBACK'
        if crl.serial is not None and held.serial is not None and crl.serial <= held.serial:
            return 'ROLLBACK'
        if crl.issued > now + store.config.skew:
            return 'TIME_FUTURE'
        return None

    def may_sign(self, chain, crl):  # G5.1
        signer = chain[0]
        is_craca, series = signer.crl_ssp
        craca = signer if is_craca else chain[1] if len(chain) > 1 else None
        if crl.series not in series or craca is None or craca.h8 != crl.craca:
            return False
        return crl.series != SPECIAL or len(chain) == 1

    def is_base(self, held, crl):
        if held.issued is None:
            return False
        if crl.serial is not None:
            return held.serial is not None and crl.serial == held.serial + 1
        return held.place is not None

    def drop_authorities(self, store, now, time):
        """After a removal at time: PGs and CRL signers that it ends (G5.4, G6, G7)."""
        gone = {tomb.identity for tomb in store.tombstones if tomb.motion == REMOVE_ROOT}
        gone_h8 = {tomb.h8 for tomb in store.tombstones if tomb.motion == REMOVE_ROOT}

        def ended(chain):
            return any(cert.identity in gone or self.is_listed(store, cert) for cert in chain)

        series = frozenset(s for s in store.crls if s.craca not in gone_h8)  # G5.4
        series = frozenset(
            s._replace(signer=(), issued=None, serial=None, place=None, digest=None, listed=frozenset(),
                       kept=s.listed | s.kept, after=time) if ended(s.signer) else s for s in series)
        store = store._replace(crls=series)
        if ended(store.policy_signer):  # G7: what it said stays, but for the operational parameters
            last = self.in_force(store, now)
            store = store._replace(policy=last and last._replace(digest=None), policy_next=None, policy_time=None,
                                   policy_signer=(), policy_after=max(store.policy_after, time))
        return store

    def is_stale(self, store, now):  # G5.5
        tolerance = self.tolerance(store, now)
        if not store.crls:
            return now > store.config.now + tolerance
        return any(s.next is not None and now > s.next + tolerance for s in store.crls)
