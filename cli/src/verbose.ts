/** Whether the command line asks for all there is to say. */
export const isVerbose = (): boolean => process.argv.includes('--verbose');
