/** Every error a person can meet. Each is a class with a stable code, says in one line what happened and to which component, and what to do. */
export { isError, isMortiseError, MortiseError } from './errors/mortise-error.ts';
export { nearest } from './errors/wording.ts';
// The project and its store
export * from './errors/project.ts';
// Stacks, components, flavors
export * from './errors/stacks.ts';
// Secrets
export * from './errors/secrets.ts';
// Writing pipelines
export * from './errors/pipelines.ts';
// Running
export * from './errors/runs.ts';
// Artifacts
export * from './errors/artifacts.ts';
// Tracking
export * from './errors/tracking.ts';
// The command line
export * from './errors/command-line.ts';
