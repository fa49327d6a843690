import { firstLine } from './first-line.ts';
import { printable } from './printable.ts';

/** Why the first thing that was printed and did not arrive could not be written. */
let failure: Error | undefined;

/** From now on nothing stops because what is printed cannot be written: a run is worth more than its log, and ends as it would have. */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever reads our output may stop reading (`| head`): that is no error.
    if (error.code !== 'EPIPE') failure ??= error;
  });
  // There is nowhere left to say so.
  process.stderr.on('error', () => undefined);
}

/** Says what was lost, if anything was; gives the exit code of the command. */
export function tellLostOutput(exitCode: number): number {
  if (failure === undefined) return exitCode;
  const why = firstLine(failure.message);
  process.stderr.write(printable(`error OUTPUT_LOST: what was printed could not be written: ${why}. What the command did is done.\n`));
  return exitCode || 1;
}
