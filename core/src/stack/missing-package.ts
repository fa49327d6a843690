/** What helps against an import of a package that is not installed; nothing for any other error. */
export function installAdvice(error: unknown): { advice?: string } {
  const { message } = (error ?? {}) as { message?: unknown };
  const [, name] = /^Cannot find package '([^']+)' imported from /.exec(String(message)) ?? [];
  return name === undefined ? {} : { advice: `Run "npm install ${name}".` };
}
