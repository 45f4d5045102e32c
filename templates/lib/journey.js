// A scenario's steps, run in order by a virtual user.

import { sleep } from 'k6';
import exec from 'k6/execution';

import { verify } from './checks.js';
import { buildOptions } from './load.js';
import { mask } from './mask.js';
import { laneIterations, llm, scenarioMetrics, stepFailures } from './metrics.js';
import { Session } from './session.js';
import { readSettings } from './settings.js';

const LOGIN_KINDS = ['guest_login', 'refresh_token'];

/**
 * Binds a scenario to the flavour of its target.
 * @param {any} scenario @param {Object<string, any>} flavours
 * @param {{run: function(any, any): void, step: any, prompts?: any[]}[]} allSteps
 */
export function createJourney(scenario, flavours, allSteps) {
  const settings = readSettings(scenario);
  for (const { step, prompts } of allSteps) step.prompts = prompts;
  const flavour = flavours[settings.flavour];
  if (!flavour) {
    throw new Error(`FLAVOUR must be one of ${Object.keys(flavours).join(', ')}, not "${settings.flavour}"`);
  }
  const guests = !settings.apiKey && flavour.auth.mode !== 'key';
  const steps = allSteps.filter(({ step }) => guests || !LOGIN_KINDS.includes(step.kind));
  for (const { step } of steps) {
    if (step.needs && !flavour[step.needs]) {
      throw new Error(`Flavour ${settings.flavour} has no ${step.needs}, which step "${step.id}" needs`);
    }
  }
  const metrics = scenarioMetrics(scenario, allSteps);
  /** @type {Session|null} */
  let session = null; // one for each VU, since every VU has its own copy of this module

  const iterate = (lane, chosen) => {
    session = session || new Session(settings, flavour, scenario);
    const it = newIteration({ scenario, settings, flavour, session, metrics, lane });
    laneIterations.add(1, { lane });
    chosen.forEach(({ run, step }, index) => {
      if (it.stopped) skip(it, step, index, chosen.length);
      else perform(it, run, step, index, chosen.length);
    });
  };
  const inLane = (lane) => steps.filter(({ step }) => !step.lane || step.lane === lane);

  return {
    options: buildOptions(settings, scenario, steps),
    nonstream: () => iterate('nonstream', inLane('nonstream')),
    stream: () => iterate('stream', inLane('stream')),
    single: () => iterate('single', steps),
  };
}

function newIteration(parts) {
  return {
    ...parts,
    number: exec.scenario.iterationInTest,
    /** Values that steps hand on to later ones. @type {Object<string, any>} */
    variables: {},
    /** What this iteration sent and was told, to be compared with what the server kept. */
    messages: [],
    stopped: false,
    stepFailed: false,
    /** @type {{name: string, ok: boolean}[]} */
    checked: [],
    /** @type {string[]} */
    details: [],
    tags(step) {
      return { step: step.id, lane: parts.lane };
    },
    /** Records the response under the step's own time metric. */
    time(step, response) {
      if (step.metric) parts.metrics.time[step.metric].add(response.timings.duration, this.tags(step));
    },
  };
}

function perform(it, run, step, index, total) {
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
  conclude(it, step);
  report(it, `[${index + 1}/${total}] ${step.title} ...`, `(${Date.now() - started} ms)`);
  const last = index === total - 1;
  if (!it.settings.single && !last && step.think_time_s > 0) sleep(step.think_time_s);
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
  } else if (it.stepFailed && warnings < MOST_WARNINGS) {
    warnings += 1;
    const failed = it.checked.filter(({ ok }) => !ok).map(({ name }) => name).join(', ');
    console.warn(`${head} FAILED ${tail}: ${failed} ${it.details.join(' ')}`);
  }
}

const MOST_WARNINGS = 5; // for each VU
let warnings = 0;

function skip(it, step, index, total) {
  if (it.settings.single) {
    console.log(`[${index + 1}/${total}] ${step.title} ... skipped (an earlier step that it needs failed)`);
  }
}
