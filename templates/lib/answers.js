// What a step expects of an answer beyond that there is one: a tool call, or JSON of a given form.

import { conforms } from './jsonschema.js';

/**
 * Further checks of an answer. @param {any} step @param {{text?: string, tools?: any[]}} answer
 * @param {boolean} follows whether it follows a tool's result, and must be words
 */
export function expectations(step, answer, follows) {
  /** @type {Object<string, function(): boolean>} */
  const checks = {};
  if (step.tool_call && !follows) {
    const { name, arguments: wanted } = step.tool_call;
    checks[`calls ${name}`] = () => callOf(step, answer) !== undefined;
    checks[`calls ${name} with its arguments`] = () => {
      const given = argumentsOf(callOf(step, answer));
      return Object.entries(wanted || {}).every(([key, value]) => JSON.stringify(given[key]) === JSON.stringify(value));
    };
  }
  if (step.tool_call && follows) checks['answers with the tool\'s result'] = () => Boolean(answer.text);
  if (step.json_schema && (follows || !step.tool_call)) {
    checks['follows its JSON schema'] = () => conforms(JSON.parse(answer.text || ''), step.json_schema);
  }
  return checks;
}

/** The call that the step waits for, in one form whatever the API. @param {any} step @param {any} answer */
export function callOf(step, answer) {
  return (answer.tools || []).map(plain).find((call) => call.name === step.tool_call.name);
}

// Whole chat answers nest the function, streams and the Responses API don't.
function plain(call) {
  const inner = call.function || call;
  return { id: call.call_id || call.id, name: inner.name, arguments: inner.arguments };
}

function argumentsOf(call) {
  if (typeof call.arguments !== 'string') return call.arguments || {};
  return JSON.parse(call.arguments === '' ? '{}' : call.arguments);
}
