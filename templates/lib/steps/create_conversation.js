// A conversation of its own for this iteration; what follows in it needs its id.

import { explain, verify } from '../checks.js';
import { json, send } from '../http.js';
import { defineStep } from '../step.js';

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  const response = create(iteration, step, { title: step.conversation_title, metadata: step.metadata });
  iteration.time(step, response);
  return response;
}

/** Creates it in the name of a step. @param {any} iteration @param {any} step @param {{title: string, metadata: any}} wanted */
export function create(iteration, step, wanted) {
  const { conversations } = iteration.flavour;
  /** @type {any} */
  const body = { ...wanted };
  if (conversations.workspace_path) body.workspace_id = workspace(iteration, step, conversations.workspace_path);
  const response = send(iteration, step, {
    method: 'POST', path: conversations.path, body, expected: [200, 201],
  });
  const created = json(response) || {};
  const ok = verify(iteration, step, {
    'status 2xx': response.status >= 200 && response.status < 300,
    'has id': () => created.id.startsWith('conv_'),
    'has the title sent': created.title === wanted.title,
  });
  if (!ok) explain(iteration, `${response.status} ${response.error || response.body}`);
  if (created.id) iteration.variables.conversation_id = created.id;
  else iteration.stopped = true;
  return response;
}

// One workspace for each VU, where the flavour wants conversations to be in one.
function workspace(iteration, step, path) {
  if (!iteration.session.workspaceId) {
    const response = send(iteration, step, { method: 'POST', path, body: { name: 'janbench' }, expected: [200, 201] });
    iteration.session.workspaceId = (json(response) || {}).id;
  }
  return iteration.session.workspaceId;
}

export const createConversation = defineStep({
  kind: 'create_conversation', title: 'Create conversation', conversation_title: 'janbench', metadata: {},
}, run);
