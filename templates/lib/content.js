// Content in what a frame or an answer holds, by the table of dialects.

import { table } from './dialect_table.js';

let made;

/** The table, made when it is first needed: a virtual user that reads no words does without. */
export const dialects = () => {
  if (!made) made = table();
  return made;
};

/** @typedef {{visible: string, reasoning: string, tool: string, media: boolean}} Pieces */
/** @returns {Pieces} */
export const noPieces = () => ({ visible: '', reasoning: '', tool: '', media: false });

/** What stands at a path such as `a.0.b`. @param {any} value @param {string} path */
export function at(value, path) {
  let found = value;
  for (const key of path.split('.')) {
    if (found === null || typeof found !== 'object') return undefined;
    found = found[key];
  }
  return found;
}

/** Adds a text, a part, or a list of these. @param {any} value @param {string} kind what a plain text is @param {Pieces} into */
export function addValue(value, kind, into, depth = 0) {
  if (typeof value === 'string') {
    if (kind === 'media') into.media = into.media || value !== '';
    else into[kind] += value;
  } else if (depth >= 6) {
    // No server nests so deep: an answer that does is no text.
  } else if (Array.isArray(value)) {
    for (const part of value) addValue(part, kind, into, depth + 1);
  } else if (value && typeof value === 'object') {
    addPart(value, kind, into, depth);
  }
}

function addPart(part, kind, into, depth) {
  const { parts, tool_call: signs, text_keys: texts, media_keys: media } = dialects();
  const own = parts[part.type] || kind;
  if (own === 'tool') {
    if (signs.some((path) => at(part, path))) into.tool += ' ';
    return;
  }
  for (const key of [...texts, ...media]) {
    const found = noPieces();
    addValue(part[key], media.includes(key) ? 'media' : own, found, depth + 1);
    if (kindOf(found)) {
      join(into, found);
      return;
    }
  }
}

/** Adds a chat delta or message. @param {any} delta @param {Pieces} into */
export function addDelta(delta, into) {
  const known = dialects().delta;
  for (const [name, value] of Object.entries(delta || {})) {
    if (value && known[name]) addValue(value, known[name], into);
  }
}

/** Adds output items of a response. @param {any} items @param {boolean} done @param {Pieces} into */
export function addItems(items, done, into) {
  if (typeof items === 'string') into.visible += items;
  for (const item of Array.isArray(items) ? items : [items]) {
    if (item && typeof item === 'object') addItem(item, done, into);
  }
}

function addItem(item, done, into) {
  const kind = dialects().items[item.type] || 'visible';
  if (kind === 'tool') {
    if (item.arguments || item.input || (done && item.name)) into.tool += ' ';
    return;
  }
  for (const key of ['content', 'summary', 'text']) addValue(item[key], kind, into);
}

/** Adds what stands at these places of an event. @param {any} frame @param {any} fields @param {boolean} done @param {Pieces} into */
export function addFields(frame, fields, done, into) {
  for (const [path, kind] of Object.entries(fields || {})) {
    const value = at(frame, path);
    if (!value) continue;
    if (kind === 'item') addItems(value, done, into);
    else addValue(value, kind, into);
  }
}

/** What an event with these pieces counts as: visible if any of it is; empty for nothing. @param {Pieces} pieces */
export function kindOf(pieces) {
  if (pieces.visible || pieces.media) return 'visible';
  if (pieces.reasoning) return 'reasoning';
  return pieces.tool ? 'tool' : '';
}

function join(into, found) {
  into.visible += found.visible;
  into.reasoning += found.reasoning;
  into.tool += found.tool;
  into.media = into.media || found.media;
}
