// Which prompt a request sends: a function of its place in the run, so that two runs send the same.

import { draw, salt } from './draw.js';
import { fill } from './paths.js';

/**
 * The prompt for this visit of a step: `{messages, max_tokens}`. @param {any} it @param {any} step
 * @returns {{messages: any[], max_tokens?: number}}
 */
export function promptOf(it, step) {
  const turn = it.visits[step.id] || 0;
  const index = (it.settings.single ? 0 : it.number) * (step.runs || 1) + turn;
  if (!step.order) return { messages: fill(step.prompts[index % step.prompts.length].messages, it.variables) };
  const chosen = step.prompts[placeOf(it, step, index)];
  return step.order === 'unique' ? { ...chosen, messages: marked(it, step, index, chosen.messages) } : chosen;
}

function placeOf(it, step, index) {
  const count = step.prompts.length;
  // A warm-up takes from the end: it must not warm a cache for what is measured.
  const place = step.order === 'random' ? drawn(it, step, index) : index % count;
  return it.phase ? count - 1 - place : place;
}

// Prompts carry their cumulative share when weights differ; else all are as likely.
function drawn(it, step, index) {
  const at = draw(step.seed, index, salt(it.lane));
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
function marked(it, step, index, messages) {
  const [first, ...rest] = messages;
  const mark = `[${step.seed}-${it.phase || it.lane}-${index}] `;
  const content = Array.isArray(first.content)
    ? [{ type: 'text', text: mark }, ...first.content]
    : mark + first.content;
  return [{ ...first, content }, ...rest];
}
