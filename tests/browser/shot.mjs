// SPDX-License-Identifier: Apache-2.0
/*
 * A page as people see it, as a picture: for docs/images, and to look at.
 *
 * shot.mjs ADDRESS PICTURE.png [WIDTH [light|dark [SELECTOR [HIGH]]]]     SELECTOR: that element alone, or so many pixels of it
 */

import {writeFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';
import {Browser} from './chromium.mjs';

const [address, picture, width = 1200, scheme = 'light', selector, high] = process.argv.slice(2);
const browser = new Browser();
try {
	const page = await browser.page();
	await page.size(Number(width), 900);
	await page.emulate({scheme});
	await page.go(/^[a-z]+:/.test(address) ? address : String(pathToFileURL(address.split('#')[0])) + (address.includes('#') ? `#${address.split('#')[1]}` : ''));
	await page.settle();
	writeFileSync(picture, await page.screenshot(selector, high && Number(high)));
} finally {
	await browser.end();
}
