// One iteration of a virtual user: what it is in, what it has learnt, how it counts.

import exec from 'k6/execution';

import { laneIterations, record } from './metrics.js';
import { enterPhase, phaseOf } from './phase.js';
import { Session } from './session.js';

/**
 * Makes the function that begins an iteration: `const user = session('stream')`. The login is kept
 * from one iteration of a virtual user to the next.
 * @param {{name: string, counters: string, refresh: string, think_time_s?: number,
 *          steps?: string[], logins?: string[], login_step?: string, refresh_step?: string}} scenario
 *   `steps`: their ids in order, `logins`: those that only guests need, for the progress of a single
 *   run; `login_step`, `refresh_step`: what a login counts for that another step needs
 * @param {any} settings @param {ArrayLike<any>} flavours holds the flavour in use, and nothing else
 * @param {any} metrics those that the scenario names itself
 * @returns {function(string): any}
 */
export function sessions(scenario, settings, flavours, metrics) {
  const known = {
    ...scenario,
    login_step: { id: scenario.login_step || 'guest_login', timeout_s: 60 },
    refresh_step: { id: scenario.refresh_step || 'refresh_token', timeout_s: 60 },
  };
  /** @type {Session|null} */
  let session = null; // one for each VU, since every VU has its own copy of this module
  return (lane) => {
    const place = exec.scenario;
    const phase = enterPhase(place.name);
    session = session || new Session(settings, flavours[0], known);
    record(laneIterations, 1, { lane });
    const { flavour } = session;
    return new Iteration({ scenario: known, settings, flavour, session, metrics }, lane, phase, place);
  };
}

/** Whether the budget allows no further iteration of the lane. @param {number} limit */
export function beyond(limit) {
  return !phaseOf(exec.scenario.name) && exec.scenario.iterationInTest >= limit;
}

class Iteration {
  /** @param {any} parts @param {string} lane @param {string} phase @param {any} place k6's account of its scenario */
  constructor(parts, lane, phase, place) {
    this.scenario = parts.scenario;
    this.settings = parts.settings;
    this.flavour = parts.flavour;
    this.session = parts.session;
    this.metrics = parts.metrics;
    this.lane = lane;
    this.phase = phase;
    this.number = place.iterationInTest;
    /** Milliseconds from the start of the lane's load to that of this iteration. */
    this.at = Date.now() - place.startTime;
    /** Values that steps hand on to later ones. @type {Object<string, any>} */
    this.variables = {};
    /** What this iteration sent and received, to be compared with what the server kept. @type {any[]} */
    this.messages = [];
    /** The same as chat messages, for servers that keep nothing. @type {any[]} */
    this.history = [];
    /** How often each step has run in this iteration. @type {Object<string, number>} */
    this.visits = {};
    /** Steps that were passed by. @type {string[]} */
    this.skipped = [];
    /** Pause that the last step asks for, before the next one. */
    this.pause = 0;
    this.stopped = false;
    this.stepFailed = false;
    /** @type {{name: string, ok: boolean}[]} */
    this.checked = [];
    /** @type {string[]} */
    this.details = [];
  }

  /** Whether a lane's steps are run: a single run takes those of all. @param {string} lane */
  runs(lane) {
    return this.lane === lane || this.lane === 'single';
  }

  /** The tags of what a step sends. @param {any} step */
  tags(step) {
    if (this.phase) return { step: this.phase, lane: this.phase };
    return { step: step.id, lane: this.lane, ...step.tags };
  }

  /** Records the response under the step's own time metric. @param {any} step @param {any} response */
  time(step, response) {
    if (!step.metric) return;
    const trend = this.metrics.time[step.metric];
    if (!trend) throw new Error(`the metric "${step.metric}" is not among the scenario's trends`);
    record(trend, response.timings.duration, this.tags(step));
  }
}
