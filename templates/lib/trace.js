// W3C trace context: each request carries an id under which the target's own traces know it.

import crypto from 'k6/crypto';
import exec from 'k6/execution';

import { flag } from './settings.js';

const ON = flag('JANBENCH_TRACE');
const SAMPLED = '01';

/**
 * Adds `traceparent` when tracing is on, unless the request brings its own.
 * k6's samples get the trace id as metadata (not as a tag: it would make a series for each request).
 * @param {Object<string, string>} headers
 */
export function traced(headers) {
  if (!ON) return headers;
  const own = Object.keys(headers).find((name) => name.toLowerCase() === 'traceparent');
  const parent = own ? headers[own] : traceparent();
  exec.vu.metrics.metadata.trace_id = parent.split('-')[1] || '';
  return own ? headers : { ...headers, traceparent: parent };
}

/** Version, trace id (16 bytes), span id (8 bytes), flags. */
export function traceparent() {
  return `00-${hex(16)}-${hex(8)}-${SAMPLED}`;
}

// An id of zeros only is invalid; with this many random bits it doesn't happen.
function hex(bytes) {
  return Array.from(new Uint8Array(crypto.randomBytes(bytes)))
    .map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
