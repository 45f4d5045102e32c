// Token refresh: the refresh token comes from the login's cookie (v1) or JSON (v2).

import { explain, verify } from '../checks.js';
import { json } from '../http.js';

/** @param {any} it @param {any} step */
export function run(it, step) {
  const response = it.session.refresh(it, step);
  const { status } = it.flavour.auth.refresh;
  const ok = verify(it, step, {
    [`status ${status}`]: response.status === status,
    // Not "the token changed": two tokens made in one second are the same, byte for byte.
    'has access_token': () => json(response).access_token.length > 0,
  });
  if (!ok) explain(it, `${response.status} ${response.error || response.body}`);
}
