// Token refresh: the refresh token comes from the login's cookie (v1) or JSON (v2).

import { explain, verify } from '../checks.js';
import { json } from '../http.js';
import { defineStep } from '../step.js';

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  const response = iteration.session.refresh(iteration, step);
  const { status } = iteration.flavour.auth.refresh;
  const ok = verify(iteration, step, {
    [`status ${status}`]: response.status === status,
    // Not "the token changed": two tokens made in one second are the same, byte for byte.
    'has access_token': () => json(response).access_token.length > 0,
  });
  if (!ok) explain(iteration, `${response.status} ${response.error || response.body}`);
  return response;
}

export const refreshToken = defineStep({
  kind: 'refresh_token', title: 'Refresh token', metric: 'refresh_token_time_ms', counted: false, login: true,
}, run);
