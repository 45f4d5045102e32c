// Redirects: named, never followed. Following one would carry credentials to a host that nobody
// named, go past the timing proxy, and turn a POST into a GET.

const STATUSES = [301, 302, 303, 307, 308];
const MOST = 200;

/**
 * Where a response redirects to, else an empty text. @param {any} response
 * @param {string} base @param {string} path as requested @param {string} [shown] the path without ids
 */
export function redirection(response, base, path, shown = path) {
  if (!STATUSES.includes(response.status)) return '';
  const location = header(response.headers, 'location');
  if (!location) return '';
  const found = absolute(location, base + path).split(/[?#]/)[0].replace(/\/\/[^/@]*@/, '//');
  const bare = path.split('?')[0];
  // An id in the path would make a check of its own for each request.
  const plain = found.endsWith(bare) ? found.slice(0, found.length - bare.length) + shown : found;
  return plain.replace(/[^!-~]/g, '?').slice(0, MOST);
}

/** What to do about it. @param {string} url @param {string} base @param {string} shown */
export function redirectHint(url, base, shown) {
  if (url.replace(/\/+$/, '') === (base + shown).replace(/\/+$/, '')) {
    return "the two differ in the slash at the end: the server's path is not the flavour's";
  }
  if (shown !== '/' && url.endsWith(shown)) {
    return `set base (--base, BASE or target.base) to ${url.slice(0, url.length - shown.length)}`;
  }
  return 'redirects are not followed: set base (--base, BASE or target.base) to the address that answers by itself';
}

function header(headers, name) {
  const found = Object.keys(headers || {}).find((key) => key.toLowerCase() === name);
  return found ? String(headers[found]) : '';
}

function absolute(location, url) {
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return location;
  const [, scheme, origin, path] = url.match(/^([a-z]+:)(\/\/[^/?#]*)([^?#]*)/i) || ['', '', '', ''];
  if (location.startsWith('//')) return scheme + location;
  if (location.startsWith('/')) return scheme + origin + location;
  return scheme + origin + path.replace(/[^/]*$/, '') + location;
}
