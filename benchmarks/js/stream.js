// One chat stream for each iteration, and one of three ways to look at the answer:
//   LOOK=none  nothing: the cheapest k6 can be
//   LOOK=parse every chunk is parsed in JavaScript, as published k6 scripts for LLMs do
//   LOOK=tail  the timing proxy's tail is read (BASE must be the proxy)
// Load: RATE streams/s for SECONDS, or COUNT streams, VUS at a time.
import http from 'k6/http';
import { check } from 'k6';
import { Counter, Trend } from 'k6/metrics';

const env = __ENV;
const look = env.LOOK || 'none';
const ttft = new Trend('llm_ttft_ms', true);
const itl = new Trend('llm_itl_ms', true);
const tpot = new Trend('llm_tpot_ms', true);
const e2e = new Trend('llm_e2e_ms', true);
const tokens = new Counter('llm_tokens');

export const options = {
  discardResponseBodies: look === 'none',
  summaryTrendStats: ['avg', 'p(50)', 'p(95)', 'p(99)', 'max'],
  thresholds: { checks: ['rate==1'] },
  scenarios: {
    streams: env.RATE
      ? {
          executor: 'constant-arrival-rate',
          rate: Number(env.RATE),
          timeUnit: '1s',
          duration: `${env.SECONDS}s`,
          preAllocatedVUs: Number(env.VUS),
        }
      : {
          executor: 'shared-iterations',
          iterations: Number(env.COUNT),
          vus: Number(env.VUS),
          maxDuration: '10m',
        },
  },
};

const body = JSON.stringify({
  model: env.MODEL || 'jan-v1-4b',
  messages: [{ role: 'user', content: 'Count.' }],
  max_tokens: Number(env.TOKENS || 64),
  stream: true,
  stream_options: { include_usage: true },
});

const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${env.TOKEN || 'none'}` };
if (look === 'tail') headers['x-janbench-context'] = `scenario=bench&step=chat&lane=stream&end=done&body=${env.BODY || 'whole'}`;

const TAIL = ': janbench ';

function readTail(text) {
  const at = text.lastIndexOf(TAIL);
  if (at < 0) return false;
  const tail = JSON.parse(text.slice(at + TAIL.length));
  ttft.add(tail.ttft_ms);
  itl.add(tail.itl_mean_ms || 0);
  tpot.add(tail.tpot_ms || 0);
  e2e.add(tail.e2e_ms);
  tokens.add(tail.output_tokens);
  return tail.integrity === 'ok';
}

function parse(text) {
  let events = 0;
  let usage = null;
  let done = false;
  for (const line of text.split('\n')) {
    if (!line.startsWith('data: ')) continue;
    const data = line.slice(6);
    if (data === '[DONE]') {
      done = true;
      continue;
    }
    const frame = JSON.parse(data);
    if (frame.usage) usage = frame.usage;
    if (frame.choices && frame.choices.length && frame.choices[0].delta.content) events += 1;
  }
  tokens.add(usage ? usage.completion_tokens : events);
  return done && events > 0;
}

export default function () {
  const response = http.post(`${env.BASE}/v1/chat/completions`, body, { headers, timeout: '150s' });
  check(response, {
    complete: (r) =>
      r.status === 200 && (look === 'none' || (look === 'tail' ? readTail(r.body) : parse(r.body))),
  });
}
