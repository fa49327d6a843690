import { readFileSync } from 'node:fs';

/** A fenced block of a document. */
export interface CodeBlock {
  language: string;
  text: string;
  /** Of its first line of text, from 1. */
  line: number;
}

/**
 * The TypeScript of a document as modules. A block that begins with `// name.ts` is that file, a whole program; one that begins with
 * `// name.ts, continued` goes on from the block above of that name. A block without a name is a module of its own, which compiles but need not run.
 */
export interface DocumentModule {
  document: string;
  /** Name of its file: the one it gives itself, else `line-<number>.ts`. */
  file: string;
  text: string;
  isProgram: boolean;
}

export function codeBlocks(document: string): CodeBlock[] {
  const lines = readFileSync(document, 'utf8').split('\n');
  const blocks: CodeBlock[] = [];
  let open: { language: string; from: number } | undefined;
  lines.forEach((text, index) => {
    const fence = /^```(\w*)/.exec(text);
    if (fence === null) return;
    if (open === undefined) open = { language: fence[1]!, from: index + 1 };
    else {
      blocks.push({ language: open.language, text: lines.slice(open.from, index).join('\n'), line: open.from + 1 });
      open = undefined;
    }
  });
  return blocks;
}

/** Throws when a block continues one that is not there, or takes a name that is taken. */
export function documentModules(document: string): DocumentModule[] {
  const modules = new Map<string, DocumentModule>();
  for (const { language, text, line } of codeBlocks(document)) {
    if (language !== 'ts') continue;
    const [, name, continued] = /^\/\/ ([\w-]+\.ts)(, continued)?(?:\n|$)/.exec(text) ?? [];
    const file = name ?? `line-${line}.ts`;
    const known = modules.get(file);
    if ((known !== undefined) !== (continued !== undefined))
      throw new Error(`${document}:${line}: ${known ? `there is a ${file} already` : `there is no ${file} to continue`}`);
    if (known !== undefined) known.text += `\n${text}`;
    else modules.set(file, { document, file, text, isProgram: name !== undefined });
  }
  return [...modules.values()];
}

/** The `tsconfig.json` that a document shows: a block that begins with its name. */
export function documentTsconfig(document: string): string | undefined {
  return codeBlocks(document).find(({ language, text }) => language === 'json' && text.startsWith('// tsconfig.json\n'))?.text;
}

/** What a program says that it prints: the texts of its `// prints ...` comments. */
export function promisedOutput(program: string): string[] {
  return [...program.matchAll(/\/\/ prints (.*)$/gm)].map(([, text]) => text!);
}

/** A link of a document to a file of the repository, or to a heading. */
export interface DocumentLink {
  /** As the document names it; empty for the document itself. */
  file: string;
  /** What follows `#`. */
  anchor?: string;
}

export function documentLinks(document: string): DocumentLink[] {
  const targets = new Set([...proseOf(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!));
  return [...targets]
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => target.split('#'))
    .map(([file = '', anchor]) => ({ file, ...(anchor !== undefined && { anchor }) }));
}

/** The anchors of a document's headings. Of two of the same text the second one ends in `-1`. */
export function documentAnchors(document: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of proseOf(document).matchAll(/^#+ (.*)$/gm)) {
    const slug = heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    const again = [slug, ...Array.from({ length: anchors.size }, (_, i) => `${slug}-${i + 1}`)];
    anchors.add(again.find((anchor) => !anchors.has(anchor))!);
  }
  return anchors;
}

/** Its text without blocks of code. */
function proseOf(document: string): string {
  return readFileSync(document, 'utf8').replace(/^```[^]*?^```/gm, '');
}
