// SPDX-License-Identifier: Apache-2.0
/*
 * trust.js: draws who trusts whom, as SVG: electors on top, root CAs with the votes that carry them, components, and
 * vehicles by kind. One drawing for the report of a drill and for the operators' console.
 *
 *   trust.draw(picture, width)   an <svg> for a picture (docs/report.md), laid out for so many CSS pixels
 *   trust.words(picture)         the same in sentences
 *   trust.keep(box, picture)     draws into box now, and again when its width changes
 *
 * All text goes through text nodes: what a file says can only ever be read. Colours come from style.css; each status has a
 * shape and a word as well.
 */
'use strict';

const trust = (() => {
	const NS = 'http://www.w3.org/2000/svg';
	const STATUS = {
		trusted: 'trusted', new: 'new', prepared: 'prepared', revoked: 'revoked', suspended: 'suspended',
		suspected: 'suspected', expired: 'expired', unknown: 'not known yet',
		running: 'running', stopped: 'stopped', offline: 'kept offline',
	};
	const ROLES = {
		root: 'root CA', ica: 'intermediate CA', eca: 'enrolment CA', pca: 'pseudonym CA', ra: 'registration authority',
		la: 'linkage authority', ma: 'misbehaviour authority', crlg: 'CRL generator', pg: 'policy generator',
		dcm: 'device configuration', 'crl-store': 'CRL store', manager: 'SCMS manager', elector: 'elector',
	};
	/* Inside of a badge of radius 9 around 0,0: outline and sign. */
	const ROUND = 'M-9 0a9 9 0 1 0 18 0a9 9 0 1 0-18 0z', SQUARE = 'M-8-8h16v16h-16z';
	const BADGES = {
		trusted: [ROUND, 'M-4 0l3 3.5 5.5-7'],
		running: [ROUND, 'M-4 0l3 3.5 5.5-7'],
		new: ['M0-10.5l10.5 10.5-10.5 10.5-10.5-10.5z', 'M-4.5 0h9M0-4.5v9'],
		prepared: [ROUND, 'M0-5v5.5l4 2.5'],
		revoked: ['M-4-9.5h8l5.5 5.5v8l-5.5 5.5h-8l-5.5-5.5v-8z', 'M-4-4l8 8M4-4l-8 8'],
		stopped: ['M-4-9.5h8l5.5 5.5v8l-5.5 5.5h-8l-5.5-5.5v-8z', 'M-4-4l8 8M4-4l-8 8'],
		suspended: [SQUARE, 'M-2.8-4v8M2.8-4v8'],
		expired: [SQUARE, 'M-4 0h8'],
		suspected: ['M0-10.5l10.5 19h-21z', 'M0-4v6M0 4.6v1'],
		unknown: [ROUND, 'M-2.8-2.4a2.8 2.8 0 1 1 4 2.6q-1.2.6-1.2 1.8M0 4.6v.8'],
		offline: [SQUARE, 'M-4-1h8M-4 3h8'],
	};

	const known = (status) => (Object.hasOwn(BADGES, status) ? status : 'unknown');
	const role = (name) => (Object.hasOwn(ROLES, name) ? ROLES[name] : String(name ?? ''));
	const list = (value) => (Array.isArray(value) ? value.filter((v) => v && typeof v === 'object') : []);
	const pairs = (value) => (value && typeof value === 'object' ? Object.entries(value) : []);
	const cut = (text, n) => (String(text ?? '').length > n ? String(text).slice(0, Math.max(1, n - 1)) + '…' : String(text ?? ''));
	const word = (status) => (Object.hasOwn(STATUS, status) ? STATUS[status] : cut(status ?? STATUS.unknown, 14));
	const number = (value) => (Number.isFinite(value) ? value : 0);
	const plural = (n, one, many) => `${n} ${n === 1 ? one : many ?? one + 's'}`;

	function make(tag, attributes, ...children) {
		const element = document.createElementNS(NS, tag);
		for (const [name, value] of Object.entries(attributes ?? {}))
			element.setAttribute(name, typeof value === 'number' ? String(Math.round(value * 10) / 10) : value);
		element.append(...children);
		return element;
	}
	const text = (x, y, kind, value, anchor = 'start') => make('text', {x, y, class: kind, 'text-anchor': anchor}, String(value));
	const group = (attributes, ...children) => make('g', attributes, ...children);

	function badge(x, y, status, scale = 1) {
		const [outline, sign] = BADGES[known(status)];
		return group({transform: `translate(${x} ${y}) scale(${scale})`, class: `badge is-${known(status)}`},
			make('path', {d: outline, class: 'badge-shape'}), make('path', {d: sign, class: 'badge-sign'}));
	}

	/* How many columns of at least `least` pixels go into width, and how wide each is then. */
	function columns(width, least, n, gap = 10) {
		const count = Math.max(1, Math.min(n, Math.floor((width + gap) / (least + gap))));
		return {count, width: (width - gap * (count - 1)) / count, gap};
	}

	/* ---- electors ---- */

	function electors(width, y, members, places) {
		const cell = columns(width, 96, members.length, 6), high = 104;
		const nodes = members.map((elector, k) => {
			const row = Math.floor(k / cell.count), in_row = Math.min(cell.count, members.length - row * cell.count);
			const start = (width - in_row * cell.width - (in_row - 1) * cell.gap) / 2;
			const x = start + (k % cell.count) * (cell.width + cell.gap) + cell.width / 2, top = y + row * high;
			places.set(elector.name, {x, y: top + 60, elector});
			/* In the circle at most three letters: of "elector-A" the A. */
			const name = String(elector.name ?? ''), tail = name.split(/[^\p{L}\p{N}]+/u).pop(), long = name.length > 3;
			const short = !long ? name : tail.length > 0 && tail.length <= 3 ? tail : name.slice(0, 2);
			return group({class: `node elector is-${known(elector.status)}`, 'data-elector': elector.name, 'data-status': elector.status ?? ''},
				make('circle', {cx: x, cy: top + 32, r: 27, class: 'shape'}),
				make('circle', {cx: x, cy: top + 32, r: 22, class: 'ring'}),
				text(x, top + 39, 'elector-name', short, 'middle'),
				badge(x + 22, top + 12, elector.status),
				text(x, top + 75, 'status-word', cut(long ? name : word(elector.status), cell.width / 7.5), 'middle'),
				long ? text(x, top + 90, 'small', word(elector.status), 'middle') : text(x, top + 90, 'hash', String(elector.hash ?? '').slice(0, 8), 'middle'));
		});
		return {nodes, bottom: y + Math.ceil(members.length / cell.count) * high};
	}

	/* ---- roots, and the votes that carry them ---- */

	function roots(width, y, members, places) {
		const cell = columns(width, 150, members.length, 12), wide = Math.min(cell.width, 270), high = 78;
		const nodes = members.map((root, k) => {
			const row = Math.floor(k / cell.count), in_row = Math.min(cell.count, members.length - row * cell.count);
			const start = (width - in_row * cell.width - (in_row - 1) * cell.gap) / 2;
			const x = start + (k % cell.count) * (cell.width + cell.gap) + cell.width / 2, top = y + row * (high + 30);
			const left = x - wide / 2, endorsers = Array.isArray(root.endorsers) ? root.endorsers : [];
			places.set(root.name, {x, top, bottom: top + high, root});
			return group({class: `node root is-${known(root.status)}`, 'data-root': root.name, 'data-status': root.status ?? ''},
				make('path', {class: 'shape', d: `M${left + 16} ${top}h${wide - 32}l16 ${high / 2}l-16 ${high / 2}h${32 - wide}l-16-${high / 2}z`}),
				text(x, top + 24, 'root-name', cut(root.name, wide / 10), 'middle'),
				text(x, top + 42, 'status-word', word(root.status), 'middle'),
				text(x, top + 58, 'small', endorsers.length > 0 ? cut(`voted for by ${endorsers.join(', ')}`, wide / 7) : cut(root.note ?? 'no votes', wide / 7), 'middle'),
				text(x, top + 71, 'hash', String(root.hash ?? '').slice(0, 8), 'middle'),
				badge(left + wide - 22, top + 3, root.status));
		});
		return {nodes, bottom: members.length === 0 ? y : y + Math.ceil(members.length / cell.count) * (high + 30) - 30};
	}

	function votes(members, electors_at, roots_at) {
		const lines = [];
		for (const root of members)
			for (const name of Array.isArray(root.endorsers) ? root.endorsers : []) {
				const from = electors_at.get(name), to = roots_at.get(root.name);
				if (!from || !to)
					continue;
				const status = root.status === 'revoked' || from.elector.status === 'revoked' ? 'revoked' : known(from.elector.status);
				const y1 = from.y + 34, y2 = to.top, middle = (y1 + y2) / 2;
				const x2 = to.x + Math.max(-60, Math.min(60, (from.x - to.x) / 4));
				lines.push(group({class: `vote is-${status}`, 'data-vote': `${name} ${root.name}`},
					make('path', {d: `M${from.x} ${y1}C${from.x} ${middle} ${x2} ${middle} ${x2} ${y2}`, class: 'vote-line'}),
					status === 'revoked' ? badge((from.x + x2) / 2, middle, 'revoked', 0.62) : ''));
			}
		return lines;
	}

	/* ---- components ---- */

	function chip(x, y, wide, component) {
		const staged = component.staged ? `${cut(component.staged, 12)} ${wide > 128 ? 'certificate ' : ''}ready` : '';
		return group({class: `node component is-${known(component.status)}`, 'data-component': component.name,
			'data-status': component.status ?? '', 'data-staged': component.staged ?? ''},
			make('rect', {x, y, width: wide, height: staged ? 52 : 38, rx: 7, class: 'shape'}),
			badge(x + 15, y + 19, component.status, 0.78),
			text(x + 30, y + 17, 'component-name', cut(component.name, (wide - 34) / 7.6)),
			text(x + 30, y + 31, 'small', cut(component.note ?? role(component.role), (wide - 34) / 5.9)),
			staged ? make('path', {d: `M${x + 8} ${y + 38}h${wide - 16}`, class: 'staged-rule'}) : '',
			staged ? text(x + wide / 2, y + 48, 'staged', staged, 'middle') : '');
	}

	function components(width, y, members, roots_at) {
		const under = new Map();
		for (const component of members) {
			const key = component.root ?? (component.root === null ? '' : undefined);
			under.set(key, [...(under.get(key) ?? []), component]);
		}
		const order = [...under].sort((a, b) => (roots_at.get(a[0])?.x ?? 1e6) - (roots_at.get(b[0])?.x ?? 1e6));
		/* Side by side, as wide as what is in them asks for; on a narrow page one below another. */
		const beside = width >= 640 && order.length <= 4, gap = 14, nodes = [], lines = [];
		const least = 132, room = width - (gap + least) * order.length + gap;
		const share = order.map(([, list_of]) => list_of.length), whole = share.reduce((sum, n) => sum + n, 0);
		let top = y, bottom = y, next = 0;

		order.forEach(([name, list_of], k) => {
			if (k > 0 && !beside)
				top = bottom + gap;
			const wide = beside ? least + room * share[k] / whole : width;
			const x = beside ? next : 0, inner = columns(wide - 20, Math.min(150, wide - 20), list_of.length, 8);
			next += wide + gap;
			let line = top + 30, tallest = 0;
			const chips = list_of.map((component, j) => {
				if (j > 0 && j % inner.count === 0) {
					line += tallest + 8;
					tallest = 0;
				}
				tallest = Math.max(tallest, component.staged ? 52 : 38);
				return chip(x + 10 + (j % inner.count) * (inner.width + inner.gap), line, inner.width, component);
			});
			const high = line + tallest + 10 - top, root = roots_at.get(name)?.root;
			nodes.push(group({class: `under is-${known(root?.status)}`},
				make('rect', {x, y: top, width: wide, height: high, rx: 10, class: 'box'}),
				text(x + 12, top + 19, 'group-title', name === undefined ? 'All components' : name === '' ? cut('Known by TLS alone', wide / 8) : cut(`Under ${name}`, wide / 8)), ...chips));
			for (const [other, place] of roots_at) {
				const staged = other !== name && list_of.some((component) => component.staged === other);
				if (other !== name && !staged)
					continue;
				const x2 = Math.max(x + 24, Math.min(x + wide - 24, place.x)), middle = (place.bottom + top) / 2;
				lines.push(make('path', {class: `chain is-${staged ? 'prepared' : known(place.root.status)}`,
					d: `M${place.x} ${place.bottom}C${place.x} ${middle} ${x2} ${middle} ${x2} ${top}`}));
			}
			bottom = Math.max(bottom, top + high);
		});
		return {nodes, lines, bottom};
	}

	/* ---- vehicles ---- */

	const CAR = 'M2 13v-4l3-1 3-5h9l4 5 4 1v4h-3a3 3 0 0 1-6 0h-5a3 3 0 0 1-6 0z';
	const POST = 'M11 18v-12M6 18h10M7 6a5 5 0 0 1 8 0M4 4a8.5 8.5 0 0 1 14 0';

	function token(x, y, name, status) {
		const label = cut(name, 9), wide = 26 + label.length * 7.4;
		return [wide, group({class: `token is-${known(status)}`, 'data-token': name, 'data-status': status ?? ''},
			make('title', {}, `${name}: ${word(status)}`),
			make('rect', {x, y, width: wide, height: 20, rx: 5, class: 'shape'}),
			badge(x + 11, y + 10, status, 0.66), text(x + 21, y + 14.5, 'token-name', label))];
	}

	function tokens(x, y, wide, title, entries) {
		const nodes = [text(x, y + 14, 'small', title)];
		let at = x + 58, line = y;
		for (const [name, status] of entries) {
			let [w, node] = token(at, line, name, status);
			if (at + w > x + wide && at > x + 58) {
				at = x + 58;
				line += 24;
				[w, node] = token(at, line, name, status);
			}
			nodes.push(node);
			at += w + 4;
		}
		return [nodes, line + 24];
	}

	function card(x, y, wide, vehicle) {
		const count = number(vehicle.count), able = number(vehicle.operational), all = able === count && count > 0;
		const apart = vehicle.apart ? String(vehicle.apart) : undefined; /* does not take part, and why: neither good nor bad */
		const state = apart ? 'offline' : all ? 'running' : able > 0 ? 'suspended' : 'stopped';
		const post = /roadside/i.test(String(vehicle.kind)), inner = wide - 24, nodes = [];
		nodes.push(make('path', {d: post ? POST : CAR, class: post ? 'icon-post' : 'icon-car', transform: `translate(${x + 12} ${y + 11})`}),
			text(x + 46, y + 20, 'kind', cut(vehicle.kind, (wide - 54) / 7.4)), text(x + 46, y + 35, 'small', plural(count, post ? 'unit' : 'vehicle')),
			make('rect', {x: x + 12, y: y + 43, width: inner, height: 7, rx: 3.5, class: 'bar-back'}),
			make('rect', {x: x + 12, y: y + 43, width: count > 0 && !apart ? inner * Math.min(1, able / count) : 0, height: 7, rx: 3.5, class: `bar is-${state}`}),
			badge(x + 20, y + 64, state, 0.66), text(x + 32, y + 68, 'able', apart ? cut(apart, (inner - 20) / 7.4) : all ? `all ${count} operational` : able > 0 ? `${able} of ${count} operational` : 'none operational'));
		let line = y + 78;
		for (const [title, entries] of [['electors', pairs(vehicle.electors)], ['roots', pairs(vehicle.roots)]])
			if (entries.length > 0) {
				const [more, next] = tokens(x + 12, line, inner, title, entries);
				nodes.push(...more);
				line = next;
			}
		if (number(vehicle.pictures) > 1) {
			nodes.push(text(x + 12, line + 11, 'small', `${vehicle.pictures} different views among them`));
			line += 18;
		}
		const high = line + 6 - y;
		return [high, (tall) => group({class: `node vehicle is-${state}`, 'data-kind': vehicle.kind, 'data-operational': able},
			make('rect', {x, y, width: wide, height: tall, rx: 10, class: 'shape'}), ...nodes)];
	}

	function vehicles(width, y, kinds) {
		const cell = columns(width, 218, kinds.length, 10), nodes = [];
		let line = y;
		for (let k = 0; k < kinds.length; k += cell.count) {
			const row = kinds.slice(k, k + cell.count).map((vehicle, j) => card(j * (cell.width + cell.gap), line, cell.width, vehicle));
			const tall = Math.max(...row.map(([high]) => high));
			nodes.push(...row.map(([, finish]) => finish(tall)));
			line += tall + 10;
		}
		return {nodes, bottom: line - 10};
	}

	/* What runs from the components to the vehicles, or does not. */
	function feed(width, y1, y2, kinds) {
		const part = kinds.filter((v) => !v.apart), sum = (of) => part.reduce((all, v) => all + number(v[of]), 0), able = sum('operational'), count = sum('count');
		const down = count > 0 && able === 0;
		const label = !down ? `${able} of ${count} operational` : width < 480 ? 'system down' : 'nobody is operational: system down';
		/* In the middle, unless the words would run out of the picture. */
		const x = Math.max(16, Math.min(width / 2, width - 18 - label.length * 7.6)), middle = (y1 + y2) / 2;
		return group({class: `feed is-${down ? 'stopped' : 'running'}`, 'data-feed': down ? 'down' : 'up'},
			make('path', {d: down ? `M${x} ${y1}V${middle - 14}M${x} ${middle + 14}V${y2 - 8}` : `M${x} ${y1}V${y2 - 8}`, class: 'feed-line'}),
			make('path', {d: `M${x - 7} ${y2 - 10}l7 8 7-8`, class: 'feed-line'}), down ? badge(x, middle, 'stopped', 1.1) : '',
			text(x + 18, middle + 4, 'feed-word', label));
	}

	/* ---- the whole ---- */

	function words(picture) {
		const parts = [], say = (items, format) => items.map(format).join('; ');
		const e = list(picture?.electors), r = list(picture?.roots), c = list(picture?.components), v = list(picture?.vehicles);
		if (e.length > 0)
			parts.push(`Electors: ${say(e, (x) => `${x.name} ${word(x.status)}`)}.`);
		if (r.length > 0)
			parts.push(`Root CAs: ${say(r, (x) => `${x.name} ${word(x.status)}, ${(x.endorsers ?? []).length ? `voted for by ${x.endorsers.join(', ')}` : 'no votes'}`)}.`);
		if (c.length > 0)
			parts.push(`Components: ${say(c, (x) => `${x.name} ${word(x.status)}${x.root ? ` under ${x.root}` : ''}${x.staged ? `, certificate under ${x.staged} ready` : ''}`)}.`);
		if (v.length > 0)
			parts.push(`Vehicles: ${say(v, (x) => `${x.kind}${x.apart ? ` (${x.apart})` : ''}: ${number(x.operational)} of ${number(x.count)} operational, ${
				[...pairs(x.electors), ...pairs(x.roots)].map(([name, status]) => `${name} ${word(status)}`).join(', ')}`)}.`);
		return parts.join(' ');
	}

	const PAPER = 1120; /* pixels across a page */
	let drawn = 0;

	function draw(picture, width, title = 'Who trusts whom') {
		const e = list(picture?.electors), r = list(picture?.roots), c = list(picture?.components), v = list(picture?.vehicles);
		const electors_at = new Map(), roots_at = new Map(), parts = [], id = `picture-${++drawn}`;
		const inside = Math.max(280, Math.floor(width)) - 2;
		let y = 0;

		if (e.length > 0) {
			const lane = electors(inside, 22, e, electors_at);
			parts.push(text(0, 14, 'lane-title', 'Electors'), ...lane.nodes);
			y = lane.bottom;
		}
		if (r.length > 0) {
			y += e.length > 0 ? 40 : 30;
			const lane = roots(inside, y, r, roots_at);
			parts.unshift(...votes(r, electors_at, roots_at));
			parts.push(text(0, y - 8, 'lane-title', 'Root CAs'), ...lane.nodes);
			y = lane.bottom;
		}
		if (c.length > 0) {
			y += 46;
			const lane = components(inside, y, c, roots_at);
			parts.unshift(...lane.lines);
			parts.push(text(0, y - 8, 'lane-title', 'Components'), ...lane.nodes);
			y = lane.bottom;
		}
		if (v.length > 0) {
			if (y > 0)
				parts.push(feed(inside, y + 2, y + 56, v));
			y += 58;
			const lane = vehicles(inside, y, v);
			parts.push(text(0, y - 8, 'lane-title', 'Vehicles'), ...lane.nodes);
			y = lane.bottom;
		}
		return make('svg', {viewBox: `-1 -2 ${inside + 2} ${y + 6}`, width: inside + 2, height: y + 6, class: 'trust-picture', role: 'img',
			'aria-labelledby': `${id}-title ${id}-desc`},
			make('title', {id: `${id}-title`}, title), make('desc', {id: `${id}-desc`}, words(picture)), ...parts);
	}

	function keep(box, picture, title) {
		let width = 0;
		const again = () => {
			const wide = box.clientWidth || width || 960;
			if (wide !== width) {
				width = wide;
				box.replaceChildren(draw(picture, width, title));
			}
		};
		again();
		/* On paper as wide as paper is, whatever the screen. */
		addEventListener('beforeprint', () => box.replaceChildren(draw(picture, PAPER, title)));
		addEventListener('afterprint', () => { width = 0; again(); });
		const watcher = new ResizeObserver(again);
		watcher.observe(box);
		return watcher;
	}

	return {draw, words, keep, badge, word, known, make};
})();
