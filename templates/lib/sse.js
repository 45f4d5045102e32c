// Server-sent events out of a whole body, as tolerant as real LLM servers demand: `data:` with or
// without a space, CRLF, comments, a last frame without its blank line, and bare JSON lines, which
// servers write when something fails after the headers are out.

/**
 * @typedef {{event: string, data: string}} Frame
 * @param {string} body
 * @returns {{frames: Frame[], bare: string[], tail: any}} `tail` is what janbench's timing proxy
 *   appended, if it did
 */
export function parseSse(body) {
  const frames = [];
  const bare = [];
  let tail = null;
  let event = '';
  let data = null;
  const dispatch = () => {
    if (data !== null) frames.push({ event, data });
    event = '';
    data = null;
  };
  for (const raw of body.split('\n')) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '') {
      dispatch();
    } else if (line.startsWith(':')) {
      if (line.startsWith(TAIL)) tail = JSON.parse(line.slice(TAIL.length));
    } else if (line.startsWith('data:')) {
      const value = line.startsWith('data: ') ? line.slice(6) : line.slice(5);
      // A line relay may lose the blank line before [DONE]: it is a frame of its own all the same.
      if (value === '[DONE]') dispatch();
      data = data === null ? value : `${data}\n${value}`;
    } else if (line.startsWith('event:')) {
      if (data !== null) dispatch();
      event = line.slice(6).trim();
    } else if (!/^(id|retry):/.test(line)) {
      bare.push(line);
    }
  }
  dispatch();
  return { frames, bare, tail };
}

const TAIL = ': janbench ';

/** The timing proxy's tail without a look at the rest of the body, else null. @param {string} body */
export function readTail(body) {
  const at = body.lastIndexOf(`\n${TAIL}`);
  if (at < 0 && !body.startsWith(TAIL)) return null;
  const from = at < 0 ? TAIL.length : at + 1 + TAIL.length;
  const end = body.indexOf('\n', from);
  return JSON.parse(body.slice(from, end < 0 ? undefined : end));
}
