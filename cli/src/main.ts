import { endCommand, watchCommandEnd } from './command-end.ts';
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
  process.stdout.on('error', ignoreClosedPipe);
  try {
    const words = rewriteArgv(argv);
    await program(words).parseAsync(words, { from: 'user' });
  } catch (error) {
    process.exitCode = reportError(error, { verbose });
  }
  await endCommand();
}

/** Whoever reads our output may stop reading (`| head`): that is no error, and a run goes on. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
