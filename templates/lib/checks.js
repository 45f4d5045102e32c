// Checks: counted by k6, shown one by one in a single run, and remembered for the step's outcome.

import { check } from 'k6';

import { mask } from './mask.js';
import { counts } from './phase.js';

/**
 * Evaluates named conditions in order. Names are prefixed with the step's label, so that a check
 * can be traced to its step. @param {any} iteration @param {any} step
 * @param {Object<string, boolean | function(): boolean>} conditions
 * @returns {boolean} whether all hold
 */
export function verify(iteration, step, conditions) {
  /** What holds, as k6 takes it: values do as well as functions. @type {Object<string, any>} */
  const found = {};
  let all = true;
  for (const name in conditions) {
    const condition = conditions[name];
    const full = `${step.label} ${name}`;
    const ok = Boolean(typeof condition === 'function' ? attempt(condition) : condition);
    found[full] = ok;
    iteration.checked.push({ name: full, ok });
    all = all && ok;
  }
  if (counts()) check(null, found, iteration.tags(step));
  if (!all) iteration.stepFailed = true;
  return all;
}

// A condition that trips over an unexpected body is a failed check, not a crashed iteration.
function attempt(condition) {
  try {
    return condition();
  } catch (_) {
    return false;
  }
}

/** Says why a check failed; shown with it. @param {any} iteration @param {string} detail */
export function explain(iteration, detail) {
  if (detail) iteration.details.push(mask(detail));
}
