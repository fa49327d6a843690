import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FolderNotWritable, isError, NameTaken, StoreOnNetwork } from '../errors.ts';
import { newId } from '../id.ts';
import { makeFolder } from '../make-folder.ts';
import { saveBuiltinFlavors } from '../stack/builtin-flavors.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { openStore } from '../store/open-store.ts';
import { fileErrorReason } from './file-error.ts';
import { nearestProjectFolder } from './find-project.ts';
import { networkFileSystemOf } from './network-file-system.ts';
import { DEFAULT_STACK, readProjectConfig, writeProjectConfig } from './project-config.ts';
import { projectAt, type Project } from './project.ts';
import { replaceFile } from './replace-file.ts';

export interface InitResult {
  project: Project;
  /** There was no project here before. */
  created: boolean;
  /** What was missing in a project that existed, and is there now: `stack "default"`. */
  repaired: string[];
  /** Root of the project that served this folder until now, and serves the folders around it. */
  above: string | undefined;
}

/** The components of the default stack; each is called `default` and needs nothing but the project's folder. */
const DEFAULT_COMPONENTS: readonly { type: ComponentType; flavor: string }[] = [
  { type: 'orchestrator', flavor: 'local' },
  { type: 'artifact-store', flavor: 'local' },
  { type: 'experiment-tracker', flavor: 'local' },
];

/**
 * Makes a project of a folder: `.mortise/` with a store, the flavors that come with Mortise and a stack `default`, which becomes the active one.
 * Every part is made where it is missing and left as it is where it exists, so a call that was interrupted is completed by the next one.
 * @throws FolderNotWritable, StoreOnNetwork, BadProjectConfig, and what the store throws (`StoreCorrupt`, `StoreTooNew`, ...)
 */
export async function initProject(folder: string): Promise<InitResult> {
  const project = projectAt(folder);
  const created = !existsSync(project.folder);
  const missing: string[] = [];
  const storePath = sqlitePath(project.storeUrl);
  if (storePath !== undefined) refuseNetworkFileSystem(storePath);
  makeProjectFolder(project, missing);
  if (storePath !== undefined) makeWritableFolder(dirname(storePath), dirname(storePath));
  const store = await openStore(project.storeUrl, { create: true });
  try {
    await saveBuiltinFlavors(store);
    await makeDefaultStack(store, missing);
  } finally {
    store.close();
  }
  if (readProjectConfig(project).activeStack === undefined) {
    writeProjectConfig(project, { activeStack: DEFAULT_STACK });
    missing.push('the active stack');
  }
  return { project, created, repaired: created ? [] : missing, above: nearestProjectFolder(dirname(project.root)) };
}

function makeProjectFolder(project: Project, missing: string[]): void {
  makeWritableFolder(project.folder, project.root);
  const ignore = join(project.folder, '.gitignore');
  if (existsSync(ignore)) return;
  // A part of it would be taken for all of it by the next call, and the project would go into git.
  replaceFile(ignore, '*\n');
  missing.push('.mortise/.gitignore');
}

/** @throws FolderNotWritable that names `blamed`, the folder a person would look at */
function makeWritableFolder(folder: string, blamed: string): void {
  try {
    makeFolder(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new FolderNotWritable({ folder: blamed, reason: fileErrorReason(error) }, { cause: error });
  }
}

function sqlitePath(storeUrl: string): string | undefined {
  return /^sqlite:(.+)$/.exec(storeUrl)?.[1];
}

function refuseNetworkFileSystem(path: string): void {
  const fileSystem = networkFileSystemOf(path);
  if (fileSystem !== undefined) throw new StoreOnNetwork({ path, fileSystem });
}

async function makeDefaultStack(store: MetadataStore, missing: string[]): Promise<void> {
  const createdAt = Date.now();
  const name = DEFAULT_STACK;
  const components = DEFAULT_COMPONENTS.map(({ type }) => ({ type, name }));
  for (const { type, flavor } of DEFAULT_COMPONENTS) {
    if ((await store.component(type, name)) !== undefined) continue;
    await unlessTaken(store.createComponent({ id: newId(), type, name, flavor, config: {}, createdAt }));
    missing.push(`${type.replaceAll('-', ' ')} "${name}"`);
  }
  if ((await store.stack(name)) !== undefined) return;
  await unlessTaken(store.createStack({ id: newId(), name, createdAt, components }));
  missing.push(`stack "${name}"`);
}

/** Another process may be making the same project. */
async function unlessTaken(creation: Promise<void>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!isError(error, NameTaken)) throw error;
  }
}
