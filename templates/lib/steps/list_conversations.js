// The caller's conversations: the one just made is among them.

import { explain, verify } from '../checks.js';
import { json, send } from '../http.js';

const PAGE = 20;
const MOST_PAGES = 50;

/** @param {any} it @param {any} step */
export function run(it, step) {
  const response = page(it, step, '');
  it.time(step, response);
  const body = json(response);
  const ok = verify(it, step, {
    'status 200': response.status === 200,
    'has data': () => body.object === 'list' && Array.isArray(body.data),
    'includes the conversation': () => found(it, step, body),
  });
  if (!ok) explain(it, `${response.status} ${response.error || response.body}`);
}

function page(it, step, after) {
  const { path, cursor } = it.flavour.conversations;
  const next = after ? `&${cursor}=${after}` : '';
  return send(it, step, { method: 'GET', path: `${path}?limit=${PAGE}&order=desc${next}`, name: `GET ${path}` });
}

// The newest come first, so that it is on the first page unless others are made at the same time.
function found(it, step, first) {
  let body = first;
  for (let turn = 0; turn < MOST_PAGES; turn += 1) {
    if (body.data.some(({ id }) => id === it.variables.conversation_id)) return true;
    if (!body.has_more || !body.last_id) return false;
    body = json(page(it, step, body.last_id));
  }
  return false;
}
