// Chat completions, whole or streamed: alone, as a turn of a conversation, with a tool's round trip.

import { callOf } from '../answers.js';
import { added, chatBody, readChat } from '../chat.js';
import { ask } from '../model.js';
import { promptOf } from '../prompts.js';
import { defineStep } from '../step.js';
import { say } from './conversation_chat.js';

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  const prompt = promptOf(iteration, step);
  // A server that stores conversations keeps what was said; others need it sent again.
  if (step.history && iteration.flavour.conversation_chat) {
    return say(iteration, step, prompt);
  }
  const earlier = step.history ? iteration.history : [];
  const messages = added(earlier, prompt.messages);
  const answer = complete(iteration, step, chatBody(iteration, step, { ...prompt, messages }, earlier));
  if (!step.history || !answer.ok) return answer;
  iteration.history.push(...messages, { role: 'assistant', content: answer.text });
  return answer;
}

function complete(iteration, step, body) {
  const { chat } = iteration.flavour;
  const request = {
    path: chat.path, body, end: chat.end, headersWithFirstToken: chat.headers_with_first_token,
  };
  const answer = ask(iteration, step, request, readChat, { needsText: step.history });
  if (!answer.ok || !step.tool_call || step.tool_call.result === undefined) return answer;
  const { result } = step.tool_call;
  const call = callOf(step, answer);
  const messages = [
    ...body.messages,
    {
      role: 'assistant', content: answer.text || '',
      tool_calls: [{ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }],
    },
    { role: 'tool', tool_call_id: call.id, content: typeof result === 'string' ? result : JSON.stringify(result) },
  ];
  const { tool_choice: _, ...again } = body; // a demanded call would be demanded again
  return ask(iteration, step, { ...request, body: { ...again, messages } }, readChat, { needsText: true, follows: true });
}

export const chat = defineStep({
  kind: 'chat', title: 'Chat completion', timeout_s: 130, model: true, answer_check: 'has choices', prompt: 'standard',
  stream: false, parameters: {},
}, run);
