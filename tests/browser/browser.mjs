// SPDX-License-Identifier: Apache-2.0
/* What every page has to be, and what tests of pages share. */

import {writeFileSync} from 'node:fs';
import {Browser} from './chromium.mjs';

let failures = 0;

export function check(name, right, found) {
	if (right)
		return;
	failures++;
	console.log(`FAILED: ${name}${found === undefined ? '' : `: found ${JSON.stringify(found).slice(0, 700)}`}`);
}

/* Of findings there must be none. */
export function nothing(name, found) {
	check(name, found.length === 0, found);
}

/* Runs body with a browser; ends with exit code 0, or 1 if a check failed. */
export async function with_browser(body) {
	const browser = new Browser();
	try {
		await body(browser);
	} catch (error) {
		check('the test itself', false, String(error.stack));
	} finally {
		await browser.end();
	}
	process.exitCode = failures > 0 ? 1 : 0;
	console.log(failures > 0 ? `${failures} checks failed` : 'all checks passed');
}

/* A page with an address. */
export async function open(browser, address, {width = 1200, height = 900, scheme = 'light'} = {}) {
	const page = await browser.page();
	await page.size(width, height);
	await page.emulate({scheme});
	await page.go(address);
	page.address = address;
	return page;
}

/* What went wrong in a page, and whatever it asked for that is not its own. */
export function faults(page) {
	return [...page.faults, ...page.requests.filter((request) => !request.startsWith(page.address)).map((request) => `request: ${request}`)];
}

/* Names, order of headings, tables, landmarks: the findings, as text. */
export function structure(page) {
	return page.evaluate(() => {
		const found = [], seen = (e) => e.checkVisibility?.() ?? e.offsetParent !== null;
		const say = (what, e) => found.push(`${what}: ${e.outerHTML.slice(0, 120)}`);
		const name_of = (e) => (e.getAttribute('aria-label') ?? (e.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ')).trim() || e.textContent.trim();
		if (!document.documentElement.lang || !document.title.trim())
			found.push('no language or title');
		for (const landmark of ['main', 'header', 'footer', 'h1'])
			if (document.querySelectorAll(`body > ${landmark}, ${landmark === 'h1' ? 'h1' : 'none'}`).length !== 1)
				found.push(`not one ${landmark}`);
		let level = 0;
		for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
			const now = Number(heading.tagName[1]);
			if (now > level + 1)
				say('heading skips a level', heading);
			if (heading.textContent.trim() === '')
				say('empty heading', heading);
			level = now;
		}
		const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
		for (const id of new Set(ids))
			if (ids.filter((other) => other === id).length > 1)
				found.push(`id twice: ${id}`);
		for (const e of document.querySelectorAll('a, button, summary, nav, [role=region], [role=img]'))
			if (name_of(e) === '')
				say('no name', e);
		for (const e of document.querySelectorAll('svg:not([aria-hidden=true])'))
			if (!e.querySelector('title')?.textContent || !e.querySelector('desc')?.textContent)
				say('picture without title or description', e);
		for (const e of document.querySelectorAll('[aria-labelledby]'))
			for (const id of e.getAttribute('aria-labelledby').split(' '))
				if (!document.getElementById(id))
					say(`no such label ${id}`, e);
		for (const table of document.querySelectorAll('table')) {
			if (!table.caption?.textContent.trim())
				say('table without caption', table);
			for (const th of table.querySelectorAll('th'))
				if (!th.scope || th.textContent.trim() === '')
					say('th without scope or text', th);
			for (const row of table.tBodies[0]?.rows ?? [])
				if (row.cells.length !== table.tHead.rows[0].cells.length)
					say('row of another length', row);
		}
		for (const e of document.querySelectorAll('[onclick], div[tabindex="0"]:not([role=region])'))
			say('acts without being a button', e);
		for (const e of document.querySelectorAll('button'))
			if (seen(e) && (e.offsetHeight < 24 || e.offsetWidth < 24))
				say('button too small', e);
		return found;
	});
}

/* Texts whose contrast is below WCAG 2.2 AA (4.5; 3 for large ones), inside pictures too. */
export function contrasts(page) {
	return page.evaluate(() => {
		const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
		const known = new Map();
		const rgba = (colour) => {
			if (known.has(colour))
				return known.get(colour);
			canvas.clearRect(0, 0, 1, 1);
			canvas.fillStyle = colour;
			canvas.fillRect(0, 0, 1, 1);
			const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
			known.set(colour, [r, g, b, a / 255]);
			return known.get(colour);
		};
		const over = (top, under) => [0, 1, 2].map((k) => top[k] * top[3] + under[k] * (1 - top[3]));
		const light = (colour) => {
			const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
			return 0.2126 * r + 0.7152 * g + 0.0722 * b;
		};
		const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
		/* Behind an HTML text: backgrounds of those around it. Behind a text of a picture: shapes drawn before it, under its middle. */
		const behind = (e) => {
			const layers = [];
			for (let p = e; p && p.nodeType === 1; p = p.parentElement) {
				const colour = rgba(getComputedStyle(p).backgroundColor);
				layers.unshift(colour);
				if (colour[3] === 1)
					break;
			}
			return layers.reduce((under, top) => over(top, under), [255, 255, 255]);
		};
		const found = [];
		const look = (e, ink, back) => {
			const style = getComputedStyle(e), size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
			const has = ratio(over(rgba(ink), back), back);
			if (has < (large ? 3 : 4.5))
				found.push(`${has.toFixed(2)}: ${e.textContent.trim().slice(0, 40)} (${e.className?.baseVal ?? e.className})`);
		};
		for (const e of document.querySelectorAll('body *')) {
			const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '');
			if (!own || !e.checkVisibility() || e.closest('svg, script, style, .sr, .skip, noscript'))
				continue;
			look(e, getComputedStyle(e).color, behind(e));
		}
		for (const svg of document.querySelectorAll('svg.trust-picture')) {
			if (!svg.checkVisibility())
				continue;
			const shapes = [...svg.querySelectorAll('rect, circle, path.shape')].map((s) => [s, s.getBoundingClientRect()]), around = behind(svg.parentElement);
			for (const e of svg.querySelectorAll('text')) {
				const box = e.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
				const back = shapes.filter(([s, b]) => x >= b.left && x <= b.right && y >= b.top && y <= b.bottom &&
					(s.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0 && getComputedStyle(s).fill !== 'none')
					.reduce((under, [s]) => {
						const colour = rgba(getComputedStyle(s).fill);
						return over([colour[0], colour[1], colour[2], colour[3] * Number(getComputedStyle(s).opacity)], under);
					}, around);
				look(e, getComputedStyle(e).fill, back);
			}
		}
		return [...new Set(found)];
	});
}

/* How far the page reaches beyond its width, in pixels, and what does. */
export function overflow(page) {
	return page.evaluate(() => {
		const wide = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= wide)
			return [];
		return [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() && !e.closest('.scroll, .sr, .skip') && e.getBoundingClientRect().right > wide + 1)
			.slice(0, 5).map((e) => e.outerHTML.slice(0, 120)).concat(`${document.documentElement.scrollWidth} > ${wide}`);
	});
}

/* All of that, light and dark; SCMS_SCREENSHOT names a file for a picture of the page. */
export async function usable(page) {
	nothing('structure', await structure(page));
	nothing('contrast', await contrasts(page));
	await page.emulate({scheme: 'dark'});
	nothing('contrast, dark', await contrasts(page));
	await page.size(320, 740);
	await page.settle();
	nothing('phone', await overflow(page));
	await page.emulate({scheme: 'light'});
	await page.size(1200, 900);
	if (process.env.SCMS_SCREENSHOT)
		writeFileSync(process.env.SCMS_SCREENSHOT, await page.screenshot());
}
