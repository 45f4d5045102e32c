// Secrets never reach a log: this goes over every text that is written out.

import { text } from './settings.js';

const PATTERNS = [
  [/(bearer\s+)[^\s"',;]+/gi, '$1***'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '***'],
  [/\bsk[-_][\w-]{4,}/g, '***'],
  [/("(?:access_token|refresh_token|id_token|api_key|key|password)"\s*:\s*")[^"]*/g, '$1***'],
  [/((?:jan_refresh_token|refresh_token)=)[^;\s"]+/g, '$1***'],
];
const SECRET_HEADERS = ['authorization', 'x-api-key', 'x-loadtest-token', 'cookie', 'set-cookie'];
const VALUES = ['API_KEY', 'LOADTEST_TOKEN', 'K6_PROMETHEUS_RW_PASSWORD']
  .map((name) => text(name)).filter((value) => value.length > 3);

/** @param {any} value */
export function mask(value) {
  let masked = String(value);
  for (const secret of VALUES) masked = masked.split(secret).join('***');
  for (const [pattern, replacement] of PATTERNS) {
    masked = masked.replace(/** @type {RegExp} */ (pattern), /** @type {string} */ (replacement));
  }
  return masked;
}

/** @param {Object<string, any>} headers */
export function maskHeaders(headers) {
  const shown = {};
  for (const [name, value] of Object.entries(headers || {})) {
    shown[name] = SECRET_HEADERS.includes(name.toLowerCase()) ? '***' : mask(value);
  }
  return shown;
}
