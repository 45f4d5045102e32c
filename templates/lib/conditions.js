// Conditions on values: of an answer, or of a variable that an earlier step extracts.

import { draw, salt } from './draw.js';
import { fill } from './paths.js';

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const TESTS = {
  exists: (value, wanted) => (value !== undefined && value !== null) === wanted,
  equals: (value, wanted) => same(value, wanted),
  contains: (value, wanted) => (Array.isArray(value)
    ? value.some((entry) => same(entry, wanted))
    : String(value).includes(String(wanted))),
  matches: (value, wanted) => new RegExp(wanted).test(String(value)),
  type: (value, wanted) => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value) === wanted,
  min: (value, wanted) => Number(value) >= wanted,
  max: (value, wanted) => Number(value) <= wanted,
};

/** Whether a value meets all the tests that a condition names. @param {any} condition @param {any} value @param {any} variables */
export function meets(condition, value, variables) {
  return Object.entries(TESTS).every(([name, test]) => (
    condition[name] === undefined || condition[name] === null || test(value, fill(condition[name], variables))
  ));
}

/** Whether a condition on a variable holds. @param {any} iteration @param {any} condition */
export function holds({ variables }, condition) {
  return meets(condition, variables[condition.variable], variables) !== Boolean(condition.negate);
}

/** Which branch this iteration takes, drawn by weight. @param {any} iteration @param {number[]} weights @param {number} seed */
export function choose({ number, lane }, weights, seed) {
  let at = draw(seed, number, salt(lane)) * weights.reduce((sum, weight) => sum + weight, 0);
  for (let branch = 0; branch < weights.length; branch += 1) {
    at -= weights[branch];
    if (at < 0) return branch;
  }
  return weights.length - 1;
}

/** How often this iteration repeats something, drawn. @param {any} iteration @param {string} name @param {number} min @param {number} max */
export function between({ number }, name, min, max) {
  return min + Math.floor(draw(1, number, salt(name)) * (max - min + 1));
}
