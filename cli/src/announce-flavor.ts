import type { FlavorModule } from '@mortise/core/client';
import { printLine } from './print.ts';

/** Whoever registers a flavor runs its code, and is told so before. */
export function announceFlavor({ source, file, version }: FlavorModule): void {
  printLine(`loading ${source} ${version} (runs ${file})`);
}
