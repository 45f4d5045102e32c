// The login of one VU: an API key, or a guest account that is created once and kept fresh.

import { json, send } from './http.js';
import { learn } from './mask.js';
import { auth, record } from './metrics.js';

export class Session {
  /** @param {any} settings @param {any} flavour @param {any} scenario */
  constructor(settings, flavour, scenario) {
    this.settings = settings;
    this.flavour = flavour;
    this.scenario = scenario;
    this.accessToken = '';
    this.refreshToken = '';
    this.renewAt = 0;
    /** What the timing proxy is told of a request, by what decides it. @type {Object<string, string>} */
    this.contexts = {};
  }

  /** Guests log in only where the flavour has guests and no API key is set. */
  canLogIn() {
    return !this.settings.apiKey && this.flavour.auth.mode !== 'key';
  }

  loggedIn() {
    return !this.canLogIn() || this.accessToken !== '';
  }

  /** @param {any} request @returns {Object<string, string>} */
  headers(request) {
    /** @type {Object<string, string>} */
    const headers = {};
    if (this.settings.loadtestToken) headers['x-loadtest-token'] = this.settings.loadtestToken;
    if (request.auth === false) return headers;
    const keyHeader = this.flavour.auth.api_key_header;
    if (this.settings.apiKey && keyHeader) headers[keyHeader] = this.settings.apiKey;
    else if (this.settings.apiKey) headers.Authorization = `Bearer ${this.settings.apiKey}`;
    else if (this.accessToken) headers.Authorization = `Bearer ${this.accessToken}`;
    return headers;
  }

  /** Creates the guest. @param {any} iteration @returns {any} k6's response */
  logIn(iteration, step = this.scenario.login_step) {
    const { login } = this.flavour.auth;
    const response = send(iteration, step, { ...login, body: {}, auth: false, expected: [login.status] });
    record(auth.login, response.timings.duration, iteration.tags(step));
    this.keep(response, login.status);
    return response;
  }

  /** The one new login after a 401. @param {any} iteration @returns {boolean} whether it worked */
  logInAgain(iteration) {
    record(auth.relogins, 1, iteration.tags(this.scenario.login_step));
    this.accessToken = '';
    this.refreshToken = '';
    this.logIn(iteration);
    return this.loggedIn();
  }

  /** Trades the refresh token for a new access token. @param {any} iteration @returns {any} k6's response */
  refresh(iteration, step = this.scenario.refresh_step) {
    const { refresh, cookie } = this.flavour.auth;
    const response = send(iteration, step, {
      ...refresh,
      auth: false,
      expected: [refresh.status],
      ...(cookie
        ? { cookies: { [cookie]: { value: this.refreshToken, replace: true } } }
        : { body: { refresh_token: this.refreshToken } }),
    });
    record(auth.refresh, response.timings.duration, iteration.tags(step));
    this.keep(response, refresh.status);
    return response;
  }

  /** Refreshes before a request to the model as the scenario's policy says. @param {any} iteration */
  beforeModel(iteration) {
    // A scenario without a login step logs in all the same, once, when a request needs it.
    if (!this.loggedIn()) this.logIn(iteration);
    if (!this.canLogIn() || !this.refreshToken || this.scenario.refresh !== 'each') return;
    if (this.refresh(iteration).status === 401) this.logInAgain(iteration);
  }

  /** Renews a token that is about to expire, before any request that needs it. @param {any} iteration */
  renewWhenDue(iteration) {
    if (this.scenario.refresh !== 'never' && this.refreshToken && Date.now() > this.renewAt) this.renew(iteration);
  }

  /** Gets the same guest a new token. @param {any} iteration @returns {boolean} whether it worked */
  renew(iteration) {
    return Boolean(this.refreshToken) && this.refresh(iteration).status === this.flavour.auth.refresh.status;
  }

  keep(response, expected) {
    const body = response.status === expected ? json(response) : undefined;
    if (!body || !body.access_token) return;
    this.accessToken = body.access_token;
    const lifetime = Number(body.expires_in) || 0;
    const margin = Math.min(this.flavour.auth.refresh_before_s, lifetime / 4);
    this.renewAt = Date.now() + (lifetime - margin) * 1000;
    const { cookie } = this.flavour.auth;
    const set = cookie ? response.cookies[cookie] : undefined;
    if (set && set.length && set[0].value) this.refreshToken = set[0].value;
    else if (body.refresh_token) this.refreshToken = body.refresh_token;
    learn(this.accessToken);
    learn(this.refreshToken);
  }
}
