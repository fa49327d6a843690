import { pathToFileURL } from 'node:url';
import { relative } from 'node:path';
import type { FilePipeline } from '@mortise/core/client';
import { importFile } from './import-file.ts';
import type { Core } from './project-core.ts';

/**
 * Imports a file under a guard, so that a top-level `run()` names its pipeline instead of running it, and chooses the one to run: that named by
 * `wanted` (its own name, or what it is exported as), else the one that the file would run, else the only one that it defines or exports.
 * @throws FileBroken, MissingPackage, NoPipeline, SeveralPipelines
 */
export async function choosePipeline(file: string, wanted: string | undefined, core: Core): Promise<FilePipeline> {
  const { guardRuns, pipelinesOfFile } = await core.filePipelines();
  const guard = guardRuns();
  const exports = await Promise.race([importFile(file, core), hasNominated(guard.first), neverSettles(file, core)]);
  guard.lift();
  const candidates = pipelinesOfFile({ module: pathToFileURL(file).href, exports, nominations: guard.nominations });
  return choose(candidates, wanted, relative(process.cwd(), file), core);
}

function choose(candidates: readonly FilePipeline[], wanted: string | undefined, file: string, core: Core): FilePipeline {
  const known = candidates.map(({ name }) => name);
  const byRun = candidates.filter(({ nomination }) => nomination !== undefined);
  const fitting = wanted === undefined ? (byRun.length > 0 ? byRun : candidates) : candidates.filter(({ names }) => names.includes(wanted));
  const [first, second] = fitting;
  if (first === undefined) throw new core.NoPipeline({ file, known, ...(wanted !== undefined && { wanted }) });
  if (second !== undefined) throw new core.SeveralPipelines({ file, known: fitting.map(({ name }) => name) });
  return first;
}

/** A file that awaits its own `run()` never ends its import. What it does at once after naming a pipeline still counts. */
async function hasNominated(first: Promise<void>): Promise<Record<string, unknown>> {
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  return {};
}

/** Rejects when nothing is left that the import could be waiting for. */
function neverSettles(file: string, core: Core): Promise<never> {
  return new Promise((_, reject) => {
    process.once('beforeExit', () =>
      reject(new core.FileBroken({ file: relative(process.cwd(), file), reason: 'its top level awaits something that never happens' })),
    );
  });
}
