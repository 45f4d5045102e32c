// Secrets never reach a log: this goes over every text that is written out.

import encoding from 'k6/encoding';

import { SHORTEST, secrets } from './secrets.js';

const MOST_LEARNED = 100;

/** Values that this virtual user got from the target. @type {Set<string>} */
const learned = new Set();

/** What to look for: made when there is something to mask, which most virtual users never have. */
let made;
function patterns() {
  if (made) return made;
  const { names, notSecret, forms } = secrets();
  made = {
    names: names.map((pattern) => new RegExp(pattern)),
    notSecret: new RegExp(notSecret),
    forms: forms.map(([pattern, flags]) => new RegExp(pattern, `g${flags}`)),
    /** Forms of the values of the environment that are secret. @type {string[]} */
    fixed: [],
  };
  made.fixed = longestFirst(Object.entries(__ENV)
    .filter(([name, value]) => isSecretName(name) && value.length >= SHORTEST)
    .flatMap(([, value]) => formsOf(value)));
  return made;
}

/** Whether a variable, header, cookie or key of that name holds a secret. @param {string} name */
export function isSecretName(name) {
  const plain = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
    .replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  const { names, notSecret } = patterns();
  return !notSecret.test(plain) && names.some((pattern) => pattern.test(plain));
}

/** Masks a value from now on: a token of the login, a cookie, a credential. @param {any} value */
export function learn(value) {
  if (typeof value !== 'string' || value.length < SHORTEST || learned.has(value)) return;
  if (learned.size >= MOST_LEARNED) learned.delete(learned.values().next().value);
  learned.add(value);
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
  const { fixed, forms: known } = patterns();
  for (const form of fixed) masked = masked.split(form).join('***');
  for (const secret of learned) {
    for (const form of formsOf(secret)) masked = masked.split(form).join('***');
  }
  for (const pattern of known) masked = masked.replace(pattern, '$1***');
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
