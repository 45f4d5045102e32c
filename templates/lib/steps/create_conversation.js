// A conversation of its own for this iteration; what follows in it needs its id.

import { explain, verify } from '../checks.js';
import { json, send } from '../http.js';

/** @param {any} it @param {any} step */
export function run(it, step) {
  const { conversations } = it.flavour;
  const body = { title: step.conversation_title, metadata: step.metadata };
  if (conversations.workspace_path) body.workspace_id = workspace(it, step, conversations.workspace_path);
  const response = send(it, step, {
    method: 'POST', path: conversations.path, body, expected: [200, 201],
  });
  it.time(step, response);
  const created = json(response) || {};
  const ok = verify(it, step, {
    'status 2xx': response.status >= 200 && response.status < 300,
    'has id': () => created.id.startsWith('conv_'),
    'has the title sent': created.title === step.conversation_title,
  });
  if (!ok) explain(it, `${response.status} ${response.error || response.body}`);
  if (created.id) it.variables.conversation_id = created.id;
  else it.stopped = true;
}

// One workspace for each VU, where the flavour wants conversations to be in one.
function workspace(it, step, path) {
  if (!it.session.workspaceId) {
    const response = send(it, step, { method: 'POST', path, body: { name: 'janbench' }, expected: [200, 201] });
    it.session.workspaceId = (json(response) || {}).id;
  }
  return it.session.workspaceId;
}
