// Requests to the model, streamed or whole: send, read, check, measure. The step kinds that talk to
// a model differ in what they ask and in how an answer looks, and in nothing else.

import exec from 'k6/execution';

import { explain, verify } from './checks.js';
import { errorText, tokensOf } from './dialects.js';
import { json, send } from './http.js';
import { measureStream, measureWhole } from './measure.js';
import { readStream } from './stream.js';

/** The prompt for this iteration: in order, around and around. @param {any} it @param {any} step */
export function promptOf(it, step) {
  const index = it.settings.single ? 0 : exec.scenario.iterationInTest;
  return step.prompts[index % step.prompts.length];
}

/**
 * Sends one request to the model and judges the answer.
 * @param {any} it @param {any} step
 * @param {{path: string, body: any, end: string[], headersWithFirstToken: boolean}} request
 * @param {function(any): {text: string, reasoning?: string, tools?: any[], finish?: string, present: boolean}} readWhole
 *   takes a whole (not streamed) JSON answer apart
 * @param {boolean} [needsText] whether the caller uses the streamed words
 * @returns {{ok: boolean, text: string, body: any, info: any}}
 */
export function ask(it, step, request, readWhole, needsText = false) {
  it.session.beforeModel(it);
  const response = send(it, step, {
    method: 'POST', path: request.path, body: request.body,
    headers: request.body.stream ? { Accept: 'text/event-stream' } : {},
    end: request.body.stream ? request.end : [],
  });
  it.time(step, response);
  return request.body.stream
    ? readStreamed(it, step, request, response, needsText)
    : readComplete(it, step, response, readWhole);
}

function readStreamed(it, step, request, response, needsText) {
  const reading = readStream(response, request.end, needsText || it.settings.debug);
  measureStream(it, step, response, reading, request.headersWithFirstToken);
  const type = response.headers['Content-Type'] || '';
  const { integrity } = reading;
  const ok = verify(it, step, {
    'status 200': response.status === 200,
    'is event-stream': type.includes('text/event-stream'),
    'has content': !['no_content', 'http_error'].includes(integrity) && response.body !== null,
    'has finish reason': reading.finish !== '',
    'ends well': integrity === 'ok',
  });
  if (!ok) explain(it, `stream: ${integrity}${reading.detail ? `: ${reading.detail}` : ''}`);
  const story = reading.story || {};
  return { ok, text: story.text || '', body: story, info: story.info };
}

function readComplete(it, step, response, readWhole) {
  const body = json(response);
  const answer = body ? readWhole(body) : { text: '', present: false };
  const tokens = tokensOf(body && body.usage).output;
  measureWhole(it, step, response, response.status === 200 ? tokens : undefined);
  const ok = verify(it, step, {
    'status 200': response.status === 200,
    [step.answer_check]: answer.present,
    // A reasoning model may spend all its tokens on thinking: that is an answer, too.
    'has content': Boolean(answer.text || answer.reasoning || (answer.tools || []).length),
  });
  if (!ok) {
    const why = body && (body.error || body.code) ? errorText(body) : response.error || response.body;
    explain(it, `${response.status} ${String(why).slice(0, 300)}`);
  }
  return { ok, text: answer.text, body, info: body };
}
