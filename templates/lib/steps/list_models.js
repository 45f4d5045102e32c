// Models: the list is well-formed and holds the model under test.

import { explain, verify } from '../checks.js';
import { json, send } from '../http.js';
import { defineStep } from '../step.js';

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  const response = send(iteration, step, { method: 'GET', path: iteration.flavour.models.path });
  iteration.time(step, response);
  const body = json(response);
  const ok = verify(iteration, step, {
    'status 200': response.status === 200,
    'has data': () => body.object === 'list' && Array.isArray(body.data),
    'includes target model': () => body.data.some(({ id }) => id === iteration.settings.model),
  });
  if (ok) return response;
  const ids = body && Array.isArray(body.data) ? body.data.map(({ id }) => id).join(', ') : '';
  explain(iteration, ids ? `model "${iteration.settings.model}" is not among: ${ids}` : `${response.status} ${response.error || response.body}`);
  return response;
}

export const listModels = defineStep({
  kind: 'list_models', title: 'List models', metric: 'models_time_ms', counted: false,
}, run);
