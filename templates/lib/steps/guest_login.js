// Guest login: once for each VU. Without it no later step can work.

import { explain, verify } from '../checks.js';
import { json } from '../http.js';
import { defineStep } from '../step.js';

/** @param {any} iteration @param {any} step */
function run(iteration, step) {
  if (iteration.session.loggedIn()) return undefined;
  const response = iteration.session.logIn(iteration, step);
  const { status } = iteration.flavour.auth.login;
  const ok = verify(iteration, step, {
    [`status ${status}`]: response.status === status,
    'has access_token': () => json(response).access_token.length > 0,
    'has refresh token': () => iteration.session.refreshToken !== '',
  });
  if (!ok) {
    explain(iteration, `${response.status} ${response.error || response.body}`);
    iteration.stopped = !iteration.session.loggedIn();
  }
  return response;
}

export const guestLogin = defineStep({
  kind: 'guest_login', title: 'Guest login', metric: 'guest_login_time_ms', counted: false, login: true,
}, run);
