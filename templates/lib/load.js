// k6 options: for each lane the k6 scenario that offers its load, or a single pass.

import { observations } from './observations.js';
import { until, upTo, wholeRates } from './rates.js';

const RAMP_LIMIT_S = 60;
const RAMP_SHARE = 0.2;

const milliseconds = (seconds) => `${Math.round(seconds * 1000)}ms`;

/** Ramp up from 0, hold, ramp down to 0, all within the duration. @param {number} rate @param {number} seconds */
export function ramps(rate, seconds) {
  const ramp = Math.min(RAMP_LIMIT_S, RAMP_SHARE * seconds);
  return [[ramp, 0, rate], [seconds - 2 * ramp, rate, rate], [ramp, rate, 0]];
}

/**
 * An open lane: a VU is held for a whole iteration, so rate x length of one iteration are needed,
 * and up to five times as many when the target slows down. Instances don't lend each other VUs:
 * each gets as many as its share of the rate needs.
 * @param {number[][]} segments [seconds, rate at its begin, rate at its end] @param {number} iterationS @param {any} load
 */
function open(segments, iterationS, load) {
  const peak = Math.max(...segments.map(([, from, to]) => Math.max(from, to)));
  const { instances } = load;
  const needed = instances * Math.max(2, Math.ceil((peak / instances) * iterationS));
  const vus = { preAllocatedVUs: Math.min(needed, load.max_vus), maxVUs: Math.min(needed * 5, load.max_vus) };
  const [[seconds, from, to]] = segments;
  if (segments.length === 1 && from === to && seconds >= 1) {
    const { targets: [rate], timeUnit } = wholeRates([from]);
    return { executor: 'constant-arrival-rate', rate, timeUnit, duration: milliseconds(seconds), ...vus };
  }
  const stages = [];
  let rate = from;
  for (const [length, begin, end] of segments) {
    if (begin !== rate) stages.push({ rate: begin, duration: '0s' });
    stages.push({ rate: end, duration: milliseconds(length) });
    rate = end;
  }
  const { targets: [startRate, ...targets], timeUnit } = wholeRates([from, ...stages.map((stage) => stage.rate)]);
  return {
    executor: 'ramping-arrival-rate', startRate, timeUnit, ...vus,
    stages: stages.map(({ duration }, index) => ({ target: targets[index], duration })),
  };
}

/** A closed loop: each VU begins its next iteration when the last one is done. */
function closed({ vus, seconds, iterations }) {
  return iterations === undefined
    ? { executor: 'constant-vus', vus, duration: milliseconds(seconds) }
    : { executor: 'shared-iterations', vus: Math.min(vus, iterations), iterations, maxDuration: milliseconds(seconds) };
}

/** Given moments: VUs take the next one and wait for it (see schedule.js). */
function scheduled({ vus, arrivals, seconds }, load) {
  const most = Math.max(1, seconds) + load.graceful_stop_s;
  // An instance's share of the arrivals comes less evenly than all of them.
  const shared = load.instances === 1 ? vus : load.instances * (Math.ceil(vus / load.instances) + 2);
  return {
    executor: 'shared-iterations', vus: Math.min(shared, arrivals), iterations: arrivals,
    maxDuration: milliseconds(most),
  };
}

function shaped(lane, iterationS, load) {
  if (lane.segments) return open(lane.segments, iterationS, load);
  return lane.arrivals === undefined ? closed(lane) : scheduled(lane, load);
}

function lengthOf(lane) {
  return lane.segments ? lane.segments.reduce((sum, [seconds]) => sum + seconds, 0) : lane.seconds;
}

/** The rates that the environment asks for, as lanes. */
function classicLanes(settings, load) {
  const seconds = settings.durationMin * 60;
  const lanes = {};
  for (const [name, rate] of [['nonstream', settings.nonstreamRps], ['stream', settings.streamRps]]) {
    if (rate > 0) lanes[name] = { steady: rate, segments: ramps(rate, seconds) };
  }
  if (Object.keys(lanes).length === 0) {
    throw new Error('No load: NONSTREAM_RPS and STREAM_RPS are both 0');
  }
  return load.budget ? withinBudget(lanes, load) : lanes;
}

// A budget of requests is shared as the lanes' iterations are planned.
function withinBudget(lanes, load) {
  const { max_requests: most, max_duration_s: longest, requests } = load.budget;
  const shares = {};
  for (const [name, lane] of Object.entries(lanes)) {
    if (longest) lane.segments = until(lane.segments, Math.max(1, longest - (load.warmup_s || 0)));
    shares[name] = lane.segments.reduce((sum, [s, from, to]) => sum + (s * (from + to)) / 2, 0) * requests[name];
  }
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0);
  if (most && total > most) {
    for (const [name, lane] of Object.entries(lanes)) {
      lane.limit = Math.floor((most * shares[name]) / total / Math.max(1, requests[name]));
      lane.segments = upTo(lane.segments, lane.limit);
    }
  }
  return lanes;
}

/** The lanes of a run by name. @param {any} settings @param {any} load */
export function lanesOf(settings, load) {
  return load.lanes || classicLanes(settings, load);
}

// Warm-up and cool-down: the lane's steady load beside the part that counts.
function aside(lane, seconds, iterationS, load) {
  const closedLoop = !lane.segments && lane.arrivals === undefined;
  return closedLoop
    ? closed({ vus: lane.steady, seconds: Math.max(1, seconds), iterations: undefined })
    : open([[seconds, lane.steady, lane.steady]], iterationS, load);
}

function scenarios(settings, load) {
  if (settings.single) {
    return { single: { executor: 'per-vu-iterations', exec: 'single', vus: 1, iterations: 1, maxDuration: `${load.single_limit_s}s` } };
  }
  const found = {};
  const { warmup_s: before = 0, cooldown_s: after = 0 } = load;
  const gracefulStop = `${load.graceful_stop_s}s`;
  const phases = before > 0 || after > 0;
  for (const [name, lane] of Object.entries(lanesOf(settings, load))) {
    const iterationS = load.iteration_s[name];
    const common = { exec: name, gracefulStop };
    if (before > 0) {
      found[`warmup_${name}`] = { ...aside(lane, before, iterationS, load), ...common, tags: { phase: 'warmup' } };
    }
    found[name] = {
      ...shaped(lane, iterationS, load), ...common,
      ...(before > 0 ? { startTime: milliseconds(before) } : {}),
      ...(phases ? { tags: { phase: 'main' } } : {}),
    };
    if (after > 0) {
      found[`cooldown_${name}`] = {
        ...aside(lane, after, iterationS, load), ...common, tags: { phase: 'cooldown' },
        startTime: milliseconds(before + lengthOf(lane)),
      };
    }
  }
  return found;
}

// k6 counts the tokens of one process: each instance ends the run at its share of the budget.
function withinShare(thresholds, instances, most) {
  if (instances === 1 || !most) return thresholds;
  const share = `count<${Math.floor(most / instances)}`;
  const spent = thresholds.llm_tokens_spent.map((entry) => (
    entry.threshold === `count<${most}` ? { ...entry, threshold: share } : entry));
  return { ...thresholds, llm_tokens_spent: spent };
}

/** @param {any} settings @param {any} scenario @param {any[]} steps the leaves */
export function buildOptions(settings, scenario, steps) {
  const { instances } = settings;
  const judged = settings.single
    ? { checks: ['rate==1'] }
    : withinShare(scenario.thresholds, instances, scenario.load.max_tokens_total);
  const phases = Boolean(scenario.load.warmup_s || scenario.load.cooldown_s);
  return {
    scenarios: scenarios(settings, { ...scenario.load, instances }),
    thresholds: settings.observe ? merged(observations(steps, phases), judged) : judged,
    summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)', 'count'],
    tags: { testid: `${scenario.name}-${Date.now()}`, test_case: scenario.test_case },
    insecureSkipTLSVerify: false,
    noConnectionReuse: scenario.connection === 'fresh',
    noVUConnectionReuse: false,
    userAgent: 'janbench (k6)',
  };
}

function merged(watched, judged) {
  const all = { ...watched };
  for (const [name, given] of Object.entries(judged)) all[name] = [...(all[name] || []), ...given];
  return all;
}
