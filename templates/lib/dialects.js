// What one frame of a stream means, in the dialects of chat completions and of Responses.

/**
 * @typedef {{text: string, reasoning: string, tools: any[], finish: string, usage: any,
 *            contentEvents: number, done: boolean, completed: boolean, error: string,
 *            malformed: string, info: any, order: string[]}} Story
 * @returns {Story}
 */
export function emptyStory() {
  return {
    text: '', reasoning: '', tools: [], finish: '', usage: null, contentEvents: 0,
    done: false, completed: false, error: '', malformed: '', info: null, order: [],
  };
}

/** Adds one frame to the story of its stream. @param {Story} story @param {{event: string, data: string}} frame */
export function tell(story, frame) {
  if (frame.data === '[DONE]') {
    story.done = true;
    story.order.push('[DONE]');
    return;
  }
  let body;
  try {
    body = JSON.parse(frame.data);
  } catch (_) {
    story.malformed = story.malformed || `frame is not JSON: ${frame.data.slice(0, 80)}`;
    return;
  }
  const name = frame.event || (body && typeof body.type === 'string' ? body.type : '');
  if (name.startsWith('response.') || name === 'error') tellResponse(story, name, body);
  else tellChat(story, body);
}

function tellChat(story, body) {
  if (body === null || typeof body !== 'object') {
    story.malformed = story.malformed || 'frame is not a JSON object';
    return;
  }
  if (body.usage) story.usage = body.usage;
  if (body.conversation_id || body.conversation) story.info = body;
  if (!Array.isArray(body.choices)) {
    if (body.error !== undefined) story.error = errorText(body);
    return;
  }
  let carried = false;
  for (const choice of body.choices) {
    const delta = choice.delta || {};
    const reasoning = delta.reasoning_content || delta.reasoning || '';
    if (delta.content) story.text += delta.content;
    if (reasoning) story.reasoning += reasoning;
    if (delta.tool_calls && delta.tool_calls.length) addToolCalls(story, delta.tool_calls);
    carried = carried || Boolean(delta.content || reasoning || (delta.tool_calls || []).length);
    if (choice.finish_reason) story.finish = choice.finish_reason;
  }
  if (carried) story.contentEvents += 1;
}

function addToolCalls(story, fragments) {
  for (const fragment of fragments) {
    const index = fragment.index || 0;
    const call = story.tools[index] || { id: '', name: '', arguments: '' };
    const fn = fragment.function || {};
    story.tools[index] = {
      id: fragment.id || call.id,
      name: fn.name || call.name,
      arguments: call.arguments + (fn.arguments || ''),
    };
  }
}

const RESPONSE_TEXT = 'response.output_text.delta';
const RESPONSE_REASONING = [
  'response.reasoning_summary_text.delta', 'response.reasoning_text.delta', 'response.reasoning.delta',
];
const RESPONSE_FAILED = ['response.error', 'response.failed', 'error'];

function tellResponse(story, name, body) {
  story.order.push(name);
  const inner = (body && body.response) || body || {};
  if (name === RESPONSE_TEXT && body.delta) {
    story.text += body.delta;
    story.contentEvents += 1;
  } else if (RESPONSE_REASONING.includes(name) && body.delta) {
    story.reasoning += typeof body.delta === 'string' ? body.delta : body.delta.text || '';
    story.contentEvents += 1;
  } else if (name === 'response.function_call_arguments.delta' && body.delta) {
    story.contentEvents += 1;
  } else if (name === 'response.tool_call' || name === 'response.function_call_arguments.done') {
    story.tools.push(body.call || body);
  } else if (RESPONSE_FAILED.includes(name)) {
    story.error = errorText(body);
  } else if (name === 'response.completed' || name === 'response.incomplete') {
    story.completed = true;
    story.finish = name === 'response.completed' ? 'stop' : 'incomplete';
    story.usage = inner.usage || story.usage;
  }
}

/** A short text for an error body of any of the known shapes. @param {any} body */
export function errorText(body) {
  const error = body && (body.error || (body.response && body.response.error) || body.data);
  if (error && typeof error === 'object') return error.message || error.code || JSON.stringify(error);
  return String(error || (body && (body.message || body.code)) || 'unnamed error');
}

/** Tokens of a usage object, whichever of its two spellings. @param {any} usage */
export function tokensOf(usage) {
  if (!usage) return { input: undefined, output: undefined };
  return {
    input: usage.prompt_tokens !== undefined ? usage.prompt_tokens : usage.input_tokens,
    output: usage.completion_tokens !== undefined ? usage.completion_tokens : usage.output_tokens,
  };
}
