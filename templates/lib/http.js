// One request of a step: headers, fixed name tag, timeout, a new token after a 401, metrics.

import exec from 'k6/execution';
import http from 'k6/http';

import { explain, verify } from './checks.js';
import { learnBody, learnHeaders, mask, maskHeaders } from './mask.js';
import { redirection, redirectHint } from './redirect.js';
import { trusted } from './tail.js';
import { traced } from './trace.js';

/**
 * @typedef {{method: string, path: string, name?: string, body?: any, headers?: Object<string, string>,
 *            auth?: boolean, cookies?: any, timingsOnly?: boolean, want?: string, expected?: number[], end?: string[], timeoutS?: number}} Request
 * `name` is the fixed tag of the URL (ids left out), `expected` the statuses that are no failure,
 * `end` the end markers that a streamed answer must show. `timingsOnly`: the caller wants a stream's
 * times but not its words. `want`: what the model was asked for, `stream` or `json`.
 */

/**
 * Sends a request in the name of a step.
 * @param {any} iteration the iteration (see iteration.js)
 * @param {any} step
 * @param {Request} request
 */
export function send(iteration, step, request) {
  const { session } = iteration;
  if (request.auth === false || !session.canLogIn()) return transmit(iteration, step, request);
  session.renewWhenDue(iteration);
  let response = transmit(iteration, step, request);
  // A guest's conversations are lost with the guest: first the token is renewed, then the guest.
  if (response.status === 401 && session.renew(iteration)) response = transmit(iteration, step, request);
  if (response.status === 401 && session.logInAgain(iteration)) response = transmit(iteration, step, request);
  return response;
}

function transmit(iteration, step, request) {
  const { settings } = iteration;
  const url = settings.origin + request.path;
  const name = request.name || `${request.method} ${request.path.split('?')[0]}`;
  const headers = traced({ ...iteration.session.headers(request), ...request.headers });
  if (settings.proxied) headers['x-janbench-context'] = context(iteration, step, name, request);
  const body = payload(request.body, headers);
  const expected = request.expected || SUCCESS;
  const response = http.request(request.method, url, body, {
    headers,
    cookies: request.cookies,
    tags: { name, ...iteration.tags(step) },
    timeout: `${request.timeoutS || step.timeout_s}s`,
    responseCallback: callbackFor(expected),
    responseType: 'text',
    redirects: 0,
  });
  if (settings.debug) debug(request.method, settings.base + request.path, headers, body, response);
  if (!expected.includes(response.status)) refuseRedirect(iteration, step, request, name, response);
  return response;
}

function refuseRedirect(iteration, step, request, name, response) {
  const { base } = iteration.settings;
  const path = name.slice(name.indexOf(' ') + 1);
  const url = redirection(response, base, request.path, path);
  if (!url) return;
  // k6 refuses names with two colons in a row, which IPv6 addresses have.
  const shown = `status ${response.status}: redirects to ${url}`;
  verify(iteration, step, { [shown.replace(/:{2,}/g, ':0:')]: false });
  explain(iteration, `${shown}; ${redirectHint(url, base, path)}`);
}

function payload(body, headers) {
  if (body === undefined || body === null) return null;
  if (typeof body === 'string') return body;
  if (!headers['Content-Type']) headers['Content-Type'] = 'application/json';
  return JSON.stringify(body);
}

const SUCCESS = [200];
/** k6's callbacks by the statuses that they expect, each made once. @type {Object<string, any>} */
const callbacks = {};

function callbackFor(expected) {
  const key = expected.join();
  if (!callbacks[key]) callbacks[key] = http.expectedStatuses(...expected);
  return callbacks[key];
}

// The timing proxy strips this header; it ties the proxy's record to the step. What is the same each
// time is put together once.
function context(iteration, step, name, request) {
  const { contexts } = iteration.session;
  const key = `${iteration.phase || iteration.lane} ${step.id} ${name} ${request.want} ${request.timingsOnly}`;
  if (!contexts[key]) contexts[key] = fixedContext(iteration, step, name, request);
  return `${contexts[key]}&iter=${iteration.number}&at=${iteration.at}`;
}

function fixedContext(iteration, step, name, request) {
  const { step: stepTag, lane } = iteration.tags(step);
  const fields = {
    scenario: iteration.scenario.name, step: stepTag, lane, vu: exec.vu.idInTest,
    name, prompt: step.prompt || '', end: (request.end || []).join(','),
    // A stream whose words nobody reads: the times alone, which costs k6 the less the longer it is.
    ...(request.want ? { want: request.want, stand_in: (iteration.flavour.stand_in_ids || []).join(',') } : {}),
    ...(request.timingsOnly && trusted ? { body: 'tail' } : {}),
  };
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&');
}

function debug(method, url, headers, body, response) {
  // First what is secret here, so that it is masked wherever it appears.
  learnHeaders(headers);
  learnHeaders(response.headers);
  learnBody(json(response));
  console.log(mask(`> ${method} ${url}`));
  console.log(`> ${JSON.stringify(maskHeaders(headers))}`);
  if (body) console.log(`> ${mask(body)}`);
  console.log(mask(`< ${response.status} ${response.error || ''} in ${response.timings.duration.toFixed(1)} ms`));
  console.log(`< ${JSON.stringify(maskHeaders(response.headers))}`);
  if (response.body) console.log(`< ${mask(response.body)}`);
}

/** The body as JSON, undefined when it isn't any. @param {any} response */
export function json(response) {
  try {
    return JSON.parse(response.body);
  } catch (_) {
    return undefined;
  }
}
