/** Notices of Node about features that Mortise uses on purpose, and about where a user's file has no "type" in its package.json. */
const KNOWN =
  /SQLite is an experimental feature|Type Stripping is an experimental feature|stripTypeScriptTypes|Failed to load the ES module/;

/** Keeps Node's notices that mean nothing to the person at the terminal off stderr; every other warning is printed as Node does. */
export function quietWarnings(): void {
  const [print] = process.listeners('warning');
  if (print === undefined) return;
  process.removeListener('warning', print);
  process.on('warning', (warning: Error & { code?: string }) => {
    if (warning.code !== 'MODULE_TYPELESS_PACKAGE_JSON' && !KNOWN.test(warning.message)) print.call(process, warning);
  });
}
