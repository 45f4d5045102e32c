// Legacy completions: a text that the model goes on with.

import { bounded } from '../chat.js';
import { ask } from '../model.js';
import { promptOf } from '../prompts.js';
import { defineStep } from '../step.js';

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  const prompt = promptOf(iteration, step);
  const { chat } = iteration.flavour;
  const text = prompt.messages.map(({ content }) => content).join('\n');
  return ask(iteration, step, {
    path: '/v1/completions', body: bounded({ prompt: text }, iteration, step, prompt),
    end: chat.end, headersWithFirstToken: chat.headers_with_first_token,
  }, readCompletion);
}

/** Takes a whole completion apart. @param {any} body */
function readCompletion(body) {
  const choices = body.choices || [];
  return { text: (choices[0] || {}).text || '', finish: (choices[0] || {}).finish_reason, present: choices.length > 0 };
}

export const completion = defineStep({
  kind: 'completion', title: 'Completion', timeout_s: 130, model: true, answer_check: 'has choices', prompt: 'standard',
  stream: false, parameters: {},
}, run);
