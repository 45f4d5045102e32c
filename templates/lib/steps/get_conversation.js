// The conversation, read back.

import { explain, verify } from '../checks.js';
import { json, send } from '../http.js';
import { defineStep } from '../step.js';

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  const { path } = iteration.flavour.conversations;
  const id = iteration.variables.conversation_id;
  const response = send(iteration, step, {
    method: 'GET', path: `${path}/${id}`, name: `GET ${path}/{id}`,
  });
  iteration.time(step, response);
  const body = json(response);
  const ok = verify(iteration, step, {
    'status 200': response.status === 200,
    'has data': () => Boolean(body.id && body.title),
    'is the conversation created': () => body.id === id,
  });
  if (!ok) explain(iteration, `${response.status} ${response.error || response.body}`);
  return response;
}

export const getConversation = defineStep({ kind: 'get_conversation', title: 'Get conversation' }, run);
