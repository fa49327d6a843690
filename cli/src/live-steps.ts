import { stripVTControlCharacters } from 'node:util';
import type { StepEvent } from '@mortise/core/client';
import { createLogUpdate } from 'log-update';
import { stepListLines, type ListedStep } from './step-list.ts';
import { TerminalWriter } from './terminal-writer.ts';

/** Frames are drawn so far apart, ms. */
const FRAME_MS = 100;

/**
 * The steps of a run as a list that is drawn again and again below what the steps print, which stays above it as it would without the list. Gone when
 * closed: the summary of the run comes in its place.
 */
export class LiveSteps {
  readonly #steps = new Map<string, ListedStep>();
  readonly #writer: TerminalWriter;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  readonly #timer: NodeJS.Timeout;
  #run = '';
  #drawn: string[] = [];

  constructor() {
    this.#writer = new TerminalWriter(() => this.#erase());
    // The cursor is hidden below: log-update would do it through stderr, which this listens to.
    this.#draw = createLogUpdate(this.#writer.screen, { showCursor: true });
    this.#writer.screen.write(HIDE_CURSOR);
    process.stdout.on('resize', this.#resized);
    this.#timer = setInterval(() => this.#frame(), FRAME_MS).unref();
  }

  readonly onStep = ({ runName, step, status, attempt, durationMs, message }: StepEvent): void => {
    this.#run = runName;
    const beganAt = Date.now() - durationMs;
    const endedAfter = status === 'running' || status === 'retrying' ? undefined : durationMs;
    this.#steps.set(step, { step, status, attempt, beganAt, endedAfter, message });
  };

  /** Takes the list away and lets everybody write as before. Once, however often it is called. */
  readonly close = (): void => {
    if (!this.#writer.isOpen) return;
    clearInterval(this.#timer);
    process.stdout.off('resize', this.#resized);
    this.#erase();
    this.#writer.screen.write(SHOW_CURSOR);
    this.#writer.close();
  };

  #frame(): void {
    if (this.#run === '') return;
    const { columns, rows } = this.#writer.screen;
    const open = this.#writer.openLines(columns);
    // log-update ends with an empty row, and so does every frame.
    const room = Math.max(1, rows - 1 - open.length);
    this.#drawn = [...open, ...stepListLines({ run: this.#run, steps: [...this.#steps.values()], now: Date.now(), rows: room, columns })];
    this.#draw(this.#drawn.join('\n'));
  }

  #erase(): void {
    this.#draw.clear();
    this.#drawn = [];
  }

  /** A terminal that became narrower has cut long rows into several, of which log-update knows nothing. */
  readonly #resized = (): void => {
    const { columns } = this.#writer.screen;
    const more = this.#drawn.reduce((sum, line) => sum + Math.max(0, Math.ceil(stripVTControlCharacters(line).length / columns) - 1), 0);
    this.#erase();
    this.#writer.screen.write(ERASE_ROW_ABOVE.repeat(more));
    this.#frame();
  };
}

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ERASE_ROW_ABOVE = '\u001b[1A\u001b[2K';
