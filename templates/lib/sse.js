// Server-sent events out of a whole body, as tolerant as real LLM servers demand: `data:` with or
// without a space, CRLF or CR, a byte order mark, comments, a last frame without its blank line, and
// bare lines, which servers write when something fails after the headers are out.

/**
 * @typedef {{event: string, data: string, unfinished?: boolean}} Frame `unfinished`: the body ends
 *   within its last line
 * @param {string} body
 * @returns {{frames: Frame[], bare: string[]}} `bare` are the lines that are no field of an event
 */
export function parseSse(body) {
  /** @type {Frame[]} */
  const frames = [];
  const bare = [];
  let event = '';
  let data = null;
  const dispatch = () => {
    if (data !== null) frames.push({ event, data });
    event = '';
    data = null;
  };
  let last = '';
  for (const line of lines(body)) {
    if (line === '') {
      dispatch();
    } else if (line.startsWith(':')) {
      // A comment.
    } else if (/^data(:|$)/.test(line)) {
      const value = line.startsWith('data: ') ? line.slice(6) : line.slice(5);
      data = data === null ? value : `${data}\n${value}`;
    } else if (/^event(:|$)/.test(line)) {
      if (data !== null) dispatch(); // a line relay may lose the blank line
      event = line.slice(6).trim();
    } else if (!/^(id|retry)(:|$)/.test(line)) {
      bare.push(line);
    }
    if (line !== '') last = line;
  }
  const open = data !== null && /^data(:|$)/.test(last) && !/[\n\r]$/.test(body);
  dispatch();
  if (open) frames[frames.length - 1].unfinished = true;
  return { frames, bare };
}

function lines(body) {
  const text = body.charCodeAt(0) === 0xfeff ? body.slice(1) : body;
  return (text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text).split('\n');
}
