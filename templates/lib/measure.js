// What a request to the model cost, recorded under the names that dashboards know.

import { llm, record } from './metrics.js';

/** @param {any} iteration @param {any} step @param {any} response @param {boolean} stream */
function tagsOf(iteration, step, response, stream) {
  return {
    ...iteration.tags(step),
    scenario: `${iteration.scenario.counters}_${stream ? 'stream' : 'nonstream'}`,
    prompt: step.prompt || 'standard',
    status: String(response.status),
  };
}

function common(tags, response) {
  const { timings, headers } = response;
  record(llm.ttfb, timings.waiting, tags);
  record(llm.receiving, timings.receiving, tags);
  record(llm.total, timings.duration, tags);
  const queued = parseFloat(headers['X-Queue-Time']);
  if (Number.isFinite(queued)) record(llm.queue, queued, tags);
}

/** A whole answer. @param {any} iteration @param {any} step @param {any} response @param {number|undefined} tokens @param {boolean} ok */
export function measureWhole(iteration, step, response, tokens, ok) {
  if (response.status === 0) return;
  const tags = tagsOf(iteration, step, response, false);
  if (!ok && response.status < 300 && !response.error) record(llm.failedInside, 1, tags);
  const e2e = response.timings.waiting + response.timings.receiving;
  common(tags, response);
  if (!ok) return;
  record(llm.e2e, e2e, tags);
  addTokens(tags, tokens, false, e2e);
}

/**
 * A streamed answer. Times to tokens come from the timing proxy's report; without it there are
 * none, except where the flavour's endpoint is known to send its headers with the first token.
 * @param {any} iteration @param {any} step @param {any} response @param {any} reading
 * @param {boolean} headersWithFirstToken
 */
export function measureStream(iteration, step, response, reading, headersWithFirstToken) {
  const tags = tagsOf(iteration, step, response, true);
  const failed = reading.integrity !== 'ok';
  record(llm.streams, 1, { ...tags, kind: reading.integrity });
  // A 0 for a good stream, so that a threshold on failures has samples where there is none.
  record(llm.streamErrors, failed ? 1 : 0, failed ? { ...tags, kind: reading.integrity } : tags);
  for (const note of reading.notes) record(llm.notes, 1, { ...tags, note: note.split(':')[0] });
  if (response.status !== 0) common(tags, response);
  if (failed) {
    // How long a broken stream took says nothing about a good one. k6 counts a bad status as failed
    // by itself, but not what goes wrong inside a 200.
    if (response.status < 300 && !response.error) record(llm.failedInside, 1, tags);
    return;
  }
  const timings = reading.timings || {};
  const report = (trend, value) => { if (value !== undefined) record(trend, value, tags); };
  if (reading.timings) report(llm.ttft, timings.ttft_ms);
  else if (headersWithFirstToken) record(llm.ttft, response.timings.waiting, tags);
  report(llm.tpot, timings.tpot_ms);
  report(llm.itl, timings.itl_mean_ms);
  report(llm.itlMax, timings.itl_max_ms);
  report(llm.e2e, timings.e2e_ms);
  report(llm.finalize, timings.finalize_ms);
  addTokens(tags, reading.outputTokens, reading.estimated, timings.e2e_ms || response.timings.duration);
}

function addTokens(tags, tokens, estimated, milliseconds) {
  if (!tokens) return;
  record(llm.outputTokens, tokens, tags);
  if (estimated) record(llm.estimatedTokens, tokens, tags);
  if (milliseconds > 0) record(llm.tokensPerSecond, tokens / (milliseconds / 1000), tags);
}

/**
 * Counts tokens, input and output, against the budget; what no server counts is estimated.
 * @param {{input?: number, output?: number, input_tokens?: number, output_tokens?: number}} usage
 * @param {number|undefined} output @param {any} body of the request
 */
export function spend(usage, output, body) {
  const taken = [usage.input, usage.input_tokens].find((count) => count !== undefined);
  const given = [usage.output, usage.output_tokens, output].find((count) => count !== undefined);
  const asked = taken === undefined ? JSON.stringify(body.messages || body.input || '').length / 4 : taken;
  llm.spent.add(Math.ceil(asked) + (given || 0));
}
