// Messages of Neptune 3, as described by neptune-api's descriptors. Copyright (c) Neptune Labs Sp. z o.o., Apache-2.0: see NOTICE.

/** `IngestCode`: what Neptune says of an operation, in words that a person can use. */
const WORDS: Readonly<Record<number, string>> = {
  4: 'the batch holds runs that depend on each other',
  8: 'there is no such project',
  9: 'the project has no name that Neptune takes',
  10: 'there is no such run',
  11: 'there is such a run already',
  12: 'there is a run of this id that is another one',
  13: 'the run that it was forked from is not there',
  14: 'the run cannot be made like this',
  16: 'its path is longer than 1,024 bytes',
  17: 'its path is empty',
  18: 'its path is none for Neptune',
  19: 'its path cannot be written to',
  20: 'Neptune has no such type of field',
  21: 'the field is there with values of another type',
  24: 'the series has a point of this step already',
  25: 'its step does not come after that of the last point',
  26: 'its step does not come after the fork',
  27: 'its time is before that of the last point',
  32: 'this Neptune takes no NaN and no infinities',
  33: 'the date is out of range',
  36: 'its text is too long',
  37: 'the set of texts is too large',
  38: 'what is told of the file is too long',
  40: 'its step is too large',
  41: 'its step is none for Neptune',
  50: 'a histogram has NaN among its edges',
  51: 'a histogram has too many bins',
  52: 'the edges of a histogram do not rise',
  53: 'a histogram has not one value for each bin',
  63: 'Neptune takes nothing at present',
  64: 'Neptune failed within',
};

/** A server that stands still, or fails within, may be well later. */
export const MAY_PASS: ReadonlySet<number> = new Set([63, 64]);

/** The run or its project are not there, or are not ours. */
export const OF_THE_RUN: ReadonlySet<number> = new Set([8, 9, 10, 12, 13, 14]);

/** Who makes a run that is there has it. */
export const RUN_DUPLICATE = 11;

/** What comes again is answered so. */
export const THERE_ALREADY: ReadonlySet<number> = new Set([24, 25]);

export function ingestWords(code: number): string {
  return WORDS[code] ?? `Neptune refused it (code ${code})`;
}
