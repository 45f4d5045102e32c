// Any other endpoint, described in YAML: request, expected status, checks and values to keep.

import { explain, verify } from '../checks.js';
import { meets } from '../flow.js';
import { json, send } from '../http.js';
import { isSecretName, learn } from '../mask.js';
import { fill, pick } from '../paths.js';

/** @param {any} it @param {any} step */
export function run(it, step) {
  const response = send(it, step, {
    method: step.method,
    path: fill(step.path, it.variables),
    name: `${step.method} ${step.path.split('?')[0].replace(/\$\{(\w+)[^}]*\}/g, '{$1}')}`,
    headers: fill(step.headers, it.variables),
    body: fill(step.body, it.variables),
    auth: step.auth,
    expected: step.expect,
  });
  it.time(step, response);
  const body = json(response);
  const conditions = { [`status ${step.expect.join(' or ')}`]: step.expect.includes(response.status) };
  for (const condition of step.checks) {
    conditions[condition.name] = () => meets(condition, pick(body, condition.path), it.variables);
  }
  for (const [name, path] of Object.entries(step.extract)) {
    const value = pick(body, path);
    conditions[`gives ${name}`] = value !== undefined && value !== null;
    if (conditions[`gives ${name}`]) it.variables[name] = value;
    if (isSecretName(name) || isSecretName(path.split('.').pop())) learn(value);
  }
  if (!verify(it, step, conditions)) {
    explain(it, `${response.status} ${response.error || String(response.body).slice(0, 300)}`);
  }
}
