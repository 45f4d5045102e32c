// What a run is judged by, and what janbench asks k6 to report beside.

import { observations } from './observations.js';
import { flag, number } from './settings.js';

/**
 * Thresholds as k6 takes them. A single run is judged by its checks.
 * @param {{single: boolean}} settings @param {Object<string, any[]>} thresholds
 * @param {{steps: string[], modelSteps: string[], phases?: boolean, tokens?: number}} scenario
 *   `phases`: whether there is a warm-up or cool-down; `tokens`: the budget
 * @returns {Object<string, any[]>}
 */
export function judged(settings, thresholds, { steps, modelSteps, phases = false, tokens = 0 }) {
  if (__VU > 0) return {}; // k6 reads options once, and not from its virtual users
  const own = settings.single ? { checks: ['rate==1'] } : withinShare(thresholds, tokens);
  // janbench asks for sub-metrics by step; a plain k6 run has no use for them.
  if (!flag('JANBENCH_OBSERVE')) return own;
  const all = observations(steps, modelSteps, phases);
  for (const [name, given] of Object.entries(own)) all[name] = [...(all[name] || []), ...given];
  return all;
}

// k6 counts the tokens of one process: each instance ends the run at its share of the budget.
function withinShare(thresholds, tokens) {
  const instances = Math.floor(number('JANBENCH_INSTANCES', 1, 1));
  if (instances === 1 || !tokens) return thresholds;
  const share = `count<${Math.floor(tokens / instances)}`;
  const spent = thresholds.llm_tokens_spent.map((entry) => (
    entry.threshold === `count<${tokens}` ? { ...entry, threshold: share } : entry));
  return { ...thresholds, llm_tokens_spent: spent };
}
