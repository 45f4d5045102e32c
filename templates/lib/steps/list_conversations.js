// The caller's conversations: the one just made is among them.

import { explain, verify } from '../checks.js';
import { json, send } from '../http.js';
import { defineStep } from '../step.js';

const PAGE = 20;
const MOST_PAGES = 50;

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  const response = page(iteration, step, '');
  iteration.time(step, response);
  const body = json(response);
  const ok = verify(iteration, step, {
    'status 200': response.status === 200,
    'has data': () => body.object === 'list' && Array.isArray(body.data),
    'includes the conversation': () => found(iteration, step, body),
  });
  if (!ok) explain(iteration, `${response.status} ${response.error || response.body}`);
  return response;
}

function page(iteration, step, after) {
  const { path, cursor } = iteration.flavour.conversations;
  const next = after ? `&${cursor}=${after}` : '';
  return send(iteration, step, { method: 'GET', path: `${path}?limit=${PAGE}&order=desc${next}`, name: `GET ${path}` });
}

// The newest come first, so that it is on the first page unless others are made at the same time.
function found(iteration, step, first) {
  let body = first;
  for (let turn = 0; turn < MOST_PAGES; turn += 1) {
    if (body.data.some(({ id }) => id === iteration.variables.conversation_id)) return true;
    if (!body.has_more || !body.last_id) return false;
    body = json(page(iteration, step, body.last_id));
  }
  return false;
}

export const listConversations = defineStep({ kind: 'list_conversations', title: 'List conversations' }, run);
