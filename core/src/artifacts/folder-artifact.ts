import { basename, resolve } from 'node:path';
import { checkPath } from '../check-texts.ts';

const MARK = Symbol.for('mortise.folder-artifact.v1');

/** A folder as a value: a step that returns one hands over its files, and the next step gets the path of a folder with the same files to read from. */
export class FolderArtifact {
  /** Absolute path on this host. Treat what lies there as read-only. */
  readonly path: string;
  /** The folder's own name, kept when it is stored. */
  readonly name: string;

  constructor(path: string, name?: string) {
    this.path = resolve(path);
    this.name = folderName(name ?? this.path);
    Object.defineProperty(this, MARK, { value: true });
  }
}

/** What a folder can be called within another: never `..`, which would be that one. */
export function folderName(name: string): string {
  return basename(resolve('/', name)) || 'folder';
}

/**
 * The folder at `path` (relative to the working directory), with all files below it, as a step's output. They are streamed into the artifact store when the
 * step ends. What is kept is what files say: their paths and bytes. Empty folders, modes and times are not; a symbolic link is refused.
 * @example
 * const model = step('train', async () => folder('/tmp/checkpoint'));
 */
export function folder(path: string): FolderArtifact {
  checkPath('folder()', path);
  return new FolderArtifact(path);
}

/** True for folder artifacts, also those of another copy of this package. */
export function isFolderArtifact(value: unknown): value is FolderArtifact {
  return typeof value === 'object' && value !== null && MARK in value;
}
