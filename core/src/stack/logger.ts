import { redact, redactJson } from '../secrets/redaction.ts';
import type { Logger } from './flavor.ts';

/** Where this process's messages go. */
let destination: () => Logger = stderrLogger;

/** From now on `processLog` writes to what `log` gives at each message. */
export function logTo(log: () => Logger): void {
  destination = log;
}

/** Takes what Mortise and its components say in this process. Values of secrets are masked, wherever it goes. */
export function processLog(): Logger {
  const write = (level: keyof Logger) => (message: string, facts?: object) =>
    facts === undefined ? destination()[level](redact(message)) : destination()[level](redact(message), plain(facts));
  return { debug: write('debug'), info: write('info'), warn: write('warn') };
}

/** Warnings go to stderr as one line each; the rest is kept quiet unless MORTISE_DEBUG is set. */
export function stderrLogger(): Logger {
  const write = (level: string) => (message: string, facts?: object) =>
    void process.stderr.write(`${level} ${message}${facts === undefined ? '' : ` ${JSON.stringify(facts)}`}\n`);
  const quiet = (): void => undefined;
  const verbose = process.env['MORTISE_DEBUG'] !== undefined;
  return { debug: verbose ? write('debug') : quiet, info: verbose ? write('info') : quiet, warn: write('warning') };
}

/** As JSON holds them, an error by its text. */
function plain(facts: object): object {
  return redactJson(JSON.parse(JSON.stringify(facts, (_, value: unknown) => (value instanceof Error ? String(value) : value))) as object);
}
