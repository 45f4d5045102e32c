// Tests of the language's libraries, run by k6 itself: `k6 run language.js` beside `lib/`.

import { check } from 'k6';

import { callOf, expectations } from './lib/answers.js';
import { draw } from './lib/draw.js';
import { holds, walk } from './lib/flow.js';
import { conforms } from './lib/jsonschema.js';
import { until, upTo, wholeRates } from './lib/rates.js';

export const options = { thresholds: { checks: ['rate==1'] } };

const count = (segments) => segments.reduce((sum, [s, a, b]) => sum + (s * (a + b)) / 2, 0);
const equal = (name, got, wanted) => check(null, {
  [`${name}: ${JSON.stringify(got)}`]: () => JSON.stringify(got) === JSON.stringify(wanted),
});

const PERSON = {
  type: 'object', required: ['name'], additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 1, pattern: '^[A-Z]' }, age: { type: 'integer', minimum: 0 },
    tags: { type: 'array', items: { enum: ['a', 'b'] }, uniqueItems: true, maxItems: 2 },
    friend: { $ref: '#' }, size: { anyOf: [{ type: 'number', multipleOf: 0.5 }, { type: 'null' }] },
  },
};

export default function () {
  const good = [
    { name: 'Ann' }, { name: 'Ann', age: 3, tags: ['a', 'b'], size: 1.5 }, { name: 'A', size: null },
    { name: 'Ann', friend: { name: 'Bo' } },
  ];
  const bad = [
    {}, [], null, { name: '' }, { name: 'ann' }, { name: 'Ann', age: -1 }, { name: 'Ann', age: 1.5 },
    { name: 'Ann', tags: ['c'] }, { name: 'Ann', tags: ['a', 'a'] }, { name: 'Ann', more: 1 },
    { name: 'Ann', friend: { name: 'bo' } }, { name: 'Ann', size: 0.3 },
  ];
  equal('good', good.map((value) => conforms(value, PERSON)), good.map(() => true));
  equal('bad', bad.map((value) => conforms(value, PERSON)), bad.map(() => false));
  equal('anything', [conforms(1, {}), conforms(1, true), conforms(1, false), conforms(1, { not: {} })],
    [true, true, false, false]);
  equal('one of', [1, 'x', null].map((v) => conforms(v, { oneOf: [{ type: 'number' }, { const: 1 }, { type: 'string' }] })),
    [false, true, false]);

  const draws = Array.from({ length: 20000 }, (_, index) => draw(7, index, 3));
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  check(null, {
    'draws lie in [0, 1)': () => draws.every((value) => value >= 0 && value < 1),
    'draws are even': () => Math.abs(mean - 0.5) < 0.01,
    'every tenth is as likely': () => Array.from({ length: 10 }, (_, tenth) => draws
      .filter((value) => Math.floor(value * 10) === tenth).length).every((n) => n > 1850 && n < 2150),
    'draws are the same again': () => draw(7, 5, 3) === draws[5],
    'draws depend on the seed': () => draw(8, 5, 3) !== draws[5],
    'neighbours are independent': () => draws.slice(1)
      .filter((value, index) => (value < 0.5) === (draws[index] < 0.5)).length / 19999 - 0.5 < 0.02,
  });

  const ramp = [[10, 0, 4], [20, 4, 4], [10, 4, 0]];
  equal('until', count(until(ramp, 20)), 60);
  equal('up to', [5, 20, 50, 100, 119, 999].map((n) => Math.round(count(upTo(ramp, n)) * 1e6) / 1e6),
    [5, 20, 50, 100, 119, 120]);
  equal('common unit', wholeRates([0.5, 2, 0.25]), { targets: [2, 8, 1], timeUnit: '4s' });

  const run = (nodes, variables = {}, number = 0) => {
    const order = [];
    walk({ variables, number, lane: 'main', stopped: false }, nodes, (_, { step }) => order.push(step.id),
      (_, { step }) => order.push(`-${step.id}`));
    return order.join(' ');
  };
  const leaf = (id, more = {}) => ({ step: { id, ...more } });
  equal('repeat', run([{ step: { repeat: { times: 2 } }, steps: [leaf('a'), leaf('b', { repeat: { times: 2 } })] }]),
    'a b b a b b');
  equal('if', run([leaf('a', { if: { variable: 'x', equals: 1 } }), leaf('b', { if: { variable: 'x', equals: 2 } })], { x: 1 }),
    'a -b');
  equal('until', run([leaf('a', { repeat: { max: 5, until: { variable: 'x', min: 1 } } })], { x: 2 }), 'a');
  const lengths = Array.from({ length: 300 }, (_, n) => run([leaf('a', { repeat: { min: 2, max: 4 } })], {}, n).split(' ').length);
  equal('between', [Math.min(...lengths), Math.max(...lengths)], [2, 4]);
  equal('conditions', [
    holds({ variable: 'x', exists: true }, { x: 0 }), holds({ variable: 'x', exists: false }, {}),
    holds({ variable: 'x', contains: 'b' }, { x: ['a', 'b'] }), holds({ variable: 'x', matches: '^a' }, { x: 'ba' }),
    holds({ variable: 'x', equals: 1, negate: true }, { x: 2 }), holds({ variable: 'x', max: 3 }, { x: 4 }),
  ], [true, true, true, false, true, false]);

  const step = { tool_call: { name: 'f', arguments: { city: 'Lisbon' } } };
  const nested = { tools: [{ id: '1', function: { name: 'f', arguments: '{"city":"Lisbon","more":1}' } }] };
  const passes = (answer) => Object.values(expectations(step, answer, false)).map((holdsTrue) => {
    try { return holdsTrue(); } catch (_) { return false; }
  });
  equal('call', callOf(step, nested).id, '1');
  equal('arguments', passes(nested), [true, true]);
  equal('flat call', passes({ tools: [{ call_id: '1', name: 'f', arguments: '{"city":"Porto"}' }] }), [true, false]);
  equal('no call', passes({ tools: [] }), [false, false]);
}
