import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';
import { Screen } from './testing/screen.ts';
import { noTerminals, Terminal, type TerminalOptions } from './testing/terminal.ts';

let project: CliProject;
beforeAll(async () => {
  buildCommand();
  project = cliProject();
  await project.mortise(['init']);
  project.write(
    'steps.mjs',
    `import { existsSync } from 'node:fs';
     import { pipeline, step } from '@mortise/core';
     const until = async (file) => { while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20)); };
     const wait = step('wait', { cache: false }, async ({ file }) => until(file));
     const talk = step('talk', { cache: false }, async ({ file }) => {
       console.log('a whole line');
       process.stderr.write('to stderr\\n');
       process.stdout.write('no end ');
       await until(file);
       process.stdout.write('yet\\n');
       for (let i = 1; i <= 60; i++) console.log('line ' + i);
       process.stdout.write('the end is missing');
     });
     const each = step('each', { cache: false }, async ({ n, file }) => { if (n > 50) await until(file); return n; });
     const items = step('items', { cache: false }, async ({ count }) => Array.from({ length: count }, (_, i) => i));
     const bad = step('bad', { cache: false }, async () => { throw new RangeError('too far\\nfrom here'); });
     export const waiting = pipeline('waiting', { params: { file: 'go' } }, ({ file }) => wait({ file }));
     export const talking = pipeline('talking', { params: { file: 'go' } }, ({ file }) => talk({ file }));
     export const mapped = pipeline('mapped', { params: { file: 'go' } }, ({ file }) => each.map({ n: items({ count: 60 }) }, { file }));
     export const failing = pipeline('failing', () => bad());
     export const exits = pipeline('exits', () => step('leaves', { cache: false }, () => process.exit())());`,
  );
});
afterAll(() => project.remove());

/** What is on the screen of a terminal of this size now. */
function screenOf(terminal: Terminal, rows = 24, columns = 80): string[] {
  const screen = new Screen(rows, columns);
  screen.write(terminal.shown);
  return screen.lines;
}

async function inTerminal(
  args: readonly string[],
  options: Partial<TerminalOptions>,
  look: (terminal: Terminal) => Promise<void> = async () => undefined,
): Promise<{ code: number | null; terminal: Terminal }> {
  const terminal = Terminal.mortise(['run', ...args], { cwd: project.folder, ...options });
  try {
    await look(terminal);
    return { code: await terminal.ended(), terminal };
  } finally {
    terminal.close();
  }
}

/** Rows of the list, by the step. */
const rowOf = (lines: readonly string[], step: string): string | undefined => lines.find((line) => line.startsWith(`  ${step} `));

const inTerminals = (name: string, test: () => Promise<void>): void => {
  if (noTerminals === undefined) it(name, test);
  else it(`cannot be tried (${noTerminals}): ${name}`, () => expect(project.folder).not.toBe(''));
};

let files = 0;
/** A file that a step waits for, and how to make it. */
function gate(): { file: string; open: () => void } {
  const file = `go-${(files += 1)}`;
  return { file: `file=${file}`, open: () => void project.write(file, '') };
}

describe('while a run goes, a terminal shows', () => {
  inTerminals('the run and its steps with state and duration, and afterwards the summary alone', async () => {
    const { file, open } = gate();
    const { code, terminal } = await inTerminal(['steps.mjs#waiting', '--param', file, '--name', 'first'], {}, async (shown) => {
      await shown.until(/wait +.*running.* (0\.[3-9]|[1-9]\d*\.\d) s/);
      const lines = screenOf(shown);
      expect(lines[0]).toBe('run first');
      expect(rowOf(lines, 'wait')).toMatch(/^ {2}wait {2}running {2}\d\.\d s$/);
      open();
    });
    expect(code).toBe(0);
    const lines = screenOf(terminal);
    expect(lines.filter((line) => line.includes('running'))).toEqual([]);
    expect(lines.filter((line) => line !== '')).toEqual([
      expect.stringMatching(/^STEP +STATUS +DURATION$/),
      expect.stringMatching(/^wait +completed +[\d.]+ s$/),
      expect.stringMatching(/^run first {2}completed in [\d.]+ s$/),
    ]);
    expect(terminal.shown.lastIndexOf('\u001b[?25h')).toBeGreaterThan(terminal.shown.lastIndexOf('\u001b[?25l'));
  });

  inTerminals('what a step prints whole and above the list, also a line that has no end yet', async () => {
    const { file, open } = gate();
    const { code, terminal } = await inTerminal(['steps.mjs#talking', '--param', file], { rows: 12 }, async (shown) => {
      await shown.until(/no end/);
      await shown.until(/talk.*running/);
      const lines = screenOf(shown, 12);
      expect(lines.slice(0, 2)).toEqual(['a whole line', 'to stderr']);
      expect(lines[2]).toBe('no end');
      expect(lines[3]).toMatch(/^run talking-/);
      expect(rowOf(lines, 'talk')).toMatch(/running/);
      open();
    });
    expect(code).toBe(0);
    const printed = [
      'a whole line',
      'to stderr',
      'no end yet',
      ...Array.from({ length: 60 }, (_, i) => `line ${i + 1}`),
      'the end is missing',
    ];
    expect(screenOf(terminal, 12).slice(0, printed.length)).toEqual(printed);
    const { stdout } = await project.mortise(['runs', 'logs', 'latest', '--step', 'talk']);
    expect(stdout.split('\n')).toEqual(printed.filter((line) => line !== 'to stderr'));
  });

  inTerminals('no more rows than it has, those that go on first, and counts of the rest', async () => {
    const { file, open } = gate();
    const args = ['steps.mjs#mapped', '--param', file, '--concurrency', '4'];
    const { code, terminal } = await inTerminal(args, { rows: 8 }, async (shown) => {
      await shown.until(/and \d+ more: (5[0-9]|4[5-9]) completed/);
      const lines = screenOf(shown, 8).filter((line) => line !== '');
      expect(lines).toHaveLength(7);
      expect(lines.filter((line) => line.includes('running'))).toHaveLength(4);
      open();
    });
    expect(code).toBe(0);
    const lines = screenOf(terminal, 8);
    expect(lines.filter((line) => /^each\[\d+\] +completed/.test(line))).toHaveLength(60);
    expect(lines.filter((line) => line.startsWith('  '))).toEqual([]);
  });

  inTerminals('rows that fit after it became narrower or wider, and none twice', async () => {
    const { file, open } = gate();
    const name = 'a-run-with-a-name-that-is-long-enough-to-need-more-than-forty-columns';
    await inTerminal(['steps.mjs#waiting', '--param', file, '--name', name], { columns: 100 }, async (shown) => {
      await shown.until(/wait.*running/);
      expect(screenOf(shown, 24, 100)[0]).toBe(`run ${name}`);
      const before = shown.shown.length;
      shown.resize(24, 40);
      await shown.until(/wait.*running/, before);
      await shown.until(/running.*0\.\d s|running.*\d\.\d s/, before);
      // The terminal has cut the long row in two by then.
      const screen = new Screen(24, 40);
      screen.write(`run ${name}\r\n  wait  running  0.1 s\r\n${shown.shown.slice(before)}`);
      const lines = screen.lines.filter((line) => line !== '');
      expect(lines).toEqual([`run ${name}`.slice(0, 38) + '…', expect.stringMatching(/^ {2}wait {2}running/)]);
      open();
    });
  });

  inTerminals('why a step failed', async () => {
    const { code, terminal } = await inTerminal(['steps.mjs#failing', '--name', 'fails'], {});
    expect(code).toBe(1);
    expect(screenOf(terminal).join('\n')).toMatch(/^bad +failed +[\d.]+ s +too far$/m);
  });

  inTerminals('the cursor again when a step ends the process', async () => {
    const { code, terminal } = await inTerminal(['steps.mjs#exits'], {});
    expect(code).toBe(1);
    expect(terminal.shown).toContain('\u001b[?25h');
    expect(screenOf(terminal).join('\n')).toMatch(/^the code of a step ended the process before the run was over/);
  });
});

describe('lines that stay, one for each event, are what', () => {
  inTerminals('a terminal shows that is dumb, where colours are not wanted, and in CI', async () => {
    for (const env of [{ TERM: 'dumb' }, { NO_COLOR: '1' }, { CI: 'true' }]) {
      const { file, open } = gate();
      open();
      const { terminal } = await inTerminal(['steps.mjs#waiting', '--param', file], { env });
      expect(terminal.shown).toMatch(/^run waiting-\S+\r\n {2}wait started\r\n {2}wait \S*completed/m);
      expect(terminal.shown).not.toContain('\u001b[?25l');
    }
  });

  it('a file gets', async () => {
    const { file, open } = gate();
    open();
    const { stdout } = await project.mortise(['run', 'steps.mjs#waiting', '--param', file]);
    expect(stdout).toMatch(/^run waiting-\S+\n {2}wait started\n {2}wait completed in [\d.]+ s\n\n/);
    expect(stdout).not.toContain('\u001b');
  });
});
