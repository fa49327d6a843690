import type { GarbageReport } from '@mortise/core/client';
import { count } from '../count.ts';
import { formatBytes } from '../format-bytes.ts';
import { print, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';

interface GcOptions {
  dryRun?: boolean;
  unknown?: boolean;
  output: OutputFormat;
}

/** `mortise gc`. */
export async function collectGarbage({ dryRun = false, unknown = false, output }: GcOptions): Promise<void> {
  await withClient(async (client) =>
    print(await client.collectGarbage({ dryRun, unknown }), output, (report) => reportText(report, unknown)),
  );
}

type Amount = GarbageReport['logs'];

function reportText({ dryRun, versions, objects, unknown, logs, closed }: GarbageReport, withUnknown: boolean): string {
  const line = (amount: Amount, what: string, why: string): string =>
    `${dryRun ? 'would delete' : 'deleted'} ${count(amount.count, what)} (${formatBytes(amount.bytes)}) ${why}`;
  const lines = [
    line(versions, 'artifact version', 'that no run reads'),
    line(objects, 'stored object', 'that no version came of'),
    line(logs, 'log file', 'that everybody has read'),
  ];
  if (withUnknown) lines.push(line(unknown, 'stored object', 'that this project knows nothing of'));
  else if (unknown.count > 0)
    lines.push(
      `left ${count(unknown.count, 'stored object')} (${formatBytes(unknown.bytes)}) that this project knows nothing of: --unknown deletes them, if no other project uses the artifact store`,
    );
  for (const name of closed) lines.push(`left all of the artifact store "${name}", which cannot be opened here`);
  return lines.join('\n');
}
