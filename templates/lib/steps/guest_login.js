// Guest login: once for each VU. Without it no later step can work.

import { explain, verify } from '../checks.js';
import { json } from '../http.js';

/** @param {any} it @param {any} step */
export function run(it, step) {
  if (it.session.loggedIn()) return;
  const response = it.session.logIn(it, step);
  const { status } = it.flavour.auth.login;
  const ok = verify(it, step, {
    [`status ${status}`]: response.status === status,
    'has access_token': () => json(response).access_token.length > 0,
    'has refresh token': () => it.session.refreshToken !== '',
  });
  if (!ok) {
    explain(it, `${response.status} ${response.error || response.body}`);
    it.stopped = !it.session.loggedIn();
  }
}
