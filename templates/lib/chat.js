// Chat completions on the wire: what is asked, and what a whole answer holds.

import { addDelta, noPieces } from './content.js';

/** The request body of a chat call. @param {any} iteration @param {any} step @param {any} prompt @param {any[]} [earlier] */
export function chatBody(iteration, step, prompt, earlier = []) {
  const body = {
    model: iteration.settings.model, messages: [...earlier, ...prompt.messages], stream: step.stream, ...step.parameters,
  };
  if (prompt.max_tokens !== undefined) body.max_tokens = prompt.max_tokens;
  if (step.ignore_eos && iteration.flavour.chat.ignore_eos) body.ignore_eos = true;
  // Without it a stream says nothing about its tokens, and they can only be estimated.
  if (step.stream && iteration.flavour.chat.stream_usage === 'opt-in') {
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
