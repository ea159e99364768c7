import { closingCases } from './closing-cases.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';
import { deleteCases } from './delete-cases.ts';
import { deltaCases } from './delta-cases.ts';
import { familyCases } from './family-cases.ts';
import { historyCases } from './history-cases.ts';
import { retentionCases } from './retention-cases.ts';
import { sharingCases } from './sharing-cases.ts';
import { snapshotCases } from './snapshot-cases.ts';
import { upsertCases } from './upsert-cases.ts';
import { writeStatsCases } from './write-stats-cases.ts';

/**
 * The contract of `MetricStore` as tests: each case opens stores over a data set of its own
 * and rejects when one of them breaks the contract. Any test framework can run them.
 *
 * @example
 * ```ts
 * describe.each(storeContract(subject))('$topic', ({ title, run }) => {
 *   it(title, run);
 * });
 * ```
 */
export function storeContract(subject: ContractSubject): readonly ContractCase[] {
  return [
    upsertCases,
    writeStatsCases,
    deleteCases,
    snapshotCases,
    deltaCases,
    historyCases,
    retentionCases,
    familyCases,
    sharingCases,
    closingCases,
  ].flatMap((cases) => cases(subject));
}
