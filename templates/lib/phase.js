// Warm-up and cool-down are sent like anything else, but count for nothing.

let current = '';

/** What this VU is in: '' is the part that counts. @param {string} k6Scenario name of the k6 scenario */
export function enterPhase(k6Scenario) {
  const match = /^(warmup|cooldown)_/.exec(k6Scenario);
  current = match ? match[1] : '';
  return current;
}

export function counts() {
  return current === '';
}
