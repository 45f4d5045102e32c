// A scenario's steps, walked through by a virtual user.

import { sleep } from 'k6';
import exec from 'k6/execution';

import { verify } from './checks.js';
import { leavesOf, walk } from './flow.js';
import { buildOptions, lanesOf } from './load.js';
import { mask } from './mask.js';
import { laneIterations, llm, scenarioMetrics, stepFailures } from './metrics.js';
import { counts, enterPhase } from './phase.js';
import { awaitTurn } from './schedule.js';
import { Session } from './session.js';
import { readSettings } from './settings.js';

const LOGIN_KINDS = ['guest_login', 'refresh_token'];

/**
 * Binds a scenario to the flavour of its target.
 * @param {any} scenario @param {Object<string, any>} flavours
 * @param {any[]} allSteps tree of steps: `{run, step, prompts}`, or `{flow, step, steps | branches}`
 * @param {Object<string, number[]>} [schedules] start times of lanes that have given ones
 */
export function createJourney(scenario, flavours, allSteps, schedules = {}) {
  const settings = readSettings(scenario);
  const flavour = flavours[settings.flavour];
  if (!flavour) {
    throw new Error(`FLAVOUR must be one of ${Object.keys(flavours).join(', ')}, not "${settings.flavour}"`);
  }
  const guests = !settings.apiKey && flavour.auth.mode !== 'key';
  const wanted = keep(allSteps, (step) => guests || !LOGIN_KINDS.includes(step.kind));
  const leaves = leavesOf(wanted);
  leavesOf(allSteps).forEach(({ step, prompts }) => { step.prompts = prompts; });
  leaves.forEach(({ step }, index) => { step.place = `[${index + 1}/${leaves.length}]`; });
  for (const { step } of leaves) {
    if (step.needs && !flavour[step.needs]) {
      throw new Error(`Flavour ${settings.flavour} has no ${step.needs}, which step "${step.id}" needs`);
    }
  }
  const metrics = scenarioMetrics(scenario, leavesOf(allSteps));
  const limits = settings.single ? {} : limitsOf(settings, scenario);
  /** @type {Session|null} */
  let session = null; // one for each VU, since every VU has its own copy of this module

  const iterate = (lane, chosen) => {
    const phase = enterPhase(exec.scenario.name);
    if (!phase && exec.scenario.iterationInTest >= (limits[lane] || Infinity)) return;
    if (!phase && !settings.single && schedules[lane]) awaitTurn(schedules[lane], lane);
    session = session || new Session(settings, flavour, scenario);
    const it = newIteration({ scenario, settings, flavour, session, metrics, lane, phase });
    laneIterations.add(1, { lane });
    walk(it, chosen, perform, skip);
  };
  const inLane = (lane) => keep(wanted, (step) => !step.lane || step.lane === lane);

  return {
    options: buildOptions(settings, scenario, leaves),
    nonstream: () => iterate('nonstream', inLane('nonstream')),
    stream: () => iterate('stream', inLane('stream')),
    main: () => iterate('main', wanted),
    single: () => iterate('single', wanted),
  };
}

function limitsOf(settings, scenario) {
  const lanes = Object.entries(lanesOf(settings, scenario.load));
  return Object.fromEntries(lanes.map(([name, { limit }]) => [name, limit]));
}

/** The part of a tree whose steps are wanted; what is left empty goes. */
function keep(nodes, wanted) {
  return nodes.filter(({ step }) => wanted(step)).map((node) => {
    if (node.steps) return { ...node, steps: keep(node.steps, wanted) };
    if (node.branches) {
      return { ...node, branches: node.branches.map((branch) => ({ ...branch, steps: keep(branch.steps, wanted) })) };
    }
    return node;
  }).filter((node) => !node.steps || node.steps.length > 0);
}

function newIteration(parts) {
  return {
    ...parts,
    number: exec.scenario.iterationInTest,
    /** Milliseconds from the start of the lane's load to that of this iteration. */
    at: Date.now() - exec.scenario.startTime,
    /** Values that steps hand on to later ones. @type {Object<string, any>} */
    variables: {},
    /** What this iteration sent and was told, to be compared with what the server kept. */
    messages: [],
    /** The same as chat messages, for servers that keep nothing. @type {any[]} */
    history: [],
    /** How often each step has run in this iteration. @type {Object<string, number>} */
    visits: {},
    /** Pause that the last step asks for, before the next one. */
    pause: 0,
    stopped: false,
    stepFailed: false,
    /** @type {{name: string, ok: boolean}[]} */
    checked: [],
    /** @type {string[]} */
    details: [],
    tags(step) {
      if (parts.phase) return { step: parts.phase, lane: parts.phase };
      return { step: step.id, lane: parts.lane, ...step.tags };
    },
    /** Records the response under the step's own time metric. */
    time(step, response) {
      if (step.metric) parts.metrics.time[step.metric].add(response.timings.duration, this.tags(step));
    },
  };
}

function perform(it, { run, step }) {
  if (it.pause > 0 && !it.settings.single) sleep(it.pause);
  it.stepFailed = false;
  it.checked = [];
  it.details = [];
  const started = Date.now();
  try {
    run(it, step);
  } catch (error) {
    verify(it, step, { 'ran without an exception': false });
    it.details.push(mask(error.stack || error));
  }
  it.visits[step.id] = (it.visits[step.id] || 0) + 1;
  it.pause = step.think_time_s;
  conclude(it, step);
  report(it, `${step.place} ${step.title} ...`, `(${Date.now() - started} ms)`);
}

function conclude(it, step) {
  const tags = it.tags(step);
  if (it.stepFailed) stepFailures.add(1, tags);
  if (it.stepFailed && step.model) llm.errors.add(1, tags);
  if (step.counted) (it.stepFailed ? it.metrics.errors : it.metrics.successes).add(1, tags);
}

// In a single run every step is told; under load only what goes wrong, and that not too often.
function report(it, head, tail) {
  if (it.settings.single) {
    console.log(`${head} ${it.stepFailed ? 'FAILED' : 'ok'} ${tail}`);
    for (const { name, ok } of it.checked) console.log(`      ${ok ? '✓' : '✗'} ${name}`);
    for (const detail of it.details) console.log(`        ${detail}`);
  } else if (it.stepFailed && counts() && warnings < MOST_WARNINGS) {
    warnings += 1;
    const failed = it.checked.filter(({ ok }) => !ok).map(({ name }) => name).join(', ');
    console.warn(`${head} FAILED ${tail}: ${failed} ${it.details.join(' ')}`);
  }
}

const MOST_WARNINGS = 5; // for each VU
let warnings = 0;

function skip(it, { step }, why) {
  if (it.settings.single) console.log(`${step.place} ${step.title} ... skipped (${why})`);
}
