// Server-sent events out of a whole body, as tolerant as real LLM servers demand: `data:` with or
// without a space, CRLF, comments, a last frame without its blank line, and bare JSON lines, which
// servers write when something fails after the headers are out.

/**
 * @typedef {{event: string, data: string}} Frame
 * @param {string} body
 * @returns {{frames: Frame[], bare: string[]}}
 */
export function parseSse(body) {
  const frames = [];
  const bare = [];
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
      // A comment.
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
  return { frames, bare };
}
