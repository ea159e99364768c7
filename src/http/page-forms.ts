import type { ContentCoding } from '../formats/content-coding.ts';
import type { Encoder } from '../formats/encoder.ts';
import type { EscapingScheme } from '../model/key/index.ts';

/** What pages are written in. */
export interface PageKind {
  readonly encoder: Encoder;
  readonly scheme: EscapingScheme;
}

/** A form of a page. */
export interface PageForm {
  readonly kind: PageKind;
  readonly coding: ContentCoding;
}

/** The forms of pages, each one object. */
export class PageForms {
  readonly #forms: PageForm[] = [];

  of(encoder: Encoder, scheme: EscapingScheme, coding: ContentCoding): PageForm {
    const same = this.#forms.filter(
      ({ kind }) => kind.encoder === encoder && kind.scheme === scheme,
    );
    const known = same.find((form) => form.coding === coding);
    if (known !== undefined) return known;
    const form = { kind: same[0]?.kind ?? { encoder, scheme }, coding };
    this.#forms.push(form);
    return form;
  }
}
