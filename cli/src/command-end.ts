import { tellLostOutput } from './lost-output.ts';

/** How a command ends: once what it printed has been taken, whatever the code that it loaded left open, and never without a word. */
const command = { isOver: false, stray: false };

/** An error that nobody could catch ends the process, and has been told. */
export function strayEnds(): void {
  command.isOver = command.stray = true;
}

export const isStray = (): boolean => command.stray;

/** From now on the process may end: the command is over, or says itself how it ends. */
export function commandIsOver(): void {
  command.isOver = true;
}

/** Says so when the process ends before the command is over: code that it loaded ended it, or left nothing that could ever go on. */
export function watchCommandEnd(): void {
  process.on('exit', (code) => {
    // 130 and 143 are those of signals.
    if (command.isOver || code === 130 || code === 143) return;
    process.exitCode = 1;
    process.stderr.write(
      `error ENDED_EARLY: code that this command loaded ${code === 13 ? 'waits for what never comes' : 'ended the process'}. ${ADVICE}\n`,
    );
  });
}

const ADVICE = 'A flavor or a file of pipelines is to leave process.exit() and promises that never settle alone.';

/** Ends the process with the exit code that was set. */
export async function endCommand(): Promise<never> {
  // Rejections that nobody waits for are heard of only once what runs lets go.
  await new Promise((resolve) => setImmediate(resolve));
  commandIsOver();
  await outputTaken();
  process.exit(tellLostOutput(Number(process.exitCode ?? 0)));
}

/** Resolves when all that was printed has been taken: what a pipe has no room for would be lost with the process. */
export async function outputTaken(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(written));
  // What became of the last write is heard of a little later.
  await new Promise((resolve) => setImmediate(resolve));
}

/** How often a stream is looked at that holds so little that it tells nobody when that is gone, ms. */
const LOOK_MS = 2;

/** Whoever reads through a pipe may be slow; one that has gone reads no more. An empty write would be called done before those that it stands behind. */
async function written(stream: NodeJS.WriteStream): Promise<void> {
  while (stream.writableLength > 0 && !stream.destroyed) {
    if (stream.writableNeedDrain)
      await Promise.race(['drain', 'close'].map((event) => new Promise((resolve) => stream.once(event, resolve))));
    else await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
