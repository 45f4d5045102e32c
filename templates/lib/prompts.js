// Which prompt a request sends: a function of its place in the run, so that two runs send the same.

import { draw, salt } from './draw.js';
import { fill } from './paths.js';

/**
 * The prompt for this visit of a step: `{messages, max_tokens}`. @param {any} iteration @param {any} step
 * @returns {{messages: any[], max_tokens?: number}}
 */
export function promptOf(iteration, step) {
  const turn = iteration.visits[step.id] || 0;
  const index = (iteration.settings.single ? 0 : iteration.number) * (step.runs || 1) + turn;
  if (!step.order) return { messages: fill(step.prompts[index % step.prompts.length].messages, iteration.variables) };
  const chosen = step.prompts[placeOf(iteration, step, index)];
  return step.order === 'unique' ? { ...chosen, messages: marked(iteration, step, index, chosen.messages) } : chosen;
}

function placeOf(iteration, step, index) {
  const count = step.prompts.length;
  // A warm-up takes from the end: it must not warm a cache for what is measured.
  const place = step.order === 'random' ? drawn(iteration, step, index) : index % count;
  return iteration.phase ? count - 1 - place : place;
}

// Prompts carry their cumulative share when weights differ; else all are as likely.
function drawn(iteration, step, index) {
  const at = draw(step.seed, index, salt(iteration.lane));
  const count = step.prompts.length;
  if (step.prompts[0].upto === undefined) return Math.floor(at * count);
  let [low, high] = [0, count - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at < step.prompts[middle].upto) high = middle;
    else low = middle + 1;
  }
  return low;
}

// A beginning that no other request of the run has: nothing of it can be cached.
function marked(iteration, step, index, messages) {
  const [first, ...rest] = messages;
  const mark = `[${step.seed}-${iteration.phase || iteration.lane}-${index}] `;
  const content = Array.isArray(first.content)
    ? [{ type: 'text', text: mark }, ...first.content]
    : mark + first.content;
  return [{ ...first, content }, ...rest];
}
