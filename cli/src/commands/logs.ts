import type { StepLog } from '@mortise/core/client';
import { writeUnmasked } from '../mask-output.ts';
import { jsonOf, yamlOf, type OutputFormat } from '../print.ts';
import { logText } from '../printable.ts';
import { withClient } from '../project-core.ts';

interface LogsOptions {
  step?: string;
  follow?: boolean;
  output: OutputFormat;
}

/** What steps printed, each to the stream that it was printed to; as JSON, one object a line; as YAML, a stream of documents. */
export async function showLogs(run: string, { step, follow = false, output }: LogsOptions): Promise<void> {
  await withClient(async (client) => {
    // Whoever reads this through a pipe may have seen what they waited for (`| grep -m 1`): the run may take hours yet.
    const unread = new AbortController();
    process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => code === 'EPIPE' && unread.abort());
    const options = { follow, signal: unread.signal, ...(step !== undefined && { step }) };
    const show = { table: linesOf(step === undefined), json: jsonLine, yaml: yamlDocument }[output];
    for await (const log of client.stepLogs(run, options)) {
      const shown = await show(log);
      if (output !== 'table') writeUnmasked(shown);
      else (log.stream === 'out' ? process.stdout : process.stderr).write(shown);
    }
  });
}

const jsonLine = (log: StepLog): string => `${jsonOf(log)}\n`;
const yamlDocument = async (log: StepLog): Promise<string> => `---\n${await yamlOf(log)}`;

/** The text as it was printed, but for what commands a terminal beside colours; of several steps with the step before each line. */
function linesOf(named: boolean): (log: StepLog) => string {
  let open = '';
  return ({ step, attempt, stream, text: printed }) => {
    const text = logText(printed);
    if (!named || text === '') return text;
    const name = attempt > 1 ? `${step} (attempt ${attempt})` : step;
    const from = `${name} ${stream}`;
    // Another one's line is cut where this one begins.
    const start = open === '' ? `${name} | ` : open === from ? '' : `\n${name} | `;
    const whole = text.endsWith('\n');
    open = whole ? '' : from;
    return start + (whole ? text.slice(0, -1) : text).replaceAll('\n', `\n${name} | `) + (whole ? '\n' : '');
  };
}
