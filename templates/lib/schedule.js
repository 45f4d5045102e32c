// Arrivals at given moments: a VU takes the next one and waits for its time.

import { sleep } from 'k6';
import exec from 'k6/execution';

import { scheduleLag } from './metrics.js';

/**
 * Waits for the turn of this iteration. How late it starts is measured: lateness means that no VU
 * was free in time, or that the machine is too slow, and then the load isn't the one asked for.
 * @param {number[]} offsets ms from the lane's start, ascending @param {string} lane
 */
export function awaitTurn(offsets, lane) {
  const due = exec.scenario.startTime + offsets[exec.scenario.iterationInTest];
  const early = due - Date.now();
  if (early > 0) sleep(early / 1000);
  scheduleLag.add(Math.max(0, Date.now() - due), { lane });
}
