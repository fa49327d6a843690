import { join, resolve } from 'node:path';

/** Where a project keeps its state. All folders are absolute; each is made by whoever first needs it. */
export interface Project {
  root: string;
  /** `<root>/.mortise`: the marker of a project, and all that is in it. */
  folder: string;
  /** `MORTISE_STORE_URL` (a relative path in it is meant from the root), or `sqlite:<root>/.mortise/store.db`. */
  storeUrl: string;
  artifactsFolder: string;
  /** Event logs, a folder per run. */
  logsFolder: string;
  trackingFolder: string;
  cacheFolder: string;
}

/** Name of the folder that marks a project's root. */
export const PROJECT_FOLDER = '.mortise';

/** The project whose root is `root`, whether it has been made yet or not. */
export function projectAt(root: string): Project {
  const absolute = resolve(root);
  const folder = join(absolute, PROJECT_FOLDER);
  return {
    root: absolute,
    folder,
    storeUrl: storeUrl(absolute),
    artifactsFolder: join(folder, 'artifacts'),
    logsFolder: join(folder, 'logs'),
    trackingFolder: join(folder, 'tracking'),
    cacheFolder: join(folder, 'cache'),
  };
}

function storeUrl(root: string): string {
  const given = process.env['MORTISE_STORE_URL'] || `sqlite:${join(root, PROJECT_FOLDER, 'store.db')}`;
  const path = /^sqlite:(.+)$/.exec(given)?.[1];
  return path === undefined ? given : `sqlite:${resolve(root, path)}`;
}
