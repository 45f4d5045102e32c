// A step of a journey: runs, is judged, counted and reported as one.

import { sleep } from 'k6';

import { verify } from './checks.js';
import { mask } from './mask.js';
import { llm, record, stepFailures } from './metrics.js';
import { counts } from './phase.js';
import { placeOf } from './progress.js';

const NOTHING = { ok: false, text: '', tools: [], body: undefined, info: undefined };

/**
 * Makes a step that a journey calls: `chat(user, { max_tokens: 100 })`. It never throws: what goes wrong is
 * a failed check, and steps that need it are passed by.
 * @param {{kind: string, title: string, timeout_s?: number, model?: boolean, login?: boolean, counted?: boolean,
 *          [option: string]: any}} defaults what holds unless a call says otherwise
 *   `model`: talks to the model; `login`: only for guests; `counted`: in the scenario's successes
 * @param {function(any, any): any} run
 * @returns {function(any, any=): any}
 */
export function defineStep(defaults, run) {
  return (iteration, given = {}) => {
    if (defaults.login && !iteration.session.canLogIn()) return NOTHING;
    const id = given.id || defaults.kind;
    const step = {
      id, label: id, timeout_s: 60, counted: true, think_time_s: iteration.scenario.think_time_s || 0, ...defaults, ...given,
    };
    return iteration.stopped ? passBy(iteration, step) : perform(iteration, step, run);
  };
}

function perform(iteration, step, run) {
  if (iteration.pause > 0 && !iteration.settings.single) sleep(iteration.pause);
  iteration.stepFailed = false;
  iteration.checked = [];
  iteration.details = [];
  const started = Date.now();
  let result;
  try {
    result = run(iteration, step);
  } catch (error) {
    verify(iteration, step, { 'ran without an exception': false });
    iteration.details.push(mask(error.stack || error));
  }
  iteration.visits[step.id] = (iteration.visits[step.id] || 0) + 1;
  iteration.pause = step.think_time_s;
  conclude(iteration, step);
  report(iteration, step, `(${Date.now() - started} ms)`);
  return result === undefined ? NOTHING : result;
}

function conclude(iteration, step) {
  const tags = iteration.tags(step);
  const { errors, successes } = iteration.metrics;
  if (iteration.stepFailed) record(stepFailures, 1, tags);
  if (iteration.stepFailed && step.model) record(llm.errors, 1, tags);
  if (step.counted) record(iteration.stepFailed ? errors : successes, 1, tags);
}

// In a single run every step is shown; under load only what goes wrong, and that not too often.
function report(iteration, step, tail) {
  const head = () => `${placeOf(iteration, step.id)} ${step.title} ...`;
  if (iteration.settings.single) {
    console.log(`${head()} ${iteration.stepFailed ? 'FAILED' : 'ok'} ${tail}`);
    for (const { name, ok } of iteration.checked) console.log(`      ${ok ? '✓' : '✗'} ${name}`);
    for (const detail of iteration.details) console.log(`        ${detail}`);
  } else if (iteration.stepFailed && counts() && warnings < MOST_WARNINGS) {
    warnings += 1;
    const failed = iteration.checked.filter(({ ok }) => !ok).map(({ name }) => name).join(', ');
    console.warn(`${head()} FAILED ${tail}: ${failed} ${iteration.details.join(' ')}`);
  }
}

const MOST_WARNINGS = 5; // for each VU
let warnings = 0;

// Steps in a loop are passed by as often as the loop goes on, and shown once.
function passBy(iteration, step) {
  if (iteration.settings.single && !iteration.skipped.includes(step.id)) {
    console.log(`${placeOf(iteration, step.id)} ${step.title} ... skipped (an earlier step that it needs failed)`);
  }
  iteration.skipped.push(step.id);
  return NOTHING;
}
