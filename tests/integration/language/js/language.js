// Tests of the language's libraries, run by k6 itself: `k6 run language.js` beside `lib/`.

import { check } from 'k6';

import { callOf, expectations } from './lib/answers.js';
import { between, choose, holds, meets } from './lib/conditions.js';
import { draw } from './lib/draw.js';
import { chooseFlavour } from './lib/flavour.js';
import { conforms } from './lib/jsonschema.js';
import { rampHoldRamp, withinBudget } from './lib/load.js';
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

  const up = rampHoldRamp(4, 1);
  const cut = withinBudget({ stream: up, nonstream: rampHoldRamp(0, 1) }, { requests: 100, requestsPerIteration: { stream: 2, nonstream: 2 } });
  equal('budget of requests', [cut.stream.limit, cut.stream.peak, cut.nonstream.peak], [50, 4, 0]);
  const short = withinBudget({ stream: up }, { seconds: 12, requestsPerIteration: { stream: 2 } });
  equal('budget of time', [short.stream.seconds, short.stream.stages], [12, [{ target: 4, duration: '12000ms' }]]);
  equal('enough', withinBudget({ stream: up }, { requests: 999, requestsPerIteration: { stream: 2 } }).stream.stages, up);

  const turns = Array.from({ length: 300 }, (_, number) => between({ number }, 'a', 2, 4));
  equal('between', [Math.min(...turns), Math.max(...turns)], [2, 4]);
  const ways = Array.from({ length: 400 }, (_, number) => choose({ number, lane: 'main' }, [3, 1], 1));
  check(null, { 'branches are drawn by weight': () => Math.abs(ways.filter((way) => way === 0).length - 300) < 40 });
  equal('tests', [meets({ type: 'array' }, [1], {}), meets({ equals: '${a}' }, 1, { a: 1 })], [true, true]);
  equal('flavour', chooseFlavour({ a: { x: 1 } }, { flavour: 'a' }, ['x']), { x: 1 });
  const complaint = (needs, flavour) => { try { chooseFlavour({ a: {} }, { flavour }, needs); } catch (error) { return error.message; } };
  equal('lacking', [complaint(['x'], 'a'), complaint([], 'b')],
    ['Flavour a has no x, which this scenario needs', 'FLAVOUR must be one of a, not "b"']);
  equal('conditions', [
    holds({ variables: { x: 0 } }, { variable: 'x', exists: true }), holds({ variables: {} }, { variable: 'x', exists: false }),
    holds({ variables: { x: ['a', 'b'] } }, { variable: 'x', contains: 'b' }), holds({ variables: { x: 'ba' } }, { variable: 'x', matches: '^a' }),
    holds({ variables: { x: 2 } }, { variable: 'x', equals: 1, negate: true }), holds({ variables: { x: 4 } }, { variable: 'x', max: 3 }),
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
