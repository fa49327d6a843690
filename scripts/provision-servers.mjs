// Puts what the real tests run into a cache folder outside the tree: MLflow, ZenML and the Python clients of W&B, Comet and Neptune into Python environments,
// versitygw and fake-gcs-server, built by Go, and Azurite, which npm installs.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGuarded } from '../integrations/test-servers/src/guarded-process.ts';
import { canStart, provisioned } from '../integrations/test-servers/src/provisioned.ts';

/** A tool that the machine must have is not there. */
class MissingTool extends Error {}

const works = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Runs a command, whose output is only shown when it fails. It ends with this process, so that it never writes beside a second try. */
async function run(log, command, args, env = {}) {
  const child = await startGuarded(command, args, { log, env: { ...process.env, ...env } });
  if ((await child.exited()) === 0) return;
  throw new Error(`${command} ${args.join(' ')} failed:\n${readFileSync(log, 'utf8').trimEnd().split('\n').slice(-30).join('\n')}`);
}

/** Has the lock of the file as long as `work` runs; the system frees it when this process ends, whatever ends it. */
async function locked(file, waiting, work) {
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    for (let told = false; !isLockedBy(lock); told = true) {
      if (!told) console.log(waiting);
      await sleep(500);
    }
    return await work();
  } finally {
    lock.close();
  }
}

function isLockedBy(lock) {
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error.errcode !== 5) throw error;
    return false;
  }
}

/** A Python environment cannot be moved, so it is built in place, and the mark that it is whole is written last. */
async function installPython({ folder, program }, packages, log) {
  const check = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))';
  const python = ['python3', 'python3.13', 'python3.12', 'python3.11'].find((command) => works(command, '-c', check));
  if (!python) throw new MissingTool('there is no Python 3.11 or newer with venv');
  rmSync(folder, { recursive: true, force: true });
  await run(log, python, ['-m', 'venv', folder]);
  await run(log, program, ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', ...packages]);
}

async function installMlflow(what, log) {
  const { folder, version, program, emptyDatabase, mark } = what;
  console.log(`installing MLflow ${version} (Python) into ${folder}, once: 850 MB, 2 to 10 minutes ...`);
  await installPython(what, [`mlflow[auth]==${version}`], log);
  const makeTables =
    'import sys; from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore; SqlAlchemyStore(sys.argv[1], "mlflow-artifacts:/")';
  await run(log, program, ['-c', makeTables, `sqlite:///${emptyDatabase}`]);
  writeFileSync(mark, '');
}

async function installPackages(what, log) {
  const { folder, version, packages, size, mark } = what;
  console.log(`installing ${version} (Python) into ${folder}, once: ${size}, 1 to 5 minutes ...`);
  await installPython(what, packages, log);
  writeFileSync(mark, '');
}

/** Of a program that `go install` builds from `source`; `what` says how large it is, and how long that takes. */
const installByGo =
  (source, what) =>
  async ({ folder, version, program }, log) => {
    if (!works('go', 'version')) throw new MissingTool('there is no Go');
    console.log(`building ${basename(program)} ${version} (Go) into ${folder}, once: ${what} ...`);
    const building = `${folder}.building`;
    rmSync(building, { recursive: true, force: true });
    await run(log, 'go', ['install', '-ldflags=-s -w', `${source}@v${version}`], { GOBIN: building });
    mkdirSync(folder, { recursive: true });
    renameSync(join(building, basename(program)), program);
    rmSync(building, { recursive: true });
  };

/** In a folder of its own, which is moved to its place when it is whole. */
async function installAzurite({ folder, version }, log) {
  if (!works('npm', '--version')) throw new MissingTool('there is no npm');
  console.log(`installing Azurite ${version} (npm) into ${folder}, once: 195 MB, 1 to 3 minutes ...`);
  const building = `${folder}.building`;
  rmSync(building, { recursive: true, force: true });
  await run(log, 'npm', ['install', '--prefix', building, '--no-audit', '--no-fund', '--ignore-scripts', `azurite@${version}`]);
  renameSync(building, folder);
}

const installers = {
  mlflow: installMlflow,
  s3: installByGo('github.com/versity/versitygw/cmd/versitygw', '60 MB, 4 to 15 minutes'),
  azurite: installAzurite,
  'vendor-clients': installPackages,
  zenml: installPackages,
  gcs: installByGo('github.com/fsouza/fake-gcs-server', '35 MB, 2 to 10 minutes'),
};

/** Puts a server into the cache folder unless it is there. */
async function provision(server) {
  if (canStart(server)) return;
  const what = provisioned[server];
  mkdirSync(dirname(what.folder), { recursive: true });
  const log = `${what.folder}.log`;
  await locked(`${what.folder}.lock`, `waiting for another process that makes ${what.folder} ...`, async () => {
    if (canStart(server)) return;
    writeFileSync(log, '');
    await installers[server](what, log);
  });
}

const required = Boolean(process.env.CI || process.env.MORTISE_REAL_REQUIRED);

/**
 * Puts all servers into the cache folder that are not there, and says which cannot be had.
 * @returns how many should be there and are not
 */
export async function provisionAll() {
  let failed = 0;
  for (const [server, tests] of [
    ['mlflow', 'the tests against a real MLflow server'],
    ['s3', 'the tests against a real S3 server'],
    ['gcs', 'the tests against a real GCS server'],
    ['azurite', 'the tests against a real Azure Blob server'],
    ['vendor-clients', "the tests with the vendors' Python clients"],
    ['zenml', 'the tests beside ZenML'],
  ]) {
    try {
      await provision(server);
    } catch (error) {
      const skips = error instanceof MissingTool && !required;
      if (!skips) failed += 1;
      console.log(`${tests} ${skips ? 'are skipped' : 'cannot run'}: ${error.message}`);
    }
  }
  return failed;
}
