import type { AsyncLocalStorage } from 'node:async_hooks';
import { strayEnds } from './command-end.ts';
import { firstLine } from './first-line.ts';
import { printable } from './printable.ts';

/** Where core keeps whose code runs: errors of steps are the steps'. */
const USER_CODE = Symbol.for('mortise.user-code.v1');

/** Ends the process with one line on an error that nobody can catch: thrown in a timer, or of a promise that nobody waits for. */
export function watchStrayErrors({ verbose }: { verbose: boolean }): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => {
      if (isOfAStep()) return;
      strayEnds();
      process.stderr.write(
        printable(
          `error STRAY_ERROR: code that this command loaded, a flavor's or a file's, threw where nobody waits for it: ${what(error)}. ${adviceOf(error) ?? 'Catch it there.'}\n`,
        ),
      );
      if (verbose) process.stderr.write(printable(`${String((error as Error | null | undefined)?.stack)}\n`));
      process.exit(1);
    });
}

function isOfAStep(): boolean {
  const { [USER_CODE]: shared } = globalThis as { [USER_CODE]?: { code: AsyncLocalStorage<{ stray?: unknown }> } };
  return shared?.code.getStore()?.stray !== undefined;
}

/** What an error of Mortise itself says to do: a step that is called in a timer is not to be caught there. */
function adviceOf(error: unknown): string | undefined {
  const advice = typeof error === 'object' && error !== null ? (error as { advice?: unknown }).advice : undefined;
  return typeof advice === 'string' ? firstLine(advice) : undefined;
}

function what(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { name = 'Error', message = 'no error' } = error as { name?: unknown; message?: unknown };
  return firstLine(`${String(name)}: ${String(message)}`).replace(/\.$/, '');
}
