// Replaces the imports of Node's own modules in the bundled files. An import makes Node touch every export of the module, which loads what it would
// otherwise load when it is needed: of `node:fs` all streams, promises and readline, a tenth of a short run's start.

/** Long to load, and used here only for their functions: loaded when one is called, or asked for by its name. */
const LATE = new Set([
  'node:child_process',
  'node:crypto',
  'node:fs/promises',
  'node:stream/promises',
  'node:timers/promises',
  'node:zlib',
]);
/** `promisify` wants these as they are. */
const AS_IT_IS = new Set(['exec', 'execFile']);

const IMPORT = /^import (?:(?:\* as )?([\w$]+))?(?:, )?(?:\{ (.+) \})? from "(node:[\w/]+)";$/gm;

/** For the bundler. As it writes them, an import is one line. */
export const lightBuiltins = () => ({
  name: 'light-builtins',
  renderChunk: (code) => ({ code: withLightBuiltins(code), map: null }),
});

export function withLightBuiltins(code) {
  return code.replace(IMPORT, (_, whole, names = '', module) => {
    const imported = names.split(', ').filter(Boolean);
    const late = imported.filter((name) => isLate(module, name));
    const now = imported.filter((name) => !late.includes(name));
    // A library may import "node:process" as `process`, which hides the global.
    const loaded = `globalThis.process.getBuiltinModule("${module}")`;
    return [
      ...(whole === undefined ? [] : [`${whole} = ${LATE.has(module) ? `new Proxy({}, { get: (_, name) => ${loaded}[name] })` : loaded}`]),
      ...(now.length === 0 ? [] : [`{ ${now.join(', ').replaceAll(' as ', ': ')} } = ${loaded}`]),
      ...late.map((name) => {
        const [theirs, ours = theirs] = name.split(' as ');
        return `${ours} = (...args) => ${loaded}.${theirs}(...args)`;
      }),
    ]
      .map((each) => `const ${each};`)
      .join(' ');
  });
}

function isLate(module, name) {
  const [theirs] = name.split(' as ');
  return (
    LATE.has(module) && /^[a-z]/.test(theirs) && !AS_IT_IS.has(theirs) && typeof process.getBuiltinModule(module)[theirs] === 'function'
  );
}
