import type {
  EncodedFamily,
  EncodedLines,
  Encoder,
  ExposedFamily,
  ExposedName,
  Section,
  WholeFamily,
} from './encoder.ts';
import type { LineEscaping } from './line-escaping.ts';
import { arrangeMetrics, manyLinedOf } from './metric-order.ts';
import type { NamePlan } from './name-plan.ts';

/** How a page is written. */
export interface PageFormat {
  readonly encoder: Encoder;
  readonly plan: NamePlan;
  /** Where the bodies of chunks are kept, if they are. */
  readonly bodies?: Bodies | undefined;
}

/** The projection of a chunk. */
interface KeptBody {
  readonly tails: EncodedLines['tails'];
  readonly body: Buffer;
}

/**
 * What one encoder made of chunks: each is kept as long as its text, so that after a refresh only
 * chunks are projected that changed. A chunk whose text is shared costs nothing.
 */
export class Bodies {
  readonly #byText = new WeakMap<Buffer, Map<string, KeptBody>>();

  /**
   * The body of some lines, made if need be.
   *
   * @param section - tells apart what is made of one text.
   */
  of(section: string, lines: EncodedLines, make: () => Buffer): Buffer {
    const kept = this.#byText.get(lines.text);
    const known = kept?.get(section);
    if (known !== undefined && known.tails === lines.tails) return known.body;
    const body = make();
    if (body === lines.text) return body;
    const entry = { tails: lines.tails, body };
    if (kept === undefined) this.#byText.set(lines.text, new Map([[section, entry]]));
    else kept.set(section, entry);
    return body;
  }
}

/** The sections of a family of the source, in order; none for one that is left out. */
export function sectionsOf(family: EncodedFamily, format: PageFormat): readonly Section[] {
  const exposed = format.plan.exposed(family);
  if (exposed === undefined) return [];
  return projected(family, exposed, format, format.plan.escaping(family));
}

/** The sections of one of the exporter's own families. */
export function ownSectionsOf(family: EncodedFamily, format: PageFormat): readonly Section[] {
  const exposed = format.plan.exposedOwn(family);
  return exposed === undefined ? [] : projected(family, exposed, format);
}

function projected(
  family: EncodedFamily,
  exposed: ExposedName,
  { encoder, plan, bodies }: PageFormat,
  escaping?: LineEscaping,
): readonly Section[] {
  const sections = encoder.sections(withMetadata(exposed, family));
  const arranged = encoder.arrangesMetrics ? manyLinedOf(exposed.openMetricsType) : undefined;
  if (escaping === undefined && bodies === undefined && arranged === undefined) return sections;
  const { name, type, openMetricsType } = exposed;
  // Not the family: what is kept of it must not keep its chunks.
  const { name: ownName, whole } = family;
  return sections.map((section, i) => {
    const make = (lines: EncodedLines): Buffer => section.body(escaping?.escape(lines) ?? lines);
    const key = [i, plan.scheme, type, openMetricsType, name].join(' ');
    // What is left out depends on other chunks.
    const isKept = bodies !== undefined && !(escaping?.leavesOut ?? false);
    return {
      head: (bodyBytes) => section.head(bodyBytes),
      body: isKept ? (lines) => bodies.of(key, lines, () => make(lines)) : make,
      foot: section.foot,
      ...(arranged !== undefined && {
        arrange: (chunks) =>
          arrangeMetrics(chunks, {
            name: ownName,
            type: arranged,
            whole: whole ?? chunks,
          }),
      }),
    };
  });
}

function withMetadata(exposed: ExposedName, { metadata }: EncodedFamily): ExposedFamily {
  return { ...exposed, help: metadata?.help, unit: metadata?.unit };
}

/**
 * Writes the sections of a family: its heads, lines and feet in the order of the page; strings are
 * in the encoder's charset. Undefined stands for some work done, after which the caller may yield.
 */
export function* familyTexts(
  sections: readonly Section[],
  chunks: WholeFamily['chunks'],
  { needsLength }: Pick<Encoder, 'needsLength'>,
): Generator<string | EncodedLines | undefined, void, undefined> {
  for (const section of sections) {
    if (!needsLength) {
      yield section.head(0);
      const arranged = section.arrange && (yield* section.arrange(listOf(chunks)));
      for (const chunk of arranged ?? chunks) yield bodyLines(chunk, section.body(chunk));
      yield section.foot;
      continue;
    }
    const bodies: Buffer[] = [];
    let bytes = 0;
    for (const chunk of chunks) {
      const body = section.body(chunk);
      bodies.push(body);
      bytes += body.length;
      yield undefined;
    }
    if (bytes === 0) continue;
    yield section.head(bytes);
    for (const text of bodies) yield { text };
    yield section.foot;
  }
}

/** The same object for an array, by which it is known what was made of it. */
function listOf(chunks: WholeFamily['chunks']): readonly EncodedLines[] {
  return Array.isArray(chunks) ? (chunks as EncodedLines[]) : [...chunks];
}

/** The lines of a body: those of the chunk itself, with what is known of them, or others. */
function bodyLines(chunk: EncodedLines, text: Buffer): EncodedLines {
  return text === chunk.text ? chunk : { text };
}
