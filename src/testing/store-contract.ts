import { closingCases } from './closing-cases.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';
import { deleteCases } from './delete-cases.ts';
import { deltaCases } from './delta-cases.ts';
import { familyCases } from './family-cases.ts';
import { groupCases } from './group-cases.ts';
import { groupExpiryCases } from './group-expiry-cases.ts';
import { groupReadingCases } from './group-reading-cases.ts';
import { historyCases } from './history-cases.ts';
import { retentionCases } from './retention-cases.ts';
import { sharingCases } from './sharing-cases.ts';
import { snapshotCases } from './snapshot-cases.ts';
import { upsertCases } from './upsert-cases.ts';
import { valueCases } from './value-cases.ts';
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
    valueCases,
    writeStatsCases,
    deleteCases,
    snapshotCases,
    deltaCases,
    historyCases,
    retentionCases,
    familyCases,
    groupCases,
    groupExpiryCases,
    groupReadingCases,
    sharingCases,
    closingCases,
  ].flatMap((cases) => cases(subject));
}
