// Builds dist/ of every published package, or nothing when nothing changed since the last build.
// Each is bundled with its devDependencies inside, split into chunks that load late: imports are most of a start's cost.
// Declarations are tsc's; those of a package that is only a part of others go into each, as its code does.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, '.tsbuild/build.stamp');
/** In `dist/` of a package that has code of others within. */
const LICENSES = 'THIRD-PARTY-LICENSES.txt';
const lockFile = join(root, '.tsbuild/build.lock');
const packages = [
  { folder: 'core', declared: true },
  { folder: 'cli', declared: false },
  ...globSync('{flavors,integrations}/*/tsconfig.build.json', { cwd: root }).map((file) => ({
    folder: dirname(file),
    declared: true,
  })),
];

const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const isShipped = (source) => !/\.(test|types)\.ts$/.test(source);
const sourcesOf = ({ folder }) => globSync('**/*.ts', { cwd: join(root, folder, 'src') }).filter(isShipped);

/** Changes with anything that the built files depend on. */
function fingerprint() {
  const inputs = [
    ...['package-lock.json', 'tsconfig.base.json', 'tsconfig.json', ...globSync('scripts/*.mjs', { cwd: root })],
    ...packages.flatMap((each) => [
      ...globSync('{package.json,tsconfig.build.json}', { cwd: join(root, each.folder) }).map((file) => join(each.folder, file)),
      ...sourcesOf(each).map((file) => join(each.folder, 'src', file)),
    ]),
  ].sort();
  const hash = createHash('sha256');
  for (const input of inputs)
    hash
      .update(`${input}\0`)
      .update(readFileSync(join(root, input)))
      .update('\0');
  return hash.digest('hex');
}

const hasOutput = () => packages.every(({ folder }) => existsSync(join(root, folder, 'dist')));
const isFresh = (current) => hasOutput() && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === current;

async function compile() {
  // tsc trusts its own record of what it wrote, so the record must not outlive the files.
  if (!hasOutput()) for (const record of globSync('.tsbuild/*.build.tsbuildinfo', { cwd: root })) rmSync(join(root, record));
  await promisify(execFile)(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'tsconfig.json', '--pretty', 'false'], {
    cwd: root,
  });
}

/** Entry points by the path they get in dist/, read from where package.json says their sources are. */
function entryPoints({ folder }) {
  const { exports = {}, bin = {} } = readJson(join(folder, 'package.json'));
  // One without a built file is for the tests of other packages here.
  const published = Object.values(exports).filter((target) => target.default !== undefined);
  const sources = published.flatMap((target) => target['mortise-source'] ?? []);
  const commands = Object.values(bin).map((file) => file.replace('./dist/', './src/').replace(/\.js$/, '.ts'));
  const nameOf = (source) => source.replace('./src/', '').replace(/\.ts$/, '');
  return Object.fromEntries([...sources, ...commands].map((source) => [nameOf(source), source]));
}

async function bundle(each) {
  const input = entryPoints(each);
  // It is only a part of others.
  if (Object.keys(input).length === 0) return [];
  const { build } = await import('rolldown');
  const { compileStatements } = await import('./compile-statements.mjs');
  const { layersOf } = await import('./load-layers.mjs');
  const { lightBuiltins } = await import('./light-builtins.mjs');
  const { dependencies = {}, peerDependencies = {} } = readJson(join(each.folder, 'package.json'));
  const installed = Object.keys({ ...dependencies, ...peerDependencies });
  const { output } = await build({
    cwd: join(root, each.folder),
    input,
    platform: 'node',
    transform: { target: 'node22' },
    external: (id) => installed.some((name) => id === name || id.startsWith(`${name}/`)),
    resolve: {
      conditionNames: ['mortise-source', 'import', 'node', 'default'],
      // Of its modules in CommonJS, all would be loaded for a few: 0.1 s, most of it for telephone numbers.
      alias: { 'class-validator': 'class-validator/esm2015/index.js' },
    },
    plugins: [compileStatements(), lightBuiltins()],
    output: {
      dir: 'dist',
      format: 'es',
      chunkFileNames: '[name]-[hash].js',
      sourcemap: true,
      sourcemapExcludeSources: true,
      comments: false,
      codeSplitting: { groups: layersOf(each.folder, join(root, each.folder, 'src')) },
    },
  });
  linkCommands(each);
  const files = output.map(({ fileName }) => fileName);
  const licenses = licensesOf(output);
  if (licenses === '') return files;
  writeFileSync(join(root, each.folder, 'dist', LICENSES), licenses);
  return [...files, LICENSES];
}

/** npm links a command of the workspace only if its file was there at the install, which in a fresh clone it was not. */
function linkCommands({ folder }) {
  for (const [name, file] of Object.entries(readJson(join(folder, 'package.json')).bin ?? {})) {
    const link = join(root, 'node_modules/.bin', name);
    chmodSync(join(root, folder, file), 0o755);
    if (!existsSync(link)) symlinkSync(join('../..', folder, file), link);
  }
}

/** Bundled libraries ask that their licence travels with their code. */
function licensesOf(output) {
  const modules = output.flatMap(({ modules = {} }) => Object.keys(modules).filter((id) => modules[id].renderedLength > 0));
  const libraries = Map.groupBy(modules, (id) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(relative(root, id))?.[0]);
  libraries.delete(undefined);
  return [...libraries.keys()]
    .sort()
    .map((library) => licenseOf(library, libraries.get(library)))
    .join('\n');
}

function licenseOf(library, modules) {
  const { name, version, license } = readJson(join(library, 'package.json'));
  const file = readdirSync(join(root, library)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(join(root, library, file), 'utf8').trim() : noticesIn(modules);
  return `${name} ${version} (${license})\n\n${text}\n`;
}

/** What stands above the code of a library that comes without a file of its licence. The bundler leaves comments out. */
function noticesIn(modules) {
  const heads = modules.map((id) => /^(?:\/\/.*\n)+/.exec(readFileSync(id, 'utf8'))?.[0] ?? '');
  const notices = new Set(heads.filter((head) => /copyright/i.test(head)).map((head) => head.replaceAll(/^\/\/ ?/gm, '').trim()));
  return [...notices].join('\n\n');
}

/** The packages here that are bundled into this one and published nowhere: by the name they are imported by, the folder of their declarations. */
function partsOf({ folder }) {
  const names = Object.keys(readJson(join(folder, 'package.json')).devDependencies ?? {});
  const parts = packages.filter((one) => Object.keys(entryPoints(one)).length === 0);
  return new Map(
    parts.map((one) => [readJson(join(one.folder, 'package.json')).name, one.folder]).filter(([name]) => names.includes(name)),
  );
}

/** Who installs a package has none of its parts: its declarations find theirs beside them. Gives the files that were added. */
function addDeclarations(each) {
  const dist = join(root, each.folder, 'dist');
  return [...partsOf(each)].flatMap(([name, part]) => {
    const within = join('parts', name.replace(/^@.*\//, ''));
    const declarations = sourcesOf({ folder: part })
      .map((source) => source.replace(/\.ts$/, '.d.ts'))
      .filter((file) => existsSync(join(root, part, 'dist', file)));
    for (const file of declarations) cpSync(join(root, part, 'dist', file), join(dist, within, file));
    for (const file of globSync('**/*.d.ts', { cwd: dist })) {
      const path = relative(dirname(file), join(within, 'index.ts'));
      const text = readFileSync(join(dist, file), 'utf8');
      const told = text.replaceAll(new RegExp(`(['"])${name}\\1`, 'g'), `$1${path.startsWith('.') ? path : `./${path}`}$1`);
      if (told !== text) writeFileSync(join(dist, file), told);
    }
    return declarations.map((file) => join(within, file));
  });
}

/** Files of an earlier build that this one did not make would otherwise be published. */
function removeStale(each, bundled, added) {
  const dist = join(root, each.folder, 'dist');
  const emitted = sourcesOf(each).flatMap((source) => {
    const stem = source.replace(/\.ts$/, '');
    return each.declared ? [`${stem}.d.ts`] : [];
  });
  const expected = new Set([...emitted, ...added, ...bundled]);
  for (const file of globSync('**/*.*', { cwd: dist })) if (!expected.has(file)) rmSync(join(dist, file));
}

async function buildAll() {
  const [, ...bundles] = await Promise.all([compile(), ...packages.map(bundle)]);
  packages.forEach((each, index) => removeStale(each, bundles[index], addDeclarations(each)));
}

/** Two builds at once would take each other's files away: the later one waits. */
async function alone(work) {
  mkdirSync(dirname(lockFile), { recursive: true });
  while (!tookLock()) await delay(100);
  try {
    await work();
  } finally {
    rmSync(lockFile);
  }
}

function tookLock() {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!isHeld()) rmSync(lockFile, { force: true });
    return false;
  }
}

/** By a process that still runs; one that has just made the file has not written its number yet. */
function isHeld() {
  try {
    const pid = readFileSync(lockFile, 'utf8');
    return pid === '' || process.kill(Number(pid), 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

async function buildIfStale() {
  const current = fingerprint();
  if (isFresh(current)) return;
  console.log('building, about 5 s ...');
  rmSync(stampFile, { force: true });
  await buildAll();
  writeFileSync(stampFile, current);
}

try {
  if (!isFresh(fingerprint())) await alone(buildIfStale);
} catch (error) {
  // tsc reports on stdout, the bundler in the message.
  console.error(error.stdout || error.message);
  process.exitCode = 1;
}
