// Chat completions, whole or streamed: alone, as a turn of a conversation, with a tool's round trip.

import { callOf } from '../answers.js';
import { addDelta, noPieces } from '../content.js';
import { ask } from '../model.js';
import { promptOf } from '../prompts.js';
import { say } from './conversation_chat.js';

/** The request body of a chat call. @param {any} it @param {any} step @param {any} prompt @param {any[]} [earlier] */
export function chatBody(it, step, prompt, earlier = []) {
  const body = {
    model: it.settings.model, messages: [...earlier, ...prompt.messages], stream: step.stream, ...step.parameters,
  };
  if (prompt.max_tokens !== undefined) body.max_tokens = prompt.max_tokens;
  if (step.ignore_eos && it.flavour.chat.ignore_eos) body.ignore_eos = true;
  // Without it a stream says nothing about its tokens, and they can only be estimated.
  if (step.stream && it.flavour.chat.stream_usage === 'opt-in') {
    body.stream_options = { include_usage: true };
  }
  return body;
}

/** Takes a whole chat completion apart. @param {any} body */
export function readChat(body) {
  const choice = (body.choices || [])[0] || {};
  const pieces = noPieces();
  addDelta(choice.message, pieces);
  return {
    text: pieces.visible,
    media: pieces.media,
    reasoning: pieces.reasoning,
    tools: (choice.message || {}).tool_calls || [],
    finish: choice.finish_reason,
    present: (body.choices || []).length > 0,
  };
}

/** @param {any} it @param {any} step */
export function run(it, step) {
  const prompt = promptOf(it, step);
  // A server that stores conversations keeps what was said; others have to be told again.
  if (step.history && it.flavour.conversation_chat) {
    say(it, step, prompt);
    return;
  }
  const body = chatBody(it, step, prompt, step.history ? it.history : []);
  const answer = complete(it, step, body);
  if (!step.history || !answer.ok) return;
  it.history.push(...prompt.messages, { role: 'assistant', content: answer.text });
}

function complete(it, step, body) {
  const { chat } = it.flavour;
  const request = {
    path: chat.path, body, end: chat.end, headersWithFirstToken: chat.headers_with_first_token,
  };
  const answer = ask(it, step, request, readChat, { needsText: step.history });
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
  return ask(it, step, { ...request, body: { ...again, messages } }, readChat, { needsText: true, follows: true });
}
