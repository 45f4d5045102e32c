// Errors inside an answer, by the table of dialects.

import { dialects } from './content.js';

/** Whether a frame or body is an error. @param {any} frame @param {string[]} names of its event */
export function isError(frame, names = []) {
  const { error_events: events, error_fields: fields } = dialects();
  if (names.some((name) => events.includes(name)) || frame.object === 'error') return true;
  if (says(frame.error) || says(frame.response && frame.response.error)) return true;
  if (Array.isArray(frame.choices) && frame.choices.length) return false;
  if (fields.some((name) => says(frame[name]))) return true;
  const base = frame.base_resp; // MiniMax
  if (base && ![undefined, null, 0, '0'].includes(base.status_code)) return true;
  return ![undefined, null, '', 0, '0', 200].includes(frame.code) && frame.id === undefined
    && [frame.message, frame.msg].some((text) => typeof text === 'string');
}

// Jan v2 sends an error with empty fields with every answer.
function says(error) {
  if (Array.isArray(error)) return error.length > 0;
  if (error && typeof error === 'object') return Object.values(error).some((value) => value && value !== '0');
  return Boolean(error);
}

/** A short text for an error body of any of the known shapes. @param {any} body */
export function errorText(body) {
  const error = body && (body.error || (body.response && body.response.error) || body.data || body.base_resp);
  if (error && typeof error === 'object') return error.message || error.status_msg || error.code || JSON.stringify(error);
  return String(error || (body && (body.message || body.msg || body.error_message || body.code)) || 'unnamed error');
}
