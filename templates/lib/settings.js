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
 * Everything that the environment decides about a run.
 * @param {{target: {base: string, model: string, flavour: string},
 *          load: {nonstream_rps: number, stream_rps: number, duration_min: number}}} scenario
 */
export function readSettings(scenario) {
  const duration = number('DURATION_MIN', scenario.load.duration_min);
  if (duration <= 0) throw new Error('DURATION_MIN must be greater than 0');
  const base = text('BASE', scenario.target.base).replace(/\/+$/, '');
  if (!/^https?:\/\/[^/]/i.test(base)) {
    throw new Error(`BASE must be an http:// or https:// URL, not "${base}"`);
  }
  const proxy = text('JANBENCH_PROXY').replace(/\/+$/, '');
  return {
    base,
    /** Where requests really go: the timing proxy when janbench runs one, else the target. */
    origin: proxy || base,
    proxied: proxy !== '',
    model: text('MODEL', scenario.target.model),
    flavour: text('FLAVOUR', scenario.target.flavour),
    debug: flag('DEBUG'),
    single: flag('SINGLE_RUN'),
    nonstreamRps: number('NONSTREAM_RPS', scenario.load.nonstream_rps),
    streamRps: number('STREAM_RPS', scenario.load.stream_rps),
    durationMin: duration,
    apiKey: text('API_KEY'),
    loadtestToken: text('LOADTEST_TOKEN'),
    /** janbench asks for sub-metrics by step; a plain k6 run has no use for them. */
    observe: flag('JANBENCH_OBSERVE'),
    /** How many k6 processes share the load by execution segments. */
    instances: Math.floor(number('JANBENCH_INSTANCES', 1, 1)),
  };
}
