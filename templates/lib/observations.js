// k6 reports a tagged sub-metric only when a threshold names it; these can't be crossed.

const KINDS = [
  'ok', 'http_error', 'in_band_error', 'no_content', 'no_finish_reason', 'no_done',
  'malformed_frame', 'truncated', 'stalled', 'timeout',
];
const LANES = ['main', 'nonstream', 'stream'];

/** @param {any[]} steps the leaves @param {boolean} phases whether there is a warm-up or cool-down */
export function observations(steps, phases) {
  const watched = {};
  for (const { step } of steps) {
    watched[`http_req_duration{step:${step.id}}`] = ['max>=0'];
    watched[`http_reqs{step:${step.id}}`] = ['count>=0'];
    watched[`http_req_failed{step:${step.id}}`] = ['rate>=0'];
    watched[`step_failures{step:${step.id}}`] = ['count>=0'];
    if (step.model) watched[`llm_failed_inside_200{step:${step.id}}`] = ['count>=0'];
  }
  for (const name of LANES) watched[`lane_iterations{lane:${name}}`] = ['count>=0'];
  for (const kind of KINDS) watched[`llm_stream_errors{kind:${kind}}`] = ['count>=0'];
  if (phases) {
    watched['http_reqs{phase:main}'] = ['count>=0'];
    watched['http_req_failed{phase:main}'] = ['rate>=0'];
    watched['http_req_duration{phase:main}'] = ['max>=0'];
    watched['iterations{phase:main}'] = ['count>=0'];
    watched['dropped_iterations{phase:main}'] = ['count>=0'];
  }
  return watched;
}
