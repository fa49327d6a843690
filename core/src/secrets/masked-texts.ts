/** What stands for a secret. */
export const MASK = '***';

/** What a text begins with is looked for first, up to so many characters: most texts have none of it. */
const BEGINNING = 32;
/** Regular expressions have a limit, at which their error tells all that they look for: many small ones are as quick. Characters. */
const MAX_PATTERN = 1 << 16;

interface Span {
  from: number;
  to: number;
}

/** Texts that are to be masked in others. */
export class MaskedTexts {
  readonly texts: readonly string[];
  /** One of them finds something in every text that has one of these in it. */
  readonly #any: readonly RegExp[];
  /** By their first letter. */
  readonly #byFirst: Map<string, string[]>;
  readonly #longest: number;

  /** None of them is empty. */
  constructor(texts: readonly string[]) {
    this.texts = [...new Set(texts)];
    this.#any = patternsOf(this.texts);
    this.#byFirst = Map.groupBy(this.texts, (text) => text[0]!);
    this.#longest = Math.max(...this.texts.map((text) => text.length));
  }

  /** `text` with each of them replaced; where two overlap, both. */
  mask(text: string): string {
    return this.#mayHold(text) ? masked(text, this.#spans(text)) : text;
  }

  /** The part of a text that may be told before more of it is known, masked, and the rest, which may be the beginning of a secret. */
  maskBeginning(text: string): { told: string; rest: string } {
    const spans = this.#mayHold(text) ? this.#spans(text) : [];
    let end = text.length - this.#beginningAtEnd(text);
    // What is masked already may go on in another secret: both stay until that is known.
    const across = spans.find(({ from, to }) => from < end && to > end);
    if (across !== undefined) end = across.from;
    return {
      told: masked(
        text.slice(0, end),
        spans.filter(({ to }) => to <= end),
      ),
      rest: text.slice(end),
    };
  }

  #mayHold(text: string): boolean {
    return this.#any.some((pattern) => pattern.test(text));
  }

  /** Length of the longest end of a text with which one of the masked texts begins, but not all of it. */
  #beginningAtEnd(text: string): number {
    for (let from = Math.max(0, text.length - this.#longest + 1); from < text.length; from++) {
      const length = text.length - from;
      const beginsHere = (masked: string): boolean => masked.length > length && masked.startsWith(text.slice(from));
      if (this.#byFirst.get(text[from]!)?.some(beginsHere) ?? false) return length;
    }
    return 0;
  }

  /** Where they are, in order, none touching another. */
  #spans(text: string): Span[] {
    const found: Span[] = [];
    for (const masked of this.texts)
      for (let from = text.indexOf(masked); from >= 0; from = text.indexOf(masked, from + 1))
        found.push({ from, to: from + masked.length });
    found.sort((a, b) => a.from - b.from);
    const spans: Span[] = [];
    for (const { from, to } of found) {
      const last = spans.at(-1);
      if (last === undefined || from > last.to) spans.push({ from, to });
      else last.to = Math.max(last.to, to);
    }
    return spans;
  }
}

function masked(text: string, spans: readonly Span[]): string {
  let result = '';
  let at = 0;
  for (const { from, to } of spans) {
    result += text.slice(at, from) + MASK;
    at = to;
  }
  return result + text.slice(at);
}

function patternsOf(texts: readonly string[]): RegExp[] {
  const patterns: string[] = [];
  let pattern = '';
  for (const beginning of new Set(texts.map((text) => escapeRegExp(text.slice(0, BEGINNING))))) {
    if (pattern.length + beginning.length > MAX_PATTERN) {
      patterns.push(pattern);
      pattern = '';
    }
    pattern += pattern === '' ? beginning : `|${beginning}`;
  }
  return [...patterns, pattern].map((each) => new RegExp(each));
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
