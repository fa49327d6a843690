// node run-chain.js STEPS cache|no-cache
import { chain } from './chain.js';

const steps = Number(process.argv[2]);
const { status, result } = await chain.run({ steps }, { cache: process.argv[3] === 'cache' });
if (status !== 'completed' || result !== steps) throw new Error(`${status}, ${result} of ${steps}`);
