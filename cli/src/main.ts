import { endCommand, watchCommandEnd } from './command-end.ts';
import { watchOutput } from './lost-output.ts';
import { quietWarnings } from './quiet-warnings.ts';
import { program } from './program.ts';
import { reportError } from './report-error.ts';
import { rewriteArgv } from './rewrite-argv.ts';
import { watchStrayErrors } from './stray-errors.ts';

/** Runs one command line and ends the process; its exit code says how it went: 0 done, 1 a mistake or a failed run, 2 a bug of Mortise, 130 and 143 interrupted. */
export async function main(argv: readonly string[]): Promise<void> {
  const verbose = argv.includes('--verbose');
  quietWarnings();
  watchCommandEnd();
  watchStrayErrors({ verbose });
  watchOutput();
  try {
    const words = rewriteArgv(argv);
    await program(words).parseAsync(words, { from: 'user' });
  } catch (error) {
    process.exitCode = reportError(error, { verbose });
  }
  await endCommand();
}
