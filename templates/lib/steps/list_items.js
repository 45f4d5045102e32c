// The conversation's items: what the server kept is what was said.

import { explain, verify } from '../checks.js';
import { json, send } from '../http.js';
import { pick } from '../paths.js';
import { defineStep } from '../step.js';

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  const { path, item_text: places } = iteration.flavour.conversations;
  const response = send(iteration, step, {
    method: 'GET',
    path: `${path}/${iteration.variables.conversation_id}/items?limit=100&order=asc`,
    name: `GET ${path}/{id}/items`,
  });
  iteration.time(step, response);
  const body = json(response);
  let kept = [];
  const ok = verify(iteration, step, {
    'status 200': response.status === 200,
    'has data': () => Array.isArray(body.data),
    'are what was sent': () => {
      kept = body.data.map((item) => ({ role: item.role, text: textOf(item, places) }));
      return same(kept, iteration.messages);
    },
  });
  if (ok) return response;
  if (response.status !== 200) explain(iteration, `${response.status} ${response.error || response.body}`);
  else explain(iteration, `sent ${brief(iteration.messages)}, kept ${brief(kept)}`);
  return response;
}

// The parts of an item, put together; where a part has its text depends on flavour and role.
function textOf(item, places) {
  return (item.content || []).map((part) => {
    const found = places.map((place) => pick(part, place)).find((text) => typeof text === 'string');
    return found || '';
  }).join('');
}

function same(kept, sent) {
  return kept.length === sent.length
    && sent.every(({ role, text }, index) => kept[index].role === role
      && (text === undefined || kept[index].text === text));
}

const brief = (messages) => JSON.stringify(messages.map(({ role, text }) => `${role}: ${String(text).slice(0, 60)}`));

export const listItems = defineStep({ kind: 'list_items', title: 'List items' }, run);
