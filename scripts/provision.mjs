// Puts the servers that the real tests run into their cache folder, without running a test: `npm run provision`.
import { provisionAll } from './provision-servers.mjs';

process.exitCode = (await provisionAll()) > 0 ? 1 : 0;
