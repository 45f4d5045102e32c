// A message within the conversation, answered whole or streamed, and stored by the server.

import { added, chatBody } from '../chat.js';
import { verify } from '../checks.js';
import { promptOf } from '../prompts.js';
import { defineStep } from '../step.js';
import { takeTurn, turnsOf } from '../turn.js';
import { create } from './create_conversation.js';

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  return say(iteration, step, promptOf(iteration, step));
}

/**
 * Says something in the conversation, which is created when there is none yet. The server stores what
 * is said, but gives the model only what a request holds: earlier turns are sent again. @param {any} iteration @param {any} step @param {any} prompt
 */
export function say(iteration, step, prompt) {
  if (step.history && !iteration.variables.conversation_id) create(iteration, step, { title: 'janbench', metadata: {} });
  const { conversation_chat: profile } = iteration.flavour;
  const id = iteration.variables.conversation_id;
  if (!id) return undefined;
  const earlier = step.history ? iteration.history : [];
  const messages = added(earlier, prompt.messages);
  const body = chatBody(iteration, step, { ...prompt, messages }, earlier);
  body.conversation = profile.reference === 'object' ? { id } : id;
  body.store = true;
  const answer = takeTurn(iteration, step, body, profile, true);
  if (profile.streams_name_it || !step.stream) {
    verify(iteration, step, { 'names its conversation': () => conversationOf(profile, answer.info) === id });
  }
  if (!answer.ok) return answer;
  const turns = turnsOf(messages, answer);
  if (step.history) iteration.history.push(...turns);
  // Of a request the last message is stored. How a tool's call is written down is up to the server.
  iteration.messages.push(...turns.slice(messages.length - 1)
    .map(({ role, content, tool_calls: calls }) => ({ role, text: calls ? undefined : content })));
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
