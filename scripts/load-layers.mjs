// Which modules of a package lie in one built file. A file that is found, read and compiled costs a start about half a millisecond, and the bundler by
// itself makes one of everything that any two entry points share. So what is always loaded together is listed here, by what it begins with.

/** In the order in which they are loaded: a module belongs to the first layer that imports it. Loads late what no layer imports statically. */
const LAYERS = {
  core: {
    queries: ['store/sqlite-dialect.ts', 'store/labelled.ts'],
    client: ['client/index.ts', 'pipeline/pipeline-spec.ts', 'tracking/tracker-run-key.ts'],
    pipelines: ['index.ts'],
    store: ['store/sqlite-metadata-store.ts'],
    artifacts: ['stack/assemble-stack.ts', 'artifacts/load-value.ts', 'stack/logger.ts'],
    run: ['execution/run-pipeline.ts'],
  },
  cli: {
    start: ['main.ts'],
    listing: [
      'project-core.ts',
      'count.ts',
      'list-options.ts',
      'label-options.ts',
      'name-value-options.ts',
      'flavor-problems.ts',
      'run-tables.ts',
      'table.ts',
      'verbose.ts',
    ],
    run: ['commands/run.ts'],
  },
  'flavors/local': {
    run: ['orchestrator/local-orchestrator.ts', 'artifact-store/local-artifact-store.ts', 'experiment-tracker/local-tracker.ts'],
  },
};

/** The bundler's groups for the package at `folder`, whose sources are in `src`. */
export function layersOf(folder, src) {
  return Object.entries(LAYERS[folder] ?? {}).map(([name, roots], index, all) => {
    const within = new Set();
    const visit = (id, context) => {
      if (within.has(id)) return;
      within.add(id);
      for (const each of context.getModuleInfo(id)?.importedIds ?? []) visit(each, context);
    };
    return {
      name: (id, context) => {
        if (within.size === 0) {
          for (const root of roots.map((each) => `${src}/${each}`)) {
            if (!context.getModuleInfo(root)) throw new Error(`scripts/load-layers.mjs names ${root}, which is not in the bundle`);
            visit(root, context);
          }
        }
        return within.has(id) ? name : null;
      },
      debugName: name,
      priority: all.length - index,
    };
  });
}
