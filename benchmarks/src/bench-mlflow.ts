// Measures the built packages against a real MLflow server, which has to be on this machine (`npm run test:real` puts it there); see README.md beside src/.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { startMlflow } from '../../integrations/test-servers/src/index.ts';
import { medians } from './rounds.ts';
import { row, table } from './row.ts';
import { ScratchProject } from './scratch-project.ts';

const POINTS = 100_000;
const { rounds: given } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } }).values;
const rounds = Number(given);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('usage: npm run bench:mlflow -- [--rounds N]');

const load = loadavg()[0]!;
const project = await ScratchProject.make({ 'integrations/mlflow': 'mlflow', 'integrations/mlflow-client': 'mlflow-client' });
const server = await startMlflow();
try {
  const outputOf = <T>(...args: string[]) => JSON.parse(project.node(...args).output) as T;
  const raw = () => outputOf<{ ms: number }>('floor-mlflow.js', server.url, String(POINTS));
  const logged = () => outputOf<{ ms: number; cpuMs: number }>('log-points.js', String(POINTS));
  let round = 0;
  const { ms, cpuMs, floor } = medians(rounds, () => {
    project.reset();
    project.node('use-tracker.js', 'mlflow', JSON.stringify({ trackingUri: server.url }));
    console.error(`round ${++round} of ${rounds} ...`);
    // A database that grows, or a machine that warms up, is not to count for one of them.
    const before = round % 2 === 0 ? raw() : undefined;
    const { ms, cpuMs } = logged();
    return { ms, cpuMs, floor: (before ?? raw()).ms };
  });
  const perSecond = (time: number) => Math.round((POINTS / time) * 1_000).toLocaleString('en');
  console.log(`load ${load.toFixed(1)} at the start; medians of ${rounds}`);
  console.log(
    table([
      row('100,000 points of one step: CPU in the step', 'ms CPU', cpuMs, { goal: { of: 'median', most: 1_500 } }),
      row('100,000 points of one step: from the first call until MLflow has all', 'ms wall', ms, {
        floor,
        goal: { of: 'ratio', most: 1.17 },
      }),
    ]),
  );
  console.log(
    `points a second: ${perSecond(ms)} of ${perSecond(floor)} by requests alone (${(floor / ms).toFixed(2)}x): the server is the bound`,
  );
} finally {
  await server.stop();
  project.remove();
}
