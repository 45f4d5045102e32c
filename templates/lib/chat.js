// Chat completions on the wire: what is asked, and what a whole answer holds.

import { addDelta, noPieces } from './content.js';

/** The request body of a chat call. @param {any} iteration @param {any} step @param {any} prompt @param {any[]} [earlier] */
export function chatBody(iteration, step, prompt, earlier = []) {
  return bounded({ messages: [...earlier, ...prompt.messages] }, iteration, step, prompt);
}

/** What chat and legacy completions have in common. @param {any} asked @param {any} iteration @param {any} step @param {any} prompt */
export function bounded(asked, iteration, step, prompt) {
  const body = { model: iteration.settings.model, ...asked, stream: step.stream, ...step.parameters };
  // A prompt's own bound goes by the name that the step uses, and not where it has none.
  for (const bound of ['max_tokens', 'max_completion_tokens']) {
    if (prompt.max_tokens !== undefined && body[bound] !== undefined) body[bound] = prompt.max_tokens;
  }
  if (step.ignore_eos && iteration.flavour.chat.ignore_eos) body.ignore_eos = true;
  const { stream_options: options } = step.parameters;
  if (options === null) delete body.stream_options;
  // Without it a stream says nothing about its tokens, and they can only be estimated.
  else if (step.stream && iteration.flavour.chat.stream_usage === 'opt-in') {
    body.stream_options = { include_usage: true, ...options };
  }
  return body;
}

/** What a turn adds to those before it: instructions are given once. @param {any[]} earlier @param {any[]} messages */
export function added(earlier, messages) {
  return earlier.length === 0 ? messages : messages.filter(({ role }) => role !== 'system' && role !== 'developer');
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
