// The way through a tree of steps: conditions, repetitions, branches.

import { draw, salt } from './draw.js';
import { fill } from './paths.js';

/** The steps that make requests, in order. @param {any[]} nodes @returns {any[]} */
export function leavesOf(nodes) {
  return nodes.flatMap((node) => {
    if (node.steps) return leavesOf(node.steps);
    if (node.branches) return node.branches.flatMap(({ steps }) => leavesOf(steps));
    return [node];
  });
}

/**
 * Walks through the nodes. Once an iteration is stopped, what is left is only passed by.
 * @param {any} it @param {any[]} nodes
 * @param {function(any, any): void} perform runs a leaf @param {function(any, any, string): void} skip tells of one that isn't run
 */
export function walk(it, nodes, perform, skip) {
  for (const node of nodes) {
    const { step } = node;
    if (it.stopped) passBy(it, node, skip, 'an earlier step that it needs failed');
    else if (step.if && !holds(step.if, it.variables)) passBy(it, node, skip, 'its condition does not hold');
    else repeat(it, node, () => once(it, node, perform, skip));
  }
}

function once(it, node, perform, skip) {
  if (node.steps) walk(it, node.steps, perform, skip);
  else if (node.branches) walk(it, branchOf(it, node), perform, skip);
  else perform(it, node);
}

function passBy(it, node, skip, why) {
  for (const leaf of leavesOf([node])) skip(it, leaf, why);
}

function repeat(it, { step }, run) {
  const wanted = step.repeat || { times: 1 };
  const least = wanted.min || 1;
  const most = wanted.times || wanted.max;
  const times = wanted.until || wanted.times
    ? most
    : least + Math.floor(draw(1, it.number, salt(step.id || 'group')) * (most - least + 1));
  for (let turn = 0; turn < times && !it.stopped; turn += 1) {
    run();
    if (wanted.until && turn + 1 >= least && holds(wanted.until, it.variables)) return;
  }
}

function branchOf(it, { step, branches }) {
  const total = branches.reduce((sum, { weight }) => sum + weight, 0);
  let at = draw(step.seed, it.number, salt(it.lane)) * total;
  for (const { weight, steps } of branches) {
    at -= weight;
    if (at < 0) return steps;
  }
  return branches[branches.length - 1].steps;
}

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

/** Whether a condition on a variable holds. @param {any} condition @param {any} variables */
export function holds(condition, variables) {
  return meets(condition, variables[condition.variable], variables) !== Boolean(condition.negate);
}
