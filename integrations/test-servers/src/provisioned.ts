import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const versions = JSON.parse(readFileSync(new URL('../versions.json', import.meta.url), 'utf8')) as {
  azurite: string;
  mlflow: string;
  versitygw: string;
  'fake-gcs-server': string;
  comet_ml: string;
  neptune: string;
  'neptune-scale': string;
  wandb: string;
  zenml: string;
};

/** Where real servers are kept between runs, outside the tree. */
const cacheFolder = process.env['MORTISE_TEST_CACHE'] || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mortise-test');

const azurite = join(cacheFolder, `azurite-${versions.azurite}`);
const mlflow = join(cacheFolder, `mlflow-${versions.mlflow}`);
const fakeGcs = join(cacheFolder, `fake-gcs-server-${versions['fake-gcs-server']}`);
const versitygw = join(cacheFolder, `versitygw-${versions.versitygw}`);
const vendorClients = join(cacheFolder, `vendor-clients-${versions.wandb}-${versions.comet_ml}-${versions['neptune-scale']}`);
const zenml = join(cacheFolder, `zenml-${versions.zenml}-${versions.wandb}-${versions.comet_ml}-${versions.neptune}`);
const packagesOf = (...names: (keyof typeof versions)[]): string[] => names.map((name) => `${name}==${versions[name]}`);

/**
 * What the real tests run and where it is: `mlflow` is MLflow's server and Python client, `s3` is versitygw, `gcs` is fake-gcs-server, `vendor-clients`
 * the Python clients of Weights & Biases, Comet and Neptune, `zenml` is ZenML with the clients that its flavors use; they need no server but our recorders.
 * `mark` is there when `folder` is whole.
 */
export const provisioned = {
  mlflow: {
    folder: mlflow,
    version: versions.mlflow,
    program: join(mlflow, 'bin/python'),
    /** All tables and no rows but those that MLflow puts there itself. */
    emptyDatabase: join(mlflow, 'empty.db'),
    mark: join(mlflow, '.complete'),
  },
  azurite: {
    folder: azurite,
    version: versions.azurite,
    program: join(azurite, 'node_modules/azurite/dist/src/blob/main.js'),
    mark: join(azurite, 'node_modules/azurite/package.json'),
  },
  gcs: {
    folder: fakeGcs,
    version: versions['fake-gcs-server'],
    program: join(fakeGcs, 'fake-gcs-server'),
    mark: join(fakeGcs, 'fake-gcs-server'),
  },
  'vendor-clients': {
    folder: vendorClients,
    version: `wandb ${versions.wandb}, comet_ml ${versions.comet_ml}, neptune-scale ${versions['neptune-scale']}`,
    packages: packagesOf('wandb', 'comet_ml', 'neptune-scale'),
    size: '220 MB',
    program: join(vendorClients, 'bin/python'),
    mark: join(vendorClients, '.complete'),
  },
  zenml: {
    folder: zenml,
    version: `ZenML ${versions.zenml} with wandb ${versions.wandb}, comet_ml ${versions.comet_ml}, neptune ${versions.neptune}`,
    packages: [`zenml[local]==${versions.zenml}`, ...packagesOf('wandb', 'comet_ml', 'neptune')],
    size: '510 MB',
    program: join(zenml, 'bin/python'),
    mark: join(zenml, '.complete'),
  },
  s3: {
    folder: versitygw,
    version: versions.versitygw,
    program: join(versitygw, 'versitygw'),
    mark: join(versitygw, 'versitygw'),
  },
};

export type RealServerName = keyof typeof provisioned;

/**
 * Whether these servers are on this machine. A file of real tests skips itself where they are not:
 * @example
 * const suite = canStart('mlflow') ? describe : describe.skip;
 */
export function canStart(...servers: RealServerName[]): boolean {
  return servers.every((server) => existsSync(provisioned[server].mark));
}

/**
 * The program of a server.
 * @throws Error when it is not on this machine
 */
export function programOf(server: RealServerName): string {
  const { mark, program } = provisioned[server];
  if (!canStart(server)) throw new Error(`${mark} is not there yet; npm run test:real puts it there`);
  return program;
}
