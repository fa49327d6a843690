// Takes the pictures of the docs again: runs examples/mlflow-sweep against a real MLflow server and looks at it in a real browser.
// `node scripts/screenshots.mjs`; it needs what `npm run test:real` has put there, a build, and Chromium (CHROMIUM, or /usr/bin/chromium).
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { startMlflow } from '../integrations/test-servers/src/index.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const pictures = join(repository, 'docs/pictures');
const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A run of the example at this server, and its promoted model. Gives what `runs show` says of it. */
function sweptAt(url, folder) {
  const example = join(repository, 'examples/mlflow-sweep');
  for (const part of ['package.json', 'src', 'data']) cpSync(join(example, part), join(folder, part), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'), 'dir');
  const node = (...args) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  const mortise = (words) => node(join(repository, 'cli/dist/mortise.js'), ...words.split(' '));
  mortise('init');
  mortise('experiment-tracker flavor register @mortise/mlflow');
  mortise(`experiment-tracker register mlflow --flavor=mlflow --tracking-uri=${url}`);
  mortise('stack register team -o default -a default -e mlflow --set');
  mortise('run src/pipeline.ts --name sweep');
  node('src/promote.ts');
  return JSON.parse(mortise('runs show sweep --output json'));
}

/** What the pages keep between visits: runs below their parent are shown, with these columns, and nothing covers them. */
function settled({ experiment, parent, columns }) {
  const runs = { selectedColumns: columns, runsExpanded: { [parent]: true }, orderByKey: 'attributes.start_time', orderByAsc: true };
  localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true');
  localStorage.setItem('mlflow.assistant.panelOpen_v1', 'false');
  localStorage.setItem(`MLflowLocalStorage-1.1-ExperimentPage-["${experiment}"]-ReactComponentState`, JSON.stringify(runs));
}

async function takePictures(url, { trackerRuns: [parent], steps }) {
  const [, experiment, parentId] = /experiments\/(\d+)\/runs\/(\w+)$/.exec(parent.url);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: [...QUIET, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 620 } });
    const columns = [
      'params.`learningRate`',
      'params.`l2`',
      'metrics.`validation/loss`',
      'metrics.`validation/accuracy`',
      'attributes.`Models`',
    ];
    await page.addInitScript(settled, { experiment, parent: parentId, columns });
    const look = async (path, name, text, charts) => {
      await page.goto('about:blank');
      await page.goto(`${url}/#/${path}`);
      await page.getByText(text).first().waitFor();
      if (charts !== undefined) await page.getByPlaceholder('Search metric charts').fill(charts);
      // Charts and tables are drawn one after the other, and nothing says when the last one is there.
      await page.waitForTimeout(6_000);
      await page.screenshot({ path: join(pictures, name) });
    };
    const ml = 'workflowType=machine_learning';
    await look(`experiments/${experiment}/runs?${ml}`, 'mlflow-runs.png', 'softmax[5]');
    await look(`experiments/${experiment}/runs?${ml}&compareRunsMode=CHART`, 'mlflow-curves.png', 'softmax[5]', 'validation');
    const champion = steps['evaluate'].runMetadata['mlflow_run_id'].value;
    await look(`experiments/${experiment}/runs/${champion}?${ml}`, 'mlflow-run.png', 'The champion');
  } finally {
    await browser.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'mortise-screenshots-'));
mkdirSync(pictures, { recursive: true });
const server = await startMlflow();
try {
  await takePictures(server.url, sweptAt(server.url, folder));
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
