// Warm-up and cool-down are sent like anything else, but count for nothing.

let current = '';
let known = '';

/** What a k6 scenario is: '' is the part that counts. @param {string} k6Scenario its name */
export function phaseOf(k6Scenario) {
  const match = /^(warmup|cooldown)_/.exec(k6Scenario);
  return match ? match[1] : '';
}

/** What this VU is in from now on. @param {string} k6Scenario name of the k6 scenario */
export function enterPhase(k6Scenario) {
  if (k6Scenario !== known) current = phaseOf(k6Scenario);
  known = k6Scenario;
  return current;
}

export function counts() {
  return current === '';
}
