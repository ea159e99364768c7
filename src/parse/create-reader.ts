import type { ExpositionReader, NameListener, ReaderSettings } from './exposition-reader.ts';
import { LineReader } from './line-reader.ts';
import { MessageReader } from './message-reader.ts';

/** Makes a reader of one page. */
export function createReader(settings: ReaderSettings, onName?: NameListener): ExpositionReader {
  if (settings.format === 'protobuf') return new MessageReader(settings);
  return new LineReader(settings, onName);
}
