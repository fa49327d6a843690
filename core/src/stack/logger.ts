import { redact } from '../secrets/redaction.ts';
import type { Logger } from './flavor.ts';

/** Warnings go to stderr as one line each; the rest is kept quiet unless MORTISE_DEBUG is set. Values of secrets are masked. */
export function stderrLogger(): Logger {
  const write = (level: string) => (message: string, facts?: object) =>
    void process.stderr.write(redact(`${level} ${message}${facts === undefined ? '' : ` ${JSON.stringify(facts)}`}\n`));
  const quiet = (): void => undefined;
  const verbose = process.env['MORTISE_DEBUG'] !== undefined;
  return { debug: verbose ? write('debug') : quiet, info: verbose ? write('info') : quiet, warn: write('warning') };
}
