// Metrics. Names are a contract: dashboards and janbench's reports read them.

import { Counter, Trend } from 'k6/metrics';

import { counts } from './phase.js';

/** Adds a sample; what is sent in a warm-up is measured by nothing but k6 itself. @param {any} metric @param {number} value @param {Object<string, string>} tags */
export function record(metric, value, tags) {
  if (counts()) metric.add(value, tags);
}

/** @param {string} name */
export const time = (name) => new Trend(name, true);
/** @param {string} name */
export const counter = (name) => new Counter(name);

export const llm = {
  // Request written -> first byte of the response headers. Not the time to the first token.
  ttfb: time('llm_ttfb_ms'),
  receiving: time('llm_receiving_ms'),
  total: time('llm_total_ms'),
  queue: time('llm_queue_ms'),
  ttft: time('llm_ttft_ms'),
  tpot: time('llm_tpot_ms'),
  itl: time('llm_itl_ms'),
  itlMax: time('llm_itl_max_ms'),
  e2e: time('llm_e2e_ms'),
  finalize: time('llm_finalize_ms'),
  tokensPerSecond: new Trend('llm_tokens_per_sec'),
  outputTokens: counter('llm_output_tokens'),
  // Those of them that no server counted: content events stand for tokens.
  estimatedTokens: counter('llm_estimated_tokens'),
  // Input and output, warm-up included: what has to be paid.
  spent: new Counter('llm_tokens_spent'),
  errors: counter('llm_errors'),
  // Streams that failed inside a 200, which http_req_failed can't know.
  failedInside: counter('llm_failed_inside_200'),
  // Every stream ends in exactly one class; the tag `kind` says which, `ok` included.
  streams: counter('llm_streams'),
  // Those that didn't end in `ok`.
  streamErrors: counter('llm_stream_errors'),
  // What should be known of an answer though it makes none bad; the tag `note` says what.
  notes: counter('llm_answer_notes'),
};

export const auth = {
  login: time('guest_login_time_ms'),
  refresh: time('refresh_token_time_ms'),
  relogins: counter('auth_relogins'),
};

export const laneIterations = counter('lane_iterations');
export const stepFailures = counter('step_failures');

/** Metrics that a scenario names itself: times of its steps, and its success counters. @param {string} counters their prefix @param {string[]} trends */
export function scenarioMetrics(counters, trends) {
  const known = {
    guest_login_time_ms: auth.login,
    refresh_token_time_ms: auth.refresh,
  };
  for (const name of trends) if (!known[name]) known[name] = time(name);
  return {
    time: known,
    successes: counter(`${counters}_successes`),
    errors: counter(`${counters}_errors`),
  };
}
