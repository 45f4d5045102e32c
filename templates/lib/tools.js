// Tool calls put together from their pieces, however a server numbers them.

/** @typedef {{id: string, name: string, arguments: string}} Call */
/** @typedef {{calls: Call[], keys: any[]}} Calls `keys`: what a call's further pieces refer to it by */
/** @returns {Calls} */
export const noCalls = () => ({ calls: [], keys: [] });

/**
 * Adds the pieces of a chat delta. A new id is a new call, whatever its index; a piece without index
 * or id belongs to the last call. @param {Calls} calls @param {any} pieces
 */
export function addPieces(calls, pieces) {
  for (const piece of Array.isArray(pieces) ? pieces : [pieces]) {
    if (!piece || typeof piece !== 'object') continue;
    const fn = piece.function || piece.custom || piece;
    const call = callFor(calls, piece.index, piece.id);
    call.id = piece.id || call.id;
    call.name = fn.name || call.name;
    call.arguments += textOf(fn.arguments !== undefined ? fn.arguments : fn.input);
  }
}

/** Adds a piece, or the whole, of a Responses call. @param {Calls} calls @param {any} key of its item @param {any} item @param {boolean} whole */
export function addItemCall(calls, key, item, whole) {
  const at = calls.keys.lastIndexOf(key);
  const call = at >= 0 && key !== undefined ? calls.calls[at] : newCall(calls, key);
  call.id = item.call_id || call.id || item.id || '';
  call.name = item.name || call.name;
  const text = textOf(item.arguments !== undefined ? item.arguments : item.input);
  if (!whole) call.arguments += textOf(item.delta);
  else if (text) call.arguments = text;
}

function callFor(calls, index, id) {
  const last = calls.calls.length - 1;
  const at = index === undefined || index === null
    ? (id ? calls.calls.findIndex((call) => call.id === id) : last)
    : calls.keys.lastIndexOf(index);
  const known = at >= 0 ? calls.calls[at] : undefined;
  if (known && (!id || !known.id || known.id === id)) return known;
  return newCall(calls, index);
}

function newCall(calls, key) {
  const call = { id: '', name: '', arguments: '' };
  calls.calls.push(call);
  calls.keys.push(key);
  return call;
}

function textOf(value) {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
