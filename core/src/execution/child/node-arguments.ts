/** Options of Node that are about this process alone: what it runs, and who looks at it. Those in the second list may have their value in the next argument. */
const OWN = /^--(?:inspect(?:-.+)?|debug(?:-.+)?|watch(?:-.+)?|test(?:-.+)?|check|interactive|cpu-prof(?:-.+)?|heap-prof(?:-.+)?)(?:=|$)/;
const OWN_WITH_VALUE = /^(?:-e|-p|-pe|--eval|--print|--input-type|--max-old-space-size)$/;
const OWN_INLINE = /^--(?:eval|print|input-type|max-old-space-size)=/;

/** Arguments for a Node that loads modules as this one does: loaders, conditions, preloaded modules. */
export function nodeArguments(execArgv: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < execArgv.length; index++) {
    const argument = execArgv[index]!;
    if (OWN_WITH_VALUE.test(argument)) index++;
    else if (!OWN.test(argument) && !OWN_INLINE.test(argument) && argument !== '-c' && argument !== '-i') kept.push(argument);
  }
  return kept;
}
