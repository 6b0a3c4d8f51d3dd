// SPDX-License-Identifier: Apache-2.0
/* report.js: draws the pictures of a drill's report, and shows one day at a time. Without it all days stand in a row. */
'use strict';

(() => {
	const data = JSON.parse(document.getElementById('data').textContent);
	const days = [...document.querySelectorAll('.day')], buttons = [...document.querySelectorAll('.days button[data-day]')];
	const all = document.getElementById('all-days'), said = document.getElementById('said');

	for (const place of document.querySelectorAll('[data-badge]')) {
		const svg = trust.make('svg', {viewBox: '-12 -12 24 24', 'aria-hidden': 'true'});
		svg.append(trust.badge(0, 0, place.dataset.badge));
		place.append(svg);
	}
	for (const box of document.querySelectorAll('[data-picture]')) {
		const day = data.days[Number(box.dataset.picture)];
		trust.keep(box, day.picture, box.dataset.title);
	}

	function choose(id, jump) {
		for (const day of days)
			day.classList.toggle('chosen', day.id === id);
		for (const button of buttons)
			button.setAttribute('aria-pressed', String(button.dataset.day === id));
		document.documentElement.classList.remove('all');
		all?.setAttribute('aria-pressed', 'false');
		const day = document.getElementById(id), heading = day?.querySelector('h2');
		if (jump && heading) {
			history.replaceState(null, '', `#${id}`);
			said.textContent = `Showing ${heading.textContent}`;
			if (jump === 'go') {
				day.scrollIntoView();
				heading.focus({preventScroll: true});
			}
		}
	}

	if (days.length === 0)
		return;
	document.documentElement.classList.add('js');
	for (const button of buttons)
		button.addEventListener('click', () => choose(button.dataset.day, 'stay'));
	for (const button of document.querySelectorAll('button[data-go]'))
		button.addEventListener('click', () => choose(button.dataset.go, 'go'));
	for (const link of document.querySelectorAll('a[data-day]'))
		link.addEventListener('click', (event) => {
			event.preventDefault();
			choose(link.dataset.day, 'go');
		});
	all.addEventListener('click', () => {
		const on = document.documentElement.classList.toggle('all');
		all.setAttribute('aria-pressed', String(on));
		said.textContent = on ? 'Showing all days' : 'Showing one day';
	});
	addEventListener('hashchange', () => days.some((day) => `#${day.id}` === location.hash) && choose(location.hash.slice(1)));
	choose(days.some((day) => `#${day.id}` === location.hash) ? location.hash.slice(1) : days[0].id);
})();
