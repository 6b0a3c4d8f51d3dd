// SPDX-License-Identifier: Apache-2.0
/*
 * The handbook's pictures: who trusts whom at each step of a chapter, side by side. Drawn by web/trust.js, as the report of a drill and
 * the console are, in Chromium; each is one SVG file that needs nothing beside it, light or dark as
 * whoever looks has it.
 *
 * draw.mjs [FOLDER]     draws them into FOLDER; default: here
 */

import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {Browser} from '../../tests/browser/chromium.mjs';

const here = path.dirname(fileURLToPath(import.meta.url)), web = path.join(here, '../../web');
const WIDE = 318; /* of one step, in pixels */

/* ---- what they show ---- */

const elector = (name, status = 'trusted') => ({name, status});
const three = ['A', 'B', 'C'].map((name) => elector(name));
const root = (name, status, endorsers, note) => ({name, status, endorsers, note});
const part = (name, role, of, status, staged) => ({name, role, root: of, status, staged});
const tree = (of, staged) => [part('ICA, MA, PG, CRLG', 'ica', of, 'running', staged), part('ECA, PCA, RA, LA', 'pca', of, 'running', staged)]
	.map((one, k) => ({...one, note: k === 0 ? 'issued by the root' : 'issued by the ICA'}));
const cars = (count, operational, electors, roots) => [{kind: 'Vehicles', count, operational, electors, roots}];

const PICTURES = {
	'founding': ['Founding an SCMS', [
		['1', 'The electors', 'Each makes its own key, offline. They are trusted because somebody carries their certificates: the bootstrap bundle.',
			{electors: three}],
		['2', 'They vote for the root', 'Each compares the fingerprint in words, and signs. Two of three votes carry the root.',
			{electors: three, roots: [root('root1', 'new', ['A', 'B', 'C'])]}],
		['3', 'Everything below the root', 'Components get certificates, and a trust store each. Nobody has to believe them: all can count.',
			{electors: three, roots: [root('root1', 'trusted', ['A', 'B', 'C'])], components: tree('root1')}],
	]],
	'replace-elector': ['Replacing an elector', [
		['1', 'Before', 'Three electors, a quorum of two: one may be lost.',
			{electors: three, roots: [root('root1', 'trusted', ['A', 'B', 'C'])]}],
		['2', 'A goes', 'By the votes of B and C. The root stays: two of its votes still count. No further elector may be lost now.',
			{electors: [elector('A', 'revoked'), elector('B'), elector('C')], roots: [root('root1', 'trusted', ['B', 'C'])]}],
		['3', 'D comes', 'B and C vote for D; D signs what they signed of the root. As before: one may be lost, and nobody noticed.',
			{electors: [elector('B'), elector('C'), elector('D', 'new')], roots: [root('root1', 'trusted', ['B', 'C', 'D'])]}],
	]],
	'replace-root': ['Replacing a root CA that is lost', [
		['2, 3', 'Prepared, and held back', 'The electors vote for root2; the ballot stays with the SCMS Manager. All components have certificates under it, staged.',
			{electors: three, roots: [root('root1', 'suspected', ['A', 'B', 'C']), root('root2', 'prepared', ['A', 'B', 'C'])],
				components: tree('root1', 'root2')}],
		['4, 5', 'The change', 'One vote removes root1, both ballots go out, all components switch. Vehicles have seen it, and wait: the system is down.',
			{electors: three, roots: [root('root1', 'revoked', []), root('root2', 'new', ['A', 'B', 'C'])], components: tree('root2'),
				vehicles: cars(200, 0, undefined, {root1: 'revoked'})}],
		['6', 'Up again', 'Vehicles are enrolled anew: each counts the votes for root2 itself, and asks for certificates.',
			{electors: three, roots: [root('root2', 'trusted', ['A', 'B', 'C'])], components: tree('root2'),
				vehicles: cars(200, 200, undefined, {root1: 'revoked', root2: 'trusted'})}],
	]],
};

/* ---- how ---- */

/* Of the report's style what a picture needs: the colours, light and dark, and the rules for what trust.js draws. */
function style() {
	const css = readFileSync(path.join(web, 'style.css'), 'utf8').split('\n');
	const from = css.findIndex((line) => line.startsWith(':root')), to = css.findIndex((line) => line.startsWith('* {'));
	const rules = css.filter((line) => /^\.(trust-picture|is-|badge|node|under|vote|chain|staged|feed|bar|icon|token)/.test(line));
	return [...css.slice(from, to), ...rules].map((line) => line.replaceAll(/\t/g, '').replace(/^@media screen and /, '@media '))
		.filter((line) => !line.startsWith('color-scheme')).join('\n') + `
svg { font-family: system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
.paper { fill: var(--card); stroke: var(--rule); }
.step { fill: var(--accent); } .step-name { fill: var(--card); font-size: 14px; font-weight: 700; }
.headline { fill: var(--ink); font-size: 16px; font-weight: 700; } .words { fill: var(--soft); font-size: 13px; }
.then { fill: none; stroke: var(--rule); stroke-width: 3; stroke-linecap: round; stroke-linejoin: round; }`;
}

/* In the page. */
function draw(title, steps, wide, css) {
	const {make} = trust, text = (x, y, kind, value, anchor = 'start') => make('text', {x, y, class: kind, 'text-anchor': anchor}, value);
	const letters = wide / 6.9, gap = 28, edge = 18, parts = [], said = [], drawings = [];
	let tall = 0, top = 0;

	steps.forEach(([step, name, words, picture], k) => {
		const x = edge + k * (wide + gap), mark = Math.max(26, 12 + step.length * 8), lines = [''];
		for (const word of words.split(' ')) {
			const longer = `${lines.at(-1)} ${word}`.trim();
			/* Counted, not measured: the picture is the same whatever letters there are. */
			if (longer.length > letters)
				lines.push(word);
			else
				lines[lines.length - 1] = longer;
		}
		parts.push(make('rect', {x, y: edge, width: mark, height: 26, rx: 13, class: 'step'}), text(x + mark / 2, edge + 18, 'step-name', step, 'middle'),
			text(x + mark + 9, edge + 19, 'headline', name), ...lines.map((line, row) => text(x, edge + 48 + row * 18, 'words', line)));
		top = Math.max(top, edge + 48 + lines.length * 18);
		const drawn = trust.draw(picture, wide, name);
		drawn.setAttribute('x', x);
		drawn.removeAttribute('role');
		drawn.removeAttribute('aria-labelledby');
		said.push(`${step}: ${name}. ${words} ${trust.words(picture)}`);
		for (const element of drawn.querySelectorAll(':scope > title, :scope > desc'))
			element.remove();
		tall = Math.max(tall, Number(drawn.getAttribute('height')));
		drawings.push(drawn);
		if (k > 0)
			parts.push(make('path', {d: `M${x - gap / 2 - 4} ${edge + 4}l9 9-9 9`, class: 'then'}));
	});
	for (const drawn of drawings)
		drawn.setAttribute('y', top);
	const width = 2 * edge + steps.length * wide + (steps.length - 1) * gap, height = top + tall + edge;
	const sheet = make('style');
	sheet.textContent = `\n${css}\n`;
	const whole = make('svg', {viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-labelledby': 'title desc'},
		make('title', {id: 'title'}, title), make('desc', {id: 'desc'}, said.join(' ')), sheet,
		make('rect', {x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 14, class: 'paper'}), ...parts, ...drawings);
	return new XMLSerializer().serializeToString(whole);
}

const folder = process.argv[2] ?? here, browser = new Browser();
try {
	const page = await browser.page();
	await page.go('about:blank');
	await page.evaluate(`() => { ${readFileSync(path.join(web, 'trust.js'), 'utf8')}\n globalThis.trust = trust; }`);
	for (const [name, [title, steps]] of Object.entries(PICTURES)) {
		const svg = await page.evaluate(draw, title, steps, WIDE, style());
		writeFileSync(path.join(folder, `${name}.svg`), `<!-- SPDX-License-Identifier: Apache-2.0 -->\n${svg.replaceAll(/<(g|text|svg|path|rect) /g, '\n<$1 ')}\n`);
	}
} finally {
	await browser.end();
}
