// A message within the conversation, answered whole or streamed, and stored by the server.

import { chatBody, readChat } from '../chat.js';
import { verify } from '../checks.js';
import { ask } from '../model.js';
import { promptOf } from '../prompts.js';
import { defineStep } from '../step.js';
import { create } from './create_conversation.js';

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  return say(iteration, step, promptOf(iteration, step));
}

/** Says something in the conversation, which is created when there is none yet. @param {any} iteration @param {any} step @param {any} prompt */
export function say(iteration, step, prompt) {
  if (step.history && !iteration.variables.conversation_id) create(iteration, step, { title: 'janbench', metadata: {} });
  const { conversation_chat: profile } = iteration.flavour;
  const id = iteration.variables.conversation_id;
  if (!id) return undefined;
  const { messages } = prompt;
  const body = chatBody(iteration, step, prompt);
  body.conversation = profile.reference === 'object' ? { id } : id;
  body.store = true;
  const answer = ask(iteration, step, {
    path: profile.path, body, end: profile.end,
    headersWithFirstToken: profile.headers_with_first_token,
  }, readChat, { needsText: true });
  verify(iteration, step, { 'names its conversation': () => conversationOf(profile, answer.info) === id });
  if (!answer.ok) return answer;
  iteration.messages.push({ role: 'user', text: messages[messages.length - 1].content });
  iteration.messages.push({ role: 'assistant', text: answer.text });
  return answer;
}

// v1 tells in `metadata` (whole) or in a frame of its own (stream), v2 in `conversation`.
function conversationOf(profile, info) {
  if (profile.response_key === 'conversation') return info.conversation.id;
  return (info.metadata || info).conversation_id;
}

export const conversationChat = defineStep({
  kind: 'conversation_chat', title: 'Message in conversation', timeout_s: 130, model: true, answer_check: 'has choices', prompt: 'standard',
  stream: false, parameters: {},
}, run);
