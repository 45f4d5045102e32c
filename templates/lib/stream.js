// A finished answer: did it end well, what did it say, how long did it take.

import { addDelta, addItems, kindOf, noPieces } from './content.js';
import { CLASSES } from './dialect_table.js';
import { addFrame, emptySummary, parse } from './dialects.js';
import { errorText, isError } from './errors.js';
import { parseSse } from './sse.js';
import { reported } from './tail.js';
import { meaning, reasonOf } from './usage.js';

const TIMEOUT = 1050; // k6's error code for a request that ran out of time

/**
 * @typedef {{integrity: string, detail: string, finish: string, timings: any, contentEvents: number,
 *            outputTokens: number|undefined, estimated: boolean, notes: string[], summary: any}} Reading
 * `timings` is the timing proxy's report, else null: k6 itself can't see when an event arrived.
 * `summary` is what the stream said; null when the proxy's report made reading it unnecessary.
 */

/**
 * Reads the response to a streamed request.
 * @param {any} res k6's response
 * @param {string[]} end end markers that the flavour promises: `done`, `response.completed`
 * @param {boolean} needsText whether the caller wants the words, too
 * @param {string[]} [standIn] beginnings of ids by which a gateway marks a stand-in answer
 * @returns {Reading}
 */
export function readStream(res, end, needsText, standIn = []) {
  const known = needsText ? null : reported(res);
  if (known) return known;
  const { frames, bare } = parseSse(typeof res.body === 'string' ? res.body : '');
  const summary = emptySummary();
  for (const frame of frames) addFrame(summary, frame);
  const timed = reported(res, summary);
  if (timed) return timed;
  const found = faultsOf(res, summary, end, bare, standIn);
  const integrity = CLASSES.find((name) => found[name] !== undefined) || 'ok';
  const tokens = summary.usage.output || (summary.contentEvents ? undefined : summary.usage.output);
  return {
    integrity, detail: found[integrity] || '', finish: summary.finish, timings: null, contentEvents: summary.contentEvents,
    outputTokens: tokens === undefined ? summary.contentEvents : tokens, estimated: tokens === undefined,
    notes: notesOf(summary.finish, summary.usage, summary.contentEvents), summary,
  };
}

/** @returns {Object<string, string>} class -> why, of every class that applies */
function faultsOf(res, summary, end, bare, standIn) {
  const broken = transportFault(res);
  if (broken) return broken;
  const type = String(res.headers['Content-Type'] || '').trim().toLowerCase();
  if (!type.startsWith('text/event-stream')) return notAStream(res, type);
  /** @type {Object<string, string>} */
  const found = {};
  const add = (name, condition, detail) => { if (condition) found[name] = detail; };
  const outside = bareError(bare);
  const cut = bare.length > 0 && summary.frames > 0 && !/[\n\r]$/.test(res.body) && res.body.endsWith(bare[bare.length - 1]);
  add('in_band_error', summary.errors.length || outside, summary.errors[0] || outside);
  add('in_band_error', standIn.some((start) => summary.id.startsWith(start)), `a stand-in answer (${summary.id})`);
  add('truncated', summary.truncated || (cut && !outside), 'the last frame is cut short');
  add('not_a_stream', bare.length && !summary.frames, 'the body holds no event');
  add('malformed_frame', summary.malformed, summary.malformed);
  add('no_content', !summary.contentEvents, 'the stream carried no content');
  const unfinished = summary.choices.filter((number) => !summary.finished.includes(number));
  add('no_finish_reason', summary.known && (unfinished.length || !summary.finish),
    summary.finish ? `no finish reason for choice ${unfinished.join(', ')}` : 'the stream named no finish reason');
  const missing = end.filter((marker) => !summary.ends.includes(marker));
  add('no_done', missing.length, `the stream ended without ${missing.join(', ')}`);
  return found;
}

function transportFault(res) {
  // No status, but a time of receiving: the answer broke off, and k6 threw away what there was of it.
  if (res.status === 0 && res.timings.receiving > 0 && res.error_code !== TIMEOUT) return { truncated: res.error };
  if (res.error_code === TIMEOUT) return { timeout: res.error };
  if (res.status < 200 || res.status >= 300) return { http_error: res.error || `status ${res.status}` };
  return res.error ? { truncated: res.error } : null;
}

function notAStream(res, type) {
  const body = parse(res.body);
  if (body && typeof body === 'object' && isError(body)) return { in_band_error: errorText(body) };
  return { not_a_stream: `a stream was asked for, ${type || 'an answer without content type'} came` };
}

// Servers that fail after the headers are out write their JSON error as it is; other lines that are
// no field are ignored, as the standard says.
function bareError(lines) {
  const at = lines.findIndex((line) => line.startsWith('{') || line.startsWith('error:'));
  if (at < 0) return '';
  const named = lines[at].startsWith('error:');
  const text = named ? lines[at].slice(6) : lines[at];
  const body = parse(text) || parse([text, ...lines.slice(at + 1)].join('\n'));
  if (!body || typeof body !== 'object') return text.slice(0, 120) || 'an error line';
  if (!named && !isError(body) && !('error' in body)) return '';
  return errorText(named && body.error === undefined ? { error: body } : body);
}

function notesOf(finish, usage, contentEvents) {
  const notes = meaning(finish) === 'unknown' ? [`unknown_finish_reason: ${finish}`] : [];
  if (usage.output === 0 && contentEvents) notes.push('zero_usage');
  return notes;
}

/**
 * Judges a whole (not streamed) answer of a model.
 * @param {any} res k6's response @param {any} body its JSON, undefined if it isn't any @param {string[]} [standIn]
 * @returns {{integrity: string, detail: string}}
 */
export function judgeWhole(res, body, standIn = []) {
  const broken = transportFault(res);
  if (broken) {
    const [integrity, detail] = Object.entries(broken)[0];
    return { integrity, detail };
  }
  if (!body || typeof body !== 'object') return { integrity: 'not_json', detail: 'a whole answer was asked for, no JSON came' };
  const error = wholeError(body, standIn);
  if (error) return { integrity: 'in_band_error', detail: error };
  return hasContent(body) ? { integrity: 'ok', detail: '' } : { integrity: 'no_content', detail: 'the answer has no content' };
}

function wholeError(body, standIn) {
  if (isError(body)) return errorText(body);
  const choices = Array.isArray(body.choices) ? body.choices : [];
  const broken = choices.find((choice) => choice && choice.error && isError({ error: choice.error }));
  if (broken) return errorText(broken);
  const reasons = [...choices.map((choice) => choice && choice.finish_reason), body.object === 'response' ? body.status : ''];
  const failed = reasons.map(reasonOf).find((reason) => meaning(reason) === 'failed');
  if (failed) return `finish reason ${failed}`;
  return standIn.some((start) => String(body.id).startsWith(start)) ? `a stand-in answer (${body.id})` : '';
}

function hasContent(body) {
  const pieces = noPieces();
  for (const choice of Array.isArray(body.choices) ? body.choices : []) {
    addDelta(choice && choice.message, pieces);
    if (choice && choice.text) pieces.visible += 'text';
  }
  if (body.output) addItems(body.output, true, pieces);
  return kindOf(pieces) !== '' || !(Array.isArray(body.choices) || body.object === 'response');
}
