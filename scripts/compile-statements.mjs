// Replaces each `statement(...)` of the store by its SQL, so that what is built needs no query builder for it: compiling a query costs more than
// running it a hundred times. The modules themselves are loaded, by Node, to learn the SQL: it is what the unbuilt sources would run.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseAst } from 'rolldown/parseAst';

const MODULE = /[\\/]core[\\/]src[\\/]store[\\/][^\\/]+(?<!\.(test|types))\.ts$/;
const DEFINITION = './statement.ts';
const BUILT = './compiled-statement.ts';
/** What a module that is loaded here exports besides: its statements, in the order of their calls in the text. */
const EXPORT = '$statements';

/** For the bundler. Lines stay where they are, so its source maps stay right. */
export const compileStatements = () => ({
  name: 'compile-statements',
  transform: {
    filter: { id: MODULE },
    handler: async (source, id) => ({ code: await compiledModule(id, source), map: null, moduleSideEffects: false }),
  },
});

/** The text of a module with its statements compiled. Throws, in one line, for a call that cannot be. */
export async function compiledModule(file, source = readFileSync(file, 'utf8')) {
  const { imported, calls } = statementsIn(source);
  if (imported === undefined) return source;
  const known = calls.length === 0 ? [] : (await load(file))[EXPORT];
  const replaced = calls.map((call, index) => {
    if (known[index] === undefined) {
      const line = source.slice(0, call.start).split('\n').length;
      throw new Error(`${file}:${line}: this statement is not made when its module loads, so it cannot be compiled at build time`);
    }
    const { sql, parameters } = known[index];
    return { ...call, text: `compiledStatement(${JSON.stringify(sql)}, ${JSON.stringify(parameters)})` };
  });
  return withReplaced(source, [{ ...imported, text: `import { compiledStatement } from '${BUILT}';` }, ...replaced]);
}

/** Where a module's text imports `statement`, and where it calls it. */
function statementsIn(source) {
  const program = parseAst(source, { lang: 'ts' });
  const imported = program.body.find(
    (node) =>
      node.type === 'ImportDeclaration' &&
      node.source.value === DEFINITION &&
      node.specifiers.some((each) => each.importKind !== 'type' && each.local.name === 'statement'),
  );
  const calls = [];
  const visit = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (node.type === 'CallExpression' && node.callee.name === 'statement') calls.push(node);
    for (const child of Object.values(node)) visit(child);
  };
  if (imported !== undefined) visit(program);
  return { imported, calls: calls.sort((a, b) => a.start - b.start) };
}

/** Each replacement is followed by the line breaks that it took. */
function withReplaced(source, replacements) {
  let text = '';
  let end = 0;
  for (const each of replacements.sort((a, b) => a.start - b.start)) {
    const breaks = source.slice(each.start, each.end).replace(/[^\n]/g, '');
    text += source.slice(end, each.start) + each.text + breaks;
    end = each.end;
  }
  return text + source.slice(end);
}

let hooked = false;

function load(file) {
  if (!hooked) registerHooks({ load: (url, context, next) => (isModule(url) ? recording(url) : next(url, context)) });
  hooked = true;
  return import(pathToFileURL(file).href);
}

const isModule = (url) => url.startsWith('file:') && MODULE.test(fileURLToPath(url));

/** The module, keeping what its calls of `statement` gave. */
function recording(url) {
  const source = readFileSync(fileURLToPath(url), 'utf8');
  const calls = statementsIn(source).calls.map(({ start, end }, index) => ({
    start,
    end,
    text: `(${EXPORT}[${index}] = ${source.slice(start, end)})`,
  }));
  return { format: 'module-typescript', source: `export const ${EXPORT}: any[] = []; ${withReplaced(source, calls)}`, shortCircuit: true };
}
