// What k6's `scenarios` need beyond what stands in the script: rates of any size, virtual users for
// them, several k6 processes that share one load.

import { until, upTo, wholeRates } from './rates.js';
import { number } from './settings.js';

const RAMP_LIMIT_S = 60;
const RAMP_SHARE = 0.2;

/** How many k6 processes share the load by execution segments. */
const instances = () => Math.floor(number('JANBENCH_INSTANCES', 1, 1));

/** A duration as k6 wants it. @param {number} length in seconds */
export const seconds = (length) => `${Math.round(length * 1000)}ms`;

/**
 * Stages that go up from 0, hold the rate and go down to 0, all within the duration; the ramps take
 * a minute each, or 20% of a short run. @param {number} rate @param {number} minutes
 */
export function rampHoldRamp(rate, minutes) {
  const length = minutes * 60;
  const ramp = Math.min(RAMP_LIMIT_S, RAMP_SHARE * length);
  return [
    { target: rate, duration: seconds(ramp) },
    { target: rate, duration: seconds(length - 2 * ramp) },
    { target: 0, duration: seconds(ramp) },
  ];
}

/**
 * A VU is held for a whole iteration, so rate x length of one iteration are needed; and as many as
 * wait when the target answers nothing, each until its request times out (k6 makes them when needed).
 * @param {number} rate the highest @param {number} iterationS @param {number} timeoutS
 */
export function virtualUsers(rate, iterationS, timeoutS) {
  const needed = Math.max(2, Math.ceil(rate * iterationS));
  return { preAllocatedVUs: needed, maxVUs: Math.max(needed, Math.ceil(rate * timeoutS)) };
}

/** VUs that wait for given moments: an instance's share of these comes less evenly than all of them. @param {number} vus @param {number} arrivals */
export function waitingUsers(vus, arrivals) {
  const shared = instances() === 1 ? vus : instances() * (Math.ceil(vus / instances()) + 2);
  return Math.min(shared, arrivals);
}

/**
 * A script's scenarios as k6 takes them: fractions of a rate become whole numbers in a longer
 * `timeUnit`, lanes whose rate is 0 are left out, and instances get virtual users enough for their
 * share each, since they don't lend each other any.
 * @param {Object<string, any>} scenarios @param {{maxVUs: number}} limit of virtual users of each scenario
 * @returns {Object<string, any>}
 */
export function lanes(scenarios, { maxVUs }) {
  if (__VU > 0) return {}; // k6 reads options once, and not from its virtual users
  const found = {};
  for (const [name, scenario] of Object.entries(scenarios)) {
    const arrivals = withWholeRates(scenario);
    if (arrivals) found[name] = scenario.preAllocatedVUs ? { ...arrivals, ...shared(scenario, maxVUs) } : arrivals;
  }
  if (Object.keys(found).length === 0) throw new Error('No load: NONSTREAM_RPS and STREAM_RPS are both 0');
  return found;
}

function shared({ preAllocatedVUs, maxVUs }, most) {
  const count = instances();
  const users = (wanted) => Math.min(most, count === 1 ? wanted : count * Math.max(2, Math.ceil(wanted / count)));
  return { preAllocatedVUs: users(preAllocatedVUs), maxVUs: users(maxVUs) };
}

function withWholeRates(scenario) {
  const { rate, startRate, stages } = scenario;
  if (rate === undefined && startRate === undefined) return scenario;
  const rates = rate === undefined ? [startRate, ...stages.map(({ target }) => target)] : [rate];
  if (rates.every((value) => value === 0)) return null;
  const { targets: [first, ...targets], timeUnit } = wholeRates(rates);
  if (rate !== undefined) return { ...scenario, rate: first, timeUnit };
  return {
    ...scenario, startRate: first, timeUnit,
    stages: stages.map((stage, index) => ({ ...stage, target: targets[index] })),
  };
}

/**
 * Lanes cut to a budget. Requests are shared as the lanes' iterations are planned.
 * @param {Object<string, {target: number, duration: string}[]>} given stages of each lane, from 0 on
 * @param {{requests?: number, seconds?: number, requestsPerIteration: Object<string, number>}} budget
 * @returns {Object<string, {stages: any[], seconds: number, peak: number, limit: number}>} `limit`: the most iterations
 */
export function withinBudget(given, { requests: most, seconds: longest, requestsPerIteration }) {
  /** @type {Object<string, any>} */
  const planned = {};
  for (const [name, stages] of Object.entries(given)) {
    const segments = segmentsOf(stages);
    const kept = longest === undefined ? segments : until(segments, longest);
    planned[name] = { segments: kept, limit: Infinity, share: iterationsOf(kept) * requestsPerIteration[name] };
  }
  const total = Object.values(planned).reduce((sum, { share }) => sum + share, 0);
  /** @type {Object<string, {stages: any[], seconds: number, peak: number, limit: number}>} */
  const cut = {};
  for (const [name, lane] of Object.entries(planned)) {
    if (most !== undefined && total > most && lane.share > 0) {
      lane.limit = Math.floor((most * lane.share) / total / Math.max(1, requestsPerIteration[name]));
      lane.segments = upTo(lane.segments, lane.limit);
    }
    cut[name] = { ...stagesOf(lane.segments), limit: lane.limit };
  }
  return cut;
}

const iterationsOf = (segments) => segments.reduce((sum, [length, from, to]) => sum + (length * (from + to)) / 2, 0);

/** @returns {[number, number, number][]} */
function segmentsOf(stages) {
  let from = 0;
  return stages.map(({ target, duration }) => {
    /** @type {[number, number, number]} */
    const segment = [parseFloat(duration) / 1000, from, target];
    from = target;
    return segment;
  });
}

function stagesOf(segments) {
  return {
    stages: segments.map(([length, , target]) => ({ target, duration: seconds(length) })),
    seconds: segments.reduce((sum, [length]) => sum + length, 0),
    peak: Math.max(0, ...segments.map(([, from, to]) => Math.max(from, to))),
  };
}
