#!/usr/bin/env node
import { holdSignals } from './held-signals.ts';

// Before all else is loaded, which takes longer than a supervisor may wait before it signals.
const args = process.argv.slice(2);
if (args[0] === 'serve') holdSignals(['SIGHUP']);
// As the original, the gateway ends by SIGHUP.
else if (args[0] === 'pushgateway') holdSignals([]);

const { runProgram } = await import('./program.ts');
await runProgram(args);
