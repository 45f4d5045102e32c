// k6 options: one arrival-rate scenario for each lane, or a single pass.

const RAMP_LIMIT_S = 60;
const RAMP_SHARE = 0.2;

/**
 * A rate as a whole number of iterations in a whole number of seconds, exactly: k6 takes no
 * fractions, and rounding 0.25 per second to 0 or 1 would offer another load than was asked for.
 * @param {number} rate iterations per second
 */
export function wholeRate(rate) {
  let unit = 1;
  while (unit < 1e6 && Math.abs(rate * unit - Math.round(rate * unit)) > 1e-9 * unit) unit *= 10;
  let target = Math.round(rate * unit);
  let [a, b] = [target, unit];
  while (b) [a, b] = [b, a % b];
  return { target: target / a, timeUnit: `${unit / a}s` };
}

/** Ramp up from 0, hold, ramp down to 0, all within the duration. @param {number} seconds */
export function shape(seconds) {
  const ramp = Math.min(RAMP_LIMIT_S, RAMP_SHARE * seconds);
  return { ramp, hold: seconds - 2 * ramp };
}

/**
 * One lane as a k6 scenario. VUs: a VU is held for a whole iteration, so rate x length of one
 * iteration are needed, and up to five times as many when the target slows down.
 */
function lane(name, rate, seconds, load) {
  const { ramp, hold } = shape(seconds);
  const { target, timeUnit } = wholeRate(rate);
  const milliseconds = (value) => `${Math.round(value * 1000)}ms`;
  const needed = Math.max(2, Math.ceil(rate * load.iteration_s[name]));
  return {
    executor: 'ramping-arrival-rate',
    exec: name,
    startRate: 0,
    timeUnit,
    stages: [
      { target, duration: milliseconds(ramp) },
      { target, duration: milliseconds(hold) },
      { target: 0, duration: milliseconds(ramp) },
    ],
    preAllocatedVUs: Math.min(needed, load.max_vus),
    maxVUs: Math.min(needed * 5, load.max_vus),
    gracefulStop: `${load.graceful_stop_s}s`,
  };
}

function once(load) {
  return {
    executor: 'per-vu-iterations', exec: 'single', vus: 1, iterations: 1,
    maxDuration: `${load.single_limit_s}s`,
  };
}

function scenarios(settings, load) {
  if (settings.single) return { single: once(load) };
  const seconds = settings.durationMin * 60;
  const lanes = {};
  if (settings.nonstreamRps > 0) {
    lanes.nonstream = lane('nonstream', settings.nonstreamRps, seconds, load);
  }
  if (settings.streamRps > 0) lanes.stream = lane('stream', settings.streamRps, seconds, load);
  if (Object.keys(lanes).length === 0) {
    throw new Error('No load: NONSTREAM_RPS and STREAM_RPS are both 0');
  }
  return lanes;
}

// k6 reports a tagged sub-metric only when a threshold names it; these can't be crossed.
function observations(steps) {
  const watched = {};
  for (const { step } of steps) {
    watched[`http_req_duration{step:${step.id}}`] = ['max>=0'];
    watched[`http_reqs{step:${step.id}}`] = ['count>=0'];
    watched[`http_req_failed{step:${step.id}}`] = ['rate>=0'];
    watched[`step_failures{step:${step.id}}`] = ['count>=0'];
    if (step.model) watched[`llm_failed_inside_200{step:${step.id}}`] = ['count>=0'];
  }
  for (const name of ['nonstream', 'stream']) watched[`lane_iterations{lane:${name}}`] = ['count>=0'];
  const kinds = [
    'ok', 'http_error', 'in_band_error', 'no_content', 'no_finish_reason', 'no_done',
    'malformed_frame', 'truncated', 'stalled', 'timeout',
  ];
  for (const kind of kinds) watched[`llm_stream_errors{kind:${kind}}`] = ['count>=0'];
  return watched;
}

/** @param {any} settings @param {any} scenario @param {any[]} steps */
export function buildOptions(settings, scenario, steps) {
  const judged = settings.single ? { checks: ['rate==1'] } : scenario.thresholds;
  return {
    scenarios: scenarios(settings, scenario.load),
    thresholds: settings.observe ? { ...observations(steps), ...judged } : judged,
    summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)', 'count'],
    tags: { testid: `${scenario.name}-${Date.now()}`, test_case: scenario.test_case },
    insecureSkipTLSVerify: false,
    noVUConnectionReuse: false,
    userAgent: 'janbench (k6)',
  };
}
