/** A line of a `sh` block that a test can run. */
export interface ShellLine {
  /** As it is written, without its comment. */
  text: string;
  /** Of its words, the first: `npx`, `node`, `export`. */
  words: string[];
  /** What its comment promises: `# exit 1`. Else 0. */
  exitCode: number;
}

/** The commands of a block, one a line; lines that end with a backslash go on in the next. */
export function shellLines(block: string): ShellLine[] {
  return block
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, text = line, comment = ''] = /^(.*?)\s+#\s(.*)$/.exec(line) ?? [];
      return { text, words: shellWords(text), exitCode: Number(/^exit (\d+)/.exec(comment)?.[1] ?? 0) };
    });
}

/** Words between blanks; quotes keep blanks in a word. */
export function shellWords(line: string): string[] {
  return [...line.matchAll(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, (_, one?: string, two?: string) => one ?? two ?? ''),
  );
}
