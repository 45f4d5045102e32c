// A conversation of its own for this iteration; what follows in it needs its id.

import { explain, verify } from '../checks.js';
import { json, send } from '../http.js';

/** @param {any} it @param {any} step */
export function run(it, step) {
  it.time(step, create(it, step, { title: step.conversation_title, metadata: step.metadata }));
}

/** Creates it in the name of a step. @param {any} it @param {any} step @param {{title: string, metadata: any}} wanted */
export function create(it, step, wanted) {
  const { conversations } = it.flavour;
  /** @type {any} */
  const body = { ...wanted };
  if (conversations.workspace_path) body.workspace_id = workspace(it, step, conversations.workspace_path);
  const response = send(it, step, {
    method: 'POST', path: conversations.path, body, expected: [200, 201],
  });
  const created = json(response) || {};
  const ok = verify(it, step, {
    'status 2xx': response.status >= 200 && response.status < 300,
    'has id': () => created.id.startsWith('conv_'),
    'has the title sent': created.title === wanted.title,
  });
  if (!ok) explain(it, `${response.status} ${response.error || response.body}`);
  if (created.id) it.variables.conversation_id = created.id;
  else it.stopped = true;
  return response;
}

// One workspace for each VU, where the flavour wants conversations to be in one.
function workspace(it, step, path) {
  if (!it.session.workspaceId) {
    const response = send(it, step, { method: 'POST', path, body: { name: 'janbench' }, expected: [200, 201] });
    it.session.workspaceId = (json(response) || {}).id;
  }
  return it.session.workspaceId;
}
