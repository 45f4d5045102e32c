// Metrics. Names are a contract: dashboards and janbench's reports read them.

import { Counter, Trend } from 'k6/metrics';

const time = (name) => new Trend(name, true);

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
  outputTokens: new Counter('llm_output_tokens'),
  // Those of them that no server counted: content events stand for tokens.
  estimatedTokens: new Counter('llm_estimated_tokens'),
  errors: new Counter('llm_errors'),
  // Streams that failed inside a 200, which http_req_failed can't know.
  failedInside: new Counter('llm_failed_inside_200'),
  // Every stream ends in exactly one class; the tag `kind` says which, `ok` included.
  streams: new Counter('llm_stream_errors'),
};

export const auth = {
  login: time('guest_login_time_ms'),
  refresh: time('refresh_token_time_ms'),
  relogins: new Counter('auth_relogins'),
};

export const laneIterations = new Counter('lane_iterations');
export const stepFailures = new Counter('step_failures');

/** Metrics that a scenario names itself: a time for each step, and its success counters. */
export function scenarioMetrics(scenario, steps) {
  const known = {
    guest_login_time_ms: auth.login,
    refresh_token_time_ms: auth.refresh,
  };
  for (const { step } of steps) {
    if (step.metric && !known[step.metric]) known[step.metric] = time(step.metric);
  }
  return {
    time: known,
    successes: new Counter(`${scenario.counters}_successes`),
    errors: new Counter(`${scenario.counters}_errors`),
  };
}
