// The timing proxy's report on a stream: an SSE comment after the last byte of the body, signed with
// a secret that only the proxy of this run and this script know. What a target writes in its place is
// a comment like any other.

import crypto from 'k6/crypto';

import { text } from './settings.js';

const MARK = ': janbench ';
const SECRET = text('JANBENCH_TAIL_SECRET');

/** The report at the end of a body, null when there is none or it isn't the proxy's. @param {string} body */
export function readTail(body, secret = SECRET) {
  const at = body.lastIndexOf(`\n${MARK}`);
  if (!secret || (at < 0 && !body.startsWith(MARK))) return null;
  const from = (at < 0 ? 0 : at + 1) + MARK.length;
  const end = body.indexOf('\n', from);
  const line = body.slice(from, end < 0 ? undefined : end);
  const blank = line.indexOf(' ');
  const report = line.slice(blank + 1);
  if (blank < 0 || crypto.hmac('sha256', secret, report, 'hex') !== line.slice(0, blank)) return null;
  return JSON.parse(report);
}

/**
 * The proxy's report on an answer in the form of a reading (see stream.js); null when there is none.
 * @param {any} res k6's response @param {any} [summary] what the stream said, when it was read, too
 */
export function reported(res, summary = null) {
  const tail = readTail(typeof res.body === 'string' ? res.body : '');
  if (!tail) return null;
  return {
    integrity: tail.integrity, detail: tail.detail || '', finish: tail.finish_reason || '', timings: tail,
    contentEvents: tail.content_events || 0, outputTokens: tail.output_tokens,
    estimated: tail.tokens_source === 'estimated', notes: tail.notes ? tail.notes.split('; ') : [], summary,
  };
}

/** Whether a proxy's report can be told from a target's. */
export const trusted = SECRET !== '';
