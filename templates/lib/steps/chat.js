// Chat completions, whole or streamed.

import { ask, promptOf } from '../model.js';

/** The request body of a chat call. @param {any} it @param {any} step @param {any[]} messages */
export function chatBody(it, step, messages) {
  const body = { model: it.settings.model, messages, stream: step.stream, ...step.parameters };
  // Without it a stream says nothing about its tokens, and they can only be estimated.
  if (step.stream && it.flavour.chat.stream_usage === 'opt-in') {
    body.stream_options = { include_usage: true };
  }
  return body;
}

/** Takes a whole chat completion apart. @param {any} body */
export function readChat(body) {
  const choice = (body.choices || [])[0] || {};
  const message = choice.message || {};
  return {
    text: message.content || '',
    reasoning: message.reasoning_content || message.reasoning || '',
    tools: message.tool_calls || [],
    finish: choice.finish_reason,
    present: (body.choices || []).length > 0,
  };
}

/** @param {any} it @param {any} step */
export function run(it, step) {
  const { chat } = it.flavour;
  ask(it, step, {
    path: chat.path,
    body: chatBody(it, step, promptOf(it, step).messages),
    end: chat.end,
    headersWithFirstToken: chat.headers_with_first_token,
  }, readChat);
}
