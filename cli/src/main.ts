import { quietWarnings } from './quiet-warnings.ts';
import { program } from './program.ts';
import { reportError } from './report-error.ts';
import { rewriteArgv } from './rewrite-argv.ts';

/** Runs one command line; `process.exitCode` says how it went: 0 done, 1 a mistake or a failed run, 2 a bug of Mortise, 130 and 143 interrupted. */
export async function main(argv: readonly string[]): Promise<void> {
  quietWarnings();
  // Whoever reads our output may stop reading (`| head`): that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));
  try {
    await program().parseAsync(rewriteArgv(argv), { from: 'user' });
  } catch (error) {
    process.exitCode = reportError(error, { verbose: argv.includes('--verbose') });
  }
}
