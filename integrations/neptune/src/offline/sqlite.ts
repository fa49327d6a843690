type Sqlite = typeof import('node:sqlite');

/** Node 22 prints an ExperimentalWarning when the module is first loaded. Synchronous, so no other warning is caught by this. */
export function loadSqlite(): Sqlite {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
