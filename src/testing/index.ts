/**
 * The contract suite for stores, for backends of one's own too.
 *
 * @packageDocumentation
 */
export type {
  ContractCase,
  ContractDataSet,
  ContractStoreOptions,
  ContractSubject,
} from './contract-subject.ts';
export { storeContract } from './store-contract.ts';
