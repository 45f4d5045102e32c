// Token counts and finish reasons, wherever a server puts them and whatever it calls them.

import { at, dialects } from './content.js';

/** Tokens that a frame or body reports, undefined where it doesn't. @param {any} body */
export function usageOf(body) {
  const { usage } = dialects();
  for (const path of usage.places) {
    const place = at(body, path);
    const found = { input: count(place, usage.input), output: count(place, usage.output) };
    if (found.input !== undefined || found.output !== undefined) return found;
  }
  return { input: undefined, output: undefined };
}

/** Later counts before earlier ones, unless they are missing or zero. @param {any} earlier @param {any} later */
export function mergeUsage(earlier, later) {
  const merged = (name) => later[name] || (earlier[name] === undefined ? later[name] : earlier[name]);
  return { input: merged('input'), output: merged('output') };
}

function count(usage, paths) {
  const found = paths.map((path) => at(usage, path)).find((value) => typeof value === 'number' && value >= 0);
  return found === undefined ? undefined : Math.round(found);
}

/** `normal`, `cut`, `failed`, `unknown`; empty for what is no finish reason. @param {any} reason */
export function meaning(reason) {
  if (typeof reason !== 'string' || !reason.trim()) return '';
  const found = [reason, ...reason.split(':')].map(listed);
  const kind = ['failed', 'cut', 'normal', 'none'].find((name) => found.includes(name)) || 'unknown';
  return kind === 'none' ? '' : kind;
}

const plain = (reason) => reason.toLowerCase().replace(/[^a-z0-9]+/g, '');

function listed(reason) {
  const { reasons, failed_words: words } = dialects();
  const known = reasons[plain(reason)];
  if (known) return known;
  return (reason.toLowerCase().match(/[a-z]+/g) || []).some((word) => words.includes(word)) ? 'failed' : '';
}

/** A finish reason as text, empty where none is named. @param {any} value */
export function reasonOf(value) {
  const text = value && typeof value === 'object' ? value.type : value; // SGLang's own form
  return meaning(text) ? text : '';
}
