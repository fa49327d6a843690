// docs/errors.md: every error code with what it says and what to do, taken from the classes themselves. Run as a program, it writes the file.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import prettier from 'prettier';

const source = new URL('../core/src/errors.ts', import.meta.url);
const document = new URL('../docs/errors.md', import.meta.url);

const INTRO = `# Error codes

Every mistake is one line: \`error CODE: what happened. What to do.\` The codes are stable: a script may match on them, in the output of the command
(\`--verbose\` adds the stack) and in a program as \`error.code\` (\`isMortiseError(error)\` tells whether there is one). \`<...>\` stands for what the message
names.`;

/** The text of docs/errors.md. */
export async function errorReference() {
  const errors = Object.values(await import(source.href)).filter((value) => typeof value === 'function' && typeof value.code === 'string');
  const byCode = new Map(errors.map((error) => [error.code, error]));
  const parts = sections(readFileSync(source, 'utf8')).map(({ title, codes }) => {
    const rows = codes.filter((code) => byCode.has(code)).map((code) => row(code, byCode.get(code)));
    return `## ${title}\n\n| code | what happened | what to do |\n| --- | --- | --- |\n${rows.join('\n')}`;
  });
  const text = `${[INTRO, ...parts].join('\n\n')}\n`;
  const file = document.pathname;
  return prettier.format(text, { ...(await prettier.resolveConfig(file)), filepath: file });
}

/** Codes in the order of the sources, which errors.ts names under their titles. */
function sections(index) {
  return [...index.matchAll(/^\/\/ (.*)\nexport \* from '(.*)';$/gm)].map(([, title, file]) => {
    const text = readFileSync(new URL(file, source), 'utf8');
    return { title, codes: [...text.matchAll(/(?:define\(\s*|static readonly code = )'([A-Z_]+)'/g)].map(([, code]) => code) };
  });
}

function row(code, Type) {
  const thrownByFlavors = code === 'TRANSIENT' || code === 'PERMANENT';
  const { message, advice } = thrownByFlavors ? new Type('<what a tracker or a store says>') : new Type(anyFacts());
  return `| \`${code}\` | ${cell(message)} | ${cell(advice ?? '')} |`;
}

const cell = (text) => text.replace(/\s+/g, ' ').trim().replaceAll('|', '\\|').replaceAll('<', '&lt;');

/** Facts of whatever a message asks for: each says its own name. */
function anyFacts() {
  return new Proxy({}, { get: (_, name) => anything(String(name)) });
}

/** A value that is a text, a list of one and an object at once; as a number, one minute in ms. */
function anything(name) {
  const text = `<${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}>`;
  const get = (list, key) => {
    if (key === Symbol.toPrimitive) return (hint) => (hint === 'number' ? 60_000 : text);
    if (key === 'toString' || key === 'toJSON') return () => text;
    if (key in list) return typeof list[key] === 'function' ? list[key].bind(list) : list[key];
    if (typeof key === 'string' && key in String.prototype) return text[key].bind(text);
    return typeof key === 'string' ? anything(key) : undefined;
  };
  return new Proxy([new Proxy({}, { get })], { get });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(document, await errorReference());
