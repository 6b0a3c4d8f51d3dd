// SPDX-License-Identifier: Apache-2.0
/* console.js: the operators' console: asks GET /state again and again, and shows what has changed. */
'use strict';

(() => {
	const EVERY = 2000;
	const place = (id) => document.getElementById(id);
	const MOTIONS = {addElector: 'Add elector', removeElector: 'Remove elector', addRoot: 'Add root CA', removeRoot: 'Remove root CA'};

	/* Time64: microseconds of TAI since 2004; UTC has been 5 s behind that since 2017. */
	const date = (time) => (Number.isFinite(time) && time > 0 ? new Date(Date.UTC(2004, 0, 1) + time / 1000 - 5000).toISOString().slice(0, 16).replace('T', ', ') + ' UTC' : '–');

	function make(tag, attributes, ...children) {
		const element = document.createElement(tag);
		for (const [name, value] of Object.entries(attributes ?? {}))
			element.setAttribute(name, value);
		element.append(...children.filter((c) => c !== undefined && c !== null).map((c) => (c instanceof Node ? c : String(c))));
		return element;
	}
	function mark(status, ...words) {
		const svg = trust.make('svg', {viewBox: '-12 -12 24 24', 'aria-hidden': 'true'});
		svg.append(trust.badge(0, 0, status));
		return make('span', {class: 'mark'}, make('span', {'data-badge': status, 'aria-hidden': 'true'}, svg), make('span', {}, ...words));
	}
	function table(caption, heads, rows) {
		const body = rows.map((row) => make('tr', {}, ...row.map((cell, k) => (k === 0 ? make('th', {scope: 'row'}, cell) : make('td', {'data-label': heads[k]}, cell)))));
		return make('table', {class: 'stack'}, make('caption', {}, caption), make('thead', {}, make('tr', {}, ...heads.map((h) => make('th', {scope: 'col'}, h)))), make('tbody', {}, ...body));
	}

	/* Puts content into a place, but only if what it is made of has changed: who reads or has the focus there is left alone. */
	const shown = new Map();
	function show(id, of, content) {
		const key = JSON.stringify(of) ?? '';
		if (shown.get(id) === key)
			return;
		shown.set(id, key);
		place(id).replaceChildren(...[content()].flat());
	}

	/* Names in a row, so many at most. */
	function some(names, empty, most = 12) {
		return names.length === 0 ? empty : names.slice(0, most).join(', ') + (names.length > most ? ` and ${names.length - most} more` : '');
	}

	function update_row(u) {
		const has = u.components.filter((c) => c.has), others = u.components.filter((c) => !c.has);
		return [u.id, date(u.time), date(u.deadline), `${has.length} of ${u.components.length}`, some(others.map((c) => c.component + (c.late ? ' (late)' : '')), 'nobody')];
	}

	function naming(state) {
		const names = new Map();
		for (const member of [...(state.members?.electors ?? []), ...(state.members?.roots ?? [])])
			names.set(member.hash, member.name || member.hash.slice(0, 8));
		for (const motion of state.motions ?? [])
			if (motion.subject && !names.has(motion.subject))
				names.set(motion.subject, motion.name || motion.subject.slice(0, 8));
		return (hash) => names.get(hash) ?? [...names].find(([known]) => hash && known.endsWith(hash))?.[1] ?? String(hash ?? '').slice(0, 8);
	}

	function standing(component) {
		if (!component.answers)
			return ['stopped', 'no answer'];
		return component.trust?.standing === 'VALID' ? ['running', 'serving'] : ['suspended', `has stopped: ${component.trust?.standing}`];
	}

	function picture_of(state, name) {
		const gone = state.trust?.tombstones ?? [], waiting = (state.motions ?? []).filter((m) => m.state !== 'released' && m.state !== 'withdrawn');
		const on_way = (motion, members) => waiting.filter((m) => m.motion === motion && !members.some((e) => e.hash === m.subject))
			.map((m) => ({name: name(m.subject), hash: m.subject, status: 'prepared'}));
		const removed = (motion) => gone.filter((t) => t.motion === motion).map((t) => ({name: name(t.hash), hash: t.hash, status: 'revoked'}));
		const electors = state.members?.electors ?? [], roots = state.members?.roots ?? [];
		return {
			electors: [...electors.map((e) => ({name: name(e.hash), hash: e.hash, status: e.status})), ...on_way('addElector', electors), ...removed('removeElector')],
			roots: [...roots.map((r) => ({name: name(r.hash), hash: r.hash, status: r.status, endorsers: r.endorsers.map(name), note: r.needed === 0 ? 'held since provisioning' : undefined})), ...on_way('addRoot', roots), ...removed('removeRoot')],
			components: (state.components ?? []).map((c) => ({
				name: c.name, role: c.trust?.role ?? '', status: standing(c)[0], staged: c.trust?.identity?.staged ? 'next' : undefined,
			})),
		};
	}

	function verdict(state) {
		const wrong = [], margins = state.margins;
		for (const component of state.components ?? [])
			if (standing(component)[0] !== 'running')
				wrong.push(`${component.name}: ${standing(component)[1]}`);
		if (margins && margins.margin < 0)
			wrong.push(`${margins.electors} electors are left and ${margins.quorum} votes are needed: nothing can be decided any more`);
		for (const root of state.members?.roots ?? [])
			if (root.status !== 'trusted')
				wrong.push(`root CA ${root.name || root.hash.slice(0, 8)} is ${root.status}`);
		for (const update of state.updates ?? []) {
			const late = update.components.filter((c) => !c.has && c.late);
			if (late.length > 0)
				wrong.push(`${some(late.map((c) => c.component))} ${late.length === 1 ? 'has' : 'have'} not taken update ${update.id} in time`);
		}
		if (state.workspaceError)
			wrong.push(state.workspaceError);
		if (state.history?.broken)
			wrong.push(`the journal: ${state.history.broken}`);
		const good = wrong.length === 0;
		return make('div', {class: good ? 'verdict' : 'verdict bad'}, mark(good ? 'trusted' : 'revoked', ''),
			make('div', {}, make('strong', {}, good ? 'All is well' : 'Needs attention'),
				good ? 'Every component answers and may act; no margin is used up.' : make('ul', {class: 'findings'}, ...wrong.map((w) => make('li', {}, w)))));
	}

	function motion_rows(state, name) {
		return state.motions.map((m) => {
			if (m.error && !m.motion)
				return [m.id, mark('stopped', m.error), '–', '–', '–'];
			const list = (items, empty) => (items.length > 0 ? make('span', {}, ...items.flatMap((item, k) => (k > 0 ? [', ', item] : [item]))) : empty);
			const signed = (m.signed ?? []).map((v) => (v.counted ? name(v.elector) : make('span', {}, `${name(v.elector)} (does not count: ${v.text})`)));
			const done = m.state === 'released' || m.state === 'withdrawn';
			return [make('span', {}, `${MOTIONS[m.motion] ?? m.motion} ${name(m.subject)}`), mark(m.state === 'released' ? 'trusted' : m.state === 'withdrawn' ? 'unknown' : 'prepared', m.note ? `${m.state}: ${m.note}` : m.state),
				`${m.counted ?? m.votes} of ${m.quorum ?? '?'}`, list(signed, 'nobody yet'), done ? '–' : list((m.missing ?? []).map(name), 'nobody')];
		});
	}

	function component_row(c) {
		const [status, words] = standing(c), store = c.trust?.store, crls = c.trust?.crls ?? [], ahead = (c.clockAhead ?? 0) / 1e6;
		return [c.name, mark(status, words), store?.policyGenerationTime ? date(store.policyGenerationTime) : 'none',
			store?.gccfVersion ?? 'none', crls.length > 0 ? crls.map((crl) => `series ${crl.series}: ${date(crl.issued)}`).join('; ') : 'none',
			store ? `electors: ${store.electors.length}; roots: ${store.roots.filter((r) => r.status === 'trusted').length}` : '–',
			c.seen ? (Math.abs(ahead) < 1 ? 'right' : `${ahead.toFixed(1)} s ahead`) : '–'];
	}

	function dates_of(state, name) {
		const list = [];
		for (const e of state.members?.electors ?? [])
			list.push([e.validUntil, `elector ${name(e.hash)} expires`]);
		for (const r of state.members?.roots ?? [])
			list.push([r.validUntil, `root CA ${name(r.hash)} expires`]);
		for (const c of state.components ?? []) {
			const identity = c.trust?.identity;
			if (identity?.active?.until)
				list.push([identity.active.until, `certificate of ${c.name} expires`]);
			if (identity?.staged?.activate)
				list.push([identity.staged.activate, `${c.name} switches to its next certificate`]);
			for (const crl of c.trust?.crls ?? [])
				if (crl.live)
					list.push([crl.next, `${c.name} expects the next CRL of series ${crl.series}`]);
		}
		return list.filter(([time]) => time > 0).sort((a, b) => a[0] - b[0]).slice(0, 12);
	}

	function render(state) {
		const name = naming(state), margins = state.margins, picture = picture_of(state, name);
		document.title = `${state.system ?? state.manager}: console`;
		place('system').textContent = state.system ?? state.manager;
		show('verdict', [state.components?.map(standing), margins, state.members, state.updates, state.workspaceError, state.history?.broken], () => verdict(state));
		const facts = [['Electors', margins?.electors], ['Votes needed', margins?.quorum], ['Electors that may be lost', margins?.margin],
			['Root CAs trusted', state.members?.roots.filter((r) => r.status === 'trusted').length],
			['Components that answer', `${state.components.filter((c) => c.answers).length} of ${state.components.length}`],
			['Motions under way', state.motions.filter((m) => !['released', 'withdrawn'].includes(m.state)).length]].filter(([, value]) => value !== undefined);
		show('facts', facts, () => facts.map(([term, value]) => make('div', {}, make('dt', {}, term), make('dd', {}, value))));
		if (shown.get('picture') !== JSON.stringify(picture)) {
			shown.set('picture', JSON.stringify(picture));
			watcher?.disconnect();
			watcher = trust.keep(place('picture'), picture, 'Who trusts whom now');
		}
		show('motions', state.motions, () => (state.motions.length > 0 ? table('Who has signed, and who is missing', ['Motion', 'State', 'Votes that count', 'Signed', 'Missing'], motion_rows(state, name)) : make('p', {class: 'muted'}, 'None.')));
		const rows = state.components.map(component_row);
		show('components', state.components.map((c) => component_row({...c, seen: !!c.seen, clockAhead: Math.round((c.clockAhead ?? 0) / 1e6) * 1e6}).map((x) => x.textContent ?? x)), () =>
			table('Health and versions at each component', ['Component', 'Health', 'Policy (GPF) of', 'Chain file (GCCF)', 'CRLs issued', 'Trusts', 'Clock'], rows));
		show('margins', [margins, state.members], () => table('What may be lost', ['Who', 'Has', 'Needs', 'To spare'], [
			...(margins ? [['Elector body', margins.electors, margins.quorum, margins.margin]] : []),
			...(margins?.roots ?? []).map((r) => [`Root CA ${name(r.root)}`, `${r.endorsers} votes`, r.needed === 0 ? 'held since provisioning' : r.needed, r.needed === 0 ? '–' : r.margin])]));
		const dates = dates_of(state, name);
		show('dates', dates, () => table('What comes next', ['When', 'What'], dates.map(([time, what]) => [date(time), what])));
		show('updates', state.updates, () => (state.updates.length > 0 ? table('Newest first', ['Update', 'Begun', 'Due', 'Have it', 'Have it not yet'], state.updates.map(update_row)) : make('p', {class: 'muted'}, 'None yet.')));
		show('history', state.history ?? null, () => ((state.history?.entries ?? []).length > 0 ? table('Newest first, from the workspace’s journal', ['When', 'Who', 'What', 'Why'],
			state.history.entries.map((e) => [date(e.time), e.who, e.what, e.why ?? '–'])) : make('p', {class: 'muted'}, 'Nothing to show: the manager was given no workspace, or its journal is empty.')));
	}

	let watcher, answered = 0;
	async function ask() {
		try {
			const answer = await fetch('/state', {cache: 'no-store', signal: AbortSignal.timeout(10000)});
			if (!answer.ok)
				throw new Error(`answer ${answer.status}`);
			const state = await answer.json();
			answered = state.time;
			render(state);
			/* Said aloud only when it changes: the time of day is in the title of the element. */
			if (place('live').dataset.state !== 'live')
				place('live').textContent = 'Live: what you see is how it is now.';
			place('live').dataset.state = 'live';
			place('live').title = date(state.time);
		} catch (error) {
			if (place('live').dataset.state !== 'lost')
				place('live').textContent = answered ? `No answer from the manager. What you see is of ${date(answered)}.` : 'No answer from the manager.';
			place('live').dataset.state = 'lost';
		}
		setTimeout(ask, EVERY);
	}
	ask();
})();
