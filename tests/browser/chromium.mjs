// SPDX-License-Identifier: Apache-2.0
/*
 * Debian's Chromium, driven by its own protocol (DevTools, https://chromedevtools.github.io/devtools-protocol/) over two pipes:
 * messages are JSON, each ended by a zero byte. Needs nothing but Node.js.
 */

import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';

const PROGRAM = '/usr/bin/chromium';
const PATIENCE = 30000; /* ms that an answer may take */
const KEYS = {Tab: ['Tab', 9], Enter: ['Enter', 13, '\r'], Space: [' ', 32, ' ']};

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/* A browser with a profile of its own in the temporary folder; end() ends it and removes the profile. */
export class Browser {
	constructor() {
		this.profile = mkdtempSync(path.join(tmpdir(), 'scms-browser-'));
		this.process = spawn(PROGRAM, ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run',
			'--disable-background-networking', '--disable-component-update', '--disable-sync', '--hide-scrollbars',
			`--user-data-dir=${this.profile}`, '--remote-debugging-pipe'], {detached: true, stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']});
		this.ended = new Promise((done) => this.process.on('exit', done));
		this.waiting = new Map();
		this.pages = new Map();
		this.last = 0;
		let parts = [];
		this.process.stdio[3].on('error', () => {});
		this.process.stdio[4].on('data', (data) => {
			for (let end; (end = data.indexOf(0)) >= 0; data = data.subarray(end + 1)) {
				this.#take(JSON.parse(Buffer.concat([...parts, data.subarray(0, end)])));
				parts = [];
			}
			parts.push(data);
		});
		this.ended.then(() => {
			for (const {refuse} of this.waiting.values())
				refuse(new Error('Chromium has ended'));
		});
	}

	#take(message) {
		if (message.id === undefined)
			return this.pages.get(message.sessionId)?.heard(message.method, message.params);
		const asked = this.waiting.get(message.id);
		this.waiting.delete(message.id);
		if (message.error)
			asked?.refuse(new Error(`${asked.method}: ${message.error.message} ${message.error.data ?? ''}`));
		else
			asked?.accept(message.result);
	}

	/* One command of the protocol; its result. */
	send(method, params = {}, sessionId = undefined) {
		const id = ++this.last;
		return new Promise((accept, refuse) => {
			const timer = setTimeout(() => refuse(new Error(`${method}: no answer`)), PATIENCE);
			this.waiting.set(id, {method, accept: (result) => (clearTimeout(timer), accept(result)), refuse: (error) => (clearTimeout(timer), refuse(error))});
			this.process.stdio[3].write(JSON.stringify({id, method, params, sessionId}) + '\0');
		});
	}

	async page() {
		const {targetId} = await this.send('Target.createTarget', {url: 'about:blank'});
		const {sessionId} = await this.send('Target.attachToTarget', {targetId, flatten: true});
		const page = new Page(this, targetId, sessionId);
		this.pages.set(sessionId, page);
		for (const part of ['Page', 'Runtime', 'Network', 'Log'])
			await page.send(`${part}.enable`);
		await page.send('Emulation.setFocusEmulationEnabled', {enabled: true});
		return page;
	}

	async end() {
		let timer;
		await this.send('Browser.close').catch(() => {});
		await Promise.race([this.ended, new Promise((done) => { timer = setTimeout(done, 10000); })]);
		clearTimeout(timer);
		try {
			process.kill(-this.process.pid, 'SIGKILL'); /* with all that it has begun */
		} catch {
			/* nothing of it is left */
		}
		await this.ended;
		for (let turn = 1; ; turn++) /* the last of them may still write */
			try {
				return rmSync(this.profile, {recursive: true, force: true});
			} catch (error) {
				if (turn === 50)
					throw error;
				await pause(100);
			}
	}
}

/* One page. faults: what went wrong in it, as text; requests: the addresses that it asked for. */
class Page {
	constructor(browser, target, session) {
		Object.assign(this, {browser, target, session, faults: [], requests: [], media: {}});
	}

	send(method, params) {
		return this.browser.send(method, params, this.session);
	}

	heard(method, params) {
		if (method === 'Page.loadEventFired')
			this.loaded?.();
		else if (method === 'Network.requestWillBeSent' && !params.request.url.startsWith('data:'))
			this.requests.push(params.request.url);
		else if (method === 'Runtime.exceptionThrown')
			this.faults.push(`error: ${params.exceptionDetails.exception?.description ?? params.exceptionDetails.text}`);
		else if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(params.type))
			this.faults.push(`console: ${params.args.map((value) => value.value ?? value.description).join(' ')}`);
		else if (method === 'Log.entryAdded' && ['error', 'warning'].includes(params.entry.level))
			this.faults.push(`log: ${params.entry.text}`);
		else if (method === 'Page.javascriptDialogOpening') {
			this.faults.push(`dialog: ${params.message}`);
			this.send('Page.handleJavaScriptDialog', {accept: false}).catch(() => {});
		}
	}

	async go(address) {
		const loaded = new Promise((done, fail) => {
			const timer = setTimeout(() => fail(new Error(`${address}: not loaded`)), PATIENCE);
			this.loaded = () => (clearTimeout(timer), done());
		});
		const {errorText} = await this.send('Page.navigate', {url: address});
		if (errorText)
			throw new Error(`${address}: ${errorText}`);
		await loaded;
	}

	/* Runs a function in the page; its result. What it is given and what it gives are JSON. */
	async evaluate(question, ...given) {
		const {result, exceptionDetails} = await this.send('Runtime.evaluate', {
			expression: `(${question})(...${JSON.stringify(given)})`, returnByValue: true, awaitPromise: true});
		if (exceptionDetails)
			throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
		return result.value;
	}

	/* The same for the first element that a selector names, which must be there; and for the list of all. */
	one(selector, question) {
		return this.evaluate(`(selector) => { const found = document.querySelector(selector); if (!found) throw new Error('no ' + selector); return (${question})(found); }`, selector);
	}
	all(selector, question) {
		return this.evaluate(`(selector) => (${question})([...document.querySelectorAll(selector)])`, selector);
	}
	text(selector) {
		return this.one(selector, (e) => e.textContent);
	}
	count(selector) {
		return this.all(selector, (list) => list.length);
	}

	async until(question, timeout = 20000) {
		for (const end = Date.now() + timeout; !await this.evaluate(question); await pause(50))
			if (Date.now() > end)
				throw new Error('it does not come about');
	}

	/* Until what a change of size or content brings about has been drawn. */
	settle() {
		return this.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)))));
	}

	/* A press of the mouse on the middle of an element, wherever that is on the page; whatever lies above it gets the press. */
	async click(selector) {
		const [x, y] = await this.one(selector, (e) => {
			e.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
			const box = e.getBoundingClientRect();
			return [box.x + box.width / 2, box.y + box.height / 2];
		});
		for (const type of ['mousePressed', 'mouseReleased'])
			await this.send('Input.dispatchMouseEvent', {type, x, y, button: 'left', clickCount: 1});
		await this.settle();
	}

	async press(name) {
		const [key, windowsVirtualKeyCode, text] = KEYS[name];
		await this.send('Input.dispatchKeyEvent', {type: text ? 'keyDown' : 'rawKeyDown', key, code: name, windowsVirtualKeyCode, text});
		await this.send('Input.dispatchKeyEvent', {type: 'keyUp', key, code: name, windowsVirtualKeyCode});
		await this.settle();
	}

	size(width, height) {
		return this.send('Emulation.setDeviceMetricsOverride', {width, height, deviceScaleFactor: 1, mobile: false});
	}

	/* scheme: light or dark; media: screen or print. What is not given stays. */
	emulate(media) {
		Object.assign(this.media, media);
		return this.send('Emulation.setEmulatedMedia', {media: this.media.media ?? '', features: [{name: 'prefers-color-scheme', value: this.media.scheme ?? 'light'}]});
	}

	/* The whole page as PNG; or one element of it, at most so many pixels high. */
	async screenshot(selector, high = Infinity) {
		const clip = selector && {...await this.one(selector, (e) => {
			const box = e.getBoundingClientRect();
			return {x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height};
		}), scale: 1};
		if (clip)
			clip.height = Math.min(clip.height, high);
		const {data} = await this.send('Page.captureScreenshot', {captureBeyondViewport: true, clip: clip ?? {x: 0, y: 0, scale: 1,
			...await this.evaluate(() => ({width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight}))}});
		return Buffer.from(data, 'base64');
	}

	async pdf() {
		return Buffer.from((await this.send('Page.printToPDF', {preferCSSPageSize: true})).data, 'base64');
	}

	async close() {
		await this.browser.send('Target.closeTarget', {targetId: this.target});
		this.browser.pages.delete(this.session);
	}
}
