// One iteration of a virtual user: what it is in, what it has learnt, how it counts.

import exec from 'k6/execution';

import { laneIterations, scenarioMetrics } from './metrics.js';
import { enterPhase, phaseOf } from './phase.js';
import { Session } from './session.js';

/**
 * Makes the function that begins an iteration: `const user = session('stream')`. The login is kept
 * from one iteration of a virtual user to the next.
 * @param {{name: string, counters: string, refresh: string, think_time_s?: number, trends?: string[],
 *          steps?: string[], logins?: string[], login_step?: string, refresh_step?: string}} scenario
 *   `trends`: the time metrics that its steps name; `steps`: their ids in order, `logins`: those
 *   that only guests need, for the progress of a single run; `login_step`, `refresh_step`: what a login counts for that another step needs
 * @param {any} settings @param {any} flavour
 * @returns {function(string): any}
 */
export function sessions(scenario, settings, flavour) {
  const metrics = scenarioMetrics(scenario.counters, scenario.trends || []);
  const known = {
    ...scenario,
    login_step: { id: scenario.login_step || 'guest_login', timeout_s: 60 },
    refresh_step: { id: scenario.refresh_step || 'refresh_token', timeout_s: 60 },
  };
  /** @type {Session|null} */
  let session = null; // one for each VU, since every VU has its own copy of this module
  return (lane) => {
    const phase = enterPhase(exec.scenario.name);
    session = session || new Session(settings, flavour, known);
    laneIterations.add(1, { lane });
    return newIteration({ scenario: known, settings, flavour, session, metrics, lane, phase });
  };
}

/** Whether the budget allows no further iteration of the lane. @param {number} limit */
export function beyond(limit) {
  return !phaseOf(exec.scenario.name) && exec.scenario.iterationInTest >= limit;
}

function newIteration(parts) {
  return {
    ...parts,
    number: exec.scenario.iterationInTest,
    /** Milliseconds from the start of the lane's load to that of this iteration. */
    at: Date.now() - exec.scenario.startTime,
    /** Values that steps hand on to later ones. @type {Object<string, any>} */
    variables: {},
    /** What this iteration sent and received, to be compared with what the server kept. */
    messages: [],
    /** The same as chat messages, for servers that keep nothing. @type {any[]} */
    history: [],
    /** How often each step has run in this iteration. @type {Object<string, number>} */
    visits: {},
    /** Steps that were passed by. @type {string[]} */
    skipped: [],
    /** Pause that the last step asks for, before the next one. */
    pause: 0,
    stopped: false,
    stepFailed: false,
    /** @type {{name: string, ok: boolean}[]} */
    checked: [],
    /** @type {string[]} */
    details: [],
    /** Whether a lane's steps are run: a single run takes those of all. @param {string} lane */
    runs(lane) {
      return parts.lane === lane || parts.lane === 'single';
    },
    tags(step) {
      if (parts.phase) return { step: parts.phase, lane: parts.phase };
      return { step: step.id, lane: parts.lane, ...step.tags };
    },
    /** Records the response under the step's own time metric. */
    time(step, response) {
      if (!step.metric) return;
      const trend = parts.metrics.time[step.metric];
      if (!trend) throw new Error(`the metric "${step.metric}" is not among the scenario's trends`);
      trend.add(response.timings.duration, this.tags(step));
    },
  };
}
