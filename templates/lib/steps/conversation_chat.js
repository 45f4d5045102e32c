// A message within the conversation, answered whole or streamed, and stored by the server.

import { verify } from '../checks.js';
import { ask } from '../model.js';
import { promptOf } from '../prompts.js';
import { chatBody, readChat } from './chat.js';
import { create } from './create_conversation.js';

/** @param {any} it @param {any} step */
export function run(it, step) {
  say(it, step, promptOf(it, step));
}

/** Says something in the conversation, which is created when there is none yet. @param {any} it @param {any} step @param {any} prompt */
export function say(it, step, prompt) {
  if (step.history && !it.variables.conversation_id) create(it, step, { title: 'janbench', metadata: {} });
  const { conversation_chat: profile } = it.flavour;
  const id = it.variables.conversation_id;
  if (!id) return;
  const { messages } = prompt;
  const body = chatBody(it, step, prompt);
  body.conversation = profile.reference === 'object' ? { id } : id;
  body.store = true;
  const answer = ask(it, step, {
    path: profile.path, body, end: profile.end,
    headersWithFirstToken: profile.headers_with_first_token,
  }, readChat, { needsText: true });
  verify(it, step, { 'names its conversation': () => conversationOf(profile, answer.info) === id });
  if (!answer.ok) return;
  it.messages.push({ role: 'user', text: messages[messages.length - 1].content });
  it.messages.push({ role: 'assistant', text: answer.text });
}

// v1 tells in `metadata` (whole) or in a frame of its own (stream), v2 in `conversation`.
function conversationOf(profile, info) {
  if (profile.response_key === 'conversation') return info.conversation.id;
  return (info.metadata || info).conversation_id;
}
