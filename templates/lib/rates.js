// Rates over time, as segments: [seconds, rate at its begin, rate at its end].

/**
 * Rates as whole numbers of iterations in a whole number of seconds, exactly: k6 takes no
 * fractions, and rounding 0.25 per second to 0 or 1 would offer another load than was asked for.
 * @param {number[]} rates iterations per second
 * @returns {{targets: number[], timeUnit: string}}
 */
export function wholeRates(rates) {
  let unit = 1;
  const exact = (rate) => Math.abs(rate * unit - Math.round(rate * unit)) <= 1e-9 * unit;
  while (unit < 1e6 && !rates.every(exact)) unit *= 10;
  const targets = rates.map((rate) => Math.round(rate * unit));
  const divisor = targets.reduce(commonDivisor, unit);
  return { targets: targets.map((target) => target / divisor), timeUnit: `${unit / divisor}s` };
}

function commonDivisor(a, b) {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** The second within a segment at which so many iterations have started. @param {[number, number, number]} segment @param {number} iterations */
export function timeOf([seconds, from, to], iterations) {
  const bend = (to - from) / seconds;
  if (Math.abs(bend) < 1e-12) return iterations / from;
  return (Math.sqrt(Math.max(0, from * from + 2 * bend * iterations)) - from) / bend;
}

/** @returns {[number, number, number]} */
function cut([seconds, from, to], length) {
  return [length, from, from + ((to - from) * length) / seconds];
}

/** What starts in the first seconds. @param {[number, number, number][]} segments @param {number} seconds */
export function until(segments, seconds) {
  /** @type {[number, number, number][]} */
  const kept = [];
  let left = seconds;
  for (const segment of segments) {
    if (left <= 1e-9) break;
    kept.push(segment[0] <= left ? segment : cut(segment, left));
    left -= segment[0];
  }
  return kept;
}

/** What goes on until so many iterations have started. @param {[number, number, number][]} segments @param {number} iterations */
export function upTo(segments, iterations) {
  /** @type {[number, number, number][]} */
  const kept = [];
  let left = iterations;
  for (const segment of segments) {
    const started = (segment[0] * (segment[1] + segment[2])) / 2;
    if (started >= left) {
      kept.push(cut(segment, Math.min(segment[0], timeOf(segment, left))));
      break;
    }
    kept.push(segment);
    left -= started;
  }
  return kept.filter(([seconds]) => seconds > 0);
}
