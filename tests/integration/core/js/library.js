// Tests of the library, run by k6 itself.

import { check } from 'k6';

import { addFrame, emptySummary } from './lib/dialects.js';
import { lanes, rampHoldRamp, virtualUsers, waitingUsers, withinBudget } from './lib/load.js';
import { wholeRates } from './lib/rates.js';
import { mask, maskHeaders } from './lib/mask.js';
import { fill, pick } from './lib/paths.js';
import { parseSse } from './lib/sse.js';
import { readStream } from './lib/stream.js';
import { usageOf } from './lib/usage.js';

export const options = { vus: 1, iterations: 1, thresholds: { checks: ['rate==1'] } };

function equal(name, got, wanted) {
  const same = JSON.stringify(got) === JSON.stringify(wanted);
  if (!same) console.error(`${name}: ${JSON.stringify(got)} is not ${JSON.stringify(wanted)}`);
  check(null, { [name]: () => same });
}

const chunk = (delta, finish = null) => `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const answer = (body, status = 200) => ({ status, body, error: '', error_code: 0, headers: { 'Content-Type': 'text/event-stream' }, timings: { waiting: 1, receiving: 1 } });
const integrity = (body, end = ['done']) => readStream(answer(body), end, true).integrity;

const ROLE = chunk({ role: 'assistant', content: '' });
const GOOD = `${ROLE}${chunk({ content: 'Hel' })}${chunk({ content: 'lo' })}${chunk({ content: '' }, 'stop')}`;
const DONE = 'data: [DONE]\n';

export default function () {
  equal('whole rates', [2, 0.5, 0.25, 2.5, 0.333, 7].map((rate) => wholeRates([rate])).map(({ targets, timeUnit }) => [targets[0], timeUnit]),
    [[2, '1s'], [1, '2s'], [1, '4s'], [5, '2s'], [333, '1000s'], [7, '1s']]);
  equal('short ramp', rampHoldRamp(3, 1 / 6), [
    { target: 3, duration: '2000ms' }, { target: 3, duration: '6000ms' }, { target: 0, duration: '2000ms' }]);
  equal('long ramp', rampHoldRamp(3, 10).map(({ duration }) => duration), ['60000ms', '480000ms', '60000ms']);

  equal('events', parseSse('event: a\r\ndata:1\r\ndata: 2\r\n\r\n: comment\nid: 7\ndata: x').frames,
    [{ event: 'a', data: '1\n2' }, { event: '', data: 'x', unfinished: true }]);
  equal('bare lines', parseSse('{"code":"x"}\ndata: y\n\n').bare, ['{"code":"x"}']);

  equal('ok', integrity(GOOD + DONE), 'ok');
  equal('done without a blank line', integrity(`${GOOD.trimEnd()}\n${DONE}`), 'ok');
  equal('no done', integrity(GOOD), 'no_done');
  equal('done not promised', integrity(GOOD, []), 'ok');
  equal('no content', integrity(`${ROLE}${chunk({}, 'stop')}${DONE}`), 'no_content');
  equal('no finish reason', integrity(`${ROLE}${chunk({ content: 'x' })}${DONE}`), 'no_finish_reason');
  equal('malformed', integrity(`${ROLE}data: {"choices\n\n${DONE}`), 'malformed_frame');
  equal('error frame', integrity(`${ROLE}data: {"error":{"message":"broke"}}\n\n`), 'in_band_error');
  equal('bare error', integrity(`${GOOD}{"code":"bc82","error":""}\n`), 'in_band_error');
  equal('reasoning counts as content', integrity(`${chunk({ reasoning_content: 'hm' })}${chunk({}, 'length')}${DONE}`), 'ok');
  equal('status', readStream(answer('{}', 500), [], false).integrity, 'http_error');
  equal('timeout', readStream({ ...answer(''), status: 0, error: 'timeout', error_code: 1050 }, [], false).integrity, 'timeout');

  equal('refused', readStream({ ...answer(''), status: 0, error: 'refused', error_code: 1212, timings: { waiting: 0, receiving: 0 } }, [], false).integrity, 'http_error');
  equal('broke off', readStream({ ...answer(''), status: 0, error: 'EOF', error_code: 1000 }, [], false).integrity, 'truncated');

  const responses = 'event: response.created\ndata: {"type":"response.created"}\n\n'
    + 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"Hi you"}\n\n'
    + 'data: [DONE]\n\nevent: response.completed\ndata: {"type":"response.completed","response":{"usage":{"input_tokens":3,"output_tokens":5}}}\n\n';
  const read = readStream(answer(responses), ['done', 'response.completed'], true);
  equal('responses', [read.integrity, read.summary.text, read.outputTokens, read.estimated], ['ok', 'Hi you', 5, false]);
  equal('responses cut short', integrity(responses.split('data: [DONE]')[0], ['response.completed']), 'no_finish_reason');
  equal('responses failed', integrity(`${responses.split('data: [DONE]')[0]}{"code":"b"}event: response.error\ndata: {"event":"response.error"}\n\n`), 'in_band_error');
  equal('v2 deltas', readStream(answer('event: response.output_text.delta\ndata: {"id":"r","delta":"x"}\n\nevent: response.completed\ndata: {"id":"r","usage":null}\n\n'), ['response.completed'], true).summary.text, 'x');

  const story = emptySummary();
  addFrame(story, { event: '', data: '{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\\"a\\""}}]}}]}' });
  addFrame(story, { event: '', data: '{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}' });
  equal('tool calls', story.tools, [{ id: 'c', name: 'f', arguments: '{"a":1}' }]);
  equal('usage', [usageOf({ usage: { prompt_tokens: 1, completion_tokens: 2 } }), usageOf({ usage: { input_tokens: 3, output_tokens: 4 } })],
    [{ input: 1, output: 2 }, { input: 3, output: 4 }]);

  equal('pick', [pick({ data: [{ id: 7 }] }, '$.data[0].id'), pick({ a: [1, 2] }, 'a[-1]'), pick({ a: [1, 2] }, 'a.length'), pick(null, 'a.b')],
    [7, 2, 2, undefined]);
  equal('fill', fill({ a: '/x/${id}', b: '${list}', c: ['${none:-d}'] }, { id: 5, list: [1] }), { a: '/x/5', b: [1], c: ['d'] });
  let complaint = '';
  try { fill('${nowhere}', {}); } catch (error) { complaint = error.message; }
  check(null, { 'a missing value is told': () => complaint.includes('${nowhere} has no value') });

  check(null, {
    'bearer masked': () => mask('Authorization: Bearer abc.def') === 'Authorization: Bearer ***',
    'token masked': () => !mask('{"access_token":"secret","x":1}').includes('secret'),
    'cookie masked': () => !mask('jan_refresh_token=secret; Path=/').includes('secret'),
    'headers masked': () => maskHeaders({ Cookie: 'a=b', 'X-API-Key': 'k', Accept: 'x' }).Cookie === '***',
  });
}
