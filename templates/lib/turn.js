// One turn of a chat: a request, and when the model calls a tool, its result and a second request.

import { callOf } from './answers.js';
import { readChat } from './chat.js';
import { ask } from './model.js';

/**
 * Asks, and goes on with the tool's result where the step has one.
 * @param {any} iteration @param {any} step @param {any} body
 * @param {{path: string, end: string[], headers_with_first_token: boolean}} api of the flavour
 * @param {boolean} needsText whether the words are needed
 * @returns {any} the last answer; `inner` holds the messages between the question and it
 */
export function takeTurn(iteration, step, body, api, needsText) {
  const request = { path: api.path, body, end: api.end, headersWithFirstToken: api.headers_with_first_token };
  const first = ask(iteration, step, request, readChat, { needsText });
  if (!first.ok || !step.tool_call || step.tool_call.result === undefined) return { ...first, inner: [] };
  const inner = withResult(first, callOf(step, first), step.tool_call.result);
  const { tool_choice: _, ...again } = body; // a demanded call would be demanded again
  const messages = [...body.messages, ...inner];
  const last = ask(iteration, step, { ...request, body: { ...again, messages } }, readChat, { needsText: true, follows: true });
  return { ...last, inner };
}

function withResult(answer, call, result) {
  return [
    {
      role: 'assistant', content: answer.text || '',
      tool_calls: [{ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }],
    },
    { role: 'tool', tool_call_id: call.id, content: typeof result === 'string' ? result : JSON.stringify(result) },
  ];
}

/** What a turn leaves for those after it. @param {any[]} messages @param {any} answer */
export function turnsOf(messages, answer) {
  return [...messages, ...answer.inner, { role: 'assistant', content: answer.text }];
}
