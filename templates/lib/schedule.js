// Arrivals at given moments: a VU takes the next one and waits for its time.

import { sleep } from 'k6';
import exec from 'k6/execution';

import { record, time } from './metrics.js';
import { enterPhase } from './phase.js';

// How late scheduled iterations start.
const scheduleLag = time('schedule_lag_ms');

/**
 * Waits for the turn of this iteration; a warm-up or cool-down has none. How late it starts is
 * measured: lateness means that no VU was free in time, or that the machine is too slow, and then
 * the load isn't the one asked for.
 * @param {ArrayLike<number>} offsets ms from the lane's start, ascending @param {string} lane
 */
export function awaitTurn(offsets, lane) {
  if (enterPhase(exec.scenario.name)) return;
  const due = exec.scenario.startTime + offsets[exec.scenario.iterationInTest];
  const early = due - Date.now();
  if (early > 0) sleep(early / 1000);
  record(scheduleLag, Math.max(0, Date.now() - due), { lane });
}
