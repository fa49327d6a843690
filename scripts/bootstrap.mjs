// The first thing that runs in a fresh clone: installs what is missing, builds what is stale, then runs one of the scripts beside this file
// on the Node version the project pins. Has no dependencies and keeps to what Node 20 can parse, because nothing is installed yet.
//   node scripts/bootstrap.mjs [script.mjs [argument ...]]
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const scripts = dirname(fileURLToPath(import.meta.url));
const root = dirname(scripts);
const lockFile = join(root, 'package-lock.json');
const installedLockFile = join(root, 'node_modules/.package-lock.json');
const pinnedNode = join(root, 'node_modules/node/bin/node');

/** npm writes `node_modules/.package-lock.json` as the last act of a complete install, so its time is the stamp of that install. */
function isInstalled() {
  return existsSync(installedLockFile) && existsSync(pinnedNode) && statSync(installedLockFile).mtimeMs >= statSync(lockFile).mtimeMs;
}

/** The npm that started us, run by the Node that runs us. Its errors are kept even under `npm test --silent`, to be judged and shown. */
function npm(...args) {
  const npmCli = process.env.npm_execpath ?? '';
  const [file, first] = npmCli.endsWith('npm-cli.js') ? [process.execPath, [npmCli]] : ['npm', []];
  return spawnSync(file, [...first, ...args, '--include=dev', '--loglevel=error'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
}

function install() {
  console.log('installing dependencies, about 30 s ...');
  const lock = readFileSync(lockFile);
  // `npm ci` empties node_modules first, so it is only for a checkout that has none. It refuses (EUSAGE) a lock that lacks another platform's
  // optional package, which some registries do not carry; `npm install` accepts it.
  const fresh = existsSync(join(root, 'node_modules')) ? undefined : npm('ci');
  const result = fresh === undefined || fresh.stderr?.includes('EUSAGE') ? npm('install') : fresh;
  if (result.status !== 0 || !existsSync(pinnedNode)) {
    console.error(result.error?.message ?? `${result.stdout}${result.stderr}`.trimEnd());
    console.error('npm could not install the dependencies (its messages are above). Is the registry reachable? Try: npm install');
    process.exit(1);
  }
  if (!readFileSync(lockFile).equals(lock)) writeFileSync(lockFile, lock);
  const now = new Date();
  utimesSync(installedLockFile, now, now);
}

/** Runs a script on the pinned Node, with the terminal passed through; returns its exit code as a shell would. */
function run(script, args) {
  const { status, signal, error } = spawnSync(pinnedNode, [join(scripts, script), ...args], { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  return status ?? 128 + constants.signals[signal];
}

if (!isInstalled()) install();
const [script, ...args] = process.argv.slice(2);
let code = run('build.mjs', []);
if (code === 0 && script) code = run(script, args);
process.exitCode = code;
