import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeEach } from 'vitest';

/** Where `scripts/install-judges.sh` puts each tool, below `.cache/judges`. */
const TOOLS = {
  'judge-go': 'bin/judge-go',
  'judge-python': 'venv/bin/python',
  promtool: 'bin/promtool',
  prometheus: 'bin/prometheus',
  'push-java': 'push-java',
} as const;

/** A tool that judges our output and that no user needs. */
export type Tool = keyof typeof TOOLS;

/** The root of this repository. */
export const REPOSITORY: string = fileURLToPath(new URL('../..', import.meta.url));

/** The path of a tool, or undefined when it is not installed. */
export function toolPath(tool: Tool): string | undefined {
  const path = `${REPOSITORY}.cache/judges/${TOOLS[tool]}`;
  return existsSync(path) ? path : undefined;
}

/** Skips every test of the enclosing suite, and says so, where a tool is missing. */
export function skipWithout(tool: Tool): void {
  const missing = toolPath(tool) === undefined;
  beforeEach((context) => {
    context.skip(missing, `${tool} is missing; scripts/install-judges.sh installs it`);
  });
}
