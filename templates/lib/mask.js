// Secrets never reach a log: this goes over every text that is written out.

import encoding from 'k6/encoding';

import { SECRETS } from './secrets.js';

const NAMES = SECRETS.names.map((pattern) => new RegExp(pattern));
const NOT_SECRET = new RegExp(SECRETS.notSecret);
const FORMS = SECRETS.forms.map(([pattern, flags]) => new RegExp(pattern, `g${flags}`));
const MOST_LEARNED = 100;

/** Forms of the values of the environment that are secret. @type {string[]} */
const fixed = longestFirst(Object.entries(__ENV)
  .filter(([name, value]) => isSecretName(name) && value.length >= SECRETS.shortest)
  .flatMap(([, value]) => formsOf(value)));
/** Values that this virtual user got from the target, and their forms. @type {Map<string, string[]>} */
const learned = new Map();

/** Whether a variable, header, cookie or key of that name holds a secret. @param {string} name */
export function isSecretName(name) {
  const plain = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
    .replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  return !NOT_SECRET.test(plain) && NAMES.some((pattern) => pattern.test(plain));
}

/** Masks a value from now on: a token of the login, a cookie, a credential. @param {any} value */
export function learn(value) {
  if (typeof value !== 'string' || value.length < SECRETS.shortest || learned.has(value)) return;
  if (learned.size >= MOST_LEARNED) learned.delete(learned.keys().next().value);
  learned.set(value, formsOf(value));
}

/** Learns the values of headers that carry credentials. @param {Object<string, any>} headers */
export function learnHeaders(headers) {
  for (const [name, value] of Object.entries(headers || {})) {
    if (!isSecretName(name)) continue;
    for (const part of /cookie/i.test(name) ? String(value).split(/[;,]\s*/) : [String(value)]) {
      learn(part.replace(/^(?:[\w.-]+=|\w+\s+)/, ''));
    }
  }
}

/** Learns what an answer holds under the name of a secret. @param {any} body parsed JSON */
export function learnBody(body) {
  if (!body || typeof body !== 'object') return;
  for (const [name, value] of Object.entries(body)) {
    if (typeof value === 'object') learnBody(value);
    else if (isSecretName(name)) learn(value);
  }
}

/** @param {any} value */
export function mask(value) {
  let masked = String(value);
  for (const form of fixed) masked = masked.split(form).join('***');
  for (const forms of learned.values()) {
    for (const form of forms) masked = masked.split(form).join('***');
  }
  for (const pattern of FORMS) masked = masked.replace(pattern, '$1***');
  return masked;
}

/** @param {Object<string, any>} headers */
export function maskHeaders(headers) {
  const shown = {};
  for (const [name, value] of Object.entries(headers || {})) {
    shown[name] = isSecretName(name) ? '***' : mask(value);
  }
  return shown;
}

// As it is, escaped as JSON (and JSON inside of JSON), in a URL, in base64 whatever stands before.
function formsOf(value) {
  const escaped = JSON.stringify(value).slice(1, -1);
  const inUrl = encodeURIComponent(value);
  return longestFirst([
    value, value.trim(), escaped, JSON.stringify(escaped).slice(1, -1),
    inUrl, inUrl.replace(/%20/g, '+'), inUrl.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    ...inBase64(value),
  ]);
}

// What base64 makes of a value, less the letters that its neighbours decide.
function inBase64(value) {
  return [0, 1, 2].flatMap((before) => {
    const whole = encoding.b64encode('x'.repeat(before) + value);
    const padding = whole.length - whole.replace(/=+$/, '').length;
    const inner = whole.slice([0, 2, 3][before], whole.length - (padding ? padding + 1 : 0));
    return inner.length < 6 ? [] : [inner, inner.replace(/\+/g, '-').replace(/\//g, '_')];
  });
}

function longestFirst(forms) {
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}
