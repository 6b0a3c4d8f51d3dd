// SPDX-License-Identifier: Apache-2.0
/*
 * The operators' console of a manager that runs: what it shows is how it is, and it follows without being loaded again.
 *
 * console.mjs URL NEXT.json   NEXT: {"vote": [[ARGUMENT...]...] the commands of one more vote, "component", "manager": pids, "why": TEXT}
 */

import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {check, faults, nothing, open, usable, with_browser} from './browser.mjs';

const [url, file] = process.argv.slice(2), next = JSON.parse(readFileSync(file, 'utf8'));

await with_browser(async (browser) => {
	const page = await open(browser, url), text = (id) => page.text(`#${id}`);
	const until = async (name, question) => {
		try {
			await page.until(question);
		} catch {
			check(name, false, await page.text('main'));
		}
	};
	await until('component is seen', () => document.getElementById('components').textContent.includes('serving'));
	check('live', (await text('live')).startsWith('Live'), await text('live'));
	check('name of the system is text', (await text('system')) === 'Test <b>system</b>', await text('system'));
	check('all is well', (await text('verdict')).includes('All is well'), await text('verdict'));
	check('motion: who has signed', /Add elector Dopen1 of 2AB, C/.test(await text('motions')), await text('motions'));
	check('margin', /Elector body321/.test(await text('margins')), await text('margins'));
	check('dates', (await text('dates')).includes('elector A expires') && (await text('dates')).includes('root CA'), await text('dates'));
	check('history', (await text('history')).includes('motion propose') && (await text('history')).includes('motion collect'), await text('history'));
	check('history: what people wrote is text', (await text('history')).includes(next.why) && (await page.count('#history img')) === 0, await text('history'));
	const shown = () => page.all('#picture [data-elector]', (list) => list.map((e) => [e.dataset.elector, e.dataset.status]));
	check('picture: electors', JSON.stringify((await shown()).sort()) === JSON.stringify([['A', 'trusted'], ['B', 'trusted'], ['C', 'trusted'], ['D', 'prepared']]), await shown());
	check('picture: component', (await page.count('#picture [data-component=store1][data-status=running]')) === 1);
	await usable(page);

	await page.evaluate(() => { window.same = true; });
	for (const [program, ...args] of next.vote)
		execFileSync(program, args, {stdio: 'ignore'});
	await until('a vote appears', () => /Add elector Dopen2 of 2(A, B|B, A)C/.test(document.getElementById('motions').textContent));
	check('margin stays', /Elector body321/.test(await text('margins')));
	process.kill(next.component, 'SIGKILL');
	await until('a component that is gone is said', () => document.getElementById('verdict').textContent.includes('store1: no answer'));
	await until('and drawn', () => document.querySelector('#picture [data-component=store1][data-status=stopped]'));
	check('without being loaded again', await page.evaluate(() => window.same === true));
	nothing('fault-free', faults(page));
	process.kill(next.manager, 'SIGTERM');
	await until('silence of the manager is said', () => document.getElementById('live').textContent.startsWith('No answer from the manager. What you see is of 20'));
});
