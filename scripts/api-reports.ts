import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  type IConfigFile,
} from '@microsoft/api-extractor';

// Compares the exports of every entry of the package with its report in `etc`, and fails if one
// differs: `scripts/api-reports.ts [--local]`, which writes the reports instead. Expects a build.

const ROOT = resolve(import.meta.dirname, '..');
const CONFIG = resolve(ROOT, 'api-extractor.json');
const isLocal = process.argv[2] === '--local';

const { exports } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, { readonly types?: string } | string>>;
};
const configs = Object.entries(exports).flatMap(([path, target]) =>
  typeof target === 'object' && target.types !== undefined ? [configOf(path, target.types)] : [],
);
// The declarations are read once for all entries.
const compilerState = CompilerState.create(configs[0]!, {
  additionalEntryPoints: configs.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
});
for (const config of configs) {
  const result = Extractor.invoke(config, { localBuild: isLocal, compilerState });
  if (!result.succeeded) process.exitCode = 1;
}

function configOf(path: string, types: string): ExtractorConfig {
  const configObject: IConfigFile = ExtractorConfig.loadFile(CONFIG);
  configObject.mainEntryPointFilePath = resolve(ROOT, types);
  const reportFileName = ['snapscrape', ...path.split('/').slice(1)].join('-');
  configObject.apiReport = { ...configObject.apiReport!, reportFileName };
  return ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: CONFIG,
    packageJsonFullPath: resolve(ROOT, 'package.json'),
  });
}
