import type { ImportReport } from '@mortise/core/client';
import { count } from '../count.ts';
import { ImportProgressLine } from '../import-progress-line.ts';
import { print, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';
import { table } from '../table.ts';

interface ImportOptions {
  experiment?: string;
  dryRun?: boolean;
  output: OutputFormat;
}

/** `mortise import VENDOR SOURCE`. */
export async function importRuns(vendor: string, source: string, { experiment, dryRun = false, output }: ImportOptions): Promise<void> {
  await withClient(async (client, { ImportIncomplete }) => {
    const line = new ImportProgressLine();
    const options = { vendor, from: source, dryRun, ...(experiment !== undefined && { experiment }) };
    const report = await client.importRuns({ ...options, onProgress: line.show, onWarning: line.warn }).finally(() => line.close());
    await print(report, output, reportText);
    if (report.failed.length > 0) throw new ImportIncomplete({ from: source, failed: report.failed });
  });
}

function reportText({ dryRun, imported, alreadyThere, points, files, runs }: ImportReport): string {
  const there = alreadyThere === 0 ? '' : `; ${count(alreadyThere, 'run')} ${alreadyThere === 1 ? 'is' : 'are'} here already`;
  if (!dryRun) return `imported ${count(imported, 'run')} (${count(points, 'point')}, ${count(files, 'file')})${there}`;
  const rows = runs.map(({ name, experiment, status, alreadyThere: isHere }) => [name, experiment, status, isHere ? 'yes' : 'no']);
  return `${table(['RUN', 'EXPERIMENT', 'STATUS', 'HERE ALREADY'], rows)}\n\nwould import ${count(imported, 'run')}${there}`;
}
