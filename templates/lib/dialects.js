// What the frames of a stream add up to, in every dialect of the table (see content.js).

import {
  addDelta, addFields, addValue, at, dialects, kindOf, noPieces,
} from './content.js';
import { errorText, isError } from './errors.js';
import { addItemCall, addPieces, noCalls } from './tools.js';
import { meaning, mergeUsage, reasonOf, usageOf } from './usage.js';

const LONGEST = 16 * 1024 * 1024;

/**
 * @typedef {{text: string, reasoning: string, tools: any[], finish: string, usage: any, frames: number,
 *            contentEvents: number, ends: string[], known: boolean, errors: string[], malformed: string, truncated: boolean,
 *            id: string, info: any, calls: any, choices: any[], finished: any[], kinds: string[]}} Summary
 * `choices` and `finished`: the numbers of the choices seen, and of those with a finish reason;
 * `kinds`: the kinds of content seen; `ends`: the end markers; `known`: a frame of a dialect that names
 * finish reasons has come.
 * @returns {Summary}
 */
export function emptySummary() {
  const calls = noCalls();
  return {
    text: '', reasoning: '', tools: calls.calls, finish: '', usage: {}, frames: 0, contentEvents: 0,
    ends: [], known: false, errors: [], malformed: '', truncated: false, id: '', info: null, calls,
    choices: [], finished: [], kinds: [],
  };
}

/** Adds one frame. @param {Summary} summary @param {{event: string, data: string, unfinished?: boolean}} frame */
export function addFrame(summary, frame) {
  const opens = frame.data.startsWith('{') && frame.data.length <= LONGEST;
  const read = opens ? parse(frame.data) : undefined;
  if (read && !frame.event && addPlain(summary, read)) return;
  const { error_events: errors, idle_events: idle } = dialects();
  const bare = frame.data.trim();
  if (/^"?\[DONE\]"?$/i.test(bare)) {
    summary.ends.push('done');
    return;
  }
  if (!bare.startsWith('{') && (idle.includes(frame.event) || (!bare && !errors.includes(frame.event)))) return;
  // As long as a frame may be for the timing proxy.
  const body = frame.data.length > LONGEST ? null : read || parse(frame.data);
  if (body && typeof body === 'object' && !Array.isArray(body)) {
    summary.frames += 1;
    addBody(summary, frame.event, body);
  } else if (body === undefined && frame.data.includes('\n')) {
    addLines(summary, frame);
  } else if (errors.includes(frame.event)) {
    summary.frames += 1;
    summary.errors.push(frame.data.slice(0, 120) || 'an error event');
  } else if (frame.unfinished) {
    summary.truncated = true;
  } else {
    summary.frames += 1;
    summary.malformed = summary.malformed || `frame is not a JSON object: ${frame.data.slice(0, 80)}`;
  }
}

const PLAIN = new Set(['id', 'object', 'created', 'model', 'system_fingerprint', 'choices', 'usage']);
const PLAIN_CHOICE = new Set(['index', 'delta', 'finish_reason', 'logprobs']);

// Nearly every frame is a chat delta with a text and nothing else: a short way to the same sums.
function addPlain(summary, body) {
  const { id, choices, usage } = body;
  if (!Array.isArray(choices) || choices.length !== 1 || usage || typeof id !== 'string') return false;
  if (body.object === 'error' || !only(body, PLAIN)) return false;
  const [choice] = choices;
  if (!choice || !Number.isInteger(choice.index) || choice.finish_reason || !only(choice, PLAIN_CHOICE)) return false;
  const text = choice.delta && choice.delta.content;
  if (typeof text !== 'string' || !text || Object.keys(choice.delta).length !== 1) return false;
  summary.frames += 1;
  summary.id = summary.id || id;
  summary.known = true;
  if (!summary.choices.includes(choice.index)) summary.choices.push(choice.index);
  summary.text += text;
  summary.contentEvents += 1;
  if (!summary.kinds.includes('visible')) summary.kinds.push('visible');
  return true;
}

function only(value, names) {
  for (const name of Object.keys(value)) if (!names.has(name)) return false;
  return true;
}

// Lines that are events each, with no blank line between: most clients take them so.
function addLines(summary, frame) {
  const lines = frame.data.split('\n');
  lines.forEach((data, number) => addFrame(summary, {
    event: number ? '' : frame.event, data, unfinished: frame.unfinished && number === lines.length - 1,
  }));
}

function addBody(summary, event, body) {
  if (typeof body.id === 'string') summary.id = summary.id || body.id;
  if (body.conversation_id || body.conversation) summary.info = body;
  const name = nameOf(event, body);
  if (isError(body, [name, event])) summary.errors.push(errorText(body));
  summary.usage = mergeUsage(summary.usage, usageOf(body));
  if (Array.isArray(body.choices)) {
    summary.known = true;
    addChoices(summary, body.choices);
    return;
  }
  const { events, whole_events: wholes, ends } = dialects();
  summary.known = summary.known || Boolean(name.startsWith('response.') || events[name] || ends[name]);
  const pieces = noPieces();
  const whole = noPieces();
  addFields(body, events[name], true, pieces);
  addFields(body, wholes[name], !name.endsWith('.added'), whole);
  addContent(summary, pieces, whole);
  addResponseCalls(summary, name, body);
  finish(summary, ends[name] ? endReason(ends[name], body) : reasonOf(at(body, 'delta.stop_reason')));
  if (ends[name]) summary.ends.push(ends[name].marker);
}

function nameOf(event, body) {
  const { events, whole_events: wholes, ends } = dialects();
  const name = typeof body.type === 'string' && body.type ? body.type : event;
  const known = (candidate) => events[candidate] || ends[candidate];
  return !(known(name) || wholes[name]) && known(event) ? event : name;
}

function addChoices(summary, choices) {
  const pieces = noPieces();
  const whole = noPieces();
  choices.forEach((choice, position) => {
    if (!choice || typeof choice !== 'object') return;
    const number = Number.isInteger(choice.index) ? choice.index : position;
    if (!summary.choices.includes(number)) summary.choices.push(number);
    const { delta, message } = choice;
    addDelta(delta, pieces);
    addValue(choice.text, 'visible', pieces);
    addDelta(message, whole);
    for (const calls of [delta, summary.tools.length ? undefined : message]) {
      if (calls && calls.tool_calls) addPieces(summary.calls, calls.tool_calls);
      if (calls && calls.function_call) addPieces(summary.calls, { index: 'legacy', ...calls.function_call });
    }
    const reason = reasonOf(choice.finish_reason);
    if (reason && !summary.finished.includes(number)) summary.finished.push(number);
    finish(summary, reason);
    if (choice.error && isError({ error: choice.error })) summary.errors.push(errorText(choice));
  });
  addContent(summary, pieces, whole);
}

// A whole repeats what came in pieces; it counts where no piece of its kind came.
function addContent(summary, pieces, whole) {
  const isNew = (kind) => !summary.kinds.includes(kind);
  const fresh = kindOf(pieces) ? noPieces() : {
    visible: isNew('visible') ? whole.visible : '',
    media: isNew('visible') && whole.media,
    reasoning: isNew('reasoning') ? whole.reasoning : '',
    tool: isNew('tool') ? whole.tool : '',
  };
  const taken = kindOf(pieces) ? pieces : fresh;
  summary.text += taken.visible;
  summary.reasoning += taken.reasoning;
  if (!kindOf(taken)) return;
  summary.contentEvents += 1;
  const kinds = [taken.visible || taken.media ? 'visible' : '', taken.reasoning ? 'reasoning' : '', taken.tool ? 'tool' : ''];
  for (const kind of kinds) if (kind && isNew(kind)) summary.kinds.push(kind);
}

function addResponseCalls(summary, name, body) {
  const key = body.item_id || (body.item && body.item.id) || body.output_index;
  if (/_call_(arguments|input)\.delta$|arguments_delta$/.test(name)) {
    addItemCall(summary.calls, key, { delta: body.delta }, false);
  } else if (/_call_(arguments|input)\.done$/.test(name)) {
    addItemCall(summary.calls, key, { ...body, call_id: body.call_id, id: '' }, true);
  } else if (/^response\.output_item\.(added|done)$/.test(name) && isCall(body.item)) {
    addItemCall(summary.calls, key, body.item, true);
  } else if (name === 'response.tool_call') {
    addPieces(summary.calls, { index: `call ${summary.tools.length}`, ...(body.call || body) });
  } else if (name === 'response.completed' && !summary.tools.length) {
    const items = at(body, 'response.output') || body.output;
    for (const item of Array.isArray(items) ? items : []) if (isCall(item)) addItemCall(summary.calls, item.id, item, true);
  }
}

const isCall = (item) => Boolean(item) && dialects().items[item.type] === 'tool' && Boolean(item.name);

function endReason(end, body) {
  const whole = body.response && typeof body.response === 'object' ? body.response : body;
  const { status } = whole;
  return reasonOf(at(whole, 'incomplete_details.reason')) || (meaning(status) === 'failed' ? status : '') || end.finish || '';
}

function finish(summary, reason) {
  if (!reason) return;
  summary.finish = reason;
  if (meaning(reason) === 'failed') summary.errors.push(`finish reason ${reason}`);
}

/** The value of a JSON text, undefined if it isn't any. @param {string} text @returns {any} */
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch (_) {
    return undefined;
  }
}
