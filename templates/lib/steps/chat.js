// Chat completions, whole or streamed: alone, as a turn of a conversation, with a tool's round trip.

import { added, chatBody } from '../chat.js';
import { promptOf } from '../prompts.js';
import { defineStep } from '../step.js';
import { takeTurn, turnsOf } from '../turn.js';
import { say } from './conversation_chat.js';

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  const prompt = promptOf(iteration, step);
  if (step.history && iteration.flavour.conversation_chat) return say(iteration, step, prompt);
  const earlier = step.history ? iteration.history : [];
  const messages = added(earlier, prompt.messages);
  const body = chatBody(iteration, step, { ...prompt, messages }, earlier);
  const answer = takeTurn(iteration, step, body, iteration.flavour.chat, Boolean(step.history));
  if (step.history && answer.ok) iteration.history.push(...turnsOf(messages, answer));
  return answer;
}

export const chat = defineStep({
  kind: 'chat', title: 'Chat completion', timeout_s: 130, model: true, answer_check: 'has choices', prompt: 'standard',
  stream: false, parameters: {},
}, run);
