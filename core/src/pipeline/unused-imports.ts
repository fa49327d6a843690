const RELATIVE_IMPORT = /\bfrom\s*(["'])(\.[^"'\n]*)\1/g;

/**
 * The relative imports of which `compiled` has nothing left, because their names are used as types only, or not at all, but which are no imports of types.
 * Node, which only takes the types out, runs their modules. `verbatim` gives the code with all imports; it is made only if one is missing.
 */
export async function unusedImports(text: string, compiled: string, verbatim: () => Promise<string>): Promise<string[]> {
  const isIn = (code: string, specifier: string) => code.includes(`from${JSON.stringify(specifier)}`);
  const written = new Set(Array.from(text.matchAll(RELATIVE_IMPORT), ([, , specifier]) => specifier!));
  const missing = [...written].filter((specifier) => !isIn(compiled, specifier));
  if (missing.length === 0) return [];
  // What is left of `import { type T } from`: a compiler drops that too.
  const code = (await verbatim()).replaceAll('import{}from', '');
  return missing.filter((specifier) => isIn(code, specifier));
}
