// The conversation, read back.

import { explain, verify } from '../checks.js';
import { json, send } from '../http.js';

/** @param {any} it @param {any} step */
export function run(it, step) {
  const { path } = it.flavour.conversations;
  const id = it.variables.conversation_id;
  const response = send(it, step, {
    method: 'GET', path: `${path}/${id}`, name: `GET ${path}/{id}`,
  });
  it.time(step, response);
  const body = json(response);
  const ok = verify(it, step, {
    'status 200': response.status === 200,
    'has data': () => Boolean(body.id && body.title),
    'is the conversation created': () => body.id === id,
  });
  if (!ok) explain(it, `${response.status} ${response.error || response.body}`);
}
