// Tests of what the library makes of responses below their content, run by k6 itself.

import { check } from 'k6';
import crypto from 'k6/crypto';

import { redirection, redirectHint } from './lib/redirect.js';
import { readTail } from './lib/tail.js';

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

  const report = '{"v":1,"detail":"è"}';
  const signed = `: janbench ${crypto.hmac('sha256', 'secret', report, 'hex')} ${report}\n\n`;
  equal('tail', readTail(`data: x\n\n${signed}`, 'secret'), { v: 1, detail: 'è' });
  equal('tail alone', readTail(signed, 'secret'), { v: 1, detail: 'è' });
  equal('the last one counts', readTail(`: janbench ${report}\n\n${signed}`, 'secret'), { v: 1, detail: 'è' });
  for (const [name, body, secret] of [
    ['no tail', 'data: x\n\n', 'secret'], ['no secret', signed, ''], ['another secret', signed, 'other'],
    ['unsigned', `: janbench ${report}\n\n`, 'secret'], ['changed', signed.replace('1', '2'), 'secret'],
    ['not JSON', ': janbench {"v"\n', 'secret'], ['in the text', `data: ${signed}`, 'secret'], ['empty', ': janbench \n', 'secret'],
  ]) equal(name, readTail(body, secret), null);

  const hint = (url) => redirectHint(url, BASE, '/v1/models');
  check(null, {
    'another base': () => hint('https://b.example/x/v1/models').endsWith('to https://b.example/x'),
    'a slash': () => hint(`${BASE}/v1/models/`).includes('slash at the end'),
    'somewhere else': () => hint('https://login.example/').includes('not followed'),
  });
}
