// Models: the list is well-formed and holds the model under test.

import { explain, verify } from '../checks.js';
import { json, send } from '../http.js';

/** @param {any} it @param {any} step */
export function run(it, step) {
  const response = send(it, step, { method: 'GET', path: it.flavour.models.path });
  it.time(step, response);
  const body = json(response);
  const ok = verify(it, step, {
    'status 200': response.status === 200,
    'has data': () => body.object === 'list' && Array.isArray(body.data),
    'includes target model': () => body.data.some(({ id }) => id === it.settings.model),
  });
  if (ok) return;
  const ids = body && Array.isArray(body.data) ? body.data.map(({ id }) => id).join(', ') : '';
  explain(it, ids ? `model "${it.settings.model}" is not among: ${ids}` : `${response.status} ${response.error || response.body}`);
}
