// A finished stream: did it end well, what did it say, how long did it take.

import { emptyStory, errorText, tell, tokensOf } from './dialects.js';
import { parseSse } from './sse.js';
import { readTail } from './tail.js';

const TIMEOUT = 1050; // k6's error code for a request that ran out of time

/**
 * @typedef {{integrity: string, detail: string, finish: string, timings: any,
 *            outputTokens: number|undefined, estimated: boolean, story: any}} Reading
 * `timings` is the timing proxy's report, else null: k6 itself can't see when an event arrived.
 * `story` is what the stream said; null when the proxy's report made reading it unnecessary.
 */

/**
 * Reads the response to a streamed request.
 * @param {any} res k6's response
 * @param {string[]} end end markers that the flavour promises: `done`, `response.completed`
 * @param {boolean} needsText whether the caller wants the words, too
 * @returns {Reading}
 */
export function readStream(res, end, needsText) {
  const body = typeof res.body === 'string' ? res.body : '';
  const tail = readTail(body);
  if (tail && !needsText) {
    return {
      integrity: tail.integrity, detail: tail.detail || '', finish: tail.finish_reason || '',
      timings: tail, outputTokens: tail.output_tokens,
      estimated: tail.tokens_source === 'estimated', story: null,
    };
  }
  const { frames, bare } = parseSse(body);
  const story = emptyStory();
  for (const frame of frames) tell(story, frame);
  if (bare.length) readBare(story, bare);
  const tokens = tokensOf(story.usage).output;
  const [integrity, detail] = tail ? [tail.integrity, tail.detail || ''] : classify(res, story, end);
  return {
    integrity, detail, finish: story.finish, timings: tail,
    outputTokens: tokens !== undefined ? tokens : story.contentEvents,
    estimated: tokens === undefined, story,
  };
}

// Servers that fail after the headers are out write their JSON error as a line of its own.
function readBare(story, lines) {
  const json = lines.find((line) => line.startsWith('{'));
  if (json === undefined) {
    story.malformed = story.malformed || `line is no event: ${lines[0].slice(0, 80)}`;
    return;
  }
  try {
    story.error = errorText(JSON.parse(json));
  } catch (_) {
    story.error = json.slice(0, 120);
  }
}

function classify(res, story, end) {
  // No status, but a first byte: the answer broke off, and k6 threw away what there was of it.
  if (res.status === 0 && res.timings.waiting > 0 && res.error_code !== TIMEOUT) {
    return ['truncated', res.error];
  }
  if (res.error_code === TIMEOUT) return ['timeout', res.error];
  if (res.status < 200 || res.status >= 300) return ['http_error', res.error || `status ${res.status}`];
  if (res.error) return ['truncated', res.error];
  if (story.error) return ['in_band_error', story.error];
  if (story.malformed) return ['malformed_frame', story.malformed];
  if (!story.contentEvents) return ['no_content', 'the stream carried no content'];
  if (!story.finish) return ['no_finish_reason', 'the stream named no finish reason'];
  if (end.includes('done') && !story.done) return ['no_done', 'the stream ended without [DONE]'];
  if (end.includes('response.completed') && !story.completed) {
    return ['no_done', 'the stream ended without response.completed'];
  }
  return ['ok', ''];
}
