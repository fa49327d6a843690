import { removeCopy } from './copies-folder.ts';
import { isFileArtifact } from './file-artifact.ts';
import { isFolderArtifact } from './folder-artifact.ts';

const held = new WeakSet<object>();

/** Somebody beside the step that is given this value has it too: its copy outlives the step. */
export function holdCopy(value: object): void {
  held.add(value);
}

/** Removes the copies of files and folders that were made for one step, once it has ended: it was given them, or lists of them. */
export async function removeCopiesOfStep(inputs: readonly unknown[]): Promise<void> {
  for (const value of inputs) {
    if (Array.isArray(value)) await removeCopiesOfStep(value);
    else if ((isFileArtifact(value) || isFolderArtifact(value)) && !held.has(value)) await removeCopy(value.path);
  }
}
