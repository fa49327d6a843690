import { open } from 'node:fs/promises';

/** So that its entries outlive a failure of the machine. Some systems cannot, and need not. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path).catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
