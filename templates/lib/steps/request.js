// Any other endpoint, described in YAML: request, expected status, checks and values to keep.

import { explain, verify } from '../checks.js';
import { meets } from '../conditions.js';
import { json, send } from '../http.js';
import { isSecretName, learn } from '../mask.js';
import { fill, nameOf, pick } from '../paths.js';
import { defineStep } from '../step.js';

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  const response = send(iteration, step, {
    method: step.method,
    path: fill(step.path, iteration.variables),
    name: nameOf(step.method, step.path),
    headers: fill(step.headers, iteration.variables),
    body: fill(step.body, iteration.variables),
    auth: step.auth,
    expected: step.expect,
  });
  iteration.time(step, response);
  const body = json(response);
  const conditions = { [`status ${step.expect.join(' or ')}`]: step.expect.includes(response.status) };
  for (const condition of step.checks) {
    conditions[condition.name] = () => meets(condition, pick(body, condition.path), iteration.variables);
  }
  for (const [name, path] of Object.entries(step.extract)) {
    const value = pick(body, path);
    conditions[`gives ${name}`] = value !== undefined && value !== null;
    if (conditions[`gives ${name}`]) iteration.variables[name] = value;
    if (isSecretName(name) || isSecretName(path.split('.').pop())) learn(value);
  }
  if (!verify(iteration, step, conditions)) {
    explain(iteration, `${response.status} ${response.error || String(response.body).slice(0, 300)}`);
  }
  return response;
}

export const request = defineStep({
  kind: 'request', title: 'Request', method: 'GET', headers: {}, auth: true, expect: [200], checks: [], extract: {},
}, run);
