// The Responses API, whole or streamed, with or without tools.

import { ask } from '../model.js';
import { promptOf } from '../prompts.js';
import { defineStep } from '../step.js';

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  const { responses } = iteration.flavour;
  const { messages, max_tokens: most } = promptOf(iteration, step);
  const body = {
    model: iteration.settings.model,
    // Jan Server v1 prints an array into the prompt as it stands: it wants plain text.
    input: responses.input === 'string' ? messages[messages.length - 1].content : messages,
    stream: step.stream,
    ...step.parameters,
  };
  if (most !== undefined) body.max_tokens = most;
  if (responses.limit_key !== 'max_tokens' && body.max_tokens !== undefined) {
    body[responses.limit_key] = body.max_tokens;
    delete body.max_tokens;
  }
  if (body.response_format && responses.tools === 'flat') {
    // OpenAI's Responses API wants the form of the text, one level up.
    body.text = { format: { type: 'json_schema', ...body.response_format.json_schema } };
    delete body.response_format;
  }
  if (body.tools && responses.tools === 'flat') body.tools = body.tools.map(flat);
  return ask(iteration, step, {
    path: responses.path, body, end: responses.end,
    headersWithFirstToken: responses.headers_with_first_token,
  }, readResponse);
}

// Tools are written as for chat; OpenAI's Responses API wants their fields one level up.
const flat = (tool) => (tool.function ? { type: tool.type, ...tool.function } : tool);

// `output` is a list of typed parts (v1: `text.value`; OpenAI: messages with content) or plain text (v2).
function readResponse(body) {
  const output = typeof body.output === 'string' ? [{ type: 'text', text: { value: body.output } }] : body.output || [];
  const parts = output.flatMap((item) => (Array.isArray(item.content) ? item.content : [item]));
  const text = parts.map((part) => (typeof part.text === 'string' ? part.text : (part.text || {}).value || '')).join('');
  const reasoning = output.filter(({ type }) => type === 'reasoning').length ? 'reasoning' : '';
  const tools = output.filter(({ type }) => type === 'function_call');
  return { text, reasoning, tools, present: body.object === 'response' && ['completed', 'incomplete'].includes(body.status) };
}

export const response = defineStep({
  kind: 'response', title: 'Response', timeout_s: 130, model: true, answer_check: 'is completed', prompt: 'standard',
  stream: false, parameters: {},
}, run);
