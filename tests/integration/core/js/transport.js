// Tests of what the library makes of responses below their content, run by k6 itself.

import { check } from 'k6';

import { redirection, redirectHint } from './lib/redirect.js';

export const options = { vus: 1, iterations: 1, thresholds: { checks: ['rate==1'] } };

function equal(name, got, wanted) {
  const same = JSON.stringify(got) === JSON.stringify(wanted);
  if (!same) console.error(`${name}: ${JSON.stringify(got)} is not ${JSON.stringify(wanted)}`);
  check(null, { [name]: () => same });
}

const BASE = 'http://a.example:81';

export default function () {
  for (const [location, wanted] of [
    ['https://b.example/v1/models', 'https://b.example/v1/models'],
    ['//b.example/x', 'http://b.example/x'],
    ['/v1/models/', `${BASE}/v1/models/`],
    ['models/', `${BASE}/v1/models/`],
    ['https://user:pass@b.example/x?token=abc#f', 'https://b.example/x'],
    ['/a\u001b[31mb\u202e', `${BASE}/a?[31mb?`],
  ]) {
    equal(location, redirection({ status: 307, headers: { location } }, BASE, '/v1/models'), wanted);
  }
  const moved = { status: 301, headers: { Location: '/new/v1/things/17' } };
  equal('ids are left out', redirection(moved, BASE, '/v1/things/17', '/v1/things/{id}'), `${BASE}/new/v1/things/{id}`);
  equal('not a redirect', redirection({ status: 304, headers: { Location: '/x' } }, BASE, '/a'), '');
  equal('without a location', redirection({ status: 302, headers: {} }, BASE, '/a'), '');

  const hint = (url) => redirectHint(url, BASE, '/v1/models');
  check(null, {
    'another base': () => hint('https://b.example/x/v1/models').endsWith('to https://b.example/x'),
    'a slash': () => hint(`${BASE}/v1/models/`).includes('slash at the end'),
    'somewhere else': () => hint('https://login.example/').includes('not followed'),
  });
}
