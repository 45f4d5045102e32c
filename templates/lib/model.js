// Requests to the model, streamed or whole: send, read, check, measure. The step kinds that talk to
// a model differ in what they ask and in how an answer looks, and in nothing else.

import { expectations } from './answers.js';
import { explain, verify } from './checks.js';
import { errorText } from './errors.js';
import { json, send } from './http.js';
import { measureStream, measureWhole, spend } from './measure.js';
import { fill, nameOf } from './paths.js';
import { judgeWhole, readStream } from './stream.js';
import { reported } from './tail.js';
import { usageOf } from './usage.js';

/**
 * Sends one request to the model and judges the answer.
 * @param {any} iteration @param {any} step
 * @param {{path: string, body: any, end: string[], headersWithFirstToken: boolean}} request
 * @param {function(any): {text: string, media?: boolean, reasoning?: string, tools?: any[], finish?: string, present: boolean}} readWhole
 *   takes a whole (not streamed) JSON answer apart
 * @param {{needsText?: boolean, follows?: boolean}} [options] `needsText`: the caller uses the streamed
 *   words; `follows`: the answer follows a tool's result
 * @returns {{ok: boolean, text: string, tools: any[], body: any, info: any}}
 */
export function ask(iteration, step, request, readWhole, { needsText = false, follows = false } = {}) {
  iteration.session.beforeModel(iteration);
  const reads = needsText || iteration.settings.debug
    || Boolean(step.tool_call || step.json_schema || step.extract_text);
  const response = send(iteration, step, {
    method: 'POST', ...placeOf(iteration, step, request), body: request.body,
    headers: { ...(request.body.stream ? { Accept: 'text/event-stream' } : {}), ...fill(step.headers || {}, iteration.variables) },
    end: request.body.stream ? request.end : [],
    timingsOnly: request.body.stream && !reads,
    want: request.body.stream ? 'stream' : 'json',
  });
  iteration.time(step, response);
  const answer = request.body.stream
    ? readStreamed(iteration, step, request, response, reads, follows)
    : readComplete(iteration, step, request, response, readWhole, follows);
  if (step.extract_text) iteration.variables[step.extract_text] = answer.text;
  return answer;
}

// A step's own path replaces the flavour's; its `name` keeps ids out of the tags.
function placeOf(iteration, step, request) {
  if (!step.path) return { path: request.path };
  return { path: fill(step.path, iteration.variables), name: nameOf('POST', step.path) };
}

function readStreamed(iteration, step, request, response, reads, follows) {
  // Of a stream that the timing proxy reports on nothing else need be read.
  const known = reads ? null : reported(response);
  const reading = known || readStream(response, request.end, reads, iteration.flavour.stand_in_ids);
  measureStream(iteration, step, response, reading, request.headersWithFirstToken);
  const type = String(response.headers['Content-Type'] || '').toLowerCase();
  const { integrity } = reading;
  const summary = reading.summary || {};
  const answer = { text: summary.text || '', tools: summary.tools || [] };
  spend(reading.timings || summary.usage || {}, reading.outputTokens, request.body);
  const ok = verify(iteration, step, {
    'status 200': response.status === 200,
    'is event-stream': type.includes('text/event-stream'),
    'has content': reading.contentEvents > 0,
    'has finish reason': reading.finish !== '',
    'ends well': integrity === 'ok',
    ...expectations(step, answer, follows),
  });
  if (!ok) explain(iteration, `stream: ${integrity}${reading.detail ? `: ${reading.detail}` : ''}`);
  return { ok, ...answer, body: summary, info: summary.info };
}

function readComplete(iteration, step, request, response, readWhole, follows) {
  const body = json(response);
  const answer = body ? readWhole(body) : { text: '', present: false };
  const tokens = usageOf(body);
  const { integrity, detail } = judgeWhole(response, body, iteration.flavour.stand_in_ids);
  measureWhole(iteration, step, response, tokens.output, integrity === 'ok');
  if (response.status === 200) spend(tokens, undefined, request.body);
  const ok = verify(iteration, step, {
    'status 200': response.status === 200,
    [step.answer_check]: answer.present,
    // A reasoning model may spend all its tokens on thinking: that is an answer, too.
    'has content': Boolean(answer.text || answer.media || answer.reasoning || (answer.tools || []).length),
    'ends well': integrity === 'ok',
    ...expectations(step, answer, follows),
  });
  if (!ok) {
    const why = body && (body.error || body.code) ? errorText(body) : response.error || response.body;
    if (response.status === 200 && integrity !== 'ok') explain(iteration, `answer: ${integrity}: ${detail}`);
    else explain(iteration, `${response.status} ${String(why).slice(0, 300)}`);
  }
  return { ok, text: answer.text, tools: answer.tools || [], body, info: body };
}
