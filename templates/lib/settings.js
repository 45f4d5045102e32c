// Settings from the environment, checked once when the script loads.

/** @param {string} name @param {string} [fallback] */
export function text(name, fallback = '') {
  const value = __ENV[name];
  return value === undefined || value === '' ? fallback : value;
}

/** @param {string} name @param {boolean} [fallback] */
export function flag(name, fallback = false) {
  const value = text(name).toLowerCase();
  if (value === '') return fallback;
  if (['true', '1', 'yes', 'on'].includes(value)) return true;
  if (['false', '0', 'no', 'off'].includes(value)) return false;
  throw new Error(`${name} must be true or false, not "${__ENV[name]}"`);
}

/** A number of at least `minimum`. @param {string} name @param {number} fallback @param {number} [minimum] */
export function number(name, fallback, minimum = 0) {
  const value = text(name);
  if (value === '') return fallback;
  const parsed = Number(value);
  if (!Number.isFinite(parsed) || parsed < minimum) {
    throw new Error(`${name} must be a number of at least ${minimum}, not "${value}"`);
  }
  return parsed;
}

/**
 * Everything that the environment decides about a run. @param {{base: string, model: string, flavour: string}} target
 * what holds unless the environment says otherwise
 */
export function readSettings(target) {
  const base = text('BASE', target.base).replace(/\/+$/, '');
  if (!/^https?:\/\/[^/]/i.test(base)) {
    throw new Error(`BASE must be an http:// or https:// URL, not "${base}"`);
  }
  const proxy = text('JANBENCH_PROXY').replace(/\/+$/, '');
  return {
    base,
    /** Where requests really go: the timing proxy when janbench runs one, else the target. */
    origin: proxy || base,
    proxied: proxy !== '',
    model: text('MODEL', target.model),
    flavour: text('FLAVOUR', target.flavour),
    debug: flag('DEBUG'),
    single: flag('SINGLE_RUN'),
    apiKey: text('API_KEY'),
    loadtestToken: text('LOADTEST_TOKEN'),
    rate,
    minutes,
  };
}

/** Iterations per second, whole or fractions; 0 leaves the lane out. @param {string} name @param {number} fallback */
function rate(name, fallback) {
  return number(name, fallback);
}

/** @param {string} name @param {number} fallback */
function minutes(name, fallback) {
  const value = number(name, fallback);
  if (value <= 0) throw new Error(`${name} must be greater than 0`);
  return value;
}
