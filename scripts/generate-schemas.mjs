// Writes docs/schemas/*.json and their list docs/schemas.md: JSON Schemas (draft 2020-12) of what commands print with --output json and of the plan of a run, from their TypeScript types.
// `--check` writes nothing and ends with 1 if a file is not up to date.
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { format, resolveConfig } from 'prettier';
import { createGenerator } from 'ts-json-schema-generator';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const docs = join(root, 'docs');

function schemaOf(path, type) {
  const generator = createGenerator({
    path: join(root, path),
    tsconfig: join(root, 'cli/tsconfig.json'),
    type,
    // The types are checked elsewhere, and half of the time here would go into it.
    skipTypeCheck: true,
    jsDoc: 'extended',
    additionalProperties: false,
    sortProps: false,
  });
  return generator.createSchema(type).definitions;
}

/** Names in a URI fragment: `Listing<RunListItem>` is `Listing.RunListItem`. */
const plainName = (name) => name.replace(/[^\w]+/g, '.').replace(/^\.|\.$/g, '');

/** A schema that stands alone: with the definitions that it reaches, under the names of draft 2020-12. */
function standAlone(title, schema, definitions) {
  const reached = new Map();
  const visit = (value) => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => (key === '$ref' ? [key, reference(each)] : [key, visit(each)])));
  };
  const reference = (ref) => {
    const name = decodeURIComponent(ref.replace('#/definitions/', ''));
    const plain = plainName(name);
    if (!reached.has(plain)) {
      reached.set(plain, undefined);
      reached.set(plain, visit(definitions[name]));
    }
    return `#/$defs/${plain}`;
  };
  const body = visit(schema);
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title, ...body, $defs: Object.fromEntries([...reached].sort()) };
}

/** By the name of their file. `<component type> list` is in `component-list.json`. */
function schemas() {
  const outputs = schemaOf('cli/src/command-outputs.ts', 'CommandOutputs');
  const plans = schemaOf('core/src/pipeline/pipeline-spec.ts', 'PipelineSpec');
  const { PipelineSpec: plan, ...ofPlan } = plans;
  return new Map([
    ['pipeline-spec', standAlone('PipelineSpec', plan, ofPlan)],
    ...Object.entries(outputs.CommandOutputs.properties).map(([command, schema]) => [
      command.replace('<component type>', 'component').replaceAll(' ', '-'),
      standAlone(`mortise ${command} --output json`, schema, outputs),
    ]),
  ]);
}

/** The page that links to them. */
function page(all) {
  const rows = [...all].map(
    ([name, { title }]) => `| [${name}.json](schemas/${name}.json) | ${title.replace(/^mortise .*$/, '`$&`').replaceAll('|', '\\|')} |`,
  );
  return [
    '<!-- Written by scripts/generate-schemas.mjs from the TypeScript types: run "npm run references". -->',
    '# JSON Schemas',
    'Of what commands print with `--output json` (and `--output yaml`), and of `PipelineSpec`, the plan of a run. They are of draft 2020-12, and name every key.',
    `| schema | of |\n|---|---|\n${rows.join('\n')}`,
  ].join('\n\n');
}

const all = schemas();
const wanted = new Map();
const want = async (file, text) =>
  wanted.set(file, await format(text, { ...(await resolveConfig(join(docs, file))), filepath: join(docs, file) }));
for (const [name, schema] of all) await want(`schemas/${name}.json`, JSON.stringify(schema));
await want('schemas.md', page(all));
const stored = new Map(
  globSync(['schemas/*.json', 'schemas.md'], { cwd: docs }).map((file) => [file, readFileSync(join(docs, file), 'utf8')]),
);

const changed = [...new Set([...wanted.keys(), ...stored.keys()])].filter((file) => wanted.get(file) !== stored.get(file));
if (process.argv.includes('--check')) {
  if (changed.length > 0) console.error(`docs/ is not what the types say (${changed.join(', ')}): npm run references`);
  process.exitCode = changed.length > 0 ? 1 : 0;
} else {
  mkdirSync(join(docs, 'schemas'), { recursive: true });
  for (const file of changed) {
    if (wanted.has(file)) writeFileSync(join(docs, file), wanted.get(file));
    else rmSync(join(docs, file));
  }
}
