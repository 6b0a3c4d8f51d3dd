// SPDX-License-Identifier: Apache-2.0
/*
 * The drills' reports, in Chromium: every day opens, pictures hold what the JSON says, nothing else is asked for, and people
 * with a phone, a keyboard or a screen reader can use them.
 *
 * report.mjs FOLDER   with NAME.json and NAME.html of each drill, and hostile.json, hostile.html
 */

import {readFileSync, readdirSync} from 'node:fs';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {check, contrasts, faults, nothing, open, overflow, structure, with_browser} from './browser.mjs';

const folder = process.argv[2];
const names = readdirSync(folder).filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -5)).sort();
const address = (name) => String(pathToFileURL(path.resolve(folder, `${name}.html`)));
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/* What a day's picture ought to show, from the JSON, in the attributes that the drawing gives its parts. */
function expected(picture) {
	const known = (name, of) => (of ?? []).some((member) => member.name === name);
	return {
		electors: (picture.electors ?? []).map((e) => [e.name, e.status]),
		roots: (picture.roots ?? []).map((r) => [r.name, r.status]),
		votes: (picture.roots ?? []).flatMap((r) => (r.endorsers ?? []).filter((n) => known(n, picture.electors)).map((n) => `${n} ${r.name}`)).sort(),
		components: (picture.components ?? []).map((c) => [c.name, c.status, c.staged ?? '']).sort(),
		vehicles: (picture.vehicles ?? []).map((v) => [v.kind, String(v.operational)]),
		tokens: (picture.vehicles ?? []).flatMap((v) => [...Object.entries(v.electors ?? {}), ...Object.entries(v.roots ?? {})]),
		feed: (picture.vehicles ?? []).length === 0 ? [] : [(picture.vehicles ?? []).some((v) => v.operational > 0 && !v.apart) ? 'up' : 'down'],
	};
}

function shown(page, k) {
	return page.evaluate((day) => {
		const svg = document.querySelector(`[data-picture="${day}"] svg`), all = (selector, ...keys) =>
			[...svg.querySelectorAll(selector)].map((e) => keys.map((key) => e.dataset[key]));
		return {
			electors: all('[data-elector]', 'elector', 'status'), roots: all('[data-root]', 'root', 'status'),
			votes: all('[data-vote]', 'vote').flat().sort(), components: all('[data-component]', 'component', 'status', 'staged').sort(),
			vehicles: all('[data-kind]', 'kind', 'operational'), tokens: all('[data-token]', 'token', 'status'), feed: all('[data-feed]', 'feed').flat(),
		};
	}, k);
}

async function reads(browser, name, drill) {
	const page = await open(browser, address(name)), body = await page.text('main');
	const days = drill.days ?? [], visible = () => page.all('.day', (list) => list.filter((e) => e.checkVisibility()).map((e) => e.id));
	check(`${name}: a section for each day`, (await page.count('.day')) === days.length);
	for (const [k, day] of days.entries()) {
		const id = `d${k + 1}`;
		await page.click(`.days button[data-day="${id}"]`);
		check(`${name} ${id}: opens alone`, same(await visible(), [id]), await visible());
		check(`${name} ${id}: in the address`, (await page.evaluate(() => location.hash)) === `#${id}`, await page.evaluate(() => location.href));
		const text = (await page.text(`#${id}`)).replace(/\u200b/g, '');
		if (day.picture) {
			const want = expected(day.picture), found = await shown(page, k);
			for (const part of Object.keys(want))
				check(`${name} ${id}: picture, ${part}`, same(found[part], want[part]), {want: want[part], found: found[part]});
			const box = await page.one(`#${id} .canvas`, (e) => [e.clientWidth, e.firstElementChild.clientWidth]);
			check(`${name} ${id}: picture fits`, Math.abs(box[0] - box[1]) <= 1, box);
		}
		for (const line of [day.title ?? '', ...(day.story ?? []), ...(day.attacks ?? []).flatMap((a) => [a.who, a.what, a.reason, a.text]),
			...(day.ballots ?? []).flatMap((b) => [b.subject, b.where, b.outcome, ...b.votes.map((v) => v.reason ?? 'counted')]),
			...(day.checks ?? []).flatMap((c) => [c.what]), ...(day.deadlines ?? []).map((d) => d.what)])
			check(`${name} ${id}: says ${line}`, text.includes(line));
		const cells = await page.all(`#${id} table.grid tbody td`, (list) => list.length), kinds = day.matrix?.kinds?.length ?? 0;
		check(`${name} ${id}: matrix`, cells === (Object.keys(day.matrix?.accepts ?? {}).length > 0 ? kinds * kinds : 0), cells);
		nothing(`${name} ${id}: contrast`, await contrasts(page));
	}
	await page.click('#all-days');
	check(`${name}: all days at once`, (await visible()).length === days.length);
	nothing(`${name}: structure`, await structure(page));
	nothing(`${name}: fault-free`, faults(page));
	await page.close();
	return body;
}

async function phone(browser, name, drill) {
	for (const width of [320, 375]) {
		const page = await open(browser, address(name), {width, height: 740, scheme: 'dark'});
		for (const k of (drill.days ?? []).keys()) {
			await page.click(`.days button[data-day="d${k + 1}"]`);
			await page.settle();
			const beyond = await overflow(page);
			check(`${name} d${k + 1}: ${width} pixels wide without scrolling sideways`, beyond.length === 0, beyond);
		}
		nothing(`${name}: dark, contrast`, await contrasts(page));
		nothing(`${name}: phone, fault-free`, faults(page));
		await page.close();
	}
}

async function keyboard(browser, name, drill) {
	const page = await open(browser, address(name)), reached = new Set(), focus = () => page.evaluate(() => {
		const e = document.activeElement, style = getComputedStyle(e);
		return {day: e.matches('.days button') ? e.dataset.day : undefined, tag: e.tagName, text: e.textContent.slice(0, 30), ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2};
	});
	await page.press('Tab');
	check(`${name}: first comes the way past the head`, (await focus()).text.startsWith('Skip'), await focus());
	for (let k = 0; k < 200 && reached.size < drill.days.length; k++) {
		await page.press('Tab');
		const now = await focus();
		check(`${name}: focus can be seen`, now.tag === 'BODY' || now.ring, now);
		if (now.day && !reached.has(now.day)) {
			await page.press(reached.size % 2 === 0 ? 'Enter' : 'Space');
			if (await page.one(`#${now.day}`, (e) => e.checkVisibility()))
				reached.add(now.day);
		}
	}
	check(`${name}: keyboard reaches every day`, reached.size === drill.days.length, [...reached]);
	await page.click('.days button[data-day=d1]');
	await page.one('#d1 button[data-go=d2]', (e) => e.focus());
	await page.press('Enter');
	check(`${name}: next day takes the reader along`, await page.evaluate(() => document.activeElement.id) === 'd2-title', await page.evaluate(() => document.activeElement.outerHTML));
	await page.close();
}

async function print(browser, name, drill) {
	const page = await open(browser, address(name), {scheme: 'dark'});
	await page.emulate({media: 'print'});
	check(`${name}: print shows all days`, (await page.all('.day', (list) => list.filter((e) => e.checkVisibility()).length)) === drill.days.length);
	check(`${name}: print is on white`, (await page.evaluate(() => getComputedStyle(document.body).backgroundColor)) === 'rgb(255, 255, 255)');
	check(`${name}: print starts a page each day`, (await page.all('.day', (list) => list.every((e) => getComputedStyle(e).breakBefore === 'page'))));
	check(`${name}: prints`, (await page.pdf()).length > 20000);
	await page.size(375, 740);
	await page.settle();
	const wide = (event) => page.evaluate((name) => {
		dispatchEvent(new Event(name));
		return document.querySelector('.canvas svg').viewBox.baseVal.width;
	}, event);
	check(`${name}: printed from a phone, pictures are as wide as paper`, await wide('beforeprint') > 1000);
	check(`${name}: and as wide as the phone again`, await wide('afterprint') < 400);
	await page.close();
}

await with_browser(async (browser) => {
	for (const name of names) {
		const drill = JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8'));
		const body = await reads(browser, name, drill);
		await phone(browser, name, drill);
		if (name === 'elector-replacement')
			check('elector: no honest message failed', body.includes('Not one honest message failed'));
		if (name === 'root-replacement')
			check('root: when the system was down', /down for vehicles from day 4 \(2026-11-28, 12:00 UTC\) until day 6 \(2026-11-30/.test(body));
		if (name === 'hostile')
			check('hostile: failure is said', body.includes('Failed: something did not go as expected') && body.includes('DIFFERENT'));
		else {
			await keyboard(browser, name, drill);
			await print(browser, name, drill);
		}
	}
	check('drills that were looked at', names.length === 3, names);
});
