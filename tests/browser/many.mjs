// SPDX-License-Identifier: Apache-2.0
/*
 * The console of a system of 200 components, with certificates staged and an update under way (many.py).
 *
 * many.mjs URL
 */

import {check, faults, nothing, open, usable, with_browser} from './browser.mjs';

const [url] = process.argv.slice(2);

await with_browser(async (browser) => {
	const page = await open(browser, url);
	await page.until(() => document.querySelectorAll('#components tbody tr').length === 200);
	await page.evaluate(() => { window.same = true; document.querySelector('.skip').focus(); });
	check('drawn: all components', await page.count('#picture [data-component]') === 200, await page.count('#picture [data-component]'));
	check('drawn: what is staged', await page.count('#picture [data-component][data-staged=next]') === 50, await page.count('#picture [data-component][data-staged=next]'));
	check('dates: the switch to what is staged', /switches to its next certificate/.test(await page.text('#dates')), await page.text('#dates'));
	check('update: under way', /(60|120) of 200.* and \d+ more/.test(await page.text('#updates')), await page.text('#updates'));
	await page.until(() => document.getElementById('verdict').textContent.includes('ica1: no answer'));
	check('who does not answer is drawn', await page.count('#picture [data-component=ica1][data-status=stopped]') === 1);
	await page.until(() => document.getElementById('verdict').textContent.includes('ica25 has not taken update 9 in time'));
	check('the others have it', /199 of 200/.test(await page.text('#updates')), await page.text('#updates'));
	check('without being loaded again', await page.evaluate(() => window.same === true && document.activeElement.className === 'skip'));
	await usable(page);
	nothing('fault-free', faults(page));
});
