// k6 reports a tagged sub-metric only when a threshold names it; these can't be crossed.

import { CLASSES, NOTES } from './dialect_table.js';

const STATUSES = [0, 200, 201, 400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 504];
const LANES = ['main', 'nonstream', 'stream'];

/** @param {string[]} steps @param {string[]} modelSteps those that talk to the model @param {boolean} phases whether there is a warm-up or cool-down */
export function observations(steps, modelSteps, phases) {
  /** @type {Object<string, any[]>} */
  const watched = {};
  for (const step of steps) {
    watched[`http_req_duration{step:${step}}`] = ['max>=0'];
    watched[`http_reqs{step:${step}}`] = ['count>=0'];
    watched[`http_req_failed{step:${step}}`] = ['rate>=0'];
    watched[`step_failures{step:${step}}`] = ['count>=0'];
    if (modelSteps.includes(step)) watched[`llm_failed_inside_200{step:${step}}`] = ['count>=0'];
  }
  for (const name of LANES) {
    watched[`lane_iterations{lane:${name}}`] = ['count>=0'];
    watched[`dropped_iterations{scenario:${name}}`] = ['count>=0'];
  }
  for (const kind of CLASSES) watched[`llm_streams{kind:${kind}}`] = ['count>=0'];
  for (const note of NOTES) watched[`llm_answer_notes{note:${note}}`] = ['count>=0'];
  for (const status of STATUSES) watched[`http_reqs{status:${status}}`] = ['count>=0'];
  if (phases) {
    watched['http_reqs{phase:main}'] = ['count>=0'];
    watched['http_req_failed{phase:main}'] = ['rate>=0'];
    watched['http_req_duration{phase:main}'] = ['max>=0'];
    watched['iterations{phase:main}'] = ['count>=0'];
    watched['dropped_iterations{phase:main}'] = ['count>=0'];
  }
  return watched;
}
