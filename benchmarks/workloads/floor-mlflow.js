// node floor-mlflow.js URL POINTS: log-batch requests of 1,000 points, one after the other over a connection that is kept
const [url, count] = process.argv.slice(2);
const points = Number(count);

async function post(route, body) {
  const answer = await fetch(`${url}/api/2.0/mlflow/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return JSON.parse(text);
}

const { run } = await post('runs/create', { experiment_id: '0', start_time: Date.now() });
const start = performance.now();
for (let from = 0; from < points; from += 1000) {
  const timestamp = Date.now();
  const metrics = Array.from({ length: 1000 }, (_, i) => ({ key: 'loss', value: 1 / (from + i + 1), timestamp, step: from + i }));
  await post('runs/log-batch', { run_id: run.info.run_id, metrics });
}
console.log(JSON.stringify({ ms: performance.now() - start }));
